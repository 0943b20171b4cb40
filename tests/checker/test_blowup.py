"""Quotients along rays are exact, and nothing is called zero that is not."""

from __future__ import annotations

import random
from fractions import Fraction as Q

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from point_oracle import TooLargeError, UndefinedError, value

from certify.proofs.checker.blowup import Ray, simplified, vanishes
from certify.proofs.checker.calculus import derivative, directional, substitute
from certify.proofs.checker.errors import LanguageError, TheoremError
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
    maximum,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    step,
    tanh,
    topological,
    var,
)

X, Y, P = var("x"), var("y"), var("p")
REST = {"x": Q(1, 3), "y": Q(-2)}
SCALE = {"x": Q(1, 2), "y": Q(3)}
DX, DY = X - const(REST["x"]), Y - const(REST["y"])
SEEDS = st.integers(0, 2**32)
MANY = settings(max_examples=150, deadline=None, derandomize=True, database=None)
FACES = [("x", 1), ("x", -1), ("y", 1), ("y", -1)]


def ray(face: str = "x", sign: int = 1) -> Ray:
    direction = {x: const(sign) if x == face else var(f"_d_{x}") for x in REST}
    return Ray(REST, SCALE, direction, "_r")


def nonzero(rng: random.Random) -> Node:
    return const(rng.choice([Q(2), Q(-1), Q(1, 3), Q(-7, 5)]))


def anything(rng: random.Random, depth: int) -> Node:
    """An expression that is defined near the equilibrium and need not vanish there."""
    kind = rng.randrange(5)
    if depth == 0 or kind == 0:
        return rng.choice([X, Y, P, nonzero(rng)])
    a = anything(rng, depth - 1)
    if kind == 1:
        return build(rng.choice(["sin", "cos", "tanh", "atan", "abs", "relu"]), (a,))
    if kind == 2:
        return build(rng.choice(["recip", "log", "sqrt"]), (a**2 + const(1),))
    b = anything(rng, depth - 1)
    return build(rng.choice(["add", "sub", "mul", "max"]), (a, b))


def vanishing(rng: random.Random, depth: int) -> Node:
    """An expression that is zero at the equilibrium by its structure."""
    if depth == 0:
        return rng.choice([DX, DY, DX, DY, DX * P])
    kind = rng.randrange(12)
    if kind == 0:
        rows = [[rng.choice([Q(0), Q(1), Q(-2), Q(1, 3)]) for _ in range(2)] for _ in range(3)]
        hidden = affine(rows, None, stack([vanishing(rng, depth - 1), vanishing(rng, depth - 1)]))
        outer = build(rng.choice(["relu", "abs", "tanh", "sin"]), (hidden,))
        return index(affine([[1, -1, Q(1, 2)]], None, outer), 0)
    a = vanishing(rng, depth - 1)
    if kind == 1:
        return build(rng.choice(["sin", "tanh", "atan"]), (a,))
    if kind == 2:
        return rng.choice([exp(a) - 1, cos(a) - 1, recip(a + 1) - 1, sqrt(a**2 + 1) - 1])
    if kind == 3:
        return build(rng.choice(["relu", "abs"]), (a,))
    if kind == 4:
        return a ** rng.choice([2, 2, 3])
    if kind == 5:
        return a * anything(rng, 2) if rng.random() < 0.5 else anything(rng, 2) * a
    if kind == 6:
        free = anything(rng, 2)
        return free - substitute(free, {x: const(v) for x, v in REST.items()})
    b = vanishing(rng, depth - 1)
    if kind == 7:
        name = rng.choice(["relu", "abs", "tanh", "exp", "atan", "pow"])
        return increment(name, 3 if name == "pow" else 0, rng.choice([a, anything(rng, 2)]), b)
    if kind == 8:
        free = stack([a, anything(rng, 2)])
        vector = increment(rng.choice(["relu", "abs", "tanh"]), 0, free, stack([b, a * b]))
        return index(affine([[1, -2]], None, vector), 0)
    return build(rng.choice(["add", "sub", "mul", "max"]), (a, b))


