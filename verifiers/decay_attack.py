"""Where V falls slowest relative to V itself: the attack that the scale of V cannot hide from.

Near the equilibrium every condition is close to 0, true or not, so that an attack on the
conditions as they stand looks there in vain.  This one minimises ``(fall beyond the decay)/V``
over the level set, from points at all distances, with random steps in proportion to them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.theorems import decrease, scales
from certify.verifiers.points import Array, values

__all__ = ["slowest"]

_STARTS = 4096
_KEPT = 96
_CHILDREN = 8
_ROUNDS = 16


def slowest(
    claim: Claim, seed: int = 0, tick: Callable[[], None] = lambda: None
) -> tuple[Array, float]:
    """Points (k, variables), slowest first, and the least ``decay + fall/V`` seen.

    The variables are states, parameters and disturbances in this order.  ``claim`` needs a
    Lyapunov function, a level and a decay; the ratio is infinite if no sample is in the set.
    """
    rng = np.random.default_rng(seed)
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    low, high = (np.array([float(claim.box[x][k]) for x in names]) for k in (0, 1))
    n = len(claim.states)
    centre = np.array([float(claim.equilibrium[x]) for x in claim.states])
    size = np.array([float(s) for s in scales(claim).values()])
    points = rng.uniform(low, high, (_STARTS, len(names)))
    reach = 10 ** rng.uniform(-6, 0, (_STARTS, 1))
    points[:, :n] = centre + reach * rng.uniform(-1, 1, (_STARTS, n)) * size
    ratios = _ratios(claim, names, points)
    for step in np.geomspace(0.5, 0.01, _ROUNDS):
        tick()
        best = np.argsort(ratios, kind="stable")[:_KEPT]
        points, ratios = points[best], ratios[best]
        children = np.repeat(points, _CHILDREN, axis=0)
        away = np.abs((children[:, :n] - centre) / size).max(axis=1, keepdims=True)
        children[:, :n] += step * away * size * rng.normal(size=(len(children), n))
        children[:, n:] += step * (high - low)[n:] * rng.normal(size=children[:, n:].shape)
        children = np.clip(children, low, high)
        points = np.concatenate([points, children])
        ratios = np.concatenate([ratios, _ratios(claim, names, children)])
    best = np.argsort(ratios, kind="stable")
    return points[best], float(claim.numbers["decay"]) + float(ratios[best[0]])


def _ratios(claim: Claim, names: tuple[str, ...], points: Array) -> Array:
    """The fall beyond the decay over V, infinite outside the level set and where V is not > 0."""
    v = values(claim.functions["lyapunov"], names, points)
    level = claim.numbers.get("level", Fraction(10) ** 300)
    with np.errstate(all="ignore"):
        ratio = values(decrease(claim), names, points) / v
        inside = (v > 1e-280) & (v <= float(level)) & np.isfinite(ratio)
    return np.where(inside, ratio, np.inf)
