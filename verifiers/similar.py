"""Maps for one obligation after another, from what was found for similar ones before.

The rays to opposite faces of the cube about an equilibrium are nearly mirror images.  The rays to
all its faces start from the same functions: ``V`` and its decrease are about ``r**2 q(s)`` with
quadratic forms ``q``, where ``r s`` is the distance from the equilibrium, and on a face one
coordinate of ``s`` is 1 or -1.  So ``q`` is known from one face, and the curvature on another one
is the part of its matrix that belongs to the other coordinates.  Nothing here is evidence.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.stability import is_ray
from certify.verifiers.coordinates import mixed_variables, starting_fits, usable
from certify.verifiers.curvature import Array, Quadratic
from certify.verifiers.maps import diagonalising, is_same, rational_map
from certify.verifiers.search import ObligationSearch

__all__ = ["Similar"]


class Similar:
    """The maps of the searches planned so far, and what is known from the rays to one face."""

    def __init__(self) -> None:
        self._maps: dict[object, Coordinates | None] = {}
        self._forms: tuple[tuple[str, ...], list[Array]] | None = None

    def add(self, search: ObligationSearch) -> None:
        """Remember the map of ``search``."""
        self._maps[_shape(search.obligation)] = search.coordinates

    def maps(self, obligation: Obligation) -> Iterator[Coordinates | None]:
        """What to try, in this order; None for the axes as they are, which is always there."""
        last = self._maps.get(_shape(obligation))
        ray = is_ray(obligation)
        if ray and last is not None:  # of the opposite face
            yield last
        yield None
        if last is not None and not ray:
            yield last
        facing = self._facing(obligation) if ray and last is None else None
        if facing is not None:
            yield facing

    def _facing(self, ray: Obligation) -> Coordinates | None:
        """What the rays to the first face for which this is asked say of this one."""
        mixed = mixed_variables(ray)
        if len(mixed) < 2:
            return None
        if self._forms is None:
            self._forms = ((_own(ray), *mixed), _forms(ray))
        names, forms = self._forms
        rows = [names.index(x) for x in mixed]
        matrix = usable(diagonalising([form[np.ix_(rows, rows)] for form in forms]))
        if matrix is None or is_same(matrix, np.eye(len(mixed))):
            return None
        return rational_map(ray, mixed, matrix)


def _shape(obligation: Obligation) -> object:
    return tuple((x, low == high) for x, (low, high) in obligation.box.items())


def _own(ray: Obligation) -> str:
    """The direction that is 1 or -1 on the face, as it is called on other faces."""
    return f"_d_{ray.name.removeprefix('ray/')[:-1]}"


def _forms(ray: Obligation) -> list[Array]:
    """Matrices over the direction of the face and the mixed ones."""
    sign = 1.0 if ray.name.endswith("+") else -1.0
    return [_whole(fit, sign) for fit in starting_fits(ray)]


def _whole(fit: Quadratic, sign: float) -> Array:
    slope = sign * fit.slope
    rows = [[np.array([[2 * fit.constant]]), slope[None]], [slope[:, None], fit.hessian]]
    return np.asarray(np.block(rows), dtype=np.float64)
