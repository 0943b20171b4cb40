"""Matrices of maps: what diagonalises quadratic forms, and rational entries with few digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.obligations import Obligation
from certify.verifiers.curvature import Array, is_convex

__all__ = [
    "diagonalising",
    "form_of",
    "is_same",
    "is_usable",
    "rational_map",
    "root_of_form",
    "rotation",
]

_BITS = (12, 24, 48)  # of an entry of a map, relative to the largest in its row: what is enough
_ROUNDING = 0.01  # the largest change of a map by that
_SAME = 0.03  # maps that differ by less (after scaling of columns) are not tried twice
_WORST_CONDITION = 1e8


def root_of_form(hessian: Array) -> Array:
    """``T`` with ``T' hessian T = I``."""
    return np.asarray(np.linalg.inv(np.linalg.cholesky(hessian)).T, dtype=np.float64)


def form_of(root: Array) -> Array:
    """The matrix ``A`` with ``root' A root = I``."""
    return np.asarray(np.linalg.inv(root @ root.T), dtype=np.float64)


def rotation(hessian: Array) -> Array:
    """The eigenvectors as columns."""
    vectors: Array = np.linalg.eigh(hessian)[1]
    return vectors


def diagonalising(hessians: Sequence[Array]) -> Iterator[Array]:
    """What diagonalises both of two forms, if one is convex; then a rotation for the first."""
    if len(hessians) == 2:
        metric, other = hessians if is_convex(hessians[0]) else hessians[::-1]
        if is_convex(metric):
            root = root_of_form(metric / np.linalg.eigvalsh(metric).mean())
            yield root @ rotation(root.T @ other @ root)
    for hessian in hessians[:1]:
        yield rotation(hessian)


def is_usable(matrix: Array) -> bool:
    """Whether it is finite and well-conditioned."""
    return bool(np.isfinite(matrix).all() and np.linalg.cond(matrix) < _WORST_CONDITION)


def is_same(a: Array, b: Array) -> bool:
    """Whether the maps agree up to order, sign and scale of the new variables."""
    change = np.abs(np.linalg.solve(a, b))
    large = change > _SAME * change.max(axis=0)
    return bool((large.sum(axis=0) == 1).all() and (large.sum(axis=1) == 1).all())


def rational_map(
    obligation: Obligation, mixed: Sequence[str], matrix: Array, *, exact: bool = False
) -> Coordinates:
    """The map with rational entries of few digits; variables that are not ``mixed`` stay.

    ``matrix`` is in units of half the interval of each variable; ``exact`` asks for all digits
    that there are.
    """
    names, ends = list(obligation.box), obligation.box
    radius = np.array([(float(ends[x][1]) - float(ends[x][0])) / 2 for x in mixed])
    signs = np.sign(matrix[np.abs(matrix).argmax(axis=0), np.arange(len(matrix))])
    scaled = radius[:, None] * matrix * signs
    for bits in _BITS[-1:] if exact else _BITS:
        found = [_short(row, bits) for row in scaled]
        change = np.linalg.solve(scaled, np.array([near for near, _ in found])) - np.eye(
            len(scaled)
        )
        if np.abs(change).max() < _ROUNDING:
            break
    zero, one = Fraction(0), Fraction(1)
    rows = []
    for i, x in enumerate(names):
        if x in mixed:
            entry = dict(zip(mixed, found[mixed.index(x)][1], strict=True))
            rows.append(tuple(entry.get(y, zero) for y in names))
        else:
            rows.append(tuple(one if i == j else zero for j in range(len(names))))
    centre = (sum(ends[x], start=zero) / 2 if x in mixed else zero for x in names)
    return Coordinates(tuple(centre), tuple(rows))


def _short(row: Array, bits: int) -> tuple[Array, list[Fraction]]:
    """The entries as multiples of one power of two, ``bits`` below the largest."""
    unit = int(np.floor(np.log2(np.abs(row).max()))) + 1 - bits
    whole = np.rint(np.ldexp(row, -unit))
    up, down = 1 << max(unit, 0), 1 << max(-unit, 0)
    return np.ldexp(whole, unit), [Fraction(int(v) * up, down) for v in whole]
