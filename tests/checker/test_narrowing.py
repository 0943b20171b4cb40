"""Narrowing cuts off only what the condition itself proves, whatever its candidates are."""

from __future__ import annotations

import random
from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.expression.evaluate import evaluate
from certify.proofs.checker import narrowing
from certify.proofs.checker.language import Node, const, recip, relu, sin, var
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import All, Any, Atom, proved
from certify.proofs.checker.symbols import allocate

X, Y = var("x"), var("y")
_COUNT = 400


def condition(rng: random.Random) -> Node:
    """Curved upwards, downwards or not at all, with kinks and smooth parts."""
    a, b, c, d = (Q(rng.randint(-6, 6), 4) for _ in range(4))
    e = const(a) * X**2 + const(b) * Y**2 + const(c) * X * Y + const(d) * X - const(Q(1, 3))
    extra = rng.choice([const(0), relu(X - Y), sin(X + Y), Y, const(-1) * relu(Y)])
    return e + extra


def block_of(rng: random.Random, degree: int, *nodes: Node) -> Block:
    corner = np.array([[rng.uniform(-2, 1)], [rng.uniform(-2, 1)]])
    size = np.array([[rng.uniform(0, 2)], [rng.uniform(1e-9, 2)]])
    return Block(("x", "y"), corner, corner + size, degree, allocate(nodes))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0, 1, 2]))
def test_no_point_where_the_condition_is_false_is_cut_off(seed: int, degree: int) -> None:
    rng = random.Random(seed)
    first, second = condition(rng), condition(rng)
    block = block_of(rng, degree, first, second)
    narrow = block.narrowed([first, second])
    points = np.random.default_rng(seed).uniform(block.low[:, 0], block.high[:, 0], (_COUNT, 2)).T
    values = evaluate([first, second], dict(zip("xy", points, strict=True)))
    kept = (narrow.low <= points) & (points <= narrow.high)
    false = (np.array(values) <= 0).all(axis=0)
    assert kept.all(axis=0)[false].all()
    assert (block.low <= narrow.low).all()
    assert (narrow.high <= block.high).all()
    assert (narrow.low <= narrow.high).all()


@pytest.mark.parametrize("degree", [1, 2])
def test_a_disc_is_cut_to_its_square(degree: int) -> None:
    outside = X**2 + Y**2 - const(1)
    low, high = np.array([[0.0], [0.0]]), np.array([[4.0], [1.0]])
    block = Block(("x", "y"), low, high, degree, allocate([outside]))
    narrow = block.narrowed([outside])
    assert narrow.low.tolist() == [[0.0], [0.0]]
    assert 1 <= narrow.high[0, 0] < 1 + 1e-6
    assert narrow.high[1, 0] == 1
    assert block.narrowed([Y - const(3)]) is block  # nothing to cut


@pytest.mark.parametrize("candidate", [-1.0, -0.5, 0.0, 0.3, 1.0, np.nan, np.inf, -np.inf])
def test_candidates_are_not_believed(monkeypatch: pytest.MonkeyPatch, candidate: float) -> None:
    monkeypatch.setattr(narrowing.np, "clip", lambda u, low, high: np.full_like(u, candidate))
    outside = X**2 - const(1)
    low, high = np.array([[-2.0]]), np.array([[2.0]])
    narrow = Block(("x",), low, high, 2, allocate([outside])).narrowed([outside])
    assert narrow.low[0, 0] <= -1
    assert narrow.high[0, 0] >= 1


def test_what_may_be_undefined_cuts_nothing_off() -> None:
    outside = recip(X) + const(3)  # positive for x > 0, undefined at 0
    block = Block(("x",), np.array([[-1.0]]), np.array([[4.0]]), 1, allocate([outside]))
    assert block.narrowed([outside]) is block


def test_a_part_has_to_hold_only_where_the_guard_is_false() -> None:
    outside, inside = Atom(">", X**2 - const(1)), Atom(">=", const(Q(101, 100)) - X)
    block = Block(("x",), np.array([[0.0]]), np.array([[2.0]]), 1, allocate([outside.node]))
    assert not proved(Any((outside, inside)), block).any()  # an atom is decided as it is
    assert proved(Any((outside, All((inside,)))), block).all()
    assert not proved(Any((outside, All((Atom(">=", const(Q(99, 100)) - X),)))), block).any()
    assert not proved(Any((All((inside,)), outside)), block).any()  # the guard comes first
    undecided = Atom(">", recip(X - const(1)))
    assert not proved(Any((undecided, All((inside,)))), block).any()
