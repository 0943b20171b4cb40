"""Curvature from samples: quadratics fitted where a condition is decided.

Kinks make second differences at one point useless, and a single fit over a large region takes
kinks for curvature; so Hessians are medians of differences at many points, or fits.
Values are those of float64 samples: nothing here is evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.random import Generator, default_rng

from certify.expression import Node
from certify.expression.evaluate import evaluate
from certify.proofs.checker.obligations import Obligation, atoms
from certify.verifiers.points import ordered

__all__ = ["Frame", "Quadratic", "fitted", "is_convex", "local_hessian"]

Array: TypeAlias = npt.NDArray[np.float64]

_SHELLS = (0.01, 0.03, 0.1, 0.3)  # radii of local differences in the level set
_PLACES = 8  # of local differences in each shell
_STEP = 1e-3  # of a difference, relative to the shell
_DIRECTIONS = 6  # for each entry of the matrix of a level set that is no ellipsoid


class Quadratic(NamedTuple):
    """``constant + slope . s + s' hessian s / 2`` with the relative deviation from it.

    In the mixed variables; the others are in the middle of the points that it is fitted to.
    """

    constant: float
    slope: Array
    hessian: Array
    residual: float

    def is_convex(self) -> bool:
        """Whether the Hessian is safely positive definite."""
        return is_convex(self.hessian)

    def lowest(self) -> tuple[Array, float]:
        """Where a convex quadratic is least, and that value."""
        at = np.asarray(-np.linalg.solve(self.hessian, self.slope), dtype=np.float64)
        return at, self.constant + float(self.slope @ at) / 2


def is_convex(hessian: Array) -> bool:
    """Whether the symmetric matrix is safely positive definite."""
    values = np.linalg.eigvalsh(hessian)
    return bool(values[0] > 1e-9 * abs(values[-1]))


class Frame:
    """The box of an obligation as ``[-1, 1]`` in every variable, the ``mixed`` ones first."""

    def __init__(self, obligation: Obligation, mixed: Sequence[str]) -> None:
        self.names = [*mixed, *(x for x in obligation.box if x not in mixed)]
        ends = np.array([[float(e) for e in obligation.box[x]] for x in self.names])
        self.middle, self.radius = (ends[:, 0] + ends[:, 1]) / 2, (ends[:, 1] - ends[:, 0]) / 2
        self.mixed = len(mixed)
        self.rng = default_rng(0)
        nodes = dict.fromkeys(a.node for a in atoms(obligation.formula))
        self._conditions = {node: k for k, node in enumerate(nodes)}

    def fresh(self) -> Frame:
        """The same with random numbers from the start."""
        frame = copy(self)
        frame.rng = default_rng(0)
        return frame

    def coefficients(self) -> int:
        """How many numbers a fit determines."""
        return 1 + len(self.names) + self.mixed * (self.mixed + 1) // 2

    def uniform(self, count: int) -> Array:
        """Points of the box, (count, variables)."""
        return self.rng.uniform(-1, 1, (count, len(self.names)))

    def extended(self, mixed: Array) -> Array:
        """Points with the given mixed coordinates and random others."""
        points = self.uniform(len(mixed))
        points[:, : self.mixed] = mixed
        return points

    def in_ball(self, count: int, centre: Array, root: Array, size: float) -> tuple[Array, Array]:
        """Points ``centre + root s`` of the box with ``|s| <= size``, and their ``s``.

        The coordinates that are not mixed stand behind those of ``s``.
        """
        k = self.mixed
        s = size * _directions(self.rng, count, k) * self.rng.uniform(size=(count, 1)) ** (1 / k)
        s *= np.minimum(1, _room(centre, s @ root.T))[:, None]
        points = self.extended(centre + s @ root.T)
        return points, np.hstack([s, points[:, k:]])

    def values(self, nodes: Sequence[Node], points: Array) -> Array:
        """The values of ``nodes`` at ``points``, (nodes, points)."""
        if not self._conditions.keys() >= set(nodes):
            return np.array(evaluate(nodes, self._columns(points)))
        program = ordered(tuple(self._conditions))
        if len(nodes) == 1:
            return np.array(program.part(nodes)(self._columns(points)))
        found = program(self._columns(points))
        return np.array([found[self._conditions[node]] for node in nodes])

    def value(self, node: Node, points: Array) -> Array:
        """The values of a ``node`` that is far smaller than the conditions, (1, points)."""
        return np.array(ordered((node,))(self._columns(points)))

    def _columns(self, points: Array) -> dict[str, Array]:
        columns = (self.middle + self.radius * points).T
        return dict(zip(self.names, columns, strict=True))

    def level_set(self, guard: Node) -> tuple[Array, Array] | None:
        """An ellipsoid ``centre + root s`` about where ``guard <= 0``, seen from its lowest value.

        The distances in random directions, twice: the second time in the first ellipsoid's.
        """
        k = self.mixed
        points = self.extended(np.vstack([np.zeros((1, k)), self.uniform(64 * k)[:, :k]]))
        held = self.value(guard, points)[0]
        lowest = int(np.nanargmin(np.where(np.isnan(held), np.inf, held)))
        if not held[lowest] < 0:
            return None
        centre, root = points[lowest, :k], np.eye(k)
        i, j = _pairs(k)
        shares = np.append(np.geomspace(1e-3, 1, 24), 1.0)
        for _ in range(2):
            way = _directions(self.rng, _DIRECTIONS * len(i), k)
            step = way @ root.T
            step *= _room(centre, step)[:, None]
            grid = (centre + shares[:, None, None] * step).reshape(-1, k)
            outside = ~(self.value(guard, self.extended(grid))[0] <= 0).reshape(len(shares), -1)
            outside[-1] = True  # the box ends here
            reach = np.linalg.solve(root, (shares[outside.argmax(axis=0)][:, None] * step).T).T
            entries = np.linalg.lstsq(reach[:, i] * reach[:, j], np.ones(len(reach)))[0]
            shape = np.zeros((k, k))
            shape[i, j] = entries
            values, vectors = np.linalg.eigh((shape + shape.T) / 2)
            values = np.clip(values, 1e-3 * values.max(), None)  # unbounded directions end
            root = root @ (vectors / np.sqrt(values))
        return centre, root


@lru_cache(maxsize=64)
def _pairs(size: int, above: int = 0) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the entries of a matrix that are so far above its diagonal or more."""
    i, j = np.triu_indices(size, above)
    return i, j