def confirm(e: Node, q: Node, order: int, face: tuple[str, int], rng: random.Random) -> None:
    """``e(x* + r s d) = r**order q(r, d)`` at random points of the ray's face."""
    jump = rng.randint(0, 1)
    for _ in range(4):
        r = Q(rng.randint(1, 1000), rng.choice([1000, 10**5]))
        d = {x: Q(rng.randint(-97, 97), 101) for x in REST} | {face[0]: Q(face[1])}
        if rng.random() < 0.2:
            d = {x: Q(0) for x in REST} | {face[0]: Q(face[1])}
        p = Q(rng.randint(-20, 20), 7)
        try:
            left = value(e, {x: REST[x] + r * SCALE[x] * d[x] for x in REST} | {"p": p}, jump)
            right = value(q, {"_r": r, "p": p} | {f"_d_{x}": v for x, v in d.items()}, jump)
        except (UndefinedError, TooLargeError):
            continue
        right *= value(const(r), {}) ** order
        # sixty digits, of which differences of nearby values lose some twenty
        assert abs(left - right) <= 1e-35 * (1 + abs(left)), (left, right, r, d, p)


@MANY
@given(SEEDS)
def test_quotients_are_exact(seed: int) -> None:
    rng = random.Random(seed)
    e, face = vanishing(rng, rng.randint(1, 4)), rng.choice(FACES)
    along = ray(*face)
    assert along.starts_at_zero(e)
    order = along.order(e)
    for m in range(1, order + 1):
        try:
            q = along.quotient(e, m)
        except LanguageError:
            continue
        confirm(e, q, m, face, rng)


@MANY
@given(SEEDS)
def test_quotients_of_derivatives_along_a_flow_are_exact(seed: int) -> None:
    """With kinks in V the slope is set-valued; away from the kinks it has one value."""
    rng = random.Random(seed)
    v, face = vanishing(rng, rng.randint(1, 3)), rng.choice(FACES)
    f = {x: vanishing(rng, rng.randint(1, 2)) for x in REST}
    slope = directional(v, f)
    along = ray(*face)
    try:
        order = along.order(v)
        q = along.quotient(slope, order)
    except (LanguageError, TheoremError):
        return
    if not _jumps_only_where_it_vanishes(slope, rng):
        return
    confirm(slope, q, order, face, rng)


def _jumps_only_where_it_vanishes(e: Node, rng: random.Random) -> bool:
    """Whether no step of ``e`` is at its jump at a random point, and so has one value."""
    point = {"x": Q(rng.randint(-99, 99), 101), "y": Q(rng.randint(-99, 99), 103), "p": Q(5, 7)}
    for node in topological([e]):
        if node.op == "step" and not node.size:
            try:
                if value(node.args[0], point) == 0:
                    return False
            except (UndefinedError, TooLargeError):
                return False
    return True


NOT_ZERO_AT_REST = {
    "tiny constant": DX + const(Q(1, 10**30)),
    "tiny offset": X - const(REST["x"] + Q(1, 10**40)),
    "rounded equilibrium": X - const(0.3333333333333333),
    "tanh of close constants": tanh(const(1) + DX) - tanh(const(1 + Q(1, 10**30))),
    "cosine is not quite one": cos(DX) - const(1 - Q(1, 10**40)),
    "parameter": P * const(Q(1, 10**9)) + DX,
    "parameter times cosine": P * cos(DX),
    "maximum": maximum(DX, const(Q(1, 10**20))),
    "select at its edge": select(DX, DX, DX + 1),
    "step at its jump": step(DX),
    "difference of steps": step(DX) - step(-DX),
    "pole at the equilibrium": build("mul", (DX, recip(DX))),
}


@pytest.mark.parametrize("name", NOT_ZERO_AT_REST)
def test_what_is_not_zero_is_not_called_zero(name: str) -> None:
    along = ray()
    assert not along.starts_at_zero(NOT_ZERO_AT_REST[name])
    with pytest.raises(TheoremError):
        along.order(NOT_ZERO_AT_REST[name])


