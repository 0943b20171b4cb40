"""Root coordinates: every point of the box is reached, and only maps that are one are taken."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from point_oracle import exact, value

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.coordinates import Coordinates, transformed
from certify.proofs.checker.errors import CheckerError, FormatError, Rejected
from certify.proofs.checker.format import Certificate, Proof, read_certificate, write_certificate
from certify.proofs.checker.kernel import check, check_certificate
from certify.proofs.checker.language import const, var
from certify.proofs.checker.obligations import Any, Atom, Obligation
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.proofs.checker.tree import root_box

SEEDS = st.integers(0, 2**32)
FEW = settings(max_examples=100, deadline=None, derandomize=True, database=None)
X, Y, Z = var("x"), var("y"), var("z")
TURN = Coordinates((Q(0), Q(0)), ((Q(1), Q(1)), (Q(1), Q(-1))))


def number(rng: random.Random) -> Q:
    return Q(rng.randint(-20, 20), rng.randint(1, 7))


def some_coordinates(rng: random.Random, size: int) -> Coordinates:
    rows = [[number(rng) if rng.random() < 0.7 else Q(0) for _ in range(size)] for _ in range(size)]
    for i in range(size):
        if rng.random() < 0.3:
            rows[i] = [Q(int(i == j)) for j in range(size)]
    return Coordinates(tuple(number(rng) for _ in range(size)), tuple(map(tuple, rows)))


@FEW
@given(SEEDS)
def test_every_point_of_the_box_is_reached_with_the_same_formula(seed: int) -> None:
    rng = random.Random(seed)
    box = {x: tuple(sorted((number(rng), number(rng)))) for x in "xyz"}
    e = X * Y - 3 * Z + X
    obligation = Obligation("o", "", box, Atom(">", e))
    coordinates = some_coordinates(rng, 3)
    try:
        slanted = transformed(obligation, coordinates)
    except Rejected:
        assert abs(np.linalg.det(np.array(coordinates.matrix, dtype=float))) < 1e-9
        return
    low, high = root_box(slanted)
    assert isinstance(slanted.formula, Any) or slanted.box == obligation.box
    for corner in range(10):
        ends = [rng.choice(box[x]) if corner < 8 else sum(box[x]) / 2 for x in "xyz"]
        w = solved(slanted, coordinates, ends)
        for i, x in enumerate(slanted.box):
            assert slanted.box[x][0] <= w[x] <= slanted.box[x][1]
            assert low[i] <= w[x] <= high[i]
        parts = slanted.formula.parts if isinstance(slanted.formula, Any) else [slanted.formula]
        *outside, inside = (value(a.node, w) for a in parts)
        assert all(v <= 1e-40 for v in outside)
        point = dict(zip("xyz", ends, strict=True))
        assert abs(inside - exact(point["x"] * point["y"] - 3 * point["z"] + point["x"])) < 1e-40


def solved(slanted: Obligation, coordinates: Coordinates, ends: list[Q]) -> dict[str, Q]:
    """The point of the tree's box that is mapped to ``ends``, by Cramer's rule."""
    n = len(ends)
    names = list(slanted.box)
    kept = [not x.startswith("_w_") for x in names]
    matrix = [list(row) for row in coordinates.matrix]
    offset = [
        ends[i]
        - coordinates.centre[i]
        + sum(matrix[i][j] * coordinates.centre[j] for j in range(n) if kept[j])
        for i in range(n)
    ]
    whole = determinant(matrix)
    result = {}
    for j in range(n):
        swapped = [[*row[:j], b, *row[j + 1 :]] for row, b in zip(matrix, offset, strict=True)]
        result[names[j]] = determinant(swapped) / whole
    return result


def determinant(m: list[list[Q]]) -> Q:
    if len(m) == 1:
        return m[0][0]
    minors = ([row[:j] + row[j + 1 :] for row in m[1:]] for j in range(len(m)))
    return sum((-1) ** j * m[0][j] * determinant(minor) for j, minor in enumerate(minors))


def test_a_variable_with_a_unit_row_stays_as_it_is() -> None:
    box = {"x": (Q(0), Q(1)), "y": (Q(2), Q(3)), "z": (Q(-1), Q(4))}
    obligation = Obligation("o", "", box, Atom(">", X + Y + Z))
    matrix = ((Q(1), Q(0), Q(0)), (Q(5), Q(2), Q(1)), (Q(0), Q(1), Q(-1)))
    slanted = transformed(obligation, Coordinates((Q(7), Q(0), Q(0)), matrix))
    assert list(slanted.box) == ["x", "_w_1", "_w_2"]
    assert slanted.box["x"] == box["x"]
    unit = tuple(tuple(Q(int(i == j)) for j in range(3)) for i in range(3))
    same = transformed(obligation, Coordinates((Q(7), Q(1), Q(2)), unit))
    assert same.box == box
    assert same.formula == obligation.formula


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"centre": ["0"]},
        {"centre": ["0"], "matrix": [["1"]], "more": 1},
        {"centre": ["0"], "matrix": "1"},
        {"centre": "0", "matrix": [["1"]]},
        {"centre": ["0"], "matrix": [["1"], ["1"]]},
        {"centre": ["0"], "matrix": [["1", "0"]]},
        {"centre": ["0", "0"], "matrix": [["1", "0"], ["1"]]},
        {"centre": ["0"], "matrix": [[1]]},
        {"centre": [0.5], "matrix": [["1"]]},
        {"centre": ["0"], "matrix": [["2/4"]]},
        {"centre": ["0"], "matrix": [["f" * 200 + "/3"]]},
    ],
)
def test_anything_else_is_refused(data: object) -> None:
    with pytest.raises(FormatError):
        Coordinates.from_json(data)


def test_coordinates_are_written_and_read() -> None:
    rng = random.Random(3)
    for size in (1, 2, 5):
        coordinates = some_coordinates(rng, size)
        assert Coordinates.from_json(coordinates.to_json()) == coordinates


def claim(upper: Q = Q(21, 10)) -> Claim:
    """``x + y``, which is between -2 and 2 on the square, is between -2.1 and ``upper``."""
    box = {"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1))}
    return Claim(
        theorem="T-OUT", name="sum", time="discrete", states=("x", "y"), parameters=(),
        disturbances=(), box=box, plant={}, controller={}, functions={"output": X + Y},
        numbers={"lower": Q(-21, 10), "upper": upper},
    )  # fmt: skip


def certificate(tree: bytes, chosen: dict[str, Coordinates], upper: Q = Q(21, 10)) -> Certificate:
    [wanted] = obligations(claim(upper), None)
    proof = Proof(None, {"output": tree}, {"output": wanted.digest()}, chosen)
    return Certificate(claim(upper), THEOREMS["T-OUT"].assumptions, "kernel", proof)


def test_a_tree_in_other_coordinates_is_checked_in_them() -> None:
    good = certificate(b"\x41", {"output": TURN})
    data = write_certificate(good)
    assert read_certificate(data) == good
    assert check(data).leaves == {"output": 1}
    # the box of w has corners outside of the square, where x + y is as large as 3
    wide = Coordinates((Q(0), Q(0)), ((Q(1), Q(1, 2)), (Q(0), Q(1))))
    with pytest.raises(Rejected):
        check_certificate(certificate(b"\x41", {"output": wide}))


def test_a_false_claim_is_not_proved_in_any_coordinates() -> None:
    rng = random.Random(8)
    for _ in range(40):
        chosen = some_coordinates(rng, 2)
        tree = rng.choice([b"\x42", b"\x00\x41\x42", b"\x00\x01\x41\x42\x01\x42\x40"])
        with pytest.raises(CheckerError):
            check(write_certificate(certificate(tree, {"output": chosen}, Q(199, 100))))


@pytest.mark.parametrize(
    "matrix",
    [
        ((Q(1), Q(1)), (Q(1), Q(1))),
        ((Q(0), Q(0)), (Q(0), Q(1))),
        ((Q(1), Q(2)), (Q(1, 2), Q(1))),
    ],
)
def test_a_singular_matrix_is_rejected(matrix: tuple[tuple[Q, ...], ...]) -> None:
    with pytest.raises(Rejected, match="singular"):
        check(write_certificate(certificate(b"\x40", {"output": Coordinates((Q(0),) * 2, matrix)})))


def test_coordinates_of_the_wrong_size_or_of_nothing_are_rejected() -> None:
    small = Coordinates((Q(0),), ((Q(1),),))
    with pytest.raises(FormatError):
        check_certificate(certificate(b"\x40", {"output": small}))
    good = certificate(b"\x40", {"output": TURN})
    other = replace(good, proof=replace(good.proof, coordinates={"other": TURN}))
    with pytest.raises(Rejected, match="another obligation"):
        check_certificate(other)


def test_names_of_the_coordinates_do_not_clash() -> None:
    box = {"_w_1": (Q(0), Q(1)), "y": (Q(0), Q(1))}
    obligation = Obligation("o", "", box, Atom(">", var("_w_1") + Y + const(1)))
    matrix = ((Q(1), Q(0)), (Q(1), Q(2)))
    with pytest.raises(Rejected, match="taken"):
        transformed(obligation, Coordinates((Q(0), Q(0)), matrix))
