"""Differences are equal to the subtraction, defined where it is, and small when they should be."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from point_oracle import TooLargeError, components

from certify.expression.evaluate import evaluate
from certify.proofs.checker.calculus import directional, substitute
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.differences import difference, rewritten
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import (
    Node,
    absolute,
    affine,
    build,
    const,
    cos,
    exp,
    increment,
    index,
    log,
    maximum,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    tanh,
    topological,
    var,
)
from certify.proofs.checker.loops import closed_loop
from certify.proofs.checker.models import Block
from certify.proofs.checker.stability import decrease, is_ray
from certify.proofs.checker.sums import normalised
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.theorems import obligations

X, Y, Z, E = var("x"), var("y"), var("z"), var("e")
NAMES = ("x", "y", "z", "e")
SEEDS = st.integers(0, 2**32)
MANY = settings(max_examples=200, deadline=None, derandomize=True, database=None)
TOTAL = ["sin", "cos", "tanh", "exp", "atan", "abs", "relu", "neg"]
PARTIAL = ["recip", "log", "sqrt"]


def number(rng: random.Random) -> Q:
    return Q(rng.choice([0, 1, -1, 2, -3, 5]), rng.choice([1, 2, 3, 7]))


def vector(rng: random.Random, depth: int, size: int) -> Node:
    if depth == 0:
        return stack([expression(rng, 0) for _ in range(size)])
    kind = rng.randrange(5)
    a = vector(rng, depth - 1, size)
    if kind == 0:
        return build(rng.choice(TOTAL), (a,))
    if kind == 1:
        inner = rng.randint(1, 3)
        rows = [[number(rng) for _ in range(inner)] for _ in range(size)]
        bias = [number(rng) for _ in range(size)]
        return affine(rows, bias, vector(rng, depth - 1, inner))
    if kind == 2:
        return stack([number(rng) for _ in range(size)]) * a
    b = vector(rng, depth - 1, size)
    return build(rng.choice(["add", "sub", "mul", "max"]), (a, b))


def expression(rng: random.Random, depth: int) -> Node:
    kind = rng.randrange(9)
    if depth == 0 or kind == 0:
        return rng.choice([X, Y, Z, E, const(number(rng))])
    if kind == 1:
        size = rng.randint(1, 3)
        return index(vector(rng, depth - 1, size), rng.randrange(size))
    a = expression(rng, depth - 1)
    try:
        if kind == 2:
            return build(rng.choice(TOTAL), (a,))
        if kind == 3:
            return build(rng.choice(PARTIAL), (a if rng.random() < 0.3 else a**2 + const(1),))
        if kind == 4:
            return a ** rng.choice([2, 2, 3, 5])
        if kind == 5:
            return const(number(rng)) * a
        b = expression(rng, depth - 1)
        if kind == 6 and rng.random() < 0.2:
            return select(a, b, expression(rng, depth - 1))
        return build(rng.choice(["add", "sub", "sub", "mul", "max"]), (a, b))
    except LanguageError:
        return X


def moved(rng: random.Random, e: Node) -> Node:
    """``e`` at neighbouring arguments: a parallel expression."""
    steps = {
        "x": lambda: X - E,
        "y": lambda: Y + const(Q(1, 10)) * sin(X),
        "z": lambda: rng.choice([Z, X]),
        "e": lambda: rng.choice([E, const(0)]),
    }
    return substitute(e, {x: step() for x, step in steps.items()})


def confirm(found: Node, expected: Node, rng: random.Random) -> None:
    """Equal values, and equal definedness, at random points."""
    for _ in range(5):
        point = {x: Q(rng.randint(-30, 30), rng.choice([7, 10, 11])) for x in NAMES}
        if rng.random() < 0.3:
            point[rng.choice(NAMES)] = Q(0)
        try:
            parts = [components(e, point) for e in (found, expected)]
        except TooLargeError:
            continue
        (left,), (right,) = parts[0][found], parts[1][expected]
        assert (left is None) == (right is None), point
        if left is not None:
            # sixty digits, of which the sizes of the parts lose some
            size = 1 + max(
                abs(v) for p in parts for row in p.values() for v in row if v is not None
            )
            assert abs(left - right) <= 1e-40 * size**2, (left, right, point)


@MANY
@given(SEEDS)
def test_the_difference_of_parallel_expressions_is_exact(seed: int) -> None:
    rng = random.Random(seed)
    try:
        p = expression(rng, rng.randint(1, 5))
        q = moved(rng, p)
        found = difference(p, q)
    except LanguageError:
        return
    confirm(found, build("sub", (p, q)), rng)


@MANY
@given(SEEDS)
def test_the_difference_of_other_expressions_is_exact(seed: int) -> None:
    rng = random.Random(seed)
    p, q = expression(rng, rng.randint(0, 4)), expression(rng, rng.randint(0, 4))
    try:
        found = difference(p, q)
    except LanguageError:
        return
    confirm(found, build("sub", (p, q)), rng)


@MANY
@given(SEEDS)
def test_rewriting_changes_neither_value_nor_definedness(seed: int) -> None:
    rng = random.Random(seed)
    try:
        p = expression(rng, rng.randint(1, 4))
        e = p * const(number(rng)) + expression(rng, 3) - moved(rng, p) * const(number(rng))
        e = rng.choice([e, tanh(e) - tanh(moved(rng, e)), e + -moved(rng, e)])
        found = rewritten(e)
    except LanguageError:
        return
    confirm(found, e, rng)
    confirm(normalised(e), e, rng)


def test_what_cancels_is_gone() -> None:
    assert rewritten(X - (X - E)) is E
    assert rewritten((X + Y * Z) - X) is Y * Z
    assert rewritten(X * Y - X * Z) is X * (Y - Z)
    assert difference(relu(X + E), relu(X)) is increment("relu", 0, X, E)
    net = affine([[1, 2], [3, 4]], [5, 6], tanh(affine([[1, 0], [1, 1]], [1, 1], stack([X, Y]))))
    assert difference(net, net) is stack([0, 0])
    assert not {"tanh", "sub"} & {
        n.op for n in topological([difference(substitute(net, {"x": X + E}), net)])
    }


def test_what_has_nothing_in_common_stays() -> None:
    for e in (sin(X) - sin(Z), cos(X) * Y - sin(X) * Z, X**2 - Y**2, X * Y - Z * E, exp(X) + Y):
        assert rewritten(e) is e


def test_what_may_be_undefined_stays() -> None:
    assert difference(log(X), log(X)).op == "mul"
    assert rewritten(recip(X) + Y - recip(X)) is not Y
    assert rewritten(sqrt(Y) * 0 + X - X).op != "const"


@pytest.mark.parametrize("make", [lambda a: tanh(a) * sin(a), lambda a: tanh(a) / 2 + a])
def test_the_work_is_linear_in_the_depth(make) -> None:
    def deep(a: Node, n: int) -> Node:
        for _ in range(n):
            a = make(a)
        return a

    sizes = []
    for n in (200, 400):  # no end could be waited for if each level doubled the work
        sizes.append(len(topological([difference(deep(X + E, n), deep(X, n))])))
        rewritten(deep(X + E, n) - deep(X, n))
    assert sizes[1] < 2.5 * sizes[0]


@MANY
@given(SEEDS)
def test_the_derivative_of_an_increment_is_that_of_the_two_values(seed: int) -> None:
    rng = random.Random(seed)
    name = rng.choice(["relu", "abs", "tanh", "exp", "atan", "sin", "pow"])
    power = 3 if name == "pow" else None
    s, d = rng.choice([X, X * Y, const(2)]), rng.choice([Y, sin(X), const(1), X - Y])
    along = {"x": rng.choice([Y, X]), "y": X * Y}
    found = directional(increment(name, power or 0, s, d), along)
    two = build(name, (s + d,), power) - build(name, (s,), power)
    confirm(found, directional(two, along), rng)


def block_of(rng: random.Random, root: Node, degree: int) -> Block:
    centre = np.array([[rng.uniform(-3, 3) for _ in range(6)] for _ in range(2)])
    width = np.array([[10 ** rng.uniform(-6, 0.3) for _ in range(6)] for _ in range(2)])
    width[:, 0] *= rng.random() < 0.5
    return Block(("x", "y"), centre - width, centre + width, degree, allocate([root]))


@settings(MANY, max_examples=300)
@given(SEEDS, st.integers(0, 2))
def test_bounds_contain_every_increment(seed: int, degree: int) -> None:
    rng = random.Random(seed)
    name = rng.choice([*TOTAL[:-1], *PARTIAL, "pow"])
    power = rng.choice([2, 3, 4]) if name == "pow" else 0
    s = rng.choice([X, X + Y / 2, X * Y, sin(X), X + 2])
    d = rng.choice([Y, Y / 10, Y * Y, sin(Y) * X, X - Y, Y - Y, const(Q(1, 4))])
    root = increment(name, power, s, d) * rng.choice([const(1), X])
    if rng.random() < 0.4:
        root = index(
            affine([[1, -1]], None, increment(name, power, stack([s, X]), stack([d, Y]))), 0
        )
    block = block_of(rng, root, degree)
    reach = block.range(root)
    for j in range(len(block)):
        for _ in range(4):
            at = [Q(rng.choice([0, 1, Q(rng.random())])) for _ in "xy"]
            ends = zip("xy", block.low[:, j].tolist(), block.high[:, j].tolist(), at, strict=True)
            point = {x: Q(low) * (1 - t) + Q(high) * t for x, low, high, t in ends}
            try:
                (v,) = components(root, point)[root]
            except TooLargeError:
                continue
            if np.isfinite(reach.low[j]) and np.isfinite(reach.high[j]):
                assert v is not None
                slack = 1e-40 * (1 + abs(v))
                assert reach.low[j] - slack <= v <= reach.high[j] + slack


def leaky_network(rng: np.random.Generator, x: Node) -> Node:
    sizes = (2, 8, 8, 1)
    for columns, rows in itertools.pairwise(sizes):
        weight = [[Q(float(w)) for w in row] for row in rng.normal(size=(rows, columns))]
        x = affine(weight, [Q(float(b)) for b in rng.normal(size=rows)], x)
        if rows > 1:
            x = stack([Q(1, 100)] * rows) * x + stack([Q(99, 100)] * rows) * relu(x)
    return x[0]


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_the_bound_of_a_difference_is_in_proportion_to_the_step(degree: int) -> None:
    rng = np.random.default_rng(1)
    v = leaky_network(rng, stack([X, Y]))
    after = {"x": X + const(Q(1, 2)) * E * Y, "y": Y - E * X}
    apart = substitute(v, after) - v
    together = difference(substitute(v, after), v)
    centre, width = rng.uniform(-2, 2, size=(2, 40)), 0.2
    widths = []
    for step in (1e-2, 1e-4, 1e-6):
        low = np.vstack([centre - width, np.full(40, 0.0)])
        high = np.vstack([centre + width, np.full(40, step)])
        for e in (together, apart):
            block = Block(("x", "y", "e"), low, high, degree, allocate([e]))
            widths.append(np.max(block.range(e).high - block.range(e).low))
    assert widths[2] < 1.1e-2 * widths[0]
    assert widths[4] < 1.1e-2 * widths[2]
    assert widths[4] < 1e-3 * widths[5]  # two values do not cancel to that


def loop(v: Node, decay: Q) -> Claim:
    z = [X - E, Y]
    gain = tanh(stack([z[0], z[1]]))
    plant = {
        "x": X + Y / 10 + (sin(X) - sin(X - E)) / 10,
        "y": Y - X / 10 + index(gain, 0) / 20 + relu(Y) / 9 - relu(Y - E) / 9,
        "e": E / 2 + recip(X + 9) * E / 20,
    }
    box = {x: (Q(-1), Q(1)) for x in ("x", "y", "e")}
    numbers = {"level": Q(1, 2), "decay": decay}
    return Claim("T-STAB-D", "loop", "discrete", ("x", "y", "e"), (), (), box, plant, {},
                 {"lyapunov": v}, numbers, dict.fromkeys(box, Q(0)))  # fmt: skip


@pytest.mark.parametrize("decay", [Q(0), Q(1, 50)])
@pytest.mark.parametrize(
    "v",
    [
        absolute(X + Y) + absolute(Y - E) + relu(E) * 2,
        X**2 + Y**2 + E**2,
        tanh(X) ** 2 + Y * Y + maximum(E, -E) ** 2,
    ],
)
def test_obligations_have_the_values_of_their_plain_statement(v: Node, decay: Q) -> None:
    """Of the same formula at sampled points: decrease, closed loop, and the next state's place."""
    claim = loop(v, decay)
    at = {x: np.random.default_rng(0).uniform(-1, 1, 500) for x in claim.states}
    f = closed_loop(claim)
    pairs = [(f[x], claim.plant[x]) for x in claim.states]
    pairs.append((decrease(claim), const(1 - decay) * v - substitute(v, claim.plant)))
    found = evaluate([a for a, _ in pairs], at)
    wanted = evaluate([b for _, b in pairs], at)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13)
    rays = [o for o in obligations(claim, Q(1, 10)) if is_ray(o)]
    assert len(rays) == 6


@pytest.mark.parametrize("pull", [Q(0), Q(1, 2), Q(4, 5), Q(19, 20), Q(1)])
def test_a_step_towards_a_face_keeps_the_state_inside(pull: Q) -> None:
    """Each way to stay inside implies that, at points of the level set where it is close."""
    numbers = {"level": Q(3), "decay": Q(0)}  # all of the box
    claim = replace(loop(X**2 + Y**2 + E**2, Q(0)), numbers=numbers)
    (_, body) = obligations(claim, Q(1, 10))[0].formula.parts
    upper = body.parts[1 + len(claim.states)]
    rng = np.random.default_rng(2)
    at = {x: rng.uniform(-1, 1, 4000) for x in claim.states} | {"x": rng.uniform(0.8, 1, 4000)}
    after = evaluate([closed_loop(claim)["x"]], at)[0]
    holds = np.array(evaluate([atom.node for atom in upper.parts], at)) >= 0
    assert (after[holds.any(axis=0)] <= 1).all()
    assert holds.any(axis=0).any()
    assert not holds.all()
    wanted = (1 - float(pull)) * 1.0 - (after - float(pull) * at["x"])
    assert any(
        np.allclose(wanted, row) for row in evaluate([atom.node for atom in upper.parts], at)
    )
