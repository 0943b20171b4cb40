"""T-EXT-D: a core is proved, then what reaches it is paved."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from certify.outcome import Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.extension import Extension
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.paving import NEVER, Cells, Paving
from certify.proofs.checker.theorems import THEOREMS
from certify.proofs.checker.tree import LEAF
from certify.verifiers.budget import Budget
from certify.verifiers.endings import BudgetSpentError
from certify.verifiers.grid import Floats, Integers, Mask
from certify.verifiers.interface import Options
from certify.verifiers.paving import FoundCells, PavingSearch
from certify.verifiers.proof_run import ProofRun

__all__ = ["extend"]

_CORE = "T-STAB-D"
_DEGREE = 1


def extend(claim: Claim, options: Options) -> Outcome:
    """Decide a claim of T-EXT-D, of which ``volume`` and ``steps`` are found where not given.

    Cells that take more steps than are given are not kept.  If the core is not proved, the outcome
    is about the core alone.
    """
    stated = {k: v for k, v in claim.numbers.items() if k in ("volume", "steps")}
    numbers = {k: v for k, v in claim.numbers.items() if k not in stated}
    outcome = ProofRun(replace(claim, theorem=_CORE, numbers=numbers), options).outcome()
    if outcome.certificate is None:
        return outcome
    spent = outcome.statistics["seconds"]
    left = None if options.timeout is None else max(options.timeout - spent, 0.0)
    budget = Budget(replace(options, timeout=left))
    core = replace(outcome.certificate, assumptions=THEOREMS[claim.theorem].assumptions)
    core = replace(core, claim=replace(outcome.claim, theorem=claim.theorem))
    certificate = _extended(core, int(stated.get("steps", NEVER - 1)), options, budget)
    found = certificate.claim.numbers
    statistics = {
        **outcome.statistics,
        "boxes": outcome.statistics["boxes"] + budget.boxes,
        "seconds": spent + budget.seconds(),
        "cpu_seconds": outcome.statistics["cpu_seconds"] + budget.cpu_seconds(),
        "extend_seconds": budget.cpu_seconds(),
    }
    if found["volume"] < stated.get("volume", 0):
        volume, steps = float(found["volume"]), int(found["steps"])
        advice = f"of the extension a volume of {volume:g} within {steps} steps was proved"
        return replace(
            outcome, verdict=Verdict.UNKNOWN, claim=claim, certificate=None, found=None,
            advice=advice, statistics=statistics,
        )  # fmt: skip
    certificate = replace(
        certificate, claim=replace(certificate.claim, numbers={**found, **stated})
    )
    return replace(outcome, claim=certificate.claim, certificate=certificate, statistics=statistics)


def _extended(core: Certificate, most: int, options: Options, budget: Budget) -> Certificate:
    """The certificate with a paving, every cell of which the kernel has accepted.

    Cells take at most ``most`` steps.  When the ``budget`` ends, what was found until then counts.
    """
    claim = core.claim
    search = PavingSearch(claim, options.extend_steps, options.extend_depth, budget)
    with suppress(BudgetSpentError):
        search.run()
    leaves = _Leaves.in_order(search.leaves())
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
        core,
        claim=replace(claim, numbers={**claim.numbers, **numbers}),
        proof=replace(core.proof, paving=paving),
    )


@dataclass
class _Leaves:
    """All leaves in the order of the tree, as :class:`FoundCells` has them."""

    path: Integers
    depth: Integers
    hops: Integers
    round: Integers
    ends: Floats

    @classmethod
    def in_order(cls, parts: Sequence[FoundCells]) -> _Leaves:
        """The leaves of all ``parts``."""
        path = np.concatenate([p.path for p in parts])
        depth = np.concatenate([np.full_like(p.path, p.depth) for p in parts])
        number = np.concatenate([np.full_like(p.path, p.round) for p in parts])
        path <<= depth.max() - depth
        order = np.argsort(path)
        hops = np.concatenate([p.hops for p in parts])[order]
        ends = np.concatenate([p.ends for p in parts], axis=2)[:, :, order]
        return cls(path[order], depth[order], hops, number[order], ends)

    def paving(self, claim: Claim, most: int) -> Paving:
        """The cells with the least times; not kept are those later than ``most``, or that depend
        on others that are not.
        """
        tree, kept = self._tree(len(claim.states)), self.round >= 0
        hops = np.where(kept, self.hops, 0).astype(np.uint8).tobytes()
        blank = np.full(len(kept), NEVER, dtype="<u2").tobytes()
        cells = Extension(claim, Paving(tree, hops, blank)).cells
        for number in range(int(self.round.max(initial=-1)) + 1):
            self._set_times(cells, np.flatnonzero(self.round == number), most)
        self.round[cells.times == NEVER] = -1
        return Paving(tree, hops, cells.times.astype("<u2").tobytes())

    def _set_times(self, cells: Cells, rows: Integers, most: int) -> None:
        low, high = self.ends[:, :, rows]
        after = np.zeros(len(rows), dtype=np.int64)
        passing: Mask = ~np.isnan(low).any(axis=0)
        after[passing] = cells.latest(low[:, passing], high[:, passing])
        after += self.hops[rows]
        cells.times[rows] = np.where(after <= most, after, NEVER)

    def _tree(self, states: int) -> bytes:
        """The splits, one axis after the other, and the leaves."""
        result, deepest = bytearray(), int(self.depth.max())
        before = None
        for path, depth in zip(self.path.tolist(), self.depth.tolist(), strict=True):
            first = 0 if before is None else deepest - (path ^ before).bit_length() + 1
            result += bytes(i % states for i in range(first, depth))
            result.append(LEAF + _DEGREE)
            before = path
        return bytes(result)
