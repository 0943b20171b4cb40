"""Pavings: a bisection of the domain into cells, and what is said of each.

A cell that is kept has a time, a number of steps after which trajectories from it are in the
core at the latest, and hops, the number of steps for which they are followed.  Neither is
believed: ``extension.py`` shows them, cell by cell.  Splits are made again as in ``tree.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .claim import Claim
from .errors import FormatError, Rejected
from .intervals import Array, Mask, above, below
from .tree import LARGEST_TREES, LEAF, decode_tree, encode_tree

__all__ = ["NEVER", "Cells", "Counts", "Paving", "cells_of", "check_numbers", "inner_ends", "named"]

Counts: TypeAlias = NDArray[np.int64]

NEVER = 0xFFFF  # the time of a cell that is not kept
_RULES = 3
_DEEPEST = 4096
_TOGETHER = 4096  # boxes whose cells are looked up together


@dataclass(frozen=True)
class Paving:
    """The ``tree`` over the states, and for its leaves, the cells, in the order of the tree
    ``hops``, one byte each, and ``times``, two bytes each, the lower one first.
    """

    tree: bytes
    hops: bytes
    times: bytes

    def number_kept(self) -> int:
        """How many cells it keeps."""
        pairs = (self.times[i : i + 2] for i in range(0, len(self.times), 2))
        return sum(int.from_bytes(pair, "little") != NEVER for pair in pairs)

    def to_json(self) -> dict[str, str]:
        """The paving as canonical JSON data, but for the compression."""
        return {key: encode_tree(value) for key, value in vars(self).items()}

    @classmethod
    def from_json(cls, data: object, room: int = LARGEST_TREES) -> Paving:
        """Read :meth:`to_json`'s data back, ``room`` bytes at most; otherwise a FormatError."""
        if not isinstance(data, dict) or set(data) != {"tree", "hops", "times"}:
            raise FormatError("a paving is a tree, hops and times")
        parts = []
        for key in ("tree", "hops", "times"):
            parts.append(decode_tree(data[key], room))
            room -= len(parts[-1])
        return cls(*parts)


