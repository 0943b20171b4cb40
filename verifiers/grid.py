"""A grid over the domain that is halved along one axis after the other, and its covered cells."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Grid", "Integers", "Mask", "count", "sums_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Grid:
    """The cells of the box with the corners ``low`` and ``high`` (n,) after ``depth`` halvings.

    A cell has a place, its number along each axis; lines are where a tree of bisections has them.
    """

    def __init__(self, low: Floats, high: Floats) -> None:
        self.depth = 0
        self._lines = [np.array(ends) for ends in zip(low, high, strict=True)]
        self._covered: Mask = np.zeros((1,) * len(low), dtype=bool)
        self._sums: Integers | None = None

    @property
    def axis(self) -> int:
        """The one that is halved next."""
        return self.depth % len(self._lines)

    def halve(self, places: Integers) -> Integers:
        """Halve all cells; the halves of those with the ``places`` (n, k), side by side."""
        axis = self.axis
        lines = self._lines[axis]
        finer = np.empty(2 * len(lines) - 1)
        finer[::2], finer[1::2] = lines, 0.5 * lines[:-1] + 0.5 * lines[1:]
        self._lines[axis] = finer
        self._covered = np.repeat(self._covered, 2, axis=axis)
        self._sums = None
        self.depth += 1
        halves = np.repeat(places, 2, axis=1)
        halves[axis] *= 2
        halves[axis, 1::2] += 1
        return halves

    def places(self, path: Integers) -> Integers:
        """Where the cells are that the halves in ``path`` (k,), as bits, lead to."""
        axes = len(self._lines)
        result: Integers = np.zeros((axes, len(path)), dtype=np.int64)
        for i in range(self.depth):
            bit = path >> (self.depth - 1 - i) & 1
            result[i % axes] = 2 * result[i % axes] + bit
        return result

    def boxes(self, places: Integers) -> tuple[Floats, Floats]:
        """The corners (n, k) of the cells with the ``places`` (n, k)."""
        pairs = list(zip(self._lines, places, strict=True))
        return np.array([x[i] for x, i in pairs]), np.array([x[i + 1] for x, i in pairs])

    def cover(self, places: Integers) -> None:
        """Count the cells with the ``places`` (n, k) as covered."""
        self._covered[tuple(places)] = True
        self._sums = None

    def covered_part(self) -> float:
        """The covered part of the box."""
        return float(np.mean(self._covered))

    def is_covered(self, low: Floats, high: Floats) -> Mask:
        """Whether every cell that a box (n, ...) touches is covered; not for NaN."""
        known = ~np.isnan(low).any(axis=0)
        result: Mask = np.zeros(known.shape, dtype=bool)
        first, last = self.touched(low[:, known], high[:, known])
        if self._sums is None:
            self._sums = sums_of(self._covered)
        result[known] = count(self._sums, first, last) == np.prod(last - first, axis=0)
        return result

    def touched(self, low: Floats, high: Floats) -> tuple[Integers, Integers]:
        """The first places (n, k) of the cells that hold the boxes (n, k), and one after the last.

        As the checker counts them: not those that a box only touches from above, nor from below if
        it has a width.  A box that reaches beyond the grid touches nothing there.
        """
        pairs = list(zip(self._lines, low, high, strict=True))
        first = [
            np.clip(np.searchsorted(x, a, "right") - 1, 0, max(len(x) - 2, 0)) for x, a, _ in pairs
        ]
        last = [np.minimum(np.searchsorted(x, b, "left"), len(x) - 1) for x, _, b in pairs]
        starts = np.array(first)
        return starts, np.maximum(np.array(last), starts + 1)


def sums_of(cells: Mask) -> Integers:
    """How many of the ``cells`` are before each corner, along all axes."""
    sums = np.pad(cells.astype(np.int64), [(1, 0)] * cells.ndim)
    for axis in range(sums.ndim):
        np.cumsum(sums, axis=axis, out=sums)
    return sums


def count(sums: Integers, first: Integers, last: Integers) -> Integers:
    """How many cells between the places ``first`` and ``last`` (n, k), by :func:`sums_of` all."""
    total = np.zeros(first.shape[1], dtype=np.int64)
    for choice in product((0, 1), repeat=len(first)):
        corner = tuple(np.where(c, b, a) for c, a, b in zip(choice, first, last, strict=True))
        total += (-1) ** (len(first) - sum(choice)) * sums[corner]
    return total