NOT_FLAT = {
    "linear": DX,
    "sine against a slope that is almost its own": sin(DX) - DX * (1 + Q(1, 10**30)),
    "tiny slope": DX**2 + DX * Q(1, 10**30),
    "kink": absolute(DX),
    "relu both ways": relu(DX) - relu(-DX) * 2,
    "norm": sqrt(DX**2 + DY**2 + 1) - 1 + absolute(DY),
    "slope from a parameter": P * DX,
    "network slope": tanh(DX + 1) - tanh(const(1)),
    "max of opposite slopes": maximum(DX, -DX),
    "increment": increment("relu", 0, DX, DX + DY),
    "increment of a slope": increment("tanh", 0, X, DX),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", NOT_FLAT)
def test_what_is_not_flat_is_not_called_flat(name: str, face: tuple[str, int]) -> None:
    e = NOT_FLAT[name]
    along = ray(*face)
    assert along.starts_at_zero(e)
    assert not along.starts_flat(e)
    with pytest.raises(TheoremError):
        along.quotient(e, 2)


@pytest.mark.parametrize(
    "e",
    [
        sin(DX) - DX,
        DX**2 + DX * DY,
        cos(DX) - 1,
        relu(DX) ** 2,
        relu(DX**2 - DY**3),
        increment("relu", 0, DX, DY**2),
        increment("tanh", 0, X, DY**2),
        increment("log", 0, DX**2 + 1, DY**2),
        DX * increment("exp", 0, X * P, DY),
    ],
)
def test_second_order_is_recognised(e: Node) -> None:
    for face in FACES:
        assert ray(*face).order(e) == 2


def test_the_derivative_of_abs_does_not_cancel_at_the_kink() -> None:
    for a in (X, -X, X - Y, DX):
        assert not vanishes(derivative("abs", a))
        assert not vanishes(directional(absolute(a), {"x": const(1), "y": const(2)}))
    # generalised gradient at 0: all of [-1, 1]
    assert not vanishes(derivative("abs", const(0)))
    assert not vanishes(derivative("relu", const(0)))


def test_simplified_keeps_the_value() -> None:
    rng = random.Random(0)
    for _ in range(40):
        e = anything(rng, 4) - anything(rng, 3) * vanishing(rng, 2)
        point = {"x": Q(1, 7), "y": Q(-3, 5), "p": Q(2, 3)}
        try:
            expected = value(e, point)
        except (UndefinedError, TooLargeError):
            continue
        assert abs(value(simplified(e), point) - expected) <= 1e-45 * (1 + abs(expected))


def test_only_identical_parts_cancel() -> None:
    assert vanishes(sin(X * Y) - sin(X * Y))
    assert vanishes(sin(X) + -sin(X))
    assert vanishes(build("mul", (const(0), exp(X))))
    assert not vanishes(sin(X) - sin(Y))
    assert not vanishes(X * const(Q(1, 10**30)))
    assert not vanishes(step(X) - step(-X))
    assert not vanishes(stack([X - X, Y]) + stack([0, 0]))


def test_parameters_cancel_in_sums() -> None:
    e = (P + X * P) - (P - X * P) - 2 * const(REST["x"]) * P
    assert ray().starts_at_zero(e)
    assert not ray().starts_at_zero(e + P)


def test_a_kink_with_a_slope_has_an_exact_second_quotient() -> None:
    """``relu(a) = r relu(a') + r**2 DD`` where ``a = r a' + r**2 DDa`` crosses its kink."""
    rng = random.Random(3)
    for _ in range(30):
        a = vanishing(rng, 2)
        e = build(rng.choice(["relu", "abs"]), (a,)) * DX
        for face in FACES:
            along = ray(*face)
            if along.starts_flat(a) or along.order(e) != 2:
                continue
            confirm(e, along.quotient(e, 2), 2, face, rng)
    kinked = relu(DX + DY**2) - relu(DX - DX**2)
    along = ray("y", 1)
    assert along.order(kinked) == 2
    confirm(kinked, along.quotient(kinked, 2), 2, ("y", 1), rng)


def test_flatness_is_decided_in_linear_time() -> None:
    e = DX
    for _ in range(400):
        e = maximum(e * e + DX * DY, DY**2 - e)
    along = ray()  # no end could be waited for if each level doubled the work
    assert along.order(e) in (1, 2)
    along.quotient(e, along.order(e))
