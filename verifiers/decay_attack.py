"""Where V falls slowest relative to V itself: the attack that the scale of V cannot hide from.

Near the equilibrium every condition is close to 0, true or not, so that an attack on the
conditions as they stand looks there in vain.  This one minimises ``(fall beyond the decay)/V``
over the level set.  Three kinds of moves compete in every round: differential evolution (Storn
and Price, J. Global Optimization 11, 1997) of directions and logarithms of distances, random
steps from the best points in proportion to their distance, and steps onto kinks, where the
ratio of piecewise linear functions has its extremes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.loops import scales
from certify.proofs.checker.stability import decrease
from certify.verifiers.kinks import Kinks
from certify.verifiers.points import Array, Table

__all__ = ["Effort", "slowest"]

# Distances from the equilibrium are those in the largest state, in units of its distance from
# the nearer face of the box.
_NEAREST = 1e-6  # nearer, rounding decides
_BORDER = 1e-3  # part of the level: points with V below are near the equilibrium
_HALVINGS = 12
_STRETCHED = 8  # of the best points, moved away from the equilibrium in proportion
_STRETCHES = 10 ** np.linspace(0, 6, 19)


@dataclass(frozen=True)
class Effort:
    """How many points are tried first, how many are kept, and how often they move."""

    starts: int = 2048
    kept: int = 96
    rounds: int = 20


_USUAL = Effort()


def slowest(
    claim: Claim,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
    effort: Effort = _USUAL,
    near: Array | None = None,
    within: float = 1.0,
) -> tuple[Array, float]:
    """Points (k, variables), slowest first, and the least ``decay + fall/V`` seen.

    The variables are states, parameters and disturbances in this order; ``near`` has points to
    start from, too, and ``within`` is the largest distance from the equilibrium.  ``claim``
    needs a Lyapunov function and a decay, and has a level or counts as without end; the ratio
    is infinite if no sample is in the set.
    """
    rng = np.random.default_rng(seed)
    setting = _Setting(claim, within)
    units = setting.starts(effort.starts, rng)
    if near is not None and len(near):
        units = np.concatenate([units, setting.units(near)])
    found = _Population(setting, units, effort.kept)
    for _ in range(effort.rounds):
        tick()
        found.evolve(rng)
    units, ratios = found.units, found.ratios
    best = np.argsort(ratios, kind="stable")[:_STRETCHED]
    stretched = setting.stretched(units[best])
    units = np.concatenate([units, stretched])
    ratios = np.concatenate([ratios, setting.ratios(stretched)])
    best = np.argsort(ratios, kind="stable")
    return setting.points(units[best]), float(claim.numbers["decay"]) + float(ratios[best[0]])


class _Setting:
    """The ratio, and points in units: states relative to the equilibrium, the rest in [0, 1]."""

    def __init__(self, claim: Claim, within: float) -> None:
        self._within = within
        names = (*claim.states, *claim.parameters, *claim.disturbances)
        v, falling = claim.functions["lyapunov"], decrease(claim)
        self._level = float(claim.numbers.get("level", Fraction(10) ** 300))
        self._table = Table([falling, v], names)
        self._height = Table([v], names)
        self._kinks = Kinks([falling, v], names)
        self.states = len(claim.states)
        self._low, self._high = (np.array([float(claim.box[x][k]) for x in names]) for k in (0, 1))
        self._zero, self._scale = self._low.copy(), self._high - self._low
        self._zero[: self.states] = [float(claim.equilibrium[x]) for x in claim.states]
        self._scale[: self.states] = [float(s) for s in scales(claim).values()]

    def points(self, units: Array) -> Array:
        """The points themselves, moved into the box."""
        inside: Array = np.clip(self._zero + units * self._scale, self._low, self._high)
        return inside

    def units(self, points: Array) -> Array:
        """The inverse of :meth:`points`."""
        result: Array = (points - self._zero) / np.where(self._scale > 0, self._scale, 1.0)
        return result

    def starts(self, count: int, rng: np.random.Generator) -> Array:
        """Random directions at log-uniform distances, every other one far within the set."""
        units = rng.uniform(0, 1, (count, len(self._zero)))
        ways = rng.normal(size=(count, self.states))
        distances = 10 ** rng.uniform(-6, 0, count)
        units[:, : self.states] = ways / np.abs(ways).max(axis=1, keepdims=True)
        far = units[::2]
        distances[::2] = self._border(far) * 10 ** rng.uniform(-1, 0, len(far))
        units[:, : self.states] *= np.minimum(distances, self._within)[:, None]
        return units

    def _border(self, ways: Array) -> Array:
        """How far the level set reaches along ``ways``, about, up to the border of the box."""
        low, high = np.zeros(len(ways)), np.ones(len(ways))
        for _ in range(_HALVINGS):
            middle, units = 0.5 * (low + high), ways.copy()
            units[:, : self.states] *= middle[:, None]
            inside = self.heights(units) <= self._level
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return high

    def heights(self, units: Array) -> Array:
        """V, (N,)."""
        result: Array = self._height.at(self.points(units))[0]
        return result

    def are_near(self, units: Array) -> NDArray[np.bool_]:
        """Whether V is far below the level."""
        return self.heights(units) < _BORDER * self._level

    def distance(self, units: Array) -> Array:
        """That from the equilibrium, (N, 1)."""
        result: Array = np.abs(units[:, : self.states]).max(axis=1, keepdims=True)
        return result

    def ratios(self, units: Array) -> Array:
        """The fall beyond the decay over V, infinite outside the level set and where V <= 0."""
        fall, v = self._table.at(self.points(units))
        with np.errstate(all="ignore"):
            ratio = fall / v
            inside = (v > 1e-280) & (v <= self._level) & np.isfinite(ratio)
        distance = self.distance(units)[:, 0]
        inside &= (distance >= 0.99 * _NEAREST) & (distance <= 1.01 * self._within)
        return np.where(inside, ratio, np.inf)

    def onto_kinks(self, units: Array, rng: np.random.Generator) -> Array:
        """Every point moved onto some kinks near it, not much nearer to the equilibrium."""
        n = self.states
        if not self._kinks.count:
            return units[:0]
        reach = np.maximum(self.distance(units), _NEAREST)
        steps = self._kinks.steps(self.points(units), reach[:, 0], self._scale[:n], rng)
        moved = units.copy()
        moved[:, :n] += steps
        with np.errstate(all="ignore"):
            longer = moved[:, :n] * (_NEAREST / self.distance(moved))
        close = (self.distance(moved) < _NEAREST) & np.isfinite(longer).all(axis=1, keepdims=True)
        moved[:, :n] = np.where(close, longer, moved[:, :n])
        return moved

    def stretched(self, units: Array) -> Array:
        """Points on the rays through ``units``, further from the equilibrium."""
        longer = np.repeat(units, len(_STRETCHES), axis=0)
        longer[:, : self.states] *= np.tile(_STRETCHES, len(units))[:, None]
        return longer[self.distance(longer)[:, 0] <= 1]


class _Population:
    """The best points near the equilibrium, and the best of the others, which mix apart.

    Near it the ratio depends on the direction alone, so that good points there would crowd out
    better ones that grow slowly at the border of the set.
    """

    def __init__(self, setting: _Setting, units: Array, kept: int) -> None:
        ratios, near = setting.ratios(units), setting.are_near(units)
        groups = [np.flatnonzero(near), np.flatnonzero(~near)]
        best = [g[np.argsort(ratios[g], kind="stable")[: kept // 2]] for g in groups]
        rows = np.concatenate(best)
        self._setting, self.units, self.ratios = setting, units[rows], ratios[rows]
        self._groups = [np.arange(len(best[0])), len(best[0]) + np.arange(len(best[1]))]

    def evolve(self, rng: np.random.Generator) -> None:
        """One round: for every point one child of each kind; the better one stays."""
        moved = np.where(rng.random((len(self.units), 1)) < 0.5, self.units, self._crossed(rng))
        onto = self._setting.onto_kinks(moved, rng)
        children = [self._crossed(rng), self._wandered(rng), *([onto] if len(onto) else [])]
        ratios = self._setting.ratios(np.concatenate(children)).reshape(len(children), -1)
        for child, ratio in zip(children, ratios, strict=True):
            better = ratio < self.ratios
            self.units = np.where(better[:, None], child, self.units)
            self.ratios = np.where(better, ratio, self.ratios)

    def _leaders(self, rng: np.random.Generator) -> Array:
        """For every point one of the best of its group."""
        found: list[NDArray[np.intp]] = []
        for group in self._groups:
            best = np.argsort(self.ratios[group], kind="stable")[: max(4, len(group) // 8)]
            found.append(group[rng.choice(best, len(group))] if len(group) else group)
        leaders: Array = self.units[np.concatenate(found)]
        return leaders

    def _partners(self, rng: np.random.Generator) -> Array:
        """For every point another one of its group."""
        others = np.concatenate([rng.permutation(group) for group in self._groups])
        partners: Array = self.units[others]
        return partners

    def _wandered(self, rng: np.random.Generator) -> Array:
        """A random step from the point itself or from one of the best."""
        n, own = self._setting.states, rng.random((len(self.units), 1)) < 0.5
        child = np.where(own, self.units, self._leaders(rng))
        step = 10 ** rng.uniform(-2.5, -0.3, (len(child), 1)) * rng.normal(size=child.shape)
        child[:, :n] += step[:, :n] * self._setting.distance(child)
        child[:, n:] = np.clip(child[:, n:] + step[:, n:], 0.0, 1.0)
        return child

    def _crossed(self, rng: np.random.Generator) -> Array:
        """Towards one of the best points, or not, and along the difference of two others."""
        n = self._setting.states
        here, leader, one, two = (
            self._genes(units)
            for units in (self.units, self._leaders(rng), self._partners(rng), self._partners(rng))
        )
        pull = rng.choice([0.0, 0.5, 1.0], (len(here), 1))
        child = here + pull * (leader - here)
        child += rng.choice([0.3, 0.6, 0.9], (len(here), 1)) * (one - two)
        child = np.where(rng.random(child.shape) < 0.9, child, here)
        ways = child[:, :n] / np.maximum(np.abs(child[:, :n]).max(axis=1, keepdims=True), 1e-300)
        reach = np.exp(np.clip(child[:, n : n + 1], np.log(_NEAREST), 0.0))
        return np.concatenate([ways * reach, np.clip(child[:, n + 1 :], 0.0, 1.0)], axis=1)

    def _genes(self, units: Array) -> Array:
        """Direction, logarithm of the distance, and the other variables."""
        n, distance = self._setting.states, np.maximum(self._setting.distance(units), _NEAREST)
        return np.concatenate([units[:, :n] / distance, np.log(distance), units[:, n:]], axis=1)
