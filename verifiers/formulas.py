"""Formulas over blocks of boxes: what is proved, how far the rest is, and where to split."""

from __future__ import annotations

import numpy as np

from certify.proofs.checker.obligations import All, Atom, Formula
from certify.verifiers.ranges import Array
from certify.verifiers.taylor import Block

__all__ = ["blame", "margin", "prove"]

# The kernel rounds outward in 30-bit radii; a bound is claimed only if it clears that.
_ROUNDING = 2e-8


def prove(formula: Formula, block: Block) -> np.ndarray:
    """For which boxes the enclosures prove ``formula``: (boxes,) of bool.

    True is positive evidence: an undefined (NaN) bound compares false and proves nothing.
    """
    if isinstance(formula, Atom):
        return _prove_atom(formula, block)
    proved = np.full(len(block.low), isinstance(formula, All))
    for part in formula.parts:
        rows = np.flatnonzero(proved if isinstance(formula, All) else ~proved)
        if len(rows):
            here = block if len(rows) == len(block.low) else block.take(rows)
            proved[rows] = prove(part, here)
    return proved


def _prove_atom(atom: Atom, block: Block) -> np.ndarray:
    model = block.model(atom.node)
    low, high = model.low[:, 0], model.high[:, 0]
    finite = np.isfinite(low) & np.isfinite(high)
    if atom.relation == "defined":
        return finite
    slack = _ROUNDING * (high - low) if block.degree else 0.0
    return finite & ((low > slack) if atom.relation == ">" else (low >= slack))


def margin(formula: Formula, block: Block) -> Array:
    """How far ``formula`` is from false at points (boxes without width): negative is false."""
    if isinstance(formula, Atom):
        value = block.model(formula.node).c[:, 0]
        if formula.relation == "defined":
            return np.where(np.isfinite(value), np.inf, -np.inf)
        return np.where(np.isnan(value), -np.inf, value)
    parts = np.stack([margin(p, block) for p in formula.parts])
    result: Array = parts.min(axis=0) if isinstance(formula, All) else parts.max(axis=0)
    return result


def blame(formula: Formula, block: Block) -> tuple[Array, Array]:
    """For each box the lower bound that keeps ``formula`` unproved, and a score to split by.

    The bound is relative to the width of its range, so that parts compare; the score of a
    variable is its share of that width (shape (boxes, variables)).
    """
    if isinstance(formula, Atom):
        return _blame_atom(formula, block)
    pairs = [blame(p, block) for p in formula.parts]
    bounds = np.stack([b for b, _ in pairs])
    which = bounds.argmin(axis=0) if isinstance(formula, All) else bounds.argmax(axis=0)
    rows = np.arange(len(block.low))
    return bounds[which, rows], np.stack([s for _, s in pairs])[which, rows]


def _blame_atom(atom: Atom, block: Block) -> tuple[Array, Array]:
    model = block.model(atom.node)
    low, width = model.low[:, 0], model.high[:, 0] - model.low[:, 0]
    proved = _prove_atom(atom, block)
    with np.errstate(all="ignore"):
        bound = low / (width + 1e-300)
    bound = np.where(proved, np.inf, np.where(np.isnan(bound), -1e300, bound))
    score = np.zeros((len(low), len(block.names)))
    if model.g is not None:
        score = np.nan_to_num(np.abs(model.g[:, :, 0].T), nan=0.0, posinf=0.0)
        score = score + np.nan_to_num(model.e, nan=1.0, posinf=1.0) / len(block.names)
    return bound, score
