"""Which variable of a box to split, by the bound that keeps the formula unproved."""

from __future__ import annotations

import numpy as np

from certify.proofs.checker.language import Node
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import All, Atom, Formula, proved
from certify.verifiers.points import Array

__all__ = ["blame"]


def blame(formula: Formula, block: Block, share: Array) -> tuple[Array, Array]:
    """For each box the bound that keeps ``formula`` unproved, and a score to split by.

    The bound is relative to the width of its range, so that parts compare; the score of a
    variable is its part of that width (shape (boxes, variables)), where of what is not known
    to depend on it it has its ``share`` (boxes, variables).
    """
    if isinstance(formula, Atom):
        return _blame_atom(formula, block, share)
    pairs = [blame(p, block, share) for p in formula.parts]
    bounds = np.stack([b for b, _ in pairs])
    which = bounds.argmin(axis=0) if isinstance(formula, All) else bounds.argmax(axis=0)
    rows = np.arange(bounds.shape[1])
    return bounds[which, rows], np.stack([s for _, s in pairs])[which, rows]


def _blame_atom(atom: Atom, block: Block, share: Array) -> tuple[Array, Array]:
    reach = block.range(atom.node)
    width = reach.high - reach.low
    with np.errstate(all="ignore"):
        bound = reach.low / (width + 1e-300)
    bound = np.where(proved(atom, block), np.inf, np.where(np.isnan(bound), -1e300, bound))
    slopes, error = block.slopes(atom.node)
    score = np.abs(slopes) + _bends(block, atom.node)
    score = np.nan_to_num(score, nan=0.0, posinf=0.0).T
    return bound, score + np.nan_to_num(error, nan=1.0, posinf=1.0)[:, None] * share


def _bends(block: Block, node: Node) -> Array:
    """What every variable contributes to the second order terms, (variables, boxes)."""
    result = np.zeros((len(block.names), len(block)))
    model = block.model(node)
    if model.layout.quadratic and model.layout.variables:
        first, second = np.triu_indices(model.layout.terms)
        half = 0.5 * np.abs(model.p[0, model.layout.squares])
        for places in (first, second):
            own = places < len(result)  # what belongs to a symbol is part of the error
            np.add.at(result, places[own], half[own])
    return result
