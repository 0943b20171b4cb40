"""The engine in Python: what a box becomes depends on the box and not on its company."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from certify.expression import Node, absolute, affine, relu, sin, stack, var
from certify.proofs.checker.obligations import Any, Atom, Obligation
from certify.verifiers.points import Array
from certify.verifiers.python_engine import PythonEngine
from certify.verifiers.trees import OPEN, grafted, pieces

X, Y = var("x"), var("y")
ROOT = bytes([OPEN])
HIDDEN = relu(affine([[1, 2], [-2, 1], [3, -1]], [0, Fraction(1, 3), -1], stack([X, Y])))
# symmetric, so that many choices are ties
BOUND = Fraction(6, 5) - sin(7 * X) * sin(7 * Y) - X * Y / 3 + (HIDDEN[0] - HIDDEN[1]) / 200


def engine(node: Node) -> tuple[PythonEngine, Array, Array]:
    box = {x: (Fraction(-1), Fraction(1)) for x in ("x", "y")}
    formula = Any((Atom(">", X + Y - 3), Atom(">", node)))
    low, high = np.full(2, -1.0), np.full(2, 1.0)
    return PythonEngine(Obligation("test", "a test", box, formula)), low, high


@pytest.mark.parametrize("steps", [1, 3, 7, 64])
def test_a_tree_is_the_same_in_slices_and_in_pieces(steps: int) -> None:
    grower, low, high = engine(BOUND)
    whole = grower.grow(low, high, ROOT, 10_000, (1, 2), np.inf)
    assert whole.open == 0
    assert whole.closed == 1
    assert len(whole.tree) == whole.boxes > 20
    tree, boxes = ROOT, 0
    while OPEN in tree and boxes < 12:
        growth = grower.grow(low, high, tree, steps, (1, 2), np.inf)
        tree, boxes = growth.tree, boxes + growth.boxes
        assert growth.open == tree.count(bytes([OPEN]))
    parts = pieces(tree, low, high)
    grown = {p.position: grower.grow(p.low, p.high, ROOT, 9999, (1, 2), np.inf) for p in parts}
    assert grafted(tree, {k: growth.tree for k, growth in grown.items()}) == whole.tree
    assert boxes + sum(growth.boxes for growth in grown.values()) == whole.boxes


def test_a_narrow_part_splits_as_the_whole_would() -> None:
    """Relative widths are those of the root: the part alone has another shape."""
    flat, low, high = engine(X * 0 + Y * 0 - 1 + absolute(X + Y) * absolute(X - Y))
    part_low, part_high = np.array([0.0, 0.25]), np.array([1.0, 0.5])
    part = flat.grow(part_low, part_high, ROOT, 1, (0, 1), np.inf).tree
    tree = bytes([0, OPEN, 1, OPEN, 1, 1, OPEN, OPEN, OPEN])
    (position,) = (
        p.position for p in pieces(tree, low, high) if (p.low == part_low).all()
        and (p.high == part_high).all()
    )  # fmt: skip
    last = flat.grow(low, high, tree[: position + 1] + b"\x40" * 2, 1, (0, 1), np.inf).tree
    assert last[position] == part[0]


def test_a_box_that_cannot_be_split_stays() -> None:
    """|x| + |y| > 0 fails at the origin alone, which is the corner of every split there."""
    grower, _, _ = engine(absolute(X) + absolute(Y))
    tiny = np.nextafter(np.zeros(2), 1)
    stuck = grower.grow(-tiny, tiny, ROOT, 100, (0,), np.inf)
    while len(stuck.suspects) and not stuck.stuck:
        stuck = grower.grow(-tiny, tiny, stuck.tree, 100, (0,), np.inf)
    assert stuck.stuck
    assert stuck.open == stuck.tree.count(bytes([OPEN])) > 0
