"""sympy expressions keep their exact value, and nothing else is read."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.errors import ExpressionError
from certify.expression import recip, select, sqrt, var
from certify.expression.evaluate import evaluate
from certify.expression.exact import exact
from certify.io.sympy import read_sympy

x, y, z = sympy.symbols("x y z")
NAMES = ("x", "y")


@pytest.mark.parametrize(
    "expression",
    [
        x + 2 * y - sympy.Rational(1, 3),
        sympy.sin(x) * sympy.cos(y) + sympy.tan(x / 3),
        sympy.tanh(x) ** 3 / (1 + y**2),
        sympy.exp(-(x**2)) + sympy.log(2 + sympy.Abs(y)),
        sympy.sqrt(1 + x**2) + (2 + y**2) ** sympy.Rational(-3, 2),
        sympy.Max(x, y, 1) - sympy.Min(x, -y, 2),
        sympy.atan(x) + sympy.pi + sympy.E,
        sympy.Piecewise((x, x > y), (y**2, True)),
        sympy.Piecewise((x, x <= y), (y**2, True)),
        sympy.Float("0.1") * x,
        sympy.Integer(7),
    ],
    ids=str,
)
def test_values(expression: sympy.Expr) -> None:
    points = np.random.default_rng(0).normal(size=(2, 30))
    (found,) = evaluate([read_sympy(expression, NAMES)], dict(zip(NAMES, points, strict=True)))
    wanted = sympy.lambdify((x, y), expression, "numpy")(*points)
    np.testing.assert_allclose(found, np.broadcast_to(wanted, found.shape), rtol=1e-13, atol=1e-13)


def test_numbers_are_exact() -> None:
    for number, value in [
        (sympy.Rational("0.1"), Fraction(1, 10)),
        (sympy.Float(0.1), Fraction(0.1)),
        (
            sympy.Float("0.1", 40),
            Fraction(*sympy.Rational(sympy.Float("0.1", 40)).as_numer_denom()),
        ),
        (sympy.Integer(10) ** 40, Fraction(10) ** 40),
    ]:
        assert exact(read_sympy(number, ()), {}) == value


def test_structure() -> None:
    a, b = var("x"), var("y")
    assert read_sympy(1 / x, NAMES) is recip(a)
    assert read_sympy(sympy.sqrt(x), NAMES) is sqrt(a)
    cases = {
        x > y: (a - b, a, b),
        x < y: (b - a, a, b),
        x >= y: (b - a, b, a),
        x <= y: (a - b, b, a),
    }
    for condition, wanted in cases.items():
        piecewise = sympy.Piecewise((x, condition), (y, True), evaluate=False)
        assert read_sympy(piecewise, NAMES) is select(*wanted), condition


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.one_of(st.sampled_from([x, y]), st.integers(-3, 3).map(sympy.Integer)),
        lambda parts: st.one_of(
            st.tuples(parts, parts).map(lambda p: p[0] + p[1]),
            st.tuples(parts, parts).map(lambda p: p[0] * p[1]),
            st.tuples(parts, parts).map(lambda p: sympy.Max(*p)),
            parts.map(lambda p: p**2),
            parts.map(sympy.Abs),
        ),
        max_leaves=6,
    )
)
def test_rational_expressions_agree_exactly(expression: sympy.Expr) -> None:
    at = {"x": Fraction(2, 3), "y": Fraction(-5, 4)}
    rational = {x: sympy.Rational(2, 3), y: sympy.Rational(-5, 4)}
    wanted = expression.subs(rational)
    assert exact(read_sympy(expression, NAMES), at) == Fraction(int(wanted.p), int(wanted.q))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (x + z, "the symbol z is not one of x, y"),
        (sympy.gamma(x), r"gamma\(x\) \(gamma\) is not read; read are numbers, pi"),
        (sympy.I * x, "ImaginaryUnit"),
        (sympy.oo, "Infinity"),
        (sympy.nan, "NaN"),
        (x**y, r"x\*\*y: an exponent must be a constant integer"),
        (x ** sympy.Rational(1, 3), "an exponent must be"),
        (x**70, "not in the language"),
        (sympy.Symbol("a b"), "the symbol a b is not one of"),
        (sympy.Piecewise((x, sympy.Eq(x, y)), (y, True)), "one inequality"),
        (sympy.Piecewise((x, x > 1), (y, x > 0), (1, True)), "nested Piecewise"),
        (sympy.Piecewise((x, x > 1)), "nested Piecewise"),
        ("__import__('os')", "is not a sympy expression"),
        (sympy.log(sympy.Integer(-2), evaluate=False), "log of the constant -2"),
        (sympy.Derivative(sympy.Function("f")(x), x), "Derivative"),
    ],
    ids=str,
)
def test_refusals(expression: sympy.Expr, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        read_sympy(expression, NAMES)
