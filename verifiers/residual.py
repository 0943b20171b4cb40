"""Where convergence must end when the equilibrium is not exactly one: the residual set."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from certify.expression import Node
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.loops import scales
from certify.proofs.checker.stability import decrease
from certify.proofs.checker.theorems import obligations
from certify.verifiers.budget import Budget
from certify.verifiers.endings import UnprovedError
from certify.verifiers.points import Array, values
from certify.verifiers.search import ObligationSearch, closes_within

__all__ = ["residual_numbers"]

_TRIALS = 12
_BOXES_PER_TRIAL = 60_000
_SAMPLES = 20_000


def residual_numbers(claim: Claim, budget: Budget, seed: int) -> dict[str, Fraction]:
    """A residual level and bounds on ``{V <= residual}`` that close near the equilibrium.

    Starts just above the largest V at which samples do not decrease, and allows four times
    as much until the conditions are proved on a small level set around it.  Raises
    ``UnprovedError`` if they never are.
    """
    residual = _first_guess(claim, seed)
    for _ in range(_TRIALS):
        numbers = {"residual": residual, **_bounds(claim, residual, seed)}
        trial = replace(claim, numbers={**claim.numbers, "level": 8 * residual, **numbers})
        searches = [ObligationSearch(o) for o in obligations(trial, None)]
        if closes_within(searches, budget, _BOXES_PER_TRIAL):
            return numbers
        residual *= 4
    raise UnprovedError("the equilibrium is not exactly one, and no residual set was found")


def _first_guess(claim: Claim, seed: int) -> Fraction:
    """Twice the largest V, near the equilibrium, at a sample that does not decrease."""
    falling, v = decrease(claim), claim.functions["lyapunov"]
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    guess, smallest = 0.0, np.inf
    for scale in 10.0 ** -np.arange(1, 13):
        points = _around(claim, names, scale, seed)
        bad = values(falling, names, points) <= 0
        heights = values(v, names, points)
        smallest = float(np.min(heights, where=heights > 0, initial=smallest))
        if bad.mean() < 0.5:
            guess = max(guess, float(heights[bad].max(initial=0.0)))
        if bad.mean() > 0.01:
            break
    first = 2 * max(guess, smallest, 1e-280)
    if not np.isfinite(first):
        raise UnprovedError("V is not positive and finite near the equilibrium")
    return Fraction(f"{first:.2e}")


def _around(claim: Claim, names: tuple[str, ...], scale: float, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    size = scales(claim)
    columns = []
    for x in names:
        unit = rng.uniform(-1, 1, _SAMPLES)
        if x in size:
            columns.append(float(claim.equilibrium[x]) + scale * float(size[x]) * unit)
        else:
            low, high = (float(b) for b in claim.box[x])
            columns.append((low + high) / 2 + (high - low) / 2 * unit)
    return np.stack(columns, axis=1)


def _bounds(claim: Claim, residual: Fraction, seed: int) -> dict[str, Fraction]:
    """1.3 times how far samples of ``{V <= residual}`` reach in each state."""
    v: Node = claim.functions["lyapunov"]
    names, size = claim.states, scales(claim)
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(_SAMPLES, len(names)))
    directions /= np.abs(directions).max(axis=1, keepdims=True)
    centre = np.array([float(claim.equilibrium[x]) for x in names])
    width = np.array([float(size[x]) for x in names])
    low, high = np.zeros(_SAMPLES), np.ones(_SAMPLES)
    for _ in range(60):
        middle = (low + high) / 2
        points = centre + middle[:, None] * directions * width
        inside = values(v, names, points) <= float(residual)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    reach = (high[:, None] * np.abs(directions) * width).max(axis=0)
    return {
        f"residual/{x}": min(Fraction(f"{1.3 * r:.2e}"), size[x])
        for x, r in zip(names, reach, strict=True)
    }
