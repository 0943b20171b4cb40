"""Sums of weighted values and products as one operation, against exact rational arithmetic."""

from __future__ import annotations

import random
from fractions import Fraction as Q
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.proofs.checker.language import Node, const, relu, sin, stack, topological, var
from certify.proofs.checker.models import Block
from certify.proofs.checker.symbols import allocate

NAMES = ("x", "y", "z")
X, Y, Z = map(var, NAMES)
SEEDS = st.integers(0, 2**32)
FEW = settings(max_examples=80, deadline=None, derandomize=True, database=None)


def weighted(rng: random.Random) -> Node:
    """A sum of weighted variables, squares and products at scales that may cancel out."""

    def number() -> Node:
        return const(Q(rng.randint(-99, 99), rng.choice([1, 4, 7, 10])) * Q(10) ** scale())

    def scale() -> int:
        return rng.choice([0, 0, 0, 1, -3, rng.randint(-310, 300)])

    def factor() -> Node:
        parts = [number() * rng.choice([X, Y, Z]) for _ in range(rng.randint(1, 3))]
        return sum(parts[1:], parts[0]) - number()

    total = number() * rng.choice([X, Y, Z])
    for _ in range(rng.randint(1, 6)):
        part = rng.choice([factor, lambda: factor() ** 2, lambda: factor() * factor(), number])()
        total = rng.choice([total + part, total - number() * part, -total - part])
    return total


def exact_value(e: Node, point: dict[str, Q]) -> Q:
    known: dict[Node, Q] = {}
    for node in topological([e]):
        a = [known[x] for x in node.args]
        if node.op == "const":
            known[node] = node.value
        elif node.op == "var":
            known[node] = point[str(node.data)]
        else:
            known[node] = {
                "add": lambda a=a: a[0] + a[1],
                "sub": lambda a=a: a[0] - a[1],
                "neg": lambda a=a: -a[0],
                "mul": lambda a=a: a[0] * a[1],
                "pow": lambda a=a: a[0] ** 2,
            }[node.op]()
    return known[e]


@FEW
@given(SEEDS)
def test_models_of_sums_enclose_exact_values(seed: int) -> None:
    rng = random.Random(seed)
    e = weighted(rng)
    roles = allocate([e])
    middle = [rng.uniform(-2, 2) * 10.0 ** rng.choice([0, 0, -150, 100]) for _ in NAMES]
    radius = [abs(m) * rng.choice([0.0, 1e-9, 0.3, 2.0]) for m in middle]
    low, high = (
        np.array([[m + s * r] for m, r in zip(middle, radius, strict=True)]) for s in (-1, 1)
    )
    for degree in (0, 1, 2):
        block = Block(NAMES, low, high, degree, roles)
        model = block.model(e)
        ends = model.range
        if not ends.is_finite().all():
            continue
        layout = model.layout
        corners = [
            sorted({Q(a), Q(b), (Q(a) + Q(b)) / 2})
            for a, b in zip(low[:, 0], high[:, 0], strict=True)
        ]
        variables = [block.model(v) for v in (X, Y, Z)]
        for point in product(*corners):
            v = exact_value(e, dict(zip(NAMES, point, strict=True)))
            assert Q(ends.low[0, 0]) <= v <= Q(ends.high[0, 0])
            if not degree:
                continue
            d = []
            for i, (t, m) in enumerate(zip(point, variables, strict=True)):
                c, r = Q(m.p[0, 0, 0]), Q(m.p[0, 1 + i, 0])
                d.append((t - c) / r if r else Q(0))
            rest = v - Q(model.p[0, 0, 0])
            z = d[: layout.variables]
            rest -= sum(Q(g) * t for g, t in zip(model.p[0, layout.linear, 0], z, strict=True))
            if layout.quadratic:
                pairs = [z[i] * z[j] for i in range(len(z)) for j in range(i, len(z))]
                rest -= sum(
                    Q(h) * t for h, t in zip(model.p[0, layout.squares, 0], pairs, strict=True)
                )
            assert abs(rest) <= Q(model.e[0, 0])


def test_a_quadratic_form_is_one_operation_that_reads_its_factors() -> None:
    v = 3 * X**2 + const(Q(1, 7)) * X * Y - 2 * (Y * Z) + Z - 5
    form = allocate([v]).sums[v]
    assert set(form.args) == {X, Y, Z, const(Q(1, 7)) * X}
    assert form.terms == (Z,)
    assert form.squares == (X,)
    assert form.weight[:, 0, 0].tolist() == [1.0, 3.0, 1.0, -2.0]
    assert form.middle.tolist() == [[-5.0]]
    assert form.bias[:, 0, 0].tolist() == [-5.0, 5.0]  # the ends, the upper one negated


def test_what_others_read_is_not_taken_in() -> None:
    inner = X + 2 * Y
    square = (X - Y) ** 2
    first, second = inner + square, sin(inner) + sin(square)
    roles = allocate([first, second])
    assert square not in roles.last
    assert first not in roles.sums
    assert inner in roles.sums
    alone = allocate([first])
    assert set(alone.sums[first].args) == {X, Y, X - Y}


def test_equal_parts_of_a_sum_become_one() -> None:
    r = relu(X)
    e = (r + 2 * Y) - (const(Q(1, 2)) * Y + r)
    assert allocate([e]).sums[e].terms == (r, Y)
    assert allocate([e]).sums[e].weight[:, 0, 0].tolist() == [0.0, 1.5]


def test_vectors_have_a_weight_for_each_component() -> None:
    v = stack([X, Y])
    e = stack([const(2), const(Q(1, 3))]) * relu(v) - v - stack([const(1), const(0)])
    form = allocate([e[0] * e[1]]).sums[e]
    assert form.weight.shape == (2, 2, 1)
    assert form.weight[:, :, 0].tolist() == [[-1.0, -1.0], [2.0, 1 / 3]]
    assert form.error[1, 0, 0] == 0 < form.error[1, 1, 0]


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_limits_are_attained_where_nothing_is_rounded(degree: int) -> None:
    e = const(Q(3, 4)) - (X - Y) - Y * 3
    block = Block(
        ("x", "y"), np.array([[-1.0], [0.0]]), np.array([[0.5], [0.0]]), degree, allocate([e])
    )
    assert block.range(e).low[0] == 0.25
    product_with_zero = const(Q(1, 3)) * relu(X) + const(Q(1, 7)) * relu(Y)
    roles = allocate([product_with_zero])
    block = Block(("x", "y"), np.array([[-1.0], [-1.0]]), np.ones((2, 1)), degree, roles)
    assert block.range(product_with_zero).low[0] == 0


def test_a_square_that_underflows_is_not_lost_before_a_large_weight() -> None:
    # (1e-200 x)^2 1e300 + ... is 1e-100 x^2, though its factors' square is no binary64
    small = const(Q(1, 10**200)) * X
    e = const(Q(10) ** 300) * small**2 - const(Q(1, 10**100))
    for degree in (0, 1, 2):
        ends = Block(("x",), np.array([[1.0]]), np.array([[1.0]]), degree, allocate([e])).range(e)
        assert ends.low[0] <= 0 <= ends.high[0]
    large = const(Q(10) ** 300) * Y
    e = const(Q(1, 10**200)) * ((const(Q(1, 10**180)) * X) * large) - Y * Q(1, 10**90)
    ones = np.ones((2, 1))
    for degree in (1, 2):
        ends = Block(("x", "y"), ones, ones, degree, allocate([e])).range(e)
        exact = exact_value(e, {"x": Q(1), "y": Q(1)})
        assert Q(ends.low[0]) <= exact <= Q(ends.high[0])