def _directions(rng: Generator, count: int, size: int) -> Array:
    way = rng.normal(size=(count, size))
    result: Array = way / np.linalg.norm(way, axis=1)[:, None]
    return result


def _room(centre: Array, step: Array) -> Array:
    """The largest multiple of each ``step`` from ``centre`` that stays in ``[-1, 1]``."""
    limit = np.where(step > 0, 1 - centre, 1 + centre)
    result: Array = (limit / np.maximum(np.abs(step), 1e-300)).min(axis=1).clip(0, None)
    return result


def fitted(frame: Frame, points: Array, values: Array) -> list[Quadratic | None]:
    """Least squares for each row of ``values``: quadratic in mixed coordinates, else linear."""
    k = frame.mixed
    i, j = _pairs(k)
    usable = np.isfinite(values).mean(axis=1) > 0.6
    rows = np.isfinite(values[usable]).all(axis=0)
    scale = np.abs(points[rows]).max(axis=0, initial=1e-300)
    z = points[rows] / scale
    table = np.hstack([np.ones((len(z), 1)), z, z[:, i] * z[:, j]])
    if len(z) < 1.5 * table.shape[1]:
        return [None] * len(values)
    wanted = values[usable][:, rows].T
    solution = np.linalg.lstsq(table, wanted, rcond=1e-10)[0]
    residual = np.std(table @ solution - wanted, axis=0) / (np.std(wanted, axis=0) + 1e-300)
    hessians = np.zeros((solution.shape[1], k, k))
    hessians[:, i, j] = solution[1 + z.shape[1] :].T
    hessians = (hessians + hessians.transpose(0, 2, 1)) / (scale[:k, None] * scale[:k])
    slopes = solution[1 : 1 + k].T / scale[:k]
    constants = solution[0] + (z[:, k:] @ solution[1 + k : 1 + z.shape[1]]).mean(axis=0)
    fits = map(Quadratic, constants.tolist(), slopes, hessians, residual.tolist())
    return [next(fits) if good else None for good in usable]


def local_hessian(frame: Frame, node: Node, centre: Array, root: Array) -> Array | None:
    """The Hessian of ``node`` in ``s`` as it mostly is, in ``centre + root s``, ``|s| < 1``.

    The mean over several shells of the median over some points, in which kinks drop out.  None
    where nothing is defined.
    """
    k = frame.mixed
    i, j = _pairs(k, 1)
    unit = np.eye(k)
    pattern = np.vstack([np.zeros((1, k)), unit, -unit, unit[i] + unit[j]])
    sizes = np.repeat(_SHELLS, _PLACES)
    place = sizes[:, None] * _directions(frame.rng, len(sizes), k)
    place *= np.minimum(1, _room(centre, place @ root.T))[:, None]
    near = place[:, None, :] + _STEP * sizes[:, None, None] * pattern
    points = np.repeat(frame.uniform(len(sizes)), len(pattern), axis=0)
    points[:, :k] = centre + near.reshape(-1, k) @ root.T
    value = frame.values([node], points)[0].reshape(len(sizes), -1)
    here, ahead, behind = value[:, :1], value[:, 1 : k + 1], value[:, k + 1 : 2 * k + 1]
    hessian = np.zeros((len(sizes), k, k))
    hessian[:, range(k), range(k)] = ahead + behind - 2 * here
    mixed = value[:, 2 * k + 1 :] - ahead[:, i] - ahead[:, j] + here
    hessian[:, i, j] = hessian[:, j, i] = mixed
    hessian /= (_STEP * sizes[:, None, None]) ** 2
    known = np.isfinite(hessian).all(axis=(1, 2)).reshape(len(_SHELLS), _PLACES)
    shells = hessian.reshape(len(_SHELLS), _PLACES, k, k)
    medians = [_median(h[good]) for h, good in zip(shells, known, strict=True) if any(good)]
    return np.mean(medians, axis=0) if medians else None


def _median(values: Array) -> Array:
    """Over the first axis; that of numpy takes a long time to import, when first called."""
    ranked, count = np.sort(values, axis=0), len(values)
    result: Array = (ranked[(count - 1) // 2] + ranked[count // 2]) / 2
    return result
