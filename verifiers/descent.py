"""From points where a condition fails down to the lowest: what bounds an open number from above.

Differential evolution among the points that fail: a step is a difference of two of them, so
that steps fit the region where the condition fails, however thin it is.
Reference: R. Storn, K. Price, Differential evolution, J. Global Optimization 11, 1997.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from certify.verifiers.points import Array, Sampled, Table

__all__ = ["descended"]

_POPULATION = 64
_GENERATIONS = 80
_SHARE = 0.7  # of a difference that a step takes
_PULL = 0.2  # towards the equilibrium, at most, in half of the steps
_NOISE = 1e-3  # of the box, at first
_FLAT = 1e-5  # relative heights: all points are in one


def descended(
    formula: Sampled,
    height: Table,
    points: Array,
    box: tuple[Array, Array],
    centre: Array,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
) -> Array:
    """Points (k, n) of the ``box`` where ``formula`` is false in float64, the lowest first.

    ``height`` has one expression; ``points`` (m, n) are where to start from, of which those
    count where the formula is false; in directions where ``centre`` is not NaN steps also go
    towards it.
    """
    rng = np.random.default_rng(seed)
    points = points[formula.margin(points) <= 0]
    heights = height.at(points)[0]
    order = np.argsort(heights, kind="stable")[:_POPULATION]
    points, heights = points[order], heights[order]
    count = len(points)
    if not count:
        return points
    low, high = box
    for k in range(_GENERATIONS):
        tick()
        if heights.max() - heights.min() <= _FLAT * abs(heights.min()):
            break
        a, b = points[rng.integers(count, size=(2, count))]
        # half of them from the best, to hurry
        base = np.where(rng.random((count, 1)) < 0.5, points, points[heights.argmin()])
        noise = _NOISE * 0.9**k * rng.normal(size=points.shape) * (high - low)
        pull = np.where(rng.random((count, 1)) < 0.5, 0, rng.uniform(0, _PULL, (count, 1)))
        step = _SHARE * (a - b) + noise + pull * np.nan_to_num(centre - base)
        trial = np.clip(base + step, low, high)
        reached = height.at(trial)[0]
        better = (reached < heights) & (formula.margin(trial) <= 0)
        points = np.where(better[:, None], trial, points)
        heights = np.where(better, reached, heights)
    return points[np.argsort(heights, kind="stable")]
