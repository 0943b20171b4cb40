"""One verification by branch and bound, from claim to outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from certify.outcome import Counterexample, OpenBox, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import TheoremError
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.kernel import open_leaves
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.theorems import THEOREMS, is_ray, obligations
from certify.proofs.checker.tree import LEAF
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint
from certify.verifiers.endings import BudgetSpentError, RefutedError, StuckError, UnprovedError
from certify.verifiers.falsifier import falsify, replay
from certify.verifiers.interface import Options
from certify.verifiers.parameters import (
    choose_radius,
    largest_level,
    missing_numbers,
    provisional,
    with_numbers,
)
from certify.verifiers.ranges import Array
from certify.verifiers.residual import residual_numbers
from certify.verifiers.search import ObligationSearch, close, restore_searches, search_state

__all__ = ["NAME", "ProofRun"]

NAME = "branch-and-bound"
_SHOWN = 400
_ROUNDS = 8  # of refinement without progress before a proof gives way


class ProofRun:
    """One verification, from claim to outcome."""

    def __init__(self, claim: Claim, options: Options) -> None:
        self.claim, self.options = claim, options
        self.theorem = THEOREMS[claim.theorem]
        self.budget = Budget(options)
        text = json.dumps([claim.to_json(), options.seed], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        self.checkpoint = Checkpoint(options.checkpoint, key, options.checkpoint_seconds)
        self.searches: list[ObligationSearch] = []
        self.radius: Fraction | None = None
        self.found_level = "level" in missing_numbers(claim)
        self.rejected: list[int] = []  # leaves that the kernel rejected, round by round

    def outcome(self) -> Outcome:
        """Falsify, choose the proof's parameters, search, and let the kernel check."""
        counterexample: Counterexample | None = None
        certificate: Certificate | None = None
        verdict, advice = Verdict.PROVED, ""
        try:
            counterexample = self._falsified()
            if counterexample is None:
                self._choose_parameters()
                certificate = self._prove()
        except (TheoremError, UnprovedError) as error:
            verdict, advice = Verdict.UNKNOWN, str(error)
        except BudgetSpentError as error:
            verdict, advice = Verdict.TIMED_OUT, f"{error}: allow more, or claim less"
        except RefutedError as found:
            counterexample = found.counterexample
        except StuckError as error:
            verdict = Verdict.UNKNOWN
            advice = f"{error}: a box of the smallest size stays open; the claim is likely tight"
        if counterexample is not None:
            verdict = Verdict.REFUTED
            advice = "try a smaller level or decay, another certificate function or controller"
        if verdict is not Verdict.TIMED_OUT:
            self.checkpoint.discard()
        return Outcome(
            verdict=verdict,
            claim=self.claim,
            verifier=NAME,
            certificate=certificate,
            counterexample=counterexample,
            open_boxes=() if verdict is Verdict.PROVED else tuple(self._open_boxes()),
            advice=advice,
            statistics=self._statistics(),
        )

    def _falsified(self) -> Counterexample | None:
        self.budget.tell("attack", 0.0)
        if missing_numbers(self.claim):
            return None
        return falsify(self.claim, self.options.seed, lambda: self.budget.spend(0))

    def _suspect(self, obligation: Obligation, points: Array) -> None:
        """Replay points where a condition looks false; a confirmed one ends the run."""
        if is_ray(obligation) or not len(points):
            return
        found = replay(self.claim, obligation, points)
        if found is not None:
            raise RefutedError(found)

    def _choose_parameters(self) -> None:
        """The radius, and the numbers that the claim leaves open."""
        if self.theorem.has_radius:
            self.radius, self.searches = choose_radius(self.claim, self.budget)
        if missing_numbers(self.claim) - {"level"}:
            found = residual_numbers(provisional(self.claim), self.budget, self.options.seed)
            self.claim = with_numbers(self.claim, found)
        state = self.checkpoint.load()
        if "numbers" in state:
            saved = json.loads(str(state["numbers"]))
            self.claim = with_numbers(self.claim, {k: Fraction(v) for k, v in saved.items()})
        if missing_numbers(self.claim):
            level, searches = largest_level(
                self.claim, self.radius, self.budget, self.checkpoint, self.options.seed
            )
            self.claim = with_numbers(self.claim, {"level": level})
            self.searches += searches

    def _prove(self) -> Certificate:
        """Close everything, then refine what the kernel does not accept."""
        wanted = {o.name: o for o in obligations(self.claim, self.radius)}
        known = {s.obligation.name: s for s in self.searches}
        self.searches = [known.get(name) or ObligationSearch(o) for name, o in wanted.items()]
        self._restate()
        state = self.checkpoint.load()
        if "numbers" in state:
            restore_searches(self.searches, state)
            self.rejected = state["rejected"].tolist()
        while True:
            close(
                self.searches,
                self.budget,
                lambda: self.checkpoint.offer(self._state),
                self._suspect,
            )
            trees = {s.obligation.name: s.tree.preorder() for s in self.searches}
            if not self._refine(trees):
                break
            self._loosen()
        return Certificate(
            claim=self.claim,
            assumptions=self.theorem.assumptions,
            evidence="kernel",
            proof=Proof(
                radius=self.radius,
                trees={name: tree for name, (tree, _) in trees.items()},
                statements={name: o.digest() for name, o in self._restate().items()},
            ),
        )

    def _refine(self, trees: Mapping[str, tuple[bytes, np.ndarray]]) -> bool:
        """Reopen and split the leaves that the kernel rejects; whether there were any."""
        self.budget.tell("re-check every leaf", 0.0)
        rejected = open_leaves(
            self.claim,
            self.radius,
            {name: tree for name, (tree, _) in trees.items()},
            self.options.workers,
            self._watch,
            {
                s.obligation.name: s.accepted_positions(trees[s.obligation.name][1])
                for s in self.searches
            },
        )
        self.rejected.append(sum(len(count.open) for count in rejected.values()))
        for search in self.searches:
            name = search.obligation.name
            nodes = {int(trees[name][1][p]) for p in rejected[name].open}
            search.accept_leaves(except_for=nodes)
            if nodes:
                search.refine(nodes)
                self.budget.spend(len(nodes))
        return self.rejected[-1] > 0

    def _watch(self, done: float) -> None:
        self.budget.tell("re-check every leaf", done)
        self.budget.spend(0)

    def _loosen(self) -> None:
        """Give way where the kernel rejects more and more leaves: something holds with equality.

        A level that was found is lowered a little, for which all leaves closed so far remain
        valid; a level that was given is not to be proved.
        """
        if len(self.rejected) < _ROUNDS or self.rejected[-1] <= self.rejected[-_ROUNDS]:
            return
        if not self.found_level:
            raise StuckError("bounds hold with equality: no margin is left for rounding")
        level = self.claim.numbers["level"] * Fraction(9999, 10000)
        self.claim = with_numbers(self.claim, {"level": level})
        self.rejected.clear()
        self._restate()

    def _restate(self) -> dict[str, Obligation]:
        """Every search under the obligations of the claim as it is now."""
        wanted = {o.name: o for o in obligations(self.claim, self.radius)}
        for search in self.searches:
            search.restate(wanted[search.obligation.name])
        return wanted

    def _state(self) -> dict[str, np.ndarray]:
        numbers = json.dumps({k: str(v) for k, v in self.claim.numbers.items()})
        rejected = np.array(self.rejected, dtype=np.int64)
        return {"numbers": np.array(numbers), "rejected": rejected, **search_state(self.searches)}

    def _open_boxes(self) -> list[OpenBox]:
        result = []
        for search in self.searches:
            low, high = search.tree.bounds(search.open.take(np.arange(len(search.open))[-_SHOWN:]))
            for a, b in zip(low.tolist(), high.tolist(), strict=True):
                box = dict(zip(search.tree.names, zip(a, b, strict=True), strict=True))
                result.append(OpenBox(search.obligation.name, box))
        return result

    def _statistics(self) -> dict[str, float]:
        leaves = sum(int((s.tree.rule >= LEAF).sum()) for s in self.searches)
        return {
            "boxes": self.budget.boxes,
            "leaves": leaves,
            "seconds": self.budget.seconds(),
            "cpu_seconds": self.budget.cpu_seconds(),
        }
