"""Formulas at points in float64: quick answers for attacks and samples, never evidence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.expression import Node
from certify.expression.evaluate import Program
from certify.proofs.checker.obligations import All, Any, Formula, atoms

__all__ = ["Array", "Sampled", "Table", "margin", "ordered", "values"]

Array: TypeAlias = npt.NDArray[np.float64]
_STEP = 1e-6  # of a central difference, in units of the box
_TOGETHER = 1024  # points: the values of a large graph at more of them do not stay in the cache


@lru_cache(maxsize=16)
def ordered(nodes: tuple[Node, ...]) -> Program:
    """The program of ``nodes``; the order of a large graph takes longer than a few values do."""
    return Program(nodes)


class Table:
    """Scalar nodes at many points, again and again: their graph is ordered only once."""

    def __init__(self, nodes: Sequence[Node], names: Sequence[str]) -> None:
        self._names, self._program = tuple(names), ordered(tuple(nodes))
        self._count = len(nodes)

    def at(self, points: Array) -> Array:
        """The nodes at ``points`` (N, variables): (nodes, N), NaN where undefined."""
        result = np.empty((self._count, len(points)))
        for first in range(0, len(points), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            columns = np.ascontiguousarray(points[part].T)
            found = self._program(dict(zip(self._names, columns, strict=True)))
            for row, value in zip(result, found, strict=True):
                row[part] = value
        return result


class Sampled:
    """A formula at many points, again and again."""

    def __init__(self, formula: Formula, names: Sequence[str]) -> None:
        nodes = list(dict.fromkeys(a.node for a in atoms(formula)))
        self._formula, self._table = formula, Table(nodes, names)
        self._rows = {node: k for k, node in enumerate(nodes)}

    def margin(self, points: Array) -> Array:
        """How far the formula is from false at ``points``, (N,): negative or -inf is false.

        The least of the parts of an ``All``, the greatest of an ``Any``; an undefined value
        counts as -inf.
        """
        return self._margin(self._formula, self._table.at(points))

    def slope(self, points: Array, width: Array) -> Array:
        """The gradient of :meth:`margin` in units of ``width``, by central differences: (N, n)."""
        count, n = points.shape
        steps = _STEP * np.where(width > 0, width, 1.0)
        moved = np.repeat(points[None], 2 * n, axis=0)
        for i in range(n):
            moved[2 * i, :, i] += steps[i]
            moved[2 * i + 1, :, i] -= steps[i]
        result = self.margin(moved.reshape(-1, n)).reshape(n, 2, count)
        with np.errstate(invalid="ignore"):
            slope: Array = (result[:, 0] - result[:, 1]).T / (2 * _STEP)
        return np.where(width > 0, np.nan_to_num(slope), 0.0)

    def _margin(self, formula: Formula, table: Array) -> Array:
        if isinstance(formula, (All, Any)):
            join = np.minimum if isinstance(formula, All) else np.maximum
            parts = [self._margin(p, table) for p in formula.parts]
            result: Array = join.reduce(parts)
            return result
        value = table[self._rows[formula.node]]
        if formula.relation == "defined":
            return np.where(np.isfinite(value), np.inf, -np.inf)
        return np.where(np.isnan(value), -np.inf, value)


def values(node: Node, names: Sequence[str], points: Array) -> Array:
    """The scalar ``node`` at ``points`` of shape (N, variables): (N,), NaN where undefined."""
    result: Array = Table([node], names).at(points)[0]
    return result


def margin(formula: Formula, names: Sequence[str], points: Array) -> Array:
    """:meth:`Sampled.margin` of a formula that is looked at only once."""
    return Sampled(formula, names).margin(points)
