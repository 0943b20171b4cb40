"""Numeric and exact evaluation agree with high precision, and with each other."""

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.expression import (
    Node,
    absolute,
    affine,
    atan,
    const,
    cos,
    exp,
    log,
    maximum,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    tanh,
    var,
)
from certify.expression.evaluate import Program, evaluate
from certify.expression.exact import exact
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import increment, quotient, quotient2, step

x, y = var("x"), var("y")

MPMATH = {
    "sin": (mpmath.sin, mpmath.cos),
    "cos": (mpmath.cos, lambda a: -mpmath.sin(a)),
    "tanh": (mpmath.tanh, lambda a: 1 - mpmath.tanh(a) ** 2),
    "exp": (mpmath.exp, mpmath.exp),
    "atan": (mpmath.atan, lambda a: 1 / (1 + a * a)),
    "log": (mpmath.log, lambda a: 1 / a),
    "sqrt": (mpmath.sqrt, lambda a: 1 / (2 * mpmath.sqrt(a))),
    "recip": (lambda a: 1 / a, lambda a: -1 / a**2),
    "pow": (lambda a: a**5, lambda a: 5 * a**4),
    "abs": (abs, mpmath.sign),
    "relu": (lambda a: max(a, 0), lambda a: (1 + mpmath.sign(a)) / 2),
}
SECOND = {
    "sin": lambda a: -mpmath.sin(a),
    "cos": lambda a: -mpmath.cos(a),
    "tanh": lambda a: -2 * mpmath.tanh(a) * (1 - mpmath.tanh(a) ** 2),
    "exp": mpmath.exp,
    "atan": lambda a: -2 * a / (1 + a * a) ** 2,
    "log": lambda a: -1 / a**2,
    "sqrt": lambda a: -1 / (4 * mpmath.sqrt(a) ** 3),
    "recip": lambda a: 2 / a**3,
    "pow": lambda a: 20 * a**3,
}
GAPS = (0.0, 1e-300, 1e-12, -3e-9, 1e-7, -1e-5, 9e-6, 1e-4, 1e-3, -0.03, 0.24, 0.26, 1.0, -2.5, 7.0)


def points(name: str) -> list[tuple[float, float]]:
    starts = (0.5, 1.0, 3.7) if name in ("log", "sqrt", "recip") else (-1.7, -0.1, 0.0, 0.3, 2.2)
    pairs = [(s, s + gap) for s, gap in itertools.product(starts, GAPS)]
    return [(s, t) for s, t in pairs if name not in ("log", "sqrt", "recip") or t > 0]


def reference(name: str, order: int, s: float, t: float) -> mpmath.mpf:
    g, dg = MPMATH[name]
    a, b = mpmath.mpf(s), mpmath.mpf(t)
    if a == b:
        if order == 1:
            return dg(a)
        return SECOND[name](a) / 2 if name in SECOND else mpmath.mpf(0)
    first = (g(b) - g(a)) / (b - a)
    return first if order == 1 else (first - dg(a)) / (b - a)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", sorted(MPMATH))
def test_divided_differences_lose_no_digits(name: str, order: int) -> None:
    pairs = points(name)
    s, t = (np.array(column) for column in zip(*pairs, strict=True))
    node = (quotient, quotient2)[order - 1](name, 5 if name == "pow" else 0, x, y)
    (found,) = evaluate([node], {"x": s, "y": t})
    with mpmath.workdps(700):
        for value, (a, b) in zip(found, pairs, strict=True):
            wanted = reference(name, order, a, b)
            assert abs(value - wanted) <= 1e-13 * (1 + abs(wanted)), (a, b)


@pytest.mark.parametrize("name", sorted(MPMATH))
def test_increments_keep_the_digits_of_small_steps(name: str) -> None:
    g, _ = MPMATH[name]
    node = increment(name, 5 if name == "pow" else 0, x, y)
    for s in (0.3, 2.0):
        for d in (1e-14, -1e-3, 0.5, 0.0):
            (found,) = evaluate([node], {"x": s, "y": d})
            with mpmath.workdps(60):
                wanted = g(mpmath.mpf(s) + mpmath.mpf(d)) - g(mpmath.mpf(s))
                assert abs(found - wanted) <= 1e-13 * abs(wanted), (s, d)


def test_the_increment_of_a_root_is_defined_at_zero() -> None:
    (found,) = evaluate([increment("sqrt", 0, x, y)], {"x": [0.0, 0.0, 1.0], "y": [0.0, 4.0, -2]})
    assert found[:2].tolist() == [0, 2]
    assert np.isnan(found[2])


def test_exponential_differences_do_not_overflow_early() -> None:
    (found,) = evaluate([quotient("exp", 0, x, y)], {"x": [-2000.0], "y": [0.0]})
    assert found == pytest.approx(1 / 2000)


