"""T-EXT-D: a core is proved, then what reaches it is paved."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import numpy as np

from certify.outcome import FoundNumber, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.extension import Extension
from certify.proofs.checker.format import Certificate, read_certificate, write_certificate
from certify.proofs.checker.kernel import check_certificate
from certify.proofs.checker.paving import NEVER
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint, State
from certify.verifiers.endings import BudgetSpentError
from certify.verifiers.interface import Options
from certify.verifiers.paved_leaves import PavedLeaves
from certify.verifiers.paving import PavingSearch
from certify.verifiers.proof_run import NAME, ProofRun

__all__ = ["core_of", "extend"]

_CORE = "T-STAB-D"
_NUMBERS = ("volume", "steps")


def core_of(claim: Claim) -> Claim:
    """The claim of T-STAB-D about the core of one of T-EXT-D; any other claim as it is."""
    if not claim.theorem.startswith("T-EXT"):
        return claim
    numbers = {k: v for k, v in claim.numbers.items() if k not in _NUMBERS}
    return replace(claim, theorem=_CORE, numbers=numbers)


def extend(claim: Claim, options: Options) -> Outcome:
    """Decide a claim of T-EXT-D, of which ``volume`` and ``steps`` are found where not given.

    Cells that take more steps than are given are not kept.  If the core is not proved, the outcome
    is about the core alone.
    """
    return _ExtensionRun(claim, options).outcome()


class _ExtensionRun:
    """One verification; its checkpoint has the core, once that is proved, and the cells."""

    def __init__(self, claim: Claim, options: Options) -> None:
        self.claim, self.options = claim, options
        self._stated = {k: v for k, v in claim.numbers.items() if k in _NUMBERS}
        effort = [options.seed, options.largest_box, options.extend_steps, options.extend_depth]
        key = hashlib.sha256(json.dumps([claim.to_json(), effort], sort_keys=True).encode())
        path = options.checkpoint
        if path is not None:
            path = path.with_name(f"{path.stem}.extension{path.suffix}")
        self._checkpoint = Checkpoint(path, key.hexdigest(), options.checkpoint_seconds)

    def outcome(self) -> Outcome:
        """Prove the core, pave, and compare with what is claimed."""
        state = self._checkpoint.load()
        core = _restored(state)
        if core is None:
            state, core = {}, ProofRun(core_of(self.claim), self.options).outcome()
        if core.certificate is None:
            return core
        spent = core.statistics["seconds"]
        left = None
        if self.options.timeout is not None:
            left = max(self.options.timeout - spent, 0.0)
        budget = Budget(replace(self.options, timeout=left))
        certificate = self._extended(core, core.certificate, budget, state)
        self._checkpoint.discard()
        statistics = {
            **core.statistics,
            "boxes": core.statistics["boxes"] + budget.boxes,
            "seconds": spent + budget.seconds(),
            "cpu_seconds": core.statistics["cpu_seconds"] + budget.cpu_seconds(),
            "extend_seconds": budget.cpu_seconds(),
        }
        core = replace(core, statistics=statistics)
        numbers = certificate.claim.numbers
        if numbers["volume"] < self._stated.get("volume", 0):
            volume, steps = float(numbers["volume"]), int(numbers["steps"])
            advice = f"of the extension a volume of {volume:g} within {steps} steps was proved"
            return replace(
                core, verdict=Verdict.UNKNOWN, claim=self.claim, certificate=None, found=None,
                advice=advice,
            )  # fmt: skip
        claim = replace(certificate.claim, numbers={**numbers, **self._stated})
        return replace(core, claim=claim, certificate=replace(certificate, claim=claim))

    def _extended(
        self, core: Outcome, certificate: Certificate, budget: Budget, state: State
    ) -> Certificate:
        """The certificate with a paving, every cell of which the kernel has accepted.

        When the ``budget`` ends, what was found until then counts.
        """
        claim = replace(core.claim, theorem=self.claim.theorem)
        options = self.options
        search = PavingSearch(claim, options.extend_steps, options.extend_depth, budget)
        if state:
            search.resume(state)
        proved = _state(core, certificate)
        with suppress(BudgetSpentError):
            search.run(lambda: self._checkpoint.offer(lambda: {**proved, **search.state()}))
        leaves = PavedLeaves.in_order(search.leaves())
        most = int(self._stated.get("steps", NEVER - 1))
        while True:
            paving = leaves.paving(claim, most)
            extension = Extension(claim, paving)
            kept = np.flatnonzero(extension.cells.kept)
            shown = extension.shown(kept, lambda done: budget.tell("re-check every cell", done))
            if shown.all():
                break
            leaves.round[kept[~shown]] = -1
        box = {x: claim.box[x] for x in claim.states}
        latest = int(extension.cells.times[kept].max(initial=0))
        numbers = {"volume": extension.cells.volume(box), "steps": Fraction(latest)}
        return replace(
            certificate,
            claim=replace(claim, numbers={**claim.numbers, **numbers}),
            assumptions=THEOREMS[claim.theorem].assumptions,
            proof=replace(certificate.proof, paving=paving),
        )


def _state(core: Outcome, certificate: Certificate) -> dict[str, np.ndarray]:
    """The proved core for a checkpoint."""
    found = core.found
    number = None if found is None else [found.name, str(found.value), found.false_from]
    about = json.dumps([number, dict(core.statistics)])
    data = np.frombuffer(write_certificate(certificate), np.uint8)
    return {"core": data, "about": np.array(about)}


def _restored(state: State) -> Outcome | None:
    """The outcome for the core as a checkpoint has it; the kernel checks it again."""
    if "core" not in state:
        return None
    try:
        certificate = check_certificate(read_certificate(state["core"].tobytes())).certificate
    except CheckerError:
        return None
    number, statistics = json.loads(str(state["about"]))
    found = None
    if number is not None:
        name, value, false_from = number
        found = FoundNumber(name, Fraction(value), false_from)
    return Outcome(
        verdict=Verdict.PROVED,
        claim=certificate.claim,
        verifier=NAME,
        certificate=certificate,
        statistics=statistics,
        found=found,
    )
