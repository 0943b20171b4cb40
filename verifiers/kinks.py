"""Where a graph is not smooth, and points moved there.

The worst points of functions with networks lie at kinks, often where as many kinks meet as
there are directions: in sharp valleys that neither gradients nor random steps find.  A step of
Newton's method onto some kinks at once lands there exactly, as far as the graph is piecewise
linear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from certify.expression import Node, topological
from certify.expression.evaluate import Program
from certify.proofs.checker.language import Divided
from certify.verifiers.points import Array

__all__ = ["Kinks"]

_STEP = 1e-6  # of a one-sided difference, in units of the distance to the centre
_RIDGE = 1e-12  # added to the Gram matrix of normals of length 1


class Kinks:
    """The surfaces on which an argument of relu, abs, max or select under ``nodes`` is 0."""

    def __init__(self, nodes: Iterable[Node], names: Sequence[str]) -> None:
        self._names = tuple(names)
        arguments = list(dict.fromkeys(_arguments(nodes)))
        self._program = Program(arguments)
        self.count = sum(max(a.size, 1) for a in arguments)

    def _at(self, points: Array) -> Array:
        """The arguments at ``points`` (N, variables): (N, count)."""
        columns = dict(zip(self._names, np.ascontiguousarray(points.T), strict=True))
        parts = [v.reshape(len(points), -1) for v in self._program(columns)]
        return np.concatenate(parts, axis=1)

    def steps(self, points: Array, reach: Array, scale: Array, rng: np.random.Generator) -> Array:
        """Steps of the first variables onto some of the kinks near each of ``points``.

        ``points`` has the shape (N, variables), ``reach`` (N,) the length that counts as far
        for each of them in units of ``scale`` (n,), which is that of the first n variables.
        Each point gets a random number of at most n kinks, nearer ones more often, and the
        least step, in units of ``scale``, onto their linearisations: (N, n).
        """
        (count, _), n = points.shape, len(scale)
        moved = np.repeat(points[None], n + 1, axis=0)
        for i in range(n):
            moved[i + 1, :, i] += _STEP * reach * scale[i]
        heights = self._at(moved.reshape(-1, points.shape[1])).reshape(n + 1, count, -1)
        with np.errstate(all="ignore"):
            slopes = np.moveaxis((heights[1:] - heights[0]) / (_STEP * reach[:, None]), 0, 2)
            length = np.linalg.norm(slopes, axis=2)
            distance = heights[0] / length
            near = np.log(np.abs(distance) / reach[:, None] + 1e-12)
        near[~np.isfinite(near) | (length == 0)] = np.inf
        chosen = _smallest(near + rng.gumbel(size=near.shape), n)
        wanted = np.arange(chosen.shape[1]) < rng.integers(1, n + 1, size=(count, 1))
        wanted &= np.isfinite(np.take_along_axis(near, chosen, axis=1))
        with np.errstate(all="ignore"):
            normals = slopes / length[:, :, None]
        normals = np.take_along_axis(normals, chosen[:, :, None], axis=1)
        normals = np.where(wanted[:, :, None], normals, 0.0)
        gaps = np.where(wanted, np.take_along_axis(distance, chosen, axis=1), 0.0)
        gram = normals @ normals.transpose(0, 2, 1) + _RIDGE * np.eye(chosen.shape[1])
        gram += np.where(wanted, 0.0, 1.0)[:, :, None] * np.eye(chosen.shape[1])
        weights = np.linalg.solve(gram, -gaps[:, :, None])
        result: Array = (normals.transpose(0, 2, 1) @ weights)[:, :, 0]
        return result


def _smallest(keys: Array, n: int) -> NDArray[np.intp]:
    """The columns of the ``n`` smallest of each row, in order."""
    if n < keys.shape[1]:
        first = np.argpartition(keys, n, axis=1)[:, :n]
    else:
        first = np.broadcast_to(np.arange(keys.shape[1]), keys.shape)
    order = np.argsort(np.take_along_axis(keys, first, axis=1), axis=1, kind="stable")
    return np.take_along_axis(first, order, axis=1)


def _arguments(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in topological(nodes):
        op, args = node.op, node.args
        if isinstance(node.data, Divided):
            if node.data.op in ("relu", "abs"):
                yield args[0]
                yield args[0] + args[1] if op == "increment" else args[1]
        elif op in ("relu", "abs", "step", "select"):
            yield args[0]
        elif op == "max":
            yield args[0] - args[1]
