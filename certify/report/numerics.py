"""Grids and simulations in float64 for the figures: drawn, never believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from certify.expression import Node
from certify.expression.evaluate import evaluate
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.loops import closed_loop

__all__ = ["Floats", "Loop", "Slice", "crosses"]

Floats = npt.NDArray[np.float64]

_STEPS = 3000
_NEAR = 0.02
_PROBES = 400


class Loop:
    """The closed loop of ``claim`` with parameters and disturbances at their middle.

    Points are arrays of shape (N, states).
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.names = claim.states
        self.low = np.array([float(claim.box[x][0]) for x in claim.states])
        self.high = np.array([float(claim.box[x][1]) for x in claim.states])
        middle = (self.low + self.high) / 2
        self.rest = np.array([float(claim.equilibrium.get(x, 0)) for x in claim.states])
        if not claim.equilibrium:
            self.rest = middle
        self._fixed = {
            p: np.array(float(sum(claim.box[p]) / 2))
            for p in (*claim.parameters, *claim.disturbances)
        }
        loop = closed_loop(claim)
        self._rows = [loop[x] for x in claim.states if x in loop]
        self.dt = self._time_step() if claim.time == "continuous" and self._rows else 1.0

    def values(self, nodes: Sequence[Node], points: Floats) -> list[Floats]:
        """The scalar ``nodes`` at ``points``, each of shape (N,); NaN where undefined."""
        batch: dict[str, npt.ArrayLike] = {x: points[:, i] for i, x in enumerate(self.names)}
        batch |= {p: np.broadcast_to(value, len(points)) for p, value in self._fixed.items()}
        with np.errstate(all="ignore"):
            return [np.broadcast_to(v, len(points)) for v in evaluate(nodes, batch)]

    def field(self, points: Floats) -> Floats:
        """The next states (discrete) or the derivatives (continuous)."""
        return np.stack(self.values(self._rows, points), axis=1)

    def step(self, points: Floats) -> Floats:
        """One step of the plant, or one of the classical Runge-Kutta method."""
        if self.claim.time == "discrete":
            return self.field(points)
        with np.errstate(all="ignore"):
            h = self.dt
            a = self.field(points)
            b = self.field(points + h / 2 * a)
            c = self.field(points + h / 2 * b)
            d = self.field(points + h * c)
            return np.asarray(points + h / 6 * (a + 2 * b + 2 * c + d))

    def run(self, starts: Floats, steps: int) -> Floats:
        """The trajectories of shape (steps + 1, N, states); NaN once outside the domain."""
        path = [starts]
        for _ in range(steps):
            after = self.step(path[-1])
            path.append(np.where(self.inside(after)[:, None], after, np.nan))
        return np.stack(path)

    def inside(self, points: Floats) -> npt.NDArray[np.bool_]:
        """Which points lie in the domain; those with NaN do not."""
        return np.asarray(((points >= self.low) & (points <= self.high)).all(axis=1))

    def attracted(self, starts: Floats, target: Node | None) -> npt.NDArray[np.bool_]:
        """Which starts reach the equilibrium without leaving the domain, as simulated.

        ``target <= 0`` on a set that is proved to converge, and ends a simulation early.
        """
        reached = np.zeros(len(starts), dtype=bool)
        active, points = np.arange(len(starts)), starts
        size = np.maximum(np.minimum(self.high - self.rest, self.rest - self.low), 1e-300)
        for _ in range(_STEPS):
            done = (np.abs((points - self.rest) / size) < _NEAR).all(axis=1)
            if target is not None:
                done |= self.values([target], points)[0] <= 0
            reached[active[done]] = True
            points = self.step(points[~done])
            stays = self.inside(points)
            active, points = active[~done][stays], points[stays]
            if not len(points):
                break
        return reached

    def _time_step(self) -> float:
        """A fifth of the shortest time scale at random points of the domain."""
        random = np.random.default_rng(0)
        width = self.high - self.low
        points = self.low + width * random.random((_PROBES, len(width)))
        norms = np.zeros(_PROBES)
        for i, h in enumerate(1e-6 * width):
            moved = points.copy()
            moved[:, i] += h
            with np.errstate(all="ignore"):
                rows = np.abs((self.field(moved) - self.field(points)) / h) * width[i] / width
            norms = np.maximum(norms, rows.sum(axis=1))
        finite = norms[np.isfinite(norms)]
        fastest = float(np.quantile(finite, 0.9)) if len(finite) else 1.0
        return 0.2 / max(fastest, 1e-9)


class Slice:
    """A grid over two states within a window, the others held at ``centre``.

    ``x`` and ``y`` are the grid lines, ``points`` the (N, states) points row by row.
    """

    def __init__(
        self,
        loop: Loop,
        pair: tuple[int, int],
        count: int,
        centre: Floats | None = None,
        window: Mapping[int, tuple[float, float]] | None = None,
    ) -> None:
        i, j = pair
        ends = {k: (loop.low[k], loop.high[k]) for k in pair} | dict(window or {})
        self.x = np.linspace(*ends[i], count)
        self.y = np.linspace(*ends[j], count)
        across, up = np.meshgrid(self.x, self.y)
        self.points = np.tile(loop.rest if centre is None else centre, (count * count, 1))
        self.points[:, i], self.points[:, j] = across.ravel(), up.ravel()
        self._shape = (count, count)

    def grid(self, values: npt.ArrayLike) -> Floats:
        """Values at ``points`` as the matrix that contour plots take; NaN where not finite."""
        table = np.asarray(values, dtype=np.float64).reshape(self._shape)
        return np.where(np.isfinite(table), table, np.nan)


def crosses(grid: Floats, value: float) -> bool:
    """Whether ``grid`` has values on both sides of ``value``, so that a contour exists."""
    return bool((grid < value).any() and (grid > value).any())
