"""Which conditions of a formula its truth rests on, and which of them are hard: by samples."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from certify.expression import Node
from certify.proofs.checker.obligations import All, Atom, Formula
from certify.verifiers.curvature import Array, Frame, Quadratic, fitted

__all__ = ["critical"]

_CURVED = 0.3  # deviation of the quadratic part against that of the linear part


def critical(
    formula: Formula, frame: Frame, known: Mapping[Node, Array], points: Array
) -> list[tuple[Node, bool, Quadratic]]:
    """The conditions that ``formula`` rests on, the hardest first, whether curved, and their fits.

    Curved ones come before others; hard is what comes close to false, relative to its size.
    """
    nodes, values = list(known), np.array(list(known.values()))
    size = np.sqrt(np.nan_to_num(values**2, posinf=0.0).mean(axis=1))
    scaled = np.nan_to_num(values / np.where(size > 0, size, 1.0)[:, None], nan=-np.inf)
    margins = dict(zip(nodes, scaled, strict=True))
    held = np.zeros((len(nodes), len(points)), dtype=bool)
    needed = dict(zip(nodes, held, strict=True))
    _collect(formula, margins, np.ones(len(points), dtype=bool), needed)
    s = points[:, : frame.mixed]
    reach = np.linalg.norm(s, axis=1)
    outer = reach > 0.5 * reach.max()
    held &= outer
    counts = held.sum(axis=1)
    tested = np.flatnonzero(20 * counts >= len(points))
    fits = fitted(frame, points, values[tested]) if len(tested) else []
    found = [(k, fit) for k, fit in zip(tested.tolist(), fits, strict=True) if fit is not None]
    if not found:
        return []
    hessians = np.array([fit.hessian for _, fit in found])
    bend = ((s @ hessians) * s).sum(axis=2) / 2
    slope = np.array([fit.slope for _, fit in found]) @ s.T
    straight = bend.std(axis=1) <= _CURVED * slope.std(axis=1)
    least = np.sort(np.where(held, scaled, np.inf), axis=1)[np.arange(len(nodes)), counts // 20]
    ranked = [
        (bool(flat), float(least[k]), k, fit)
        for flat, (k, fit) in zip(straight, found, strict=True)
    ]
    ranked.sort(key=itemgetter(0, 1, 2))
    return [(nodes[k], not straight, fit) for straight, _, k, fit in ranked]


def _collect(
    formula: Formula,
    margins: Mapping[Node, Array],
    rows: npt.NDArray[np.bool_],
    needed: Mapping[Node, npt.NDArray[np.bool_]],
) -> None:
    """Mark for each condition the sample ``rows`` at which the formula rests on it."""
    if isinstance(formula, Atom):
        if formula.relation != "defined":
            here = needed[formula.node]
            here |= rows
    elif isinstance(formula, All):
        for part in formula.parts:
            _collect(part, margins, rows, needed)
    else:
        best = np.array([_margin(p, margins, len(rows)) for p in formula.parts]).argmax(axis=0)
        for k, part in enumerate(formula.parts):
            _collect(part, margins, rows & (best == k), needed)


def _margin(formula: Formula, margins: Mapping[Node, Array], count: int) -> Array:
    """How far ``formula`` is from false at ``count`` samples; undefined is false."""
    if isinstance(formula, Atom):
        defined = formula.relation == "defined"
        return np.full(count, np.inf) if defined else margins[formula.node]
    parts = np.array([_margin(p, margins, count) for p in formula.parts])
    result: Array = parts.min(axis=0) if isinstance(formula, All) else parts.max(axis=0)
    return result
