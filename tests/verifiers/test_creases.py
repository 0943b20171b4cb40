"""Axes along creases: found where V bends on planes through the centre, and only there."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from certify.expression import Node, absolute, affine, const, relu, stack, tanh, var
from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.language import index
from certify.proofs.checker.obligations import All, Any, Atom, Obligation
from certify.verifiers.coordinates import candidates
from certify.verifiers.creases import along_creases
from certify.verifiers.curvature import Frame
from certify.verifiers.search import ObligationSearch

NAMES = ("x", "y", "z")


def forms(rows: np.ndarray) -> list[Node]:
    names = [var(x) for x in NAMES[: rows.shape[1]]]
    pairs = [zip(row.tolist(), names, strict=True) for row in rows]
    return [sum((const(a) * x for a, x in pair), const(0)) for pair in pairs]


def norm(rows: np.ndarray) -> Node:
    return sum((absolute(f) for f in forms(rows)), const(0))


def descent(v: Node, falling: Node, names: Sequence[str], half: Fraction) -> Obligation:
    box = dict.fromkeys(names, (-half, half))
    body = All((Atom("defined", v), Atom(">", falling)))
    return Obligation("descent", "", box, Any((Atom(">", v - const(1)), body)))


def axes(map_: Coordinates) -> np.ndarray:
    """The normals of the halving planes, of length 1."""
    back = np.linalg.inv(np.array(map_.matrix, dtype=float))
    return back / np.linalg.norm(back, axis=1)[:, None]


@pytest.mark.parametrize("seed", range(3))
def test_creases_become_axes(seed):
    rows = np.random.default_rng(seed).normal(size=(3, 3))
    v = norm(rows) + absolute(tanh(var("x")) + relu(var("y")))
    first, last = candidates(descent(v, v, NAMES, Fraction(1)))
    assert last is None
    expected = rows / np.linalg.norm(rows, axis=1)[:, None]
    assert np.abs((axes(first) * expected).sum(axis=1)) == pytest.approx(1.0, abs=1e-12)


def test_components_of_a_vector_have_creases():
    rows = np.array([[1.0, 0.25], [-0.5, 1.0]])
    exact = tuple(tuple(Fraction(float(a)) for a in row) for row in rows)
    layer = absolute(affine(exact, (Fraction(0), Fraction(0)), stack([var("x"), var("y")])))
    v = index(layer, 0) + index(layer, 1)
    first, _ = candidates(descent(v, v, NAMES[:2], Fraction(1)))
    assert np.abs((axes(first) * rows).sum(axis=1)) == pytest.approx(np.linalg.norm(rows, axis=1))


@pytest.mark.parametrize(
    "v",
    [
        norm(np.array([[1.0, 2.0], [2.0, 4.0]])),  # one plane twice
        absolute(var("x") + const(0.1)) + absolute(var("y")),  # not through the centre
        absolute(var("x") ** 2 + var("y")) + absolute(var("y")),  # not a plane
    ],
)
def test_other_functions_have_none(v):
    o = descent(v, v, NAMES[:2], Fraction(1))
    assert along_creases(v - const(1), Frame(o, list(o.box))) is None


def test_they_save_boxes_where_creases_meet():
    """A function of creases that barely decreases on a line where two of them meet."""
    rows = np.array([[1.0, 0.5, 0.3], [-0.4, 1.0, 0.2], [0.1, -0.3, 1.0]])
    a, b, c = (absolute(f) for f in forms(rows))
    falling = const(Fraction(1, 10000)) + a + b + c - absolute(forms(rows)[2] + a - b)
    o = descent(a + b + c, falling, NAMES, Fraction(1))
    first, last = (ObligationSearch(o, k, (0, 1)) for k in candidates(o))
    boxes = []
    for search in (first, last):
        boxes.append(search.grow(20_000).boxes)
    assert not first.is_open
    assert boxes[0] < boxes[1] / 4