def test_shapes_follow_the_batch() -> None:
    vector = affine([[1, 2], [3, 4], [5, 6]], [1, 1, 1], stack([x, y]))
    a, b, c = evaluate([x * y, vector, stack([1, 2])], {"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0] * 4})
    assert a.shape == (4,)
    assert b.shape == (4, 3)
    assert np.array_equal(b[1], [5, 11, 17])
    assert np.array_equal(c, [[1, 2]] * 4)
    (grid,) = evaluate([x + y], {"x": np.zeros((3, 1)), "y": np.zeros((1, 5))})
    assert grid.shape == (3, 5)
    (alone,) = evaluate([const(Fraction(1, 3))], {})
    assert alone == 1 / 3


def test_a_part_of_a_program_gives_the_same_values_and_asks_for_less() -> None:
    shared = sin(x) * x
    nodes = (shared + y, shared, relu(y) - shared * shared, const(2) * y)
    whole = Program(nodes)
    at = {"x": np.linspace(-1, 1, 7), "y": np.linspace(0, 3, 7)}
    values = whole(at)
    for wanted in ([2], [1], [3, 0], [1, 1, 2]):
        found = whole.part([nodes[k] for k in wanted])(at)
        assert [f.tolist() for f in found] == [values[k].tolist() for k in wanted]
    (alone,) = whole.part([nodes[1]])({"x": at["x"]})  # in which there is no y
    assert np.array_equal(alone, values[1])
    assert np.array_equal(whole(at)[0], values[0])


def test_undefined_is_nan_and_stays_nan() -> None:
    at = {"x": np.array([0.0, -1.0])}
    cases = [
        recip(x * 0 + x * x * 0),
        log(x),
        sqrt(x - 1),
        relu(log(x)),
        step(log(x)),
        absolute(log(x)),
    ]
    cases += [maximum(0, log(x)), select(log(x), 1, 2), quotient("log", 0, x, var("x"))]
    for result in evaluate(cases, at):
        assert np.isnan(result).all()


def test_select_needs_only_the_chosen_branch() -> None:
    (found,) = evaluate([select(x, log(x), 7)], {"x": [-1.0, 1.0]})
    assert np.array_equal(found, [7, 0])
    chosen = select(x, recip(x), 7)
    assert exact(chosen, {"x": Fraction(-1)}) == 7
    assert exact(chosen, {"x": Fraction(3)}) == Fraction(1, 3)
    assert exact(chosen, {"x": Fraction(0)}) == 7


def test_step_is_one_half_at_the_kink() -> None:
    (found,) = evaluate([step(x)], {"x": [-1.0, 0.0, 1.0]})
    assert np.array_equal(found, [0, 0.5, 1])


def test_missing_variable_is_named() -> None:
    with pytest.raises(LanguageError, match="no value for the variable y"):
        evaluate([x + y], {"x": [1.0]})
    with pytest.raises(LanguageError, match="no value for the variable y"):
        exact(x + y, {"x": Fraction(1)})


def test_long_chains_do_not_recurse() -> None:
    node: Node = x
    for i in range(20_000):
        node = node + Fraction(1, i + 1) if i % 2 else maximum(node, i)
    (found,) = evaluate([node], {"x": [0.0]})
    assert found == pytest.approx(float(exact(node, {"x": Fraction(0)})))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (sin(x), r"sin\(1\) has no exact"),
        (step(x - 1), r"step\(0\) has no exact"),
        (recip(x - 1), "division by the constant 0"),
        (stack([x, y]), "vector of 2"),
        (quotient("abs", 0, x, x), "no exact rational value"),
        (((x * 3) ** 64) ** 64 * ((x * 3) ** 64) ** 64 * (x * 3**64) ** 64 * 3**40000, "bits"),
    ],
)
def test_exact_refuses(node: Node, message: str) -> None:
    with pytest.raises(LanguageError, match=message):
        exact(node, {"x": Fraction(1), "y": Fraction(0)})


def test_exact_knows_what_the_language_knows() -> None:
    at = {"x": Fraction(0)}
    assert exact(sin(x) + cos(x) + tanh(x) + exp(x) + atan(x) + sqrt(x), at) == 2


leaves = st.one_of(
    st.sampled_from([x, y]),
    st.fractions(min_value=-4, max_value=4, max_denominator=16).map(const),
)


def combined(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    two = st.tuples(parts, parts)
    return st.one_of(
        two.map(lambda p: p[0] + p[1]),
        two.map(lambda p: p[0] - p[1]),
        two.map(lambda p: p[0] * p[1]),
        two.map(lambda p: maximum(*p)),
        two.map(lambda p: quotient("pow", 3, *p)),
        two.map(lambda p: quotient2("pow", 4, *p)),
        two.map(lambda p: increment("pow", 3, *p)),
        two.map(lambda p: increment("relu", 0, *p)),
        two.map(lambda p: affine([[1, Fraction(1, 2)], [-2, 3]], [1, 0], stack(p))[1]),
        st.tuples(parts, parts, parts).map(lambda p: select(*p)),
        parts.map(relu),
        parts.map(absolute),
        parts.map(lambda p: recip(1 + p * p)),
        parts.map(lambda p: p**3),
    )


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(leaves, combined, max_leaves=8),
    st.integers(-8, 8).map(lambda n: Fraction(n, 4)),
    st.integers(-8, 8).map(lambda n: Fraction(n, 4)),
)
def test_float_and_exact_evaluation_agree(node: Node, a: Fraction, b: Fraction) -> None:
    wanted = exact(node, {"x": a, "y": b})
    (found,) = evaluate([node], {"x": float(a), "y": float(b)})
    assert float(found) == pytest.approx(float(wanted), rel=1e-6, abs=1e-6)
