"""The native engine bounds increments as the kernel does."""

from __future__ import annotations

import random
from fractions import Fraction as Q

import numpy as np
import pytest

from certify.proofs.checker.language import (
    Node,
    affine,
    const,
    increment,
    index,
    relu,
    sin,
    stack,
    var,
)
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import Atom
from certify.proofs.checker.symbols import allocate
from certify.verifiers import native
from certify.verifiers.graph import graph_of

X, Y = var("x"), var("y")
NAMES = ("relu", "abs", "tanh", "exp", "atan", "log", "sqrt", "pow", "sin", "cos", "recip")


def step(rng: random.Random, name: str) -> Node:
    power = rng.choice([2, 3, 4, 5]) if name == "pow" else 0
    s = rng.choice([X, X + Y / 2, X * Y, sin(X), X + 2, relu(X) - Y])
    d = rng.choice([Y, Y / 10, Y * Y, sin(Y) * X, X - Y, Y - Y, const(Q(1, 4))])
    if rng.random() < 0.4:
        return index(
            affine([[1, -1]], None, increment(name, power, stack([s, X]), stack([d, Y]))), 0
        )
    return increment(name, power, s, d) * rng.choice([const(1), X]) + rng.choice([const(0), Y])


@pytest.mark.parametrize("name", NAMES)
def test_increments_have_the_bounds_of_the_kernel(name: str) -> None:
    from certify.verifiers import _native

    assert native.available()
    rng = random.Random(name)
    for _ in range(8):
        root = step(rng, name)
        box = {x: (Q(-6), Q(6)) for x in ("x", "y")}
        problem = _native.Problem(graph_of(Atom(">", root), tuple(box)).arrays(), "plain", True)
        centre = np.array([[rng.uniform(-3, 3) for _ in range(11)] for _ in range(2)])
        width = np.array([[10 ** rng.uniform(-5, 0.3) for _ in range(11)] for _ in range(2)])
        low, high = centre - width, centre + width
        for degree in (0, 1, 2):
            wanted = Block(("x", "y"), low, high, degree, allocate([root])).range(root)
            least, largest, _ = problem.evaluate(low, high, degree, -1)
            size = 1 + np.maximum(np.abs(wanted.low), np.abs(wanted.high))
            np.testing.assert_allclose(least[:, 0] / size, wanted.low / size, atol=1e-9)
            np.testing.assert_allclose(largest[:, 0] / size, wanted.high / size, atol=1e-9)
