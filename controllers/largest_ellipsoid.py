"""The largest ellipsoid that a linear feedback makes invariant within limits.

For ``x+ = A x + B u`` with ``u = F x`` the ellipsoid ``{x' Q^-1 x <= 1}`` shrinks at a rate,
lies within ``|x_i| <= reach_i`` and keeps ``|u_j| <= bound_j`` when, with ``Y = F Q``,

    ``[(1 - rate) Q, (A Q + B Y)'; A Q + B Y, Q] >= 0``,
    ``Q_ii <= reach_i**2``  and  ``[bound_j**2, Y_j; Y_j', Q] >= 0``,

which is convex in Q and Y; in continuous time the first is
``A Q + B Y + (A Q + B Y)' + rate Q <= 0``.  The logarithm of the volume is concave.  Reference:
Boyd, El Ghaoui, Feron and Balakrishnan, Linear Matrix Inequalities in System and Control Theory,
1994, sections 5.2 and 7.2.  It is where training starts; nothing here is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import control
import numpy as np

from certify.controllers.lqr import linearised
from certify.controllers.options import QuadraticOptions
from certify.controllers.policy_network import half_ranges
from certify.controllers.task import Floats, Task
from certify.errors import ProblemError

__all__ = ["LinearPlant", "largest_ellipsoid", "linear_plant"]

_Blocks = Callable[[Floats], list[Floats]]

_INSIDE = 0.9
_RATE = 0.25  # of the rate at which the ellipsoid of the first feedback shrinks
_GROWTH, _WEIGHT = 4.0, 1e3  # of the weight of the volume, against the constraints
_NEWTON, _HALVINGS, _SMALL = 40, 40, 1e-4


@dataclass(frozen=True)
class LinearPlant:
    """``x+ = a x + b u``, or ``dx/dt`` if not ``discrete``, within limits.

    ``a`` has shape (n, n), ``b`` (n, m); ``reach`` of shape (n,) and ``bound`` of shape (m,) are
    the largest deviations of states and inputs, infinite where there is no limit.
    """

    a: Floats
    b: Floats
    reach: Floats
    bound: Floats
    discrete: bool = True

    def quadratic(self, feedback: Floats) -> tuple[Floats, float]:
        """P of which ``x' P x`` decreases along the linear loop, and its relative decrease in a
        step, or time: half of what the slowest pole allows.  Raises ProblemError if it is not
        stable.
        """
        loop = self.a + self.b @ feedback
        poles, unit = np.linalg.eigvals(loop), np.eye(len(loop))
        rate = 1 - np.abs(poles).max() ** 2 if self.discrete else -2 * poles.real.max()
        if not rate > 0:
            raise ProblemError("the linear regulator is not stable: no ellipsoid is invariant")
        if self.discrete:
            faster = loop / np.sqrt(1 - rate / 2)
            return np.asarray(control.dlyap(faster.T, unit)), float(rate / 2)
        return np.asarray(control.lyap((loop + rate / 4 * unit).T, unit)), float(rate / 2)


def linear_plant(task: Task, settings: QuadraticOptions) -> LinearPlant:
    """The plant at the equilibrium, in units of the domain and of half the limits of the inputs."""
    a, b = linearised(task, settings)
    half, s = half_ranges(task, settings), task.scale
    held = [settings.u_equilibrium.get(u, 0) for u in task.problem.system.inputs]
    limits = [settings.limits.get(u) for u in task.problem.system.inputs]
    bound = np.array(
        [float(min(h - e[0], e[1] - h)) if e else np.inf for h, e in zip(held, limits, strict=True)]
    )
    reach = settings.start_reach or settings.reach
    part = np.array([min(1.0, float(reach.get(x, 1))) for x in task.states])
    return LinearPlant(
        a * s / s[:, None],
        b * half / s[:, None],
        np.minimum(-task.low, task.high) * part,
        bound / half,
        discrete=task.problem.system.time == "discrete",
    )


def largest_ellipsoid(
    plant: LinearPlant, feedback: Floats, least: float = 0.0
) -> tuple[Floats, Floats]:
    """The feedback F, of shape (m, n), and upper triangular R with ``{|R x| <= 1}`` the ellipsoid.

    It starts from a stabilising ``feedback``, and shrinks at an eighth of the rate of its
    slowest pole, or a little faster than ``least`` where that is more.  Raises ProblemError where
    no ellipsoid to start from shrinks that fast.
    """
    n, m = plant.b.shape
    p, rate = plant.quadratic(feedback)
    if not rate > least:
        raise ProblemError("the linear regulator does not shrink an ellipsoid fast enough")
    blocks = _blocks(plant, least + _RATE * (rate - least))
    q = np.asarray(np.linalg.inv(p), dtype=np.float64)
    sizes = np.append(np.diag(q) / plant.reach**2, _quadratics(feedback, q) / plant.bound**2)
    q *= _INSIDE / sizes.max()
    rows, columns = np.triu_indices(n)
    point = np.concatenate([q[rows, columns], (feedback @ q).ravel()])
    weight = 1.0
    while weight <= _WEIGHT:
        point = _centred(blocks, point, weight)
        weight *= _GROWTH
    q, y = _matrices(point, n, m)
    lower = np.linalg.cholesky(np.linalg.inv(q))
    return y @ np.linalg.inv(q), np.asarray(lower.T, dtype=np.float64)


def _quadratics(rows: Floats, q: Floats) -> Floats:
    return np.asarray(np.einsum("ji,ik,jk->j", rows, q, rows))


def _matrices(point: Floats, n: int, m: int) -> tuple[Floats, Floats]:
    """Q and Y of the variables."""
    q = np.zeros((n, n))
    rows, columns = np.triu_indices(n)
    q[rows, columns] = q[columns, rows] = point[: len(rows)]
    return q, point[len(rows) :].reshape(m, n)


def _blocks(plant: LinearPlant, rate: float) -> _Blocks:
    """What has to be positive definite, each affine in the variables; Q itself comes first."""
    n, m = plant.b.shape

    def blocks(point: Floats) -> list[Floats]:
        q, y = _matrices(point, n, m)
        image = plant.a @ q + plant.b @ y
        if plant.discrete:
            shrinks = np.block([[(1 - rate) * q, image.T], [image, q]])
        else:
            shrinks = -(image + image.T + rate * q)
        found = [q, shrinks]
        for i in np.flatnonzero(np.isfinite(plant.reach)):
            found.append(np.array([[1 - q[i, i] / plant.reach[i] ** 2]]))
        for j in np.flatnonzero(np.isfinite(plant.bound)):
            row = y[j : j + 1] / plant.bound[j]
            found.append(np.block([[np.ones((1, 1)), row], [row.T, q]]))
        return found

    return blocks


def _barrier(blocks: _Blocks, point: Floats, weight: float) -> float:
    """``-log det`` of all blocks, that of Q weighed; infinite outside."""
    total = 0.0
    for k, block in enumerate(blocks(point)):
        try:
            diagonal = np.diag(np.linalg.cholesky(block))
        except np.linalg.LinAlgError:
            return np.inf
        total -= (weight if k == 0 else 1.0) * 2 * float(np.log(diagonal).sum())
    return total


def _centred(blocks: _Blocks, point: Floats, weight: float) -> Floats:
    """Newton's method with halved steps for the least barrier, from a ``point`` inside."""
    unit = np.eye(len(point))
    fixed = blocks(np.zeros(len(point)))
    parts = [blocks(e) for e in unit]
    for _ in range(_NEWTON):
        slope, curvature = np.zeros(len(point)), np.zeros((len(point), len(point)))
        for k, block in enumerate(blocks(point)):
            inverse = np.linalg.inv(np.linalg.cholesky(block))
            turned = np.stack([inverse @ (p[k] - fixed[k]) @ inverse.T for p in parts])
            factor = weight if k == 0 else 1.0
            slope -= factor * np.trace(turned, axis1=1, axis2=2)
            flat = turned.reshape(len(point), -1)
            curvature += factor * flat @ flat.T
        step = -np.linalg.solve(curvature, slope)
        decrease = -float(slope @ step)
        if decrease < _SMALL:
            break
        here, length = _barrier(blocks, point, weight), 1.0
        for _ in range(_HALVINGS):
            if _barrier(blocks, point + length * step, weight) <= here - 0.1 * length * decrease:
                point = point + length * step
                break
            length /= 2
        else:
            break
    return point
