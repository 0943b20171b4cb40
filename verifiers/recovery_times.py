"""Which cells of a grid come back to a target, and when: fixed points over where steps lead.

Times are set one after the other: a cell has the time ``t`` if for some number of hops ``h`` all
cells that its images after ``h`` steps touch have a time of ``t - h`` at most.  The time 0 is for
cells in the target; where the target is to be kept, or returned to, those are taken away from
which images come back too late, until there are no more.  That is a greatest fixed point around a
least one (the controllable predecessors of E. Asarin, O. Maler, A. Pnueli, J. Sifakis, Controller
synthesis for timed automata, 1998, here without choice).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from certify.proofs.checker.paving import NEVER
from certify.verifiers.grid import Integers, Mask, count, sums_of

__all__ = ["Arrivals", "Touched", "arrivals"]


class Touched(NamedTuple):
    """The cells that images touch: from ``first`` to before ``last`` (n, images) along each axis.

    ``owner`` (images,) is the number of the cell whose image it is, in rising order.
    """

    owner: Integers
    first: Integers
    last: Integers


class Arrivals(NamedTuple):
    """For each cell its time, ``NEVER`` if there is none, and the hops that show it."""

    times: Integers
    hops: Integers


def arrivals(
    target: Mask,
    places: Integers,
    shape: tuple[int, ...],
    touched: dict[int, Touched],
    steps: int,
    away: int | None,
) -> Arrivals:
    """The times of all cells, ``steps`` at most.

    ``target`` (k,) says which cells are in the target, ``places`` (n, k) where each one is in a
    grid of the ``shape``; ``touched`` holds what images after some hops touch, for cells that have
    no image outside of the domain.
    """
    search = _Search(places, shape, touched, len(target))
    while True:
        found = search.times(target, steps if away is None else away)
        if away is None:
            return found
        hops = search.again(found.times, away)
        kept = target & (hops > 0)
        if bool(np.all(kept == target)):
            times, later = search.times(target, steps)
            return Arrivals(times, np.where(target, hops, later))
        target = kept


class _Search:
    def __init__(
        self, places: Integers, shape: tuple[int, ...], touched: dict[int, Touched], cells: int
    ) -> None:
        self._places, self._shape, self._cells = tuple(places), shape, cells
        self._touched = touched
        self._wanted = {h: np.prod(t.last - t.first, axis=0) for h, t in touched.items()}

    def times(self, target: Mask, most: int) -> Arrivals:
        """The least times that are ``most`` at most, and hops that show them."""
        times: Integers = np.where(target, 0, NEVER)
        hops: Integers = np.zeros(self._cells, dtype=np.int64)
        sums = {0: self._sums(target)}
        grown, longest = 0, max(self._touched, default=0)  # the last time that a cell has
        for time in range(1, most + 1):
            for h in (h for h in self._touched if 0 <= time - h <= grown):
                if time - h in sums:
                    new = self._led(h, sums[time - h], times == NEVER)
                    times[new], hops[new] = time, h
                    grown = time if len(new) else grown
            if grown == time:
                sums[time] = self._sums(times <= time)
            sums.pop(time - longest, None)
            if time - grown > longest:
                break
        return Arrivals(times, hops)

    def again(self, times: Integers, away: int) -> Integers:
        """The hops after which each cell of the time 0 is where it comes back soon enough."""
        result: Integers = np.zeros(self._cells, dtype=np.int64)
        for h in (h for h in sorted(self._touched) if h <= away + 1):
            sums = self._sums(times <= away + 1 - h)
            result[self._led(h, sums, (times == 0) & (result == 0))] = h
        return result

    def _led(self, hops: int, sums: Integers, among: Mask) -> Integers:
        """The cells ``among`` these with all images in cells that ``sums`` counts."""
        owner, first, last = self._touched[hops]
        rows = np.flatnonzero(among[owner])
        here = owner[rows]
        good = count(sums, first[:, rows], last[:, rows]) == self._wanted[hops][rows]
        led = among & np.isin(np.arange(self._cells), here)
        led[here[~good]] = False
        return np.flatnonzero(led)

    def _sums(self, cells: Mask) -> Integers:
        grid = np.zeros(self._shape, dtype=bool)
        grid[self._places] = cells
        return sums_of(grid)
