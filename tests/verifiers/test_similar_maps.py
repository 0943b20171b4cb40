"""Maps of rays to one face of the cube about an equilibrium, from those to another."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from certify.expression import Node, relu, var
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.stability import is_ray
from certify.proofs.checker.theorems import obligations
from certify.verifiers.coordinates import promising
from certify.verifiers.maps import is_same
from certify.verifiers.search import ObligationSearch
from certify.verifiers.similar import Similar

NAMES = ("x", "y", "z")
X, Y, Z = (var(n) for n in NAMES)
FORM = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, -0.7], [0.5, -0.7, 1.5]])


def form(matrix: np.ndarray) -> Node:
    terms = [
        Fraction(float(matrix[i, j])) * a * b
        for i, a in enumerate((X, Y, Z))
        for j, b in enumerate((X, Y, Z))
    ]
    return sum(terms[1:], start=terms[0])


def rays_of(plant: dict[str, Node], v: Node) -> list[Obligation]:
    claim = Claim(
        theorem="T-STAB-D",
        name="rays",
        time="discrete",
        states=tuple(plant),
        parameters=(),
        disturbances=(),
        box={n: (Fraction(-1), Fraction(1)) for n in plant},
        plant=plant,
        controller={},
        functions={"lyapunov": v},
        numbers={"level": Fraction(1, 2), "decay": Fraction(1, 100)},
        equilibrium=dict.fromkeys(plant, Fraction(0)),
    )
    return [o for o in obligations(claim, Fraction(1, 64)) if is_ray(o)]


def rays(bend: Fraction = Fraction(0)) -> list[Obligation]:
    """Those of a stable loop in three states whose V mixes them."""
    half, turn = Fraction(1, 2), Fraction(1, 5)
    next_x = half * X + turn * Y + bend * relu(Z)
    next_z = half * Z + Fraction(1, 10) * X
    return rays_of({"x": next_x, "y": half * Y - turn * Z, "z": next_z}, form(FORM))


def mixed(search: ObligationSearch) -> np.ndarray:
    assert search.coordinates is not None
    return np.array(search.coordinates.matrix, dtype=float)[1:, 1:]


def test_what_one_face_shows_is_what_each_face_shows_by_itself() -> None:
    first, *others = rays()
    similar = Similar()
    assert list(similar.maps(first))[-1] == next(promising(first))
    for other in others[1:]:
        straight, found = similar.maps(other)
        assert straight is None
        assert found is not None
        own = next(promising(other))
        a, b = (mixed(ObligationSearch(other, c)) for c in (found, own))
        assert is_same(a, b)
        assert not is_same(a, np.eye(2))


def test_the_map_of_the_opposite_face_is_tried_before_the_axes() -> None:
    ahead, behind, other = rays()[:3]
    similar = Similar()
    found = ObligationSearch(ahead, next(promising(ahead)))
    similar.add(found)
    assert list(similar.maps(behind)) == [found.coordinates, None]
    assert next(similar.maps(other)) is None


@pytest.mark.parametrize("bend", [Fraction(0), Fraction(1, 7)])
def test_trees_along_maps_of_other_faces_are_as_small(bend: Fraction) -> None:
    similar = Similar()
    for ray in rays(bend):
        _, found = similar.maps(ray)
        sizes = []
        for map_ in (found, next(promising(ray))):
            search = ObligationSearch(ray, map_, (0, 1))
            search.grow(4000)
            assert not search.is_open
            sizes.append(search.leaves())
        assert sizes[0] <= 2 * sizes[1] + 8


def test_rays_in_one_direction_have_no_map() -> None:
    half = Fraction(1, 2)
    for ray in rays_of({"x": half * X, "y": half * Y}, X * X + X * Y + Y * Y):
        assert list(Similar().maps(ray)) == [None]