class Cells:
    """The cells of ``paving`` over the box with the corners ``low`` and ``high``, (states,).

    ``low`` and ``high`` (states, cells) are their corners, ``degree``, ``hops`` and ``times``
    (cells,) what the paving says of them.  Raises Rejected if it is not a paving of the box.
    """

    def __init__(self, paving: Paving, low: Array, high: Array) -> None:
        if not bool(np.all((low <= high) & np.isfinite(low) & np.isfinite(high))):
            raise Rejected("the box of the paving has no finite ends in binary64")
        self._axis = np.zeros(len(paving.tree), dtype=np.int64)
        self._middle = np.zeros(len(paving.tree))
        self._next = np.zeros(len(paving.tree), dtype=np.int64)  # upper half, or number of a cell
        corners: list[tuple[list[float], list[float]]] = []
        degrees: list[int] = []
        pending: list[tuple[list[float], list[float], int, int]] = [
            (low.tolist(), high.tolist(), 0, -1)
        ]
        for position, byte in enumerate(paving.tree):
            if not pending:
                raise Rejected("the paving goes on after its last cell")
            a, b, depth, lower_of = pending.pop()
            if lower_of >= 0:
                self._next[lower_of] = position
            if byte < len(low) and byte < LEAF and depth < _DEEPEST:
                middle = 0.5 * a[byte] + 0.5 * b[byte]
                if not a[byte] <= middle <= b[byte]:
                    raise Rejected(f"the cell at node {position} has no midpoint")
                self._axis[position], self._middle[position] = byte, middle
                upper, lower = a.copy(), b.copy()
                upper[byte] = lower[byte] = middle
                pending += ((upper, b, depth + 1, position), (a, lower, depth + 1, -1))
            elif LEAF <= byte < LEAF + _RULES:
                self._axis[position], self._next[position] = -1, len(corners)
                corners.append((a, b))
                degrees.append(byte - LEAF)
            else:
                raise Rejected(f"the paving has no rule {byte:#04x} at node {position}")
        if pending:
            raise Rejected("the paving ends before its cells cover the box")
        if not len(paving.hops) == 0.5 * len(paving.times) == len(corners):
            raise Rejected("the paving has not one entry for each cell")
        ends = np.array(corners).transpose(1, 2, 0)
        self.low, self.high = np.ascontiguousarray(ends[0]), np.ascontiguousarray(ends[1])
        self.degree = np.array(degrees)
        self.hops: Counts = np.frombuffer(paving.hops, np.uint8).astype(np.int64)
        self.times: Counts = np.frombuffer(paving.times, "<u2").astype(np.int64)

    def __len__(self) -> int:
        """The number of cells."""
        return len(self.hops)

    def nodes(self) -> Iterator[tuple[int, float, int]]:
        """In the order of the tree: the axis of a split and its middle, or -1 and the cell."""
        yield from zip(self._axis.tolist(), self._middle.tolist(), self._next.tolist(), strict=True)

    @property
    def kept(self) -> Mask:
        """Which cells the paving keeps."""
        result: Mask = self.times != NEVER
        return result

    def latest(self, low: Array, high: Array) -> Counts:
        """The largest time of cells that hold each of the boxes (states, boxes) together.

        Boxes and cells are closed.  Of a box within that of the paving every point is in one of
        the cells that count; a cell that the box only touches does not, where others have that
        side of the box.
        """
        result: Counts = np.full(low.shape[1], -1, dtype=np.int64)
        for first in range(0, low.shape[1], _TOGETHER):
            part = slice(first, first + _TOGETHER)
            self._look_up(low[:, part], high[:, part], result[part])
        return result

    def _look_up(self, low: Array, high: Array, result: Counts) -> None:
        box = np.arange(low.shape[1])
        node = np.zeros(low.shape[1], dtype=np.int64)
        while len(box):
            ends = self._axis[node] < 0
            np.maximum.at(result, box[ends], self.times[self._next[node[ends]]])
            box, node = box[~ends], node[~ends]
            axis, middle = self._axis[node], self._middle[node]
            lower = low[axis, box] < middle
            upper = (high[axis, box] > middle) | (low[axis, box] >= middle)
            box = np.concatenate([box[lower], box[upper]])
            node = np.concatenate([node[lower] + 1, self._next[node[upper]]])

    def volume(self, box: Mapping[str, tuple[Fraction, Fraction]]) -> Fraction:
        """The exact volume of the kept cells within ``box``, which has a row for each state."""
        total = np.array([1] * int(np.count_nonzero(self.kept)), dtype=object)
        unit = 1
        for i, (least, largest) in enumerate(box.values()):
            sides = np.stack([self.low[i, self.kept], self.high[i, self.kept]])
            ends, inverse = np.unique(sides, axis=1, return_inverse=True)
            lengths = [
                max(min(Fraction(high), largest) - max(Fraction(low), least), Fraction(0))
                for low, high in ends.T.tolist()
            ]
            common = math.lcm(*(length.denominator for length in lengths))
            unit *= common
            whole = np.array([int(length * common) for length in lengths], dtype=object)
            total = total * whole[inverse.reshape(-1)]
        return Fraction(int(sum(total.tolist())), unit)


def cells_of(claim: Claim, paving: Paving) -> Cells:
    """The cells of ``paving`` over the domain of ``claim``, rounded outward."""
    ends = [claim.box[x] for x in claim.states]
    low, high = [below(end) for end, _ in ends], [above(end) for _, end in ends]
    return Cells(paving, np.array(low), np.array(high))


def inner_ends(claim: Claim) -> tuple[Array, Array]:
    """The ends (states, 1) of the domain of ``claim``, rounded inward."""
    ends = [claim.box[x] for x in claim.states]
    low, high = [[above(end)] for end, _ in ends], [[below(end)] for _, end in ends]
    return np.array(low), np.array(high)


def check_numbers(claim: Claim, cells: Cells) -> None:
    """Raise Rejected unless ``cells`` are as large and as early as ``claim`` says."""
    if not int(cells.times[cells.kept].max(initial=0)) <= claim.numbers["steps"]:
        raise Rejected("paving: a cell takes more steps than the claim says")
    if not claim.numbers["volume"] <= cells.volume({x: claim.box[x] for x in claim.states}):
        raise Rejected("paving: the cells are smaller than the claim says")


def named(claim: Claim, cells: Cells, cell: int) -> str:
    """How messages say which ``cell`` it is and where."""
    middle = (0.5 * cells.low[:, cell] + 0.5 * cells.high[:, cell]).tolist()
    where = ", ".join(f"{x} = {m:.6g}" for x, m in zip(claim.states, middle, strict=True))
    return f"cell {cell} (around {where})"
