"""Root coordinates of a search: linear maps after which quadratic models are nearly separable.

A model of degree 2 is bounded one variable at a time, and every term ``h_ij d_i d_j`` is
charged to the diagonal.  So a search needs few boxes where the Hessian of the condition that
is hard to prove (the decrease of V) is nearly diagonal, while the guard ``V > level`` is a sum
of squares.  With the Hessians ``P`` of V and ``D`` of the decrease, ``P = L L'`` and the
eigenvectors ``Q`` of ``L^-1 D L^-T``, the map ``v = centre + L^-T Q w`` diagonalises both.
A ``V`` with creases along all axes of some coordinates is searched in those
(:mod:`certify.verifiers.creases`).

Nothing here is evidence: a proof may use any invertible map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.expression import Node, variables
from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.obligations import All, Any, Atom, Formula, Obligation, atoms
from certify.proofs.checker.stability import is_ray
from certify.verifiers.creases import along_creases
from certify.verifiers.critical import critical
from certify.verifiers.curvature import Frame, Quadratic, fitted, local_hessian

__all__ = ["candidates", "promising"]

Array: TypeAlias = npt.NDArray[np.float64]

_SAMPLES = 3  # for each coefficient of a fit
_MOST_VARIABLES = 20
_BITS = (12, 24, 48)  # of an entry of a map, relative to the largest in its row: what is enough
_ROUNDING = 0.01  # the largest change of a map by that
_SAME = 0.03  # maps that differ by less (after scaling of columns) are not tried twice
_NARROW = 0.3  # of the radius of the level set
_WORST_CONDITION = 1e8
_DIRECTION = "_d_"  # begins the names of directions in obligations along rays
_START = 1e-3  # of the radius of the rays


def candidates(obligation: Obligation) -> list[Coordinates | None]:
    """All of :func:`promising`."""
    return list(promising(obligation))


def promising(obligation: Obligation) -> Iterator[Coordinates | None]:
    """Maps worth trying for the root of ``obligation``, the most promising first.

    None stands for the coordinates as they are and is always the last.  Deterministic; a
    function that is undefined, flat or not curved where it is sampled gives fewer candidates.
    Parameters, disturbances, fixed variables and the radius of a ray are never mixed, and a
    variable whose row is that of the identity keeps its name and interval.
    """
    mixed = _mixed(obligation)
    if 2 <= len(mixed) <= _MOST_VARIABLES:
        frame, tried = Frame(obligation, mixed), [np.eye(len(mixed))]
        guard = _guard(obligation.formula)
        creased = None if guard is None else along_creases(guard, Frame(obligation, mixed))
        if (
            creased is not None
            and not _is_same(creased, tried[0])  # limits are attained exactly along straight axes
            and np.linalg.cond(creased) < _WORST_CONDITION
        ):
            # no quadratic fits such a function; axes that are nearly right are across the creases
            yield _coordinates(obligation, frame, creased, _BITS[-1:])
            yield None
            return
        maps = _maps(obligation, frame)
        while (matrix := _next_usable(maps)) is not None:
            if not any(_is_same(matrix, k) for k in tried):
                tried.append(matrix)
                yield _coordinates(obligation, frame, matrix)
    yield None


def _next_usable(maps: Iterator[Array]) -> Array | None:
    """The next well-conditioned one; none after one that cannot be computed."""
    with np.errstate(all="ignore"), suppress(np.linalg.LinAlgError):
        for matrix in maps:
            if np.isfinite(matrix).all() and np.linalg.cond(matrix) < _WORST_CONDITION:
                return matrix
    return None


def _guard(formula: Formula) -> Node | None:
    """``e`` of a formula ``e > 0 or ...``."""
    first = formula.parts[0] if isinstance(formula, Any) and formula.parts else None
    return first.node if isinstance(first, Atom) and first.relation == ">" else None


def _mixed(obligation: Obligation) -> list[str]:
    """The variables that a map may mix: those of the guard, or the directions of a ray."""
    guard = _guard(obligation.formula)
    if is_ray(obligation):
        names = {x for x in obligation.box if x.startswith(_DIRECTION)}
    elif guard is not None:
        names = set(variables([guard]))
    else:
        names = set(variables([a.node for a in atoms(obligation.formula)]))
    return [x for x, (low, high) in obligation.box.items() if x in names and low < high]


def _maps(obligation: Obligation, frame: Frame) -> Iterator[Array]:
    """Matrices from w to the mixed variables of the frame."""
    formula, guard = obligation.formula, _guard(obligation.formula)
    if guard is not None:
        assert isinstance(formula, Any)
        points = frame.uniform(_SAMPLES * frame.coefficients())
        v = fitted(frame, points, frame.values([guard], points))[0]
        region = None if v is None else _level_set(frame, guard, v)
        if region is not None:
            yield from _in_level_set(All(formula.parts[1:]), frame, *region)
            return
        if v is not None and v.is_convex():  # the guard seems to hold on the whole box
            yield _rotation(v.hessian)
            return
    yield from _in_box(formula, frame)


def _level_set(frame: Frame, guard: Node, v: Quadratic) -> tuple[Array, Array] | None:
    """Centre and root ``T`` with ``{guard <= 0}`` about ``{centre + T s: |s| <= 1}``."""
    if v.is_convex() and v.residual < 1e-6:
        centre, depth = v.lowest()
        return (centre, _root(v.hessian / (-2 * depth))) if depth < 0 else None
    return frame.level_set(guard)


def _in_level_set(body: Formula, frame: Frame, centre: Array, root: Array) -> Iterator[Array]:
    """The guard and the hardest condition behind it, diagonalised at once."""
    count = _SAMPLES * frame.coefficients()
    wide, narrow = (frame.in_ball(count, centre, root, size) for size in (1.0, _NARROW))
    nodes = _conditions(body)
    if not nodes:
        return
    values = frame.values(nodes, np.vstack([wide[0], narrow[0]]))
    known = dict(zip(nodes, values[:, :count], strict=True))
    ranked = critical(body, frame, known, wide[1])
    if not ranked:
        yield _rotation(_form(root))
        return
    node, curved, _ = ranked[0]
    fit = fitted(frame, narrow[1], values[[nodes.index(node)], count:])[0]
    if not curved:
        slope = np.zeros(len(root)) if fit is None else fit.slope
        yield root @ _rotation(slope[:, None] * slope)  # one variable decides it
        yield _rotation(_form(root))
        return
    hessian = local_hessian(frame, node, centre, root)
    if hessian is not None:
        yield root @ _rotation(hessian)
    if fit is not None:
        yield root @ _rotation(fit.hessian)


def _in_box(formula: Formula, frame: Frame) -> Iterator[Array]:
    """Two conditions at once, then the harder one alone by a rotation.

    Along rays that is where they start: the map then suits every radius.
    """
    points = frame.uniform(_SAMPLES * frame.coefficients())
    for k, name in enumerate(frame.names):
        if name.startswith("_") and not name.startswith(_DIRECTION):
            points[:, k] = _START * (points[:, k] + 1) - 1
    nodes = _conditions(formula)
    if not nodes:
        return
    known = dict(zip(nodes, frame.values(nodes, points), strict=True))
    ranked = critical(formula, frame, known, points)
    good = [fit for _, curved, fit in ranked if curved][:2]
    if len(good) == 2:
        metric, other = good if good[0].is_convex() else good[::-1]
        if metric.is_convex():
            root = _root(metric.hessian / np.linalg.eigvalsh(metric.hessian).mean())
            yield root @ _rotation(root.T @ other.hessian @ root)
    for fit in good[:1]:
        yield _rotation(fit.hessian)


def _conditions(formula: Formula) -> list[Node]:
    return list(dict.fromkeys(a.node for a in atoms(formula) if a.relation != "defined"))


def _root(hessian: Array) -> Array:
    """``T`` with ``T' hessian T = I``."""
    return np.asarray(np.linalg.inv(np.linalg.cholesky(hessian)).T, dtype=np.float64)


