"""One verification by branch and bound, from claim to outcome."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction

import numpy as np

from certify.outcome import Counterexample, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.errors import TheoremError
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.kernel import open_leaves
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.verifiers.advice import after_refutation, open_boxes, without_answer
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint
from certify.verifiers.doubts import Doubts
from certify.verifiers.endings import BudgetSpentError, RefutedError, StuckError, UnprovedError
from certify.verifiers.engine import engine_name
from certify.verifiers.interface import Options
from certify.verifiers.parallel import close_in_parallel
from certify.verifiers.parameters import (
    choose_radius,
    largest_level,
    missing_numbers,
    provisional,
    with_numbers,
)
from certify.verifiers.planning import plans
from certify.verifiers.points import Array
from certify.verifiers.residual import residual_numbers
from certify.verifiers.search import ObligationSearch, close, restore_searches, search_state

__all__ = ["NAME", "ProofRun"]

NAME = "branch-and-bound"
_ROUNDS = 8  # of refinement without progress before a proof gives way


class ProofRun:
    """One verification, from claim to outcome."""

    def __init__(self, claim: Claim, options: Options) -> None:
        self.claim, self.options = claim, options
        self.theorem = THEOREMS[claim.theorem]
        self.budget = Budget(options)
        text = json.dumps([claim.to_json(), options.seed], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        self.doubts = Doubts(self.budget, options.seed)
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
            counterexample = self.doubts.first(self.claim, missing_numbers(self.claim))
            if counterexample is None:
                with self.budget.account("search"):
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
            advice = after_refutation(self.claim, counterexample, self.options.seed)
        if verdict is not Verdict.TIMED_OUT:
            self.checkpoint.discard()
        return Outcome(
            verdict=verdict,
            claim=self.claim,
            verifier=NAME,
            certificate=certificate,
            counterexample=counterexample,
            open_boxes=() if verdict is Verdict.PROVED else open_boxes(self.searches),
            advice=advice,
            diagnosis=without_answer(verdict, self.searches, self.budget),
            statistics=self._statistics(),
        )

    def _suspect(self, obligation: Obligation, points: Array) -> None:
        self.doubts.suspect(self.claim, obligation, points)

    def _look(self) -> None:
        if not self.rejected:  # what the kernel gives back was closed once
            self.doubts.again(self.claim, self.searches)

    def _choose_parameters(self) -> None:
        """The radius, and the numbers that the claim leaves open."""
        if self.theorem.has_radius:
            self.radius, self.searches = choose_radius(
                self.claim, self.budget, self.searches, self._look, self._suspect
            )
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
        with self.budget.account("derive"):
            wanted = {o.name: o for o in obligations(self.claim, self.radius)}
        state = self.checkpoint.load()
        if "numbers" in state:
            self.searches = restore_searches(list(wanted.values()), state)
            self.rejected = state["rejected"].tolist()
        else:
            known = {s.obligation.name: s for s in self.searches}
            with self.budget.account("search"):
                new = plans([o for name, o in wanted.items() if name not in known], self.budget)
                known |= {s.obligation.name: s for s in new}
                self.searches = [known[name].restated(o) for name, o in wanted.items()]
        while True:
            with self.budget.account("search"):
                try:
                    self._close()
                except BudgetSpentError:
                    self.checkpoint.offer(self._state, last=True)
                    raise
            with self.budget.account("check"):
                rejected = self._refine()
            if not rejected:
                break
            self._loosen()
        return Certificate(
            claim=self.claim,
            assumptions=self.theorem.assumptions,
            evidence="kernel",
            proof=Proof(
                radius=self.radius,
                trees={s.obligation.name: s.proof_tree() for s in self.searches},
                statements={s.obligation.name: s.obligation.digest() for s in self.searches},
                coordinates=self._coordinates(),
            ),
        )

    def _close(self) -> None:
        """Close every open box, here or on the workers."""
        native = engine_name() != "python"
        workers, cluster = self.options.workers, self.options.cluster
        executor = None
        if not self.rejected and (workers, cluster) != (1, "local"):  # rejected ones are few
            from certify.verifiers.executors import executor_for  # slow to import

            executor = executor_for(cluster, workers, releases_interpreter=native)
        if executor is None:
            close(self.searches, self.budget, self._save, self._suspect)
            return
        try:
            for search in self.searches:
                close_in_parallel(
                    search, self.claim, self.radius, executor, self.budget, self._save,
                    self._suspect,
                )  # fmt: skip
        finally:
            executor.close()

    def _save(self) -> None:
        self.checkpoint.offer(self._state)
        self._look()

    def _coordinates(self) -> dict[str, Coordinates]:
        maps = ((s.obligation.name, s.coordinates) for s in self.searches)
        return {name: c for name, c in maps if c is not None}

    def _refine(self) -> bool:
        """Reopen and split the leaves that the kernel rejects; whether there were any."""
        self.budget.tell("re-check every leaf", 0.0)
        found = open_leaves(
            self.claim,
            self.radius,
            {s.obligation.name: s.proof_tree() for s in self.searches},
            self._coordinates(),
            self.options.workers,
            self._watch,
            {s.obligation.name: s.known() for s in self.searches},
        )
        self.rejected.append(sum(len(count.open) for count in found.values()))
        for search in self.searches:
            search.rejected(found[search.obligation.name].open)
        self.budget.spend(self.rejected[-1])
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

    def _restate(self) -> None:
        """Every search under the obligations of the claim as it is now."""
        wanted = {o.name: o for o in obligations(self.claim, self.radius)}
        self.searches = [s.restated(wanted[s.obligation.name]) for s in self.searches]

    def _state(self) -> dict[str, np.ndarray]:
        numbers = json.dumps({k: str(v) for k, v in self.claim.numbers.items()})
        rejected = np.array(self.rejected, dtype=np.int64)
        return {"numbers": np.array(numbers), "rejected": rejected, **search_state(self.searches)}

    def _statistics(self) -> dict[str, float]:
        leaves = sum(s.leaves() for s in self.searches)
        return {
            "boxes": self.budget.boxes,
            "leaves": leaves,
            "seconds": self.budget.seconds(),
            "cpu_seconds": self.budget.cpu_seconds(),
            **{f"{name}_seconds": spent for name, spent in self.budget.accounts.items()},
        }
