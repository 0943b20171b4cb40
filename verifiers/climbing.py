"""Points moved by gradients towards where a formula is false, from many starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import Formula, Obligation
from certify.verifiers.points import Array, Sampled

__all__ = ["Climb", "climbed", "corners", "starts"]

_VERTICES = 1 / 16  # of the points


@dataclass(frozen=True)
class Climb:
    """How many points are tried first, how many of them move, and how often."""

    starts: int
    climbers: int
    steps: int

    def shorter(self, share: int) -> Climb:
        """``share`` times less of everything."""
        return Climb(self.starts // share, self.climbers // share, self.steps // share)


def climbed(
    claim: Claim,
    obligation: Obligation,
    formula: Formula,
    effort: Climb,
    seed: int,
    tick: Callable[[], None] = lambda: None,
    near: Array | None = None,
) -> Array:
    """Signed gradient steps on the part of ``formula`` that decides, from many starts.

    ``near`` has points to start from, too, or from where the box of ``obligation`` is nearest.
    """
    low, high = corners(obligation)
    sampled = Sampled(formula, tuple(obligation.box))
    far, close = starts(claim, obligation, effort.starts, seed)
    groups = [far, close] if near is None else [np.clip(near, low, high), far, close]
    best = np.concatenate([_lowest(sampled, g, effort.climbers // 2) for g in groups])
    points, worst = best, sampled.margin(best)
    for k in range(effort.steps):
        tick()
        slope = sampled.slope(points, high - low)
        points = np.clip(points - 0.1 * 0.85**k * np.sign(slope) * (high - low), low, high)
        here = sampled.margin(points)
        better = here < worst
        best = np.where(better[:, None], points, best)
        worst = np.where(better, here, worst)
    return best


def _lowest(sampled: Sampled, points: Array, count: int) -> Array:
    """The ``count`` points nearest to a violation, of which those near the equilibrium are
    nearer than others, so that the two are not compared.
    """
    return points[np.argsort(sampled.margin(points), kind="stable")[:count]]


def starts(claim: Claim, obligation: Obligation, count: int, seed: int) -> tuple[Array, Array]:
    """Uniform points, some of them vertices, and the same moved to log-uniform distances from
    the equilibrium, if there is one.
    """
    rng = np.random.default_rng(seed)
    low, high = corners(obligation)
    points = rng.uniform(low, high, (count, len(low)))
    vertices = points[: int(_VERTICES * count)]
    vertices[:] = np.where(rng.random(vertices.shape) < 0.5, low, high)
    centre = np.array([float(claim.equilibrium.get(x, 0)) for x in obligation.box])
    moving = np.array([x in claim.equilibrium for x in obligation.box])
    shrink = 10 ** rng.uniform(-8, 0, (count if moving.any() else 0, 1))
    every = points[: len(shrink)]
    near = np.where(moving, centre + shrink * (every - centre), every)
    return points, np.clip(near, low, high)


def corners(obligation: Obligation) -> tuple[Array, Array]:
    """The lowest and the highest corner of the box in float64."""
    bounds = np.array([[float(a), float(b)] for a, b in obligation.box.values()])
    return bounds[:, 0], bounds[:, 1]
