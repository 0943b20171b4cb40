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

from collections.abc import Iterator
from contextlib import suppress
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
from certify.verifiers.maps import (
    diagonalising,
    form_of,
    is_same,
    is_usable,
    rational_map,
    root_of_form,
    rotation,
)

__all__ = ["candidates", "mixed_variables", "promising", "starting_fits", "usable"]

Array: TypeAlias = npt.NDArray[np.float64]

_SAMPLES = 3  # for each coefficient of a fit
_MOST_VARIABLES = 20
_NARROW = 0.3  # of the radius of the level set
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
    mixed = mixed_variables(obligation)
    if 2 <= len(mixed) <= _MOST_VARIABLES:
        frame, tried = Frame(obligation, mixed), [np.eye(len(mixed))]
        guard = _guard(obligation.formula)
        creased = None if guard is None else along_creases(guard, frame.fresh())
        if (
            creased is not None
            and not is_same(creased, tried[0])  # limits are attained exactly along straight axes
            and is_usable(creased)
        ):
            # no quadratic fits such a function; axes that are nearly right are across the creases
            yield rational_map(obligation, mixed, creased, exact=True)
            yield None
            return
        maps = _maps(obligation, frame)
        while (matrix := usable(maps)) is not None:
            if not any(is_same(matrix, k) for k in tried):
                tried.append(matrix)
                yield rational_map(obligation, mixed, matrix)
    yield None


def usable(maps: Iterator[Array]) -> Array | None:
    """The next well-conditioned one; none after one that cannot be computed."""
    with np.errstate(all="ignore"), suppress(np.linalg.LinAlgError):
        for matrix in maps:
            if is_usable(matrix):
                return matrix
    return None


def _guard(formula: Formula) -> Node | None:
    """``e`` of a formula ``e > 0 or ...``."""
    first = formula.parts[0] if isinstance(formula, Any) and formula.parts else None
    return first.node if isinstance(first, Atom) and first.relation == ">" else None


def mixed_variables(obligation: Obligation) -> list[str]:
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
        v = fitted(frame, points, frame.value(guard, points))[0]
        region = None if v is None else _level_set(frame, guard, v)
        if region is not None:
            yield from _in_level_set(All(formula.parts[1:]), frame, *region)
            return
        if v is not None and v.is_convex():  # the guard seems to hold on the whole box
            yield rotation(v.hessian)
            return
    yield from _in_box(formula, frame)


def _level_set(frame: Frame, guard: Node, v: Quadratic) -> tuple[Array, Array] | None:
    """Centre and root ``T`` with ``{guard <= 0}`` about ``{centre + T s: |s| <= 1}``."""
    if v.is_convex() and v.residual < 1e-6:
        centre, depth = v.lowest()
        return (centre, root_of_form(v.hessian / (-2 * depth))) if depth < 0 else None
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
        yield rotation(form_of(root))
        return
    node, curved, _ = ranked[0]
    fit = fitted(frame, narrow[1], values[[nodes.index(node)], count:])[0]
    if not curved:
        slope = np.zeros(len(root)) if fit is None else fit.slope
        yield root @ rotation(slope[:, None] * slope)  # one variable decides it
        yield rotation(form_of(root))
        return
    hessian = local_hessian(frame, node, centre, root)
    if hessian is not None:
        yield root @ rotation(hessian)
    if fit is not None:
        yield root @ rotation(fit.hessian)


def _in_box(formula: Formula, frame: Frame) -> Iterator[Array]:
    """Two conditions at once, then the harder one alone by a rotation.

    Along rays that is where they start: the map then suits every radius.
    """
    yield from diagonalising([fit.hessian for fit in _hardest(formula, frame)])


def starting_fits(ray: Obligation) -> list[Quadratic]:
    """What the conditions of ``ray`` are, as functions of its directions, where it starts.

    Two at most, those of the first map of :func:`promising`.
    """
    mixed = mixed_variables(ray)
    with np.errstate(all="ignore"), suppress(np.linalg.LinAlgError):
        return _hardest(ray.formula, Frame(ray, mixed)) if len(mixed) <= _MOST_VARIABLES else []
    return []


def _hardest(formula: Formula, frame: Frame) -> list[Quadratic]:
    """Fits of the two curved conditions that are hardest, or of fewer."""
    nodes = _conditions(formula)
    if not nodes:
        return []
    points = frame.uniform(_SAMPLES * frame.coefficients())
    for k, name in enumerate(frame.names):
        if name.startswith("_") and not name.startswith(_DIRECTION):
            points[:, k] = _START * (points[:, k] + 1) - 1
    known = dict(zip(nodes, frame.values(nodes, points), strict=True))
    return [fit for _, curved, fit in critical(formula, frame, known, points) if curved][:2]


def _conditions(formula: Formula) -> list[Node]:
    return list(dict.fromkeys(a.node for a in atoms(formula) if a.relation != "defined"))
