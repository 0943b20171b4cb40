"""One verification by branch and bound, from claim to outcome."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction

import numpy as np

from certify.outcome import Counterexample, FoundNumber, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import TheoremError
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.kernel import open_leaves
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.theorems import THEOREMS
from certify.scaling import factor_between, scaled
from certify.verifiers.advice import after_refutation, open_boxes, without_answer
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint
from certify.verifiers.choices import Choice, choose, left_open, open_numbers
from certify.verifiers.closing import Closing
from certify.verifiers.derived import derived
from certify.verifiers.doubts import Doubts
from certify.verifiers.endings import BudgetSpentError, RefutedError, StuckError, UnprovedError
from certify.verifiers.interface import Options
from certify.verifiers.parameters import with_numbers
from certify.verifiers.planning import plans
from certify.verifiers.points import Array
from certify.verifiers.search import ObligationSearch
from certify.verifiers.searches import maps_of, restore_searches, search_state, symbols_of

__all__ = ["NAME", "ProofRun"]

NAME = "branch-and-bound"
_ROUNDS = 8  # of refinement without progress before a proof gives way
_LOOSER, _LOOSENINGS = Fraction(9999, 10000), 20  # of a number that was found


class ProofRun:
    """One verification, from claim to outcome."""

    def __init__(self, claim: Claim, options: Options) -> None:
        self.claim, self.options = claim, options
        self.theorem = THEOREMS[claim.theorem]
        self.budget = Budget(options)
        self.asked, self.choice = claim, Choice(claim)
        text = json.dumps([claim.to_json(), options.seed, options.largest_box], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        self.doubts = Doubts(self.budget, options.seed)
        self.checkpoint = Checkpoint(options.checkpoint, key, options.checkpoint_seconds)
        self.searches: list[ObligationSearch] = []
        self.radius: Fraction | None = None
        self.closing = Closing(options)
        self.loosened = 0
        self.rejected: list[int] = []  # leaves that the kernel rejected, round by round

    def outcome(self) -> Outcome:
        """Choose the proof's parameters, search and attack, and let the kernel check."""
        counterexample: Counterexample | None = None
        certificate: Certificate | None = None
        verdict, advice = Verdict.PROVED, ""
        try:
            self.doubts.first(self.claim, open_numbers(self.claim, self.options))
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
        finally:
            self.closing.end()
        if certificate is None and counterexample is None:
            counterexample = self.doubts.last(self.claim, self.searches)
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
            found=self._found() if verdict is Verdict.PROVED else None,
        )

    def _suspect(self, obligation: Obligation, points: Array) -> None:
        self.doubts.suspect(self.claim, obligation, points)

    def _look(self) -> None:
        if not self.rejected:  # what the kernel gives back was closed once
            self.doubts.again(self.claim, self.searches)

    def _choose_parameters(self) -> None:
        self.choice, self.searches = choose(
            self.asked, self.options, self.closing, self.budget, self.checkpoint, self.doubts,
            self.searches,
        )  # fmt: skip
        self.claim, self.radius = self.choice.claim, self.choice.radius

    def _prove(self) -> Certificate:
        """Close everything, then refine what the kernel does not accept."""
        with self.budget.account("derive"):
            wanted = {o.name: o for o in derived(self.claim, self.radius)}
        state = self.checkpoint.load()
        if "chosen" in state:
            self.searches = restore_searches(list(wanted.values()), state)
            self.rejected = state["rejected"].tolist()
        else:
            self.doubts.glance(self.claim, wanted.values())
            known = {s.obligation.name: s for s in self.searches}
            with self.budget.account("search"):
                open_ = [o for name, o in wanted.items() if name not in known]
                known |= {s.obligation.name: s for s in plans(open_, self.budget, self._look)}
                self.searches = [known[name].restated(o) for name, o in wanted.items()]
        while True:
            try:
                rejected = self._closed_and_refined()
            except (RefutedError, StuckError):  # a number that was found is a little too large
                if not self._loosened():
                    raise
                continue
            if not rejected:
                break
            self._give_way()
        return Certificate(
            claim=self.claim,
            assumptions=self.theorem.assumptions,
            evidence="kernel",
            proof=Proof(
                radius=self.radius,
                trees={s.obligation.name: s.proof_tree() for s in self.searches},
                statements={s.obligation.name: s.obligation.digest() for s in self.searches},
                coordinates=maps_of(self.searches),
                symbols=symbols_of(self.searches),
            ),
        )

    def _closed_and_refined(self) -> bool:
        """Close every open box and have the kernel look; whether it rejected a leaf."""
        with self.budget.account("search"):
            try:
                self._close()
            except BudgetSpentError:
                self.checkpoint.offer(self._state, last=True)
                raise
        with self.budget.account("check"):
            return self._refine()

    def _close(self) -> None:
        """Close every open box; what the kernel gives back is little, and closed here."""
        self.closing.close(
            self.searches, self.claim, self.radius, self.budget, self._save, self._suspect,
            alone=bool(self.rejected),
        )  # fmt: skip

    def _save(self) -> None:
        self.checkpoint.offer(self._state)
        self._look()

    def _refine(self) -> bool:
        """Reopen and split the leaves that the kernel rejects; whether there were any."""
        self.budget.tell("re-check every leaf", 0.0)
        found = open_leaves(
            self.claim,
            self.radius,
            {s.obligation.name: s.proof_tree() for s in self.searches},
            maps_of(self.searches),
            self.options.workers,
            self._watch,
            {s.obligation.name: s.known() for s in self.searches},
            symbols_of(self.searches),
        )
        self.rejected.append(sum(len(count.open) for count in found.values()))
        for search in self.searches:
            search.rejected(found[search.obligation.name].open)
        self.budget.spend(self.rejected[-1])
        return self.rejected[-1] > 0

    def _watch(self, done: float) -> None:
        self.budget.tell("re-check every leaf", done)
        self.budget.spend(0)

    def _give_way(self) -> None:
        """Where the kernel rejects more and more leaves: something holds with equality."""
        if len(self.rejected) < _ROUNDS or self.rejected[-1] <= self.rejected[-_ROUNDS]:
            return
        if not self._loosened():
            raise StuckError("bounds hold with equality: no margin is left for rounding")

    def _loosened(self) -> bool:
        """Lower the number that was found a little; False if all numbers were given.

        Leaves of what is closed remain valid, unless it is the box that becomes smaller; what
        is open begins again.
        """
        name = left_open(self.asked, self.options)
        if name is None or self.loosened >= _LOOSENINGS:
            return False
        self.loosened += 1
        if name == "box":
            self.claim = scaled(self.claim, _LOOSER)
        else:
            self.claim = with_numbers(self.claim, {name: self.claim.numbers[name] * _LOOSER})
        self.rejected.clear()
        wanted = {o.name: o for o in derived(self.claim, self.radius)}
        pairs = [(s, wanted[s.obligation.name]) for s in self.searches]
        again = ObligationSearch.reopened if name == "box" else ObligationSearch.restated
        # how far a search that ended midway has come depends on the clock
        self.searches = [s.restarted(o) if s.is_open else again(s, o) for s, o in pairs]
        return True

    def _state(self) -> dict[str, np.ndarray]:
        choice = replace(self.choice, claim=self.claim)
        rejected = np.array(self.rejected, dtype=np.int64)
        return {"chosen": choice.state(), "rejected": rejected, **search_state(self.searches)}

    def _found(self) -> FoundNumber | None:
        """What was left open and found."""
        name = left_open(self.asked, self.options)
        if name is None:
            return None
        whole = name == "box"
        value = factor_between(self.asked, self.claim) if whole else self.claim.numbers[name]
        return FoundNumber(name, value, self.choice.false_from)

    def _statistics(self) -> dict[str, float]:
        leaves = sum(s.leaves() for s in self.searches)
        return {
            "boxes": self.budget.boxes,
            "leaves": leaves,
            "seconds": self.budget.seconds(),
            "cpu_seconds": self.budget.cpu_seconds(),
            **{f"{name}_seconds": spent for name, spent in self.budget.accounts.items()},
        }