def _form(root: Array) -> Array:
    """The matrix ``A`` with ``root' A root = I``."""
    return np.asarray(np.linalg.inv(root @ root.T), dtype=np.float64)


def _rotation(hessian: Array) -> Array:
    """The eigenvectors as columns."""
    vectors: Array = np.linalg.eigh(hessian)[1]
    return vectors


def _is_same(a: Array, b: Array) -> bool:
    """Whether the maps agree up to order, sign and scale of the new variables."""
    change = np.abs(np.linalg.solve(a, b))
    large = change > _SAME * change.max(axis=0)
    return bool((large.sum(axis=0) == 1).all() and (large.sum(axis=1) == 1).all())


def _coordinates(
    obligation: Obligation, frame: Frame, matrix: Array, precisions: Sequence[int] = _BITS
) -> Coordinates:
    """The map with rational entries of few digits; variables that are not mixed stay."""
    names, mixed = list(obligation.box), frame.names[: frame.mixed]
    signs = np.sign(matrix[np.abs(matrix).argmax(axis=0), np.arange(len(matrix))])
    scaled = frame.radius[: frame.mixed, None] * matrix * signs
    for bits in precisions:
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
    ends = obligation.box
    centre = (sum(ends[x], start=zero) / 2 if x in mixed else zero for x in names)
    return Coordinates(tuple(centre), tuple(rows))


def _short(row: Array, bits: int) -> tuple[Array, list[Fraction]]:
    """The entries as multiples of one power of two, ``bits`` below the largest."""
    unit = int(np.floor(np.log2(np.abs(row).max()))) + 1 - bits
    whole = np.rint(np.ldexp(row, -unit))
    up, down = 1 << max(unit, 0), 1 << max(-unit, 0)
    return np.ldexp(whole, unit), [Fraction(int(v) * up, down) for v in whole]
