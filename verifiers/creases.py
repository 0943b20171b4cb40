"""Axes along the creases of a function: the planes through the centre on which an ``abs`` bends.

Where ``V`` contains ``|a . x|`` for as many independent ``a`` as there are variables, as in a norm
``|A x|_1``, boxes along the axes ``w = A x`` never lie across these planes once they have been
halved at the centre: ``|a . x|`` is linear on every box but the largest.  Along any other axes the
boxes at the intersections of creases, where a piecewise linear ``V`` decreases least, have to be
as small as its margin.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from certify.expression import Node, topological
from certify.proofs.checker.language import index
from certify.verifiers.curvature import Array, Frame

__all__ = ["along_creases"]

_SAMPLES = 4  # for each coefficient of a fit
_EXACT = 1e-9  # relative deviation of what is called linear, or zero
_INDEPENDENT = 1e-6  # the part of a normal, of length 1, across those before it


def along_creases(function: Node, frame: Frame) -> Array | None:
    """The map from ``w`` to the mixed variables of ``frame``, by columns; None without creases.

    The normals are found by fits to samples; nothing here is evidence.
    """
    n, arguments = frame.mixed, list(dict.fromkeys(_arguments(function)))
    points = frame.uniform(_SAMPLES * (1 + len(frame.names)))
    points[0] = 0.0
    normals: list[Array] = []
    across = np.eye(n)  # the projection onto what the normals so far leave
    if len(arguments) >= n:
        for held in frame.values(arguments, points):
            normal = _normal(points, held, n)
            rest = None if normal is None else across @ normal
            if normal is not None and rest is not None and rest @ rest > _INDEPENDENT**2:
                normals.append(normal)
                across -= np.outer(rest, rest) / (rest @ rest)
            if len(normals) == n:
                rows = np.array(normals)
                return np.asarray(np.linalg.inv(rows / np.abs(rows).sum(axis=1)[:, None]))
    return None


def _arguments(function: Node) -> Iterator[Node]:
    for node in topological([function]):
        if node.op == "abs":
            inner = node.args[0]
            yield from (index(inner, i) for i in range(inner.size)) if inner.size else (inner,)


def _normal(points: Array, held: Array, n: int) -> Array | None:
    """The unit normal of ``held``, if it is linear in the first ``n`` coordinates of ``points``."""
    size = np.abs(held).max()
    if not 0 < size < np.inf or abs(held[0]) > _EXACT * size:
        return None
    slope = np.linalg.lstsq(points[:, :n], held, rcond=None)[0]
    if np.abs(points[:, :n] @ slope - held).max() > _EXACT * size:
        return None
    return np.asarray(slope / np.linalg.norm(slope))
