"""Root coordinates: a tree may split the box of an obligation along slanted axes.

With ``v = centre + M w`` for an invertible rational ``M``, the points ``w`` of the box that
contains ``M**-1 (box - centre)`` reach every point of the obligation's box, and some outside
of it, where nothing is to be shown.  Proof: ``proofs/theory/L-TREE.md``, L-COORD.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from .calculus import substitute
from .errors import FormatError, Rejected
from .exact import number_text, parse_number
from .language import Node, affine, const, index, stack, var
from .obligations import Any, Atom, Box, Formula, Obligation

__all__ = ["Coordinates", "inverse", "is_unit", "reach", "recentred", "transformed"]

_LARGEST_BITS = 512
Matrix = tuple[tuple[Fraction, ...], ...]
_Box = tuple[tuple[str, tuple[Fraction, Fraction]], ...]


@dataclass(frozen=True)
class Coordinates:
    """The map ``v = centre + matrix w``, one entry for each variable in the order of the box."""

    centre: tuple[Fraction, ...]
    matrix: Matrix

    def to_json(self) -> dict[str, object]:
        """The map as canonical JSON data."""
        rows = [[number_text(m) for m in row] for row in self.matrix]
        return {"centre": [number_text(c) for c in self.centre], "matrix": rows}

    @classmethod
    def from_json(cls, data: object) -> Coordinates:
        """Read :meth:`to_json`'s data back; anything else is a FormatError."""
        if not isinstance(data, dict) or set(data) != {"centre", "matrix"}:
            raise FormatError("coordinates are a centre and a matrix")
        rows = data["matrix"]
        if not isinstance(rows, list):
            raise FormatError("the matrix of coordinates is not a list of rows")
        result = cls(_numbers(data["centre"]), tuple(_numbers(row) for row in rows))
        result.check(len(result.centre))
        return result

    def check(self, size: int) -> None:
        """Raise FormatError unless these are coordinates of ``size`` variables."""
        if not len(self.centre) == len(self.matrix) == size:
            raise FormatError("the coordinates have another number of variables than the box")
        if any(len(row) != size for row in self.matrix):
            raise FormatError("the matrix of coordinates is not square")
        for x in (*self.centre, *(m for row in self.matrix for m in row)):
            if x.numerator.bit_length() + x.denominator.bit_length() > _LARGEST_BITS:
                raise FormatError(f"a coordinate has more than {_LARGEST_BITS} bits")


def _numbers(data: object) -> tuple[Fraction, ...]:
    if not isinstance(data, list):
        raise FormatError("coordinates are lists of numbers")
    return tuple(parse_number(x) for x in data)


def transformed(obligation: Obligation, coordinates: Coordinates) -> Obligation:
    """An obligation over ``w`` that implies ``obligation``.

    A variable whose row of the matrix is that of the identity keeps its name and interval; the
    others are called ``_w_<position>``.  Raises Rejected if the matrix is singular.
    """
    box = reach(obligation.box, coordinates)
    formula = _moved(tuple(obligation.box.items()), obligation.formula, coordinates)
    return Obligation(obligation.name, obligation.text, box, formula)


def reach(box: Box, coordinates: Coordinates) -> Box:
    """The box of :func:`transformed`: the variables ``w`` and exact bounds of them."""
    return dict(_reached(tuple(box.items()), coordinates))


@lru_cache(maxsize=64)
def _reached(box: _Box, coordinates: Coordinates) -> _Box:
    coordinates.check(len(box))
    back, centre = inverse(coordinates.matrix), recentred(coordinates)
    offsets = [(low - c, high - c) for (_, (low, high)), c in zip(box, centre, strict=True)]
    axes = _axes([x for x, _ in box], coordinates)
    return tuple((x, _range_of_sum(row, offsets)) for x, row in zip(axes, back, strict=True))


def _axes(names: Sequence[str], coordinates: Coordinates) -> list[str]:
    rows = enumerate(zip(names, coordinates.matrix, strict=True))
    axes = [x if is_unit(row, i) else f"_w_{i}" for i, (x, row) in rows]
    if len(set(axes)) != len(axes):
        raise Rejected("a name of the coordinates is taken")
    return axes


@lru_cache(maxsize=64)
def _moved(box: _Box, formula: Formula, coordinates: Coordinates) -> Formula:
    """The formula of :func:`transformed`."""
    names = [x for x, _ in box]
    axes = _axes(names, coordinates)
    image = affine(coordinates.matrix, recentred(coordinates), stack([var(x) for x in axes]))
    values: dict[str, Node] = {}
    outside: list[Formula] = []
    for i, (x, (low, high)) in enumerate(box):
        if not is_unit(coordinates.matrix[i], i):  # a name may be that of an axis
            values[x] = index(image, i)
            outside.append(Atom(">", values[x] - const(high)))
            outside.append(Atom(">", const(low) - values[x]))
    moved = _substituted(formula, values, {})
    return Any((*outside, moved)) if outside else moved


def is_unit(row: Sequence[Fraction], i: int) -> bool:
    """Whether ``row`` is row ``i`` of the identity."""
    return all(m.numerator == (i == j) and m.denominator == 1 for j, m in enumerate(row))


def recentred(coordinates: Coordinates) -> list[Fraction]:
    """The centre after a shift of ``w`` by which kept variables are their own coordinate."""
    kept = [is_unit(row, i) for i, row in enumerate(coordinates.matrix)]
    shift = [c if keep else Fraction(0) for c, keep in zip(coordinates.centre, kept, strict=True)]
    return [
        c - _dot(row, shift) for c, row in zip(coordinates.centre, coordinates.matrix, strict=True)
    ]


def _dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True) if x and y), start=Fraction(0))


def _range_of_sum(
    row: Sequence[Fraction], box: Sequence[tuple[Fraction, Fraction]]
) -> tuple[Fraction, Fraction]:
    """The exact range of ``row . v`` for ``v`` in ``box``."""
    ends = [sorted((m * low, m * high)) for m, (low, high) in zip(row, box, strict=True)]
    start = Fraction(0)
    return sum((low for low, _ in ends), start), sum((high for _, high in ends), start)


def inverse(matrix: Matrix) -> Matrix:
    """The exact inverse by elimination, on rows of integers."""
    n = len(matrix)
    rows: list[list[int]] = []
    for i, row in enumerate(matrix):
        unit = math.lcm(*(m.denominator for m in row))
        rows.append([int(m * unit) for m in row] + [unit * (i == j) for j in range(n)])
    for i in range(n):
        pivot = next((k for k in range(i, n) if rows[k][i]), None)
        if pivot is None:
            raise Rejected("the matrix of the coordinates is singular")
        rows[i], rows[pivot] = rows[pivot], rows[i]
        first = rows[i][i]
        for k in range(n):
            factor = rows[k][i]
            if k != i and factor:
                changed = [first * x - factor * y for x, y in zip(rows[k], rows[i], strict=True)]
                common = math.gcd(*changed)
                rows[k] = [x // common for x in changed]
    return tuple(tuple(Fraction(x, row[i]) for x in row[n:]) for i, row in enumerate(rows))


def _substituted(formula: Formula, values: dict[str, Node], known: dict[Node, Node]) -> Formula:
    if isinstance(formula, Atom):
        return Atom(formula.relation, substitute(formula.node, values, known))
    return type(formula)(tuple(_substituted(p, values, known) for p in formula.parts))
