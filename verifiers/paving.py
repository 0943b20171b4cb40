"""The search for a paving: finer and finer grids, on each of them cells that reach kept ones.

A cell is kept if for some number of steps the bounds of its states stay in the domain and end in
the core or among cells kept before; this is repeated until no more are found, as slow flows go
from cell to cell.  Cells that are left are halved, unless no trajectory from them was simulated
to arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import State
from certify.verifiers.grid import Floats, Grid, Integers, Mask
from certify.verifiers.orbits import Hulls, OrbitBounds

__all__ = ["FoundCells", "PavingSearch"]

_COARSEST = 6  # halvings with which the search begins
_HORIZON = 1024  # steps that a simulation may take to what is kept


class FoundCells(NamedTuple):
    """Leaves of the tree that were found together, at one ``depth``.

    ``path`` (k,) has the halves chosen from the root on as bits, ``hops`` the steps.  Cells of a
    later ``round`` may depend on those of earlier ones; -1 is for cells that are not kept.
    ``ends`` (2, n, k) are the corners of the boxes that they reach, NaN where that is the core.
    """

    path: Integers
    depth: int
    hops: Integers
    round: int
    ends: Floats


class PavingSearch:
    """One search over the domain of ``claim``, following trajectories ``steps`` steps at most.

    ``found`` are the leaves so far, at most ``depth`` halvings deep.
    """

    def __init__(self, claim: Claim, steps: int, depth: int, budget: Budget) -> None:
        self._bounds = OrbitBounds(claim)
        self._steps, self._depth, self._budget = steps, depth, budget
        self._grid = Grid(self._bounds.low, self._bounds.high)
        self._path: Integers = np.zeros(1, dtype=np.int64)
        self._place: Integers = np.zeros((len(claim.states), 1), dtype=np.int64)
        self._round = 0
        self.found: list[FoundCells] = []

    def run(self, save: Callable[[], None] = lambda: None) -> None:
        """Search down to the finest grid; ``save`` is called before each grid."""
        while self._grid.depth < min(_COARSEST, self._depth):
            self._halve()
        while len(self._path):
            save()
            self._sweep()
            if self._grid.depth == self._depth:
                return
            self._abandon()
            self._halve()

    def leaves(self) -> list[FoundCells]:
        """A leaf for every point of the domain, whatever was found."""
        return [*self.found, self._given_up(self._path)]

    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint holds."""
        counts = np.array([[f.depth, f.round, len(f.path)] for f in self.found], dtype=np.int64)
        ends = np.concatenate(
            [np.empty((2, len(self._place), 0)), *(f.ends for f in self.found)], 2
        )
        empty = np.empty(0, dtype=np.int64)
        return {
            "open": self._path,
            "depth": np.array([self._grid.depth, self._round]),
            "parts": counts.reshape(-1, 3),
            "path": np.concatenate([empty, *(f.path for f in self.found)]),
            "hops": np.concatenate([empty, *(f.hops for f in self.found)]),
            "ends": ends,
        }

    def resume(self, state: State) -> None:
        """Go on from a checkpoint."""
        first = 0
        for depth, number, count in state["parts"].tolist():
            part = slice(first, first + count)
            path, hops, ends = state["path"][part], state["hops"][part], state["ends"][:, :, part]
            self.found.append(FoundCells(path, depth, hops, number, ends))
            first += count
        depth, self._round = state["depth"].tolist()
        for finer in range(depth + 1):
            kept = [f.path for f in self.found if f.depth == finer and f.round >= 0]
            for path in kept:
                self._grid.cover(self._grid.places(path))
            if finer < depth:
                self._grid.halve(self._place[:, :0])
        self._path = state["open"]
        self._place = self._grid.places(self._path)

    def _given_up(self, path: Integers) -> FoundCells:
        ends = np.full((2, len(self._place), len(path)), np.nan)
        return FoundCells(path, self._grid.depth, np.zeros_like(path), -1, ends)

    def _halve(self) -> None:
        self._place = self._grid.halve(self._place)
        self._path = np.repeat(2 * self._path, 2)
        self._path[1::2] += 1

    def _sweep(self) -> None:
        """Keep what can be kept on this grid, the fewer steps the better."""
        self._keep(np.where(self._bounds.in_core(*self._grid.boxes(self._place)), 0, -1))
        steps = 1
        while len(self._path):
            self._spend(len(self._path) * steps)
            hulls = self._bounds.hulls(*self._grid.boxes(self._place), steps)
            hulls = self._spread(hulls)
            in_core = np.array([self._in_core(low, high) for low, high in zip(*hulls, strict=True)])
            left = self._keep(_first(in_core))
            if len(left) < in_core.shape[1]:
                self._spread((hulls[0][:, :, left], hulls[1][:, :, left]))
            if steps == self._steps:
                return
            steps = min(2 * steps, self._steps)

    def _spread(self, hulls: Hulls) -> Hulls:
        """Keep cells that reach kept ones until there are no more; the hulls of the others."""
        low, high = hulls
        while len(self._path):
            ends = self._grid.is_covered(low.transpose(1, 0, 2), high.transpose(1, 0, 2))
            left = self._keep(_first(ends), (low, high))
            if len(left) == low.shape[2]:
                break
            low, high = low[:, :, left], high[:, :, left]
        return low, high

    def _in_core(self, low: Floats, high: Floats) -> Mask:
        """For boxes (n, k), of which those that are NaN are not."""
        known = np.flatnonzero(~np.isnan(low).any(axis=0))
        result: Mask = np.zeros(low.shape[1], dtype=bool)
        result[known] = self._bounds.in_core(low[:, known], high[:, known])
        return result

    def _keep(self, hops: Integers, hulls: Hulls | None = None) -> Integers:
        """Keep the cells with ``hops >= 0``, which end in the core or else in kept ones, as their
        ``hulls`` say; the numbers of the others.
        """
        kept, left = np.flatnonzero(hops >= 0), np.flatnonzero(hops < 0)
        if len(kept):
            self._grid.cover(self._place[:, kept])
            ends = np.full((2, len(self._place), len(kept)), np.nan)
            if hulls is not None:
                ends = np.array([end[hops[kept] - 1, :, kept].T for end in hulls])
            path = self._path[kept]
            self.found.append(FoundCells(path, self._grid.depth, hops[kept], self._round, ends))
            self._round += 1
            self._path, self._place = self._path[left], self._place[:, left]
        return left

    def _abandon(self) -> None:
        """Give up the cells from whose corners and middle no simulation arrives."""
        low, high = self._grid.boxes(self._place)
        arrives = self._arrives(0.5 * low + 0.5 * high)
        for choice in product((False, True), repeat=len(low)):
            rest = np.flatnonzero(~arrives)
            corner = np.where(np.array(choice)[:, None], high[:, rest], low[:, rest])
            arrives[rest] = self._arrives(corner)
        gone, left = np.flatnonzero(~arrives), np.flatnonzero(arrives)
        self.found.append(self._given_up(self._path[gone]))
        self._path, self._place = self._path[left], self._place[:, left]

    def _arrives(self, points: Floats) -> Mask:
        self._spend(len(points.T))
        return self._bounds.arrives(points, _HORIZON, self._goal)

    def _goal(self, points: Floats) -> Mask:
        return self._grid.is_covered(points, points) | self._in_core(points, points)

    def _spend(self, boxes: int) -> None:
        self._budget.spend(boxes)
        done = self._grid.covered_part()
        self._budget.tell(f"extend, cells halved {self._grid.depth} times", done)


def _first(hits: Mask) -> Integers:
    """The number of the first hit counted from 1, for each column of (steps, k), or -1."""
    result: Integers = np.where(hits.any(axis=0), np.argmax(hits, axis=0) + 1, -1)
    return result
