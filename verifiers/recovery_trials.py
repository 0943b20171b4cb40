"""Simulations of a claim of T-REACH-D, which end a search that would be in vain.

In float64 and from samples, so that nothing is proved or refuted by them.
"""

from __future__ import annotations

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.loops import stated_loop
from certify.proofs.checker.obligations import Formula
from certify.proofs.checker.recovery import in_target, not_initial
from certify.verifiers.grid import Mask
from certify.verifiers.points import Array, Sampled, Table

__all__ = ["simulated_failure"]

_STARTS = 2048
_LONGEST = 500  # steps
_SLACK = 1e-9  # what rounding may add to a value


def simulated_failure(claim: Claim, seed: int) -> str | None:
    """What goes wrong along a simulation from an initial state, in words; None if nothing does."""
    if not not_initial(claim).parts:
        return None
    rng = np.random.default_rng(seed)
    trial = _Trial(claim, rng)
    points = trial.starts()
    return trial.failure(points) if len(points) else None


class _Trial:
    """Trajectories under disturbances that are at one end, or at either in turn."""

    def __init__(self, claim: Claim, rng: np.random.Generator) -> None:
        self._claim, self._rng = claim, rng
        self._names = (*claim.states, *claim.parameters, *claim.disturbances)
        self._states = len(claim.states)
        ends = np.array([[float(end) for end in claim.box[x]] for x in self._names])
        self._low, self._high = ends[:, 0], ends[:, 1]
        self._loop = Table(list(stated_loop(claim).values()), self._names)

    def starts(self) -> Array:
        """Points (N, variables) with states of the initial set, corners among them."""
        share = self._rng.random((_STARTS, len(self._names)))
        corners = self._rng.random((_STARTS, 1)) < 0.5
        share = np.where(corners, np.round(share), share)
        points = self._low + share * (self._high - self._low)
        inside: Array = points[~(self._margin(not_initial(self._claim), points) > -_SLACK)]
        return inside

    def failure(self, first: Array) -> str | None:
        """See :func:`simulated_failure`."""
        numbers = self._claim.numbers
        latest = int(numbers.get("steps", _LONGEST))
        away = min(int(numbers["away"]), _LONGEST) if "away" in numbers else None
        last = min(latest, _LONGEST)
        points, missing = first, np.zeros(len(first))  # states in a row out of the target
        arrived = np.zeros(len(first), dtype=bool)
        for k in range(last + 1 if away is None else last + away + 3):
            there = self._margin(in_target(self._claim), points) >= -_SLACK
            missing, arrived = np.where(there, 0, missing + 1), arrived | there
            found = {"is outside of the domain": self._outside(points)}
            if away is None:
                found["is outside of the domain"] &= ~arrived
            if k == latest and "steps" in numbers:
                found["was not in the target yet"] = ~arrived
            if away is not None and k > last:
                found["is out of the target for too long"] = missing > away
            for what, bad in found.items():
                if bad.any():
                    return self._told(first[int(np.argmax(bad))], f"{what} after {k} steps")
            points = np.concatenate([self._loop.at(points).T, self._drawn(points)], axis=1)
        return None

    def _outside(self, points: Array) -> Mask:
        low, high = self._low[: self._states], self._high[: self._states]
        states, room = points[:, : self._states], _SLACK * (high - low)
        result: Mask = ~np.all((low - room <= states) & (states <= high + room), axis=1)
        return result

    def _drawn(self, points: Array) -> Array:
        """Parameters as they are, and the next disturbances: for every second row the same."""
        others = points[:, self._states :].copy()
        moving = slice(len(self._claim.parameters), None)
        ends = self._low[self._states :][moving], self._high[self._states :][moving]
        chosen = self._rng.random(others[1::2, moving].shape) < 0.5
        others[1::2, moving] = np.where(chosen, *ends)
        return others

    def _margin(self, formula: Formula, points: Array) -> Array:
        return Sampled(formula, self._names).margin(points)

    def _told(self, start: Array, what: str) -> str:
        where = ", ".join(f"{x} = {v:.6g}" for x, v in zip(self._names, start, strict=False))
        return f"a simulation from {where} {what}"
