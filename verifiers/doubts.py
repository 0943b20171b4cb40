"""Attacks during a verification: a glance, then longer and longer ones while the search goes on.

Most claims are true, and most of these are proved in less time than an attack takes.  A claim that
is not proved soon is worth a short look, and one that resists the search a longer one, which starts
from the boxes that it cannot close.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction

import numpy as np

from certify.outcome import Counterexample
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import TheoremError
from certify.proofs.checker.loops import scales
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.stability import is_ray
from certify.proofs.checker.theorems import violation
from certify.verifiers.budget import Budget
from certify.verifiers.decay_attack import slowest
from certify.verifiers.endings import BudgetSpentError, RefutedError, UnprovedError
from certify.verifiers.falsifier import LAST, LONG, SHORT, falsify
from certify.verifiers.glance import glance
from certify.verifiers.jumps import beside_jumps
from certify.verifiers.points import Array, values
from certify.verifiers.replay import replay
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import middle_of, pieces

__all__ = ["Doubts", "states_of"]

_FIRST_SHORT = 0.5  # processor seconds of the whole before the short attack
_FIRST_LONG = 3.0  # processor seconds of the whole before the first long attack
_PER_SHORT = 30.0  # times what the short one took: at least as long
_PER_ATTACK = 5.0  # times what it takes: between two of them
_SUSPICIOUS = 0.1  # of the time is for points that the search suspects
_NEAR = 256  # open boxes to start from, of each obligation
_LARGEST_TREE = 1 << 20  # bytes: of larger ones the open boxes are not looked for
_CLOSE = 1e-4  # distance from the equilibrium, in units of the domain
_STRETCHES = 2.0 ** np.arange(0, 28, 4)  # of suspected points on rays


class Doubts:
    """The attacks of one verification, and the time they take."""

    def __init__(self, budget: Budget, seed: int) -> None:
        self._budget, self._seed = budget, seed
        self._due, self._spent, self._attacks = _FIRST_SHORT, 0.0, 0
        self._stated = False  # whether the claim leaves nothing open
        self._unseen = False  # whether the short attack is still to come
        self._violation: tuple[Claim, list[Obligation]] | None = None

    def first(self, claim: Claim, missing: set[str]) -> None:
        """What is worth doing before the search.

        Raises ``UnprovedError`` if only the level is ``missing`` and the decay is false so near
        to the equilibrium that no level is worth proving.
        """
        self._budget.tell("attack", 0.0)
        self._stated = self._unseen = not missing
        if missing == {"level"} and "residual" not in claim.numbers:
            with self._timed():
                self._look_near_the_equilibrium(claim)

    def glance(self, claim: Claim, wanted: Iterable[Obligation]) -> None:
        """Look at a few samples of the level set, before anything is planned.

        Raises ``RefutedError``.
        """
        for obligation in wanted if self._stated else ():
            self.suspect(claim, obligation, glance(claim, obligation, self._seed))

    def last(
        self, claim: Claim, searches: Sequence[ObligationSearch] = ()
    ) -> Counterexample | None:
        """A counterexample to a claim whose search ended without an answer, if a look finds one.

        It starts from open boxes of ``searches`` too, and comes from above the level: a search that
        goes depth first may end at the very border of the region where a condition is false.  The
        last one is beside a jump on which a box is open.
        """
        if not self._stated:
            return None
        with suppress(BudgetSpentError, TheoremError):
            near = _open_points(claim, searches)
            found = falsify(claim, self._seed, self._tick_of_time, LAST, near)
            return found or beside_jumps(claim, searches, self._seed)
        return None

    def _short(self, claim: Claim) -> Counterexample | None:
        self._unseen = False
        with self._timed():
            found = falsify(claim, self._seed, self._tick, SHORT)
        self._due = max(_FIRST_LONG, _PER_SHORT * self._spent)
        return found

    def suspect(self, claim: Claim, obligation: Obligation, points: Array) -> None:
        """Replay points where a condition looks false; a confirmed one ends the run.

        Raises ``RefutedError``.
        """
        if not len(points):
            return
        if is_ray(obligation):
            if "level" not in claim.numbers or self._spent > self._share():
                return
            obligation, points = self._descent(claim), states_of(claim, obligation, points)
        with self._timed():
            found = replay(claim, obligation, points)
        if found is not None:
            raise RefutedError(found)

    def again(self, claim: Claim, searches: Sequence[ObligationSearch]) -> None:
        """An attack if one is due; a long one starts from the open boxes of ``searches`` too.

        Raises ``RefutedError``.
        """
        if self._budget.cpu_seconds() < self._due or (searches and not _any_open(searches)):
            return
        if self._unseen:
            found = self._short(claim)
        elif "level" in claim.numbers:
            found = self._long(claim, searches)
        else:
            return
        if found is not None:
            raise RefutedError(found)

    def _long(self, claim: Claim, searches: Sequence[ObligationSearch]) -> Counterexample | None:
        self._attacks += 1
        start = time.process_time()
        with self._timed():
            near = _open_points(claim, searches)
            found = falsify(claim, self._seed + self._attacks, self._tick, LONG, near)
        took = time.process_time() - start
        now = self._budget.cpu_seconds()
        self._due = max(2 * now, now + _PER_ATTACK * took)
        return found

    def _look_near_the_equilibrium(self, claim: Claim) -> None:
        everywhere = replace(claim, numbers={**claim.numbers, "level": Fraction(10) ** 300})
        points, least = slowest(everywhere, self._seed, self._tick, SHORT.decay, within=_CLOSE)
        if not least < float(claim.numbers["decay"]):
            return
        found = replay(everywhere, self._descent(everywhere), points)
        if found is None:
            return
        state = np.array([[float(found.point[x]) for x in claim.states]])
        height = values(claim.functions["lyapunov"], claim.states, state)[0]
        better = f"a decay of at most {0.85 * least:.2g}" if least > 0 else "another function"
        raise UnprovedError(
            f"no level from {height:.3g} on can be proved: near the equilibrium there are states "
            f"where V falls by {least:.3g} of itself, not by {float(claim.numbers['decay']):g}; "
            f"ask for {better}"
        )

    def _descent(self, claim: Claim) -> Obligation:
        """The condition on the level set, without a radius."""
        if self._violation is None or self._violation[0] is not claim:
            self._violation = (claim, violation(claim))
        return self._violation[1][0]

    def _share(self) -> float:
        return 0.5 + _SUSPICIOUS * self._budget.cpu_seconds()

    def _tick(self) -> None:
        self._budget.spend(0)

    def _tick_of_time(self) -> None:
        """After a search that has used up its boxes there may be time left for an attack."""
        if self._budget.seconds_left() <= 0:
            raise BudgetSpentError("there is no time left")

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.process_time()
        try:
            yield
        finally:
            self._spent += time.process_time() - start


def states_of(claim: Claim, ray: Obligation, points: Array) -> Array:
    """Points (k, variables of ``ray``) as states, parameters and disturbances.

    Every point is followed by others on the same ray, further from the equilibrium.
    """
    many = np.repeat(points, len(_STRETCHES), axis=0)
    many[:, 0] = np.minimum(many[:, 0] * np.tile(_STRETCHES, len(points)), 1.0)
    columns = dict(zip(ray.box, many.T, strict=True))
    face, sign = ray.name.removeprefix("ray/")[:-1], 1.0 if ray.name.endswith("+") else -1.0
    result = []
    for x, size in scales(claim).items():
        way = sign if x == face else columns[f"_d_{x}"]
        result.append(float(claim.equilibrium[x]) + many[:, 0] * float(size) * way)
    result += [columns[x] for x in (*claim.parameters, *claim.disturbances)]
    return np.stack(result, axis=1)


def _any_open(searches: Sequence[ObligationSearch]) -> bool:
    return any(search.is_open for search in searches)


def _open_points(claim: Claim, searches: Sequence[ObligationSearch]) -> Array | None:
    """Centres of open boxes, as states, parameters and disturbances."""
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    found = []
    for search in searches:
        if not search.is_open or len(search.tree) > _LARGEST_TREE:
            continue
        boxes = pieces(search.tree, search.low, search.high)
        boxes = boxes[:: max(1, len(boxes) // _NEAR)][:_NEAR]
        points = search.points(np.array([middle_of(p.low, p.high) for p in boxes]))
        if is_ray(search.obligation):
            found.append(states_of(claim, search.obligation, points))
        elif tuple(search.obligation.box) == names:
            found.append(points)
    return np.concatenate(found) if found else None
