"""Formulas at points in float64: quick answers for attacks and samples, never evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.expression import Node
from certify.expression.evaluate import evaluate
from certify.proofs.checker.obligations import All, Any, Formula, atoms

__all__ = ["Array", "deciding_slope", "margin", "values"]

Array: TypeAlias = npt.NDArray[np.float64]
_STEP = 1e-6  # of a central difference, in units of the box


def values(node: Node, names: Sequence[str], points: Array) -> Array:
    """The scalar ``node`` at ``points`` of shape (N, variables): (N,), NaN where undefined."""
    return _table([node], names, points)[node]


def margin(formula: Formula, names: Sequence[str], points: Array) -> Array:
    """How far ``formula`` is from false at ``points``, (N,): negative or NaN-free -inf is false.

    The least of the parts of an ``All``, the greatest of an ``Any``; an undefined value
    counts as -inf.
    """
    return _margin(formula, _table([a.node for a in atoms(formula)], names, points))


def deciding_slope(formula: Formula, names: Sequence[str], points: Array, width: Array) -> Array:
    """The gradient of :func:`margin` in units of ``width``, by central differences: (N, n)."""
    count, n = points.shape
    steps = _STEP * np.where(width > 0, width, 1.0)
    moved = np.repeat(points[None], 2 * n, axis=0)
    for i in range(n):
        moved[2 * i, :, i] += steps[i]
        moved[2 * i + 1, :, i] -= steps[i]
    result = margin(formula, names, moved.reshape(-1, n)).reshape(n, 2, count)
    with np.errstate(invalid="ignore"):
        slope: Array = (result[:, 0] - result[:, 1]).T / (2 * _STEP)
    return np.where(width > 0, np.nan_to_num(slope), 0.0)


def _table(nodes: Sequence[Node], names: Sequence[str], points: Array) -> dict[Node, Array]:
    columns = dict(zip(names, points.T, strict=True))
    found = evaluate(nodes, columns)
    shape = (len(points),)
    return {n: np.broadcast_to(v, shape) for n, v in zip(nodes, found, strict=True)}


def _margin(formula: Formula, table: dict[Node, Array]) -> Array:
    if isinstance(formula, (All, Any)):
        parts = np.stack([_margin(p, table) for p in formula.parts])
        result: Array = parts.min(axis=0) if isinstance(formula, All) else parts.max(axis=0)
        return result
    value = table[formula.node]
    if formula.relation == "defined":
        return np.where(np.isfinite(value), np.inf, -np.inf)
    return np.where(np.isnan(value), -np.inf, value)
