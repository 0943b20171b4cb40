"""The largest value of what a claim leaves open: proofs for one value after another.

A value is tried by an ordinary search that may cost so many boxes.  What was proved for a
smaller value is used again: obligations that are the same keep their leaves, of the others the
splits are kept and every leaf is shown anew or split further.  Whether an attempt succeeds
depends on nothing but the number of boxes that it takes, so that the values tried, the one
that is found and its trees are the same however many workers there are.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.stability import is_ray
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.verifiers.bracket import Bracket
from certify.verifiers.budget import Budget
from certify.verifiers.check_cost import CheckCost
from certify.verifiers.checkpoint import Checkpoint, State
from certify.verifiers.closing import Closing
from certify.verifiers.doubts import Doubts
from certify.verifiers.endings import BudgetSpentError, RefutedError, StuckError, UnprovedError
from certify.verifiers.interface import Options
from certify.verifiers.open_number import OpenNumber
from certify.verifiers.parameters import choose_radius
from certify.verifiers.planning import plans
from certify.verifiers.points import Array
from certify.verifiers.search import ObligationSearch
from certify.verifiers.searches import restore_searches, search_state

__all__ = ["Found", "LargestSearch", "resumed_number"]

_UNPROVED_SHARE = 1 / 3  # of the time is for the kernel, as long as nothing is known of it
_CARE = 1.5  # by which the kernel may take longer than estimated
_ROOM = 80_000  # boxes, more than plans take
_REPLAYS = 32  # of suspects in an attempt: a refutation only ends it early
_REFINING = 10  # of the boxes one part in so many is for leaves that the kernel rejects


@dataclass(frozen=True)
class Found:
    """A claim, closed searches of its obligations, and the radius they have."""

    claim: Claim
    radius: Fraction | None
    searches: list[ObligationSearch]


@dataclass
class _Trial:
    """An attempt under way: ``boxes`` were spent on ``searches`` before it was resumed."""

    value: Fraction
    boxes: int = 0
    searches: list[ObligationSearch] = field(default_factory=list)
    planned: bool = False  # all of them, and with room to plan as another run would


class LargestSearch:
    """One search for the largest value of ``number``."""

    def __init__(
        self, number: OpenNumber, closing: Closing, budget: Budget, checkpoint: Checkpoint,
        doubts: Doubts, options: Options,
    ) -> None:  # fmt: skip
        self.number, self._bracket = number, number.bracket
        self._radius: Fraction | None = None
        self._rays: Found | None = None
        self._closing, self._budget, self._checkpoint = closing, budget, checkpoint
        self._doubts, self._options, self._cost = doubts, options, CheckCost(options.workers)
        self._best: Found | None = None
        self._trial: _Trial | None = None
        self.shown: list[ObligationSearch] = []

    def run(self) -> Found:
        """The claim with the largest value that was proved.

        Raises ``UnprovedError`` if there is none, ``BudgetSpentError`` if there was none when
        the budget ended, after the state was saved.
        """
        try:
            if self.number.name == "level":  # on which the rays do not depend
                self._choose_radius(self.number.stated(self._bracket.top), self._budget)
            while (trial := self._trial or self._next()) is not None:
                self._attempt(trial)
        except BudgetSpentError:
            if self._best is None:
                self._checkpoint.offer(self.state, last=True)
                raise
        if self._best is None:
            above = f" above {float(self._bracket.least):g}"
            raise UnprovedError(f"the conditions could be shown for no {self.number.name}{above}")
        return self._best

    def _next(self) -> _Trial | None:
        value = self._bracket.next()
        return None if value is None else _Trial(value)

    def _attempt(self, trial: _Trial) -> None:
        """Try one value, and narrow the bracket."""
        self._trial = trial
        self._budget.tell(f"largest {self.number.name}", self._progress())
        allowed = self._bracket.boxes()
        left = self._budget.boxes_left() - self._options.boxes // _REFINING
        part = self._budget.part(min(allowed - trial.boxes, left), self._reserved())
        found, ended = None, False
        try:
            found = self._closed(trial, part)
        except (RefutedError, StuckError, UnprovedError):
            ended = True
        except BudgetSpentError:
            if trial.boxes + part.boxes <= allowed:  # it was not this attempt that cost too much
                raise
        finally:
            self._budget.boxes += part.boxes
            trial.boxes += part.boxes
        if found is not None and self._affordable(found):
            self._best = found
            self._bracket = self._bracket.with_proof(trial.value, trial.boxes)
        else:
            self._bracket = self._bracket.with_failure(trial.value, trial.boxes, ended=ended)
        self._trial = None
        self._checkpoint.offer(self.state)

    def _closed(self, trial: _Trial, budget: Budget) -> Found:
        claim = self.number.stated(trial.value)
        if not trial.searches:
            self._choose_radius(claim, budget)
            trial.planned = budget.boxes_left() >= _ROOM
            trial.searches = self._begun(claim, budget)
        self.shown = trial.searches

        replays = itertools.count()

        def suspect(obligation: Obligation, points: Array) -> None:
            if next(replays) < _REPLAYS:
                self._doubts.suspect(claim, obligation, points)

        def save() -> None:
            self._checkpoint.offer(lambda: self.state(budget.boxes))

        self._closing.close(trial.searches, claim, self._radius, budget, save, suspect)
        return Found(claim, self._radius, trial.searches)

    def _choose_radius(self, claim: Claim, budget: Budget) -> None:
        """If there is none yet and the theorem has one: for larger values it is kept too."""
        if THEOREMS[claim.theorem].has_radius and self._rays is None:
            self._radius, rays = choose_radius(claim, budget, self.shown)
            self._rays = Found(claim, self._radius, rays)

    def _begun(self, claim: Claim, budget: Budget) -> list[ObligationSearch]:
        """What is known of the obligations of ``claim``; the others are planned."""
        with self._budget.account("derive"):
            wanted = obligations(claim, self._radius)
        known = [self._known(o) for o in wanted]
        new = plans([o for o, k in zip(wanted, known, strict=True) if k is None], budget)
        rest = iter(new)
        return [next(rest) if k is None else k for k in known]

    def _known(self, obligation: Obligation) -> ObligationSearch | None:
        """What is closed of the obligation, where it is the same; else the splits, if any."""
        for found in (self._best, self._rays):
            for known in found.searches if found is not None else ():
                if known.obligation.name == obligation.name:
                    same = known.obligation.digest() == obligation.digest()
                    return known if same else known.reopened(obligation)
        return None

    def _reserved(self) -> float:
        """Seconds to leave to the kernel."""
        if self._options.timeout is None:
            return 0.0
        if self._best is None:
            return _UNPROVED_SHARE * self._options.timeout
        return _CARE * self._cost.seconds(self._best.searches)

    def _affordable(self, found: Found) -> bool:
        """Whether there is time to check the trees of ``found``, or nothing better."""
        if self._options.timeout is None or self._best is None:
            return True
        return _CARE * self._cost.seconds(found.searches) <= self._budget.seconds_left()

    def _progress(self) -> float:
        high = self._bracket.failed or self._bracket.top
        return float((self._bracket.proved or 0) / high)

    def state(self, spent: int = 0) -> dict[str, np.ndarray]:
        """What a checkpoint holds; ``spent`` boxes of the attempt are not counted yet."""
        trial, best, rays = self._trial, self._best, self._rays
        if trial is not None and not (trial.planned and self.shown is trial.searches):
            trial = None  # it begins again
        data: dict[str, object] = {
            "bracket": self._bracket.to_json(),
            "false_from": self.number.false_from,
            "radius": None if self._radius is None else str(self._radius),
            "rays": None if rays is None else str(self.number.value_of(rays.claim)),
            "trial": None if trial is None else [str(trial.value), trial.boxes + spent],
        }
        parts: dict[str, list[ObligationSearch]] = {}
        if best is not None:
            parts["best"] = best.searches
        if rays is not None:
            parts["rays"] = rays.searches
        if trial is not None:
            parts["trial"] = trial.searches
        trees = {f"{k}/{x}": a for k, part in parts.items() for x, a in search_state(part).items()}
        return {"open": np.array(json.dumps(data)), **trees}

    def resume(self, state: State) -> None:
        """Go on from a checkpoint."""
        data = json.loads(str(state["open"]))
        self._bracket = Bracket.from_json(data["bracket"])
        self._radius = None if data["radius"] is None else Fraction(data["radius"])
        if self._bracket.proved is not None:
            self._best = self._restored("best", self._bracket.proved, state)
        if data["rays"] is not None:
            self._rays = self._restored("rays", Fraction(data["rays"]), state)
        if data["trial"] is not None:
            value, boxes = data["trial"]
            searches = self._restored("trial", Fraction(value), state).searches
            self._trial = _Trial(Fraction(value), boxes, searches, planned=True)

    def _restored(self, part: str, value: Fraction, state: State) -> Found:
        claim, prefix = self.number.stated(value), f"{part}/"
        own = {k.removeprefix(prefix): a for k, a in state.items() if k.startswith(prefix)}
        wanted = [o for o in obligations(claim, self._radius) if part != "rays" or is_ray(o)]
        return Found(claim, self._radius, restore_searches(wanted, own))


def resumed_number(name: str, claim: Claim, state: State) -> OpenNumber:
    """What ``claim`` leaves open, as a checkpoint has it."""
    data = json.loads(str(state["open"]))
    return OpenNumber(name, claim, Bracket.from_json(data["bracket"]), data["false_from"])
