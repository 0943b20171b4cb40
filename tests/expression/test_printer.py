"""Printed expressions read back as themselves, and stay short."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.expression import affine, relu, stack, var
from certify.expression.parser import parse
from certify.expression.printer import number_to_text, to_text

X, Y = var("x"), var("y")
NAMES = {"x": X, "y": Y}


@pytest.mark.parametrize(
    "text",
    [
        "x - (y - x)",
        "x - (-y)",
        "x/(y*x)",
        "x/y/x",
        "x*(y/x)",
        "x*(-y)",
        "-x**2",
        "(-x)**3",
        "-(x + y)",
        "1/x**2",
        "1/3*x - 0.25",
        "1e-9*x + 9.81",
        "min(-x, 3)",
        "-max(x, y)",
        "sin(x + y)*exp(-x)",
        "abs(relu(x))",
    ],
)
def test_is_canonical(text: str) -> None:
    assert to_text(parse(text, NAMES, {})) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 20), "0.05"),
        (Fraction(-981, 100), "-9.81"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 10**9), "1e-9"),
        (Fraction(10**6), "1000000"),
        (Fraction(0.1), "3602879701896397/36028797018963968"),
        (Fraction(1, 10**400), "~1E-400"),
        (Fraction(3**5000, 2**5000 + 1), "~2.859534E+880"),
    ],
)
def test_numbers(value: Fraction, text: str) -> None:
    assert number_to_text(value) == text


def test_networks_are_abbreviated() -> None:
    hidden = relu(affine([[1, 2]] * 8, None, stack([X, Y])))
    text = to_text(affine([[1] * 8], None, hidden)[0])
    assert text == "affine[1x8](relu(affine[8x2](x, y)))[0]"


def test_wide_vectors_are_abbreviated() -> None:
    assert to_text(stack([X] * 100)) == "[x, x, x, x, x, ... 100 in all]"


def test_shared_parts_are_named_without_capture() -> None:
    big = parse("sin(x + t1 + x*t1 + 3*t1)", {"x": X, "t1": var("t1")}, {})
    text = to_text(big * (1 - big))
    assert text == "t2*(1 - t2) where t2 = sin(x + t1 + x*t1 + 3*t1)"


def test_shared_graphs_do_not_blow_up() -> None:
    node = X
    for _ in range(200):
        node = node * node + Y - node
    assert len(to_text(node, 300)) < 320


@pytest.mark.parametrize("limit", [20, 80, 300])
def test_long_sums_are_cut(limit: int) -> None:
    text = to_text(parse("+".join(["x*y"] * 3000), NAMES, {}), limit)
    assert len(text) <= limit
    assert text.endswith(" ...")


_LEAVES = st.sampled_from(["x", "y", "2", "0.5"])
_EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}){t[1]}({t[2]})"),
        inner.map(lambda t: f"-({t})"),
        inner.map(lambda t: f"sin({t})"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        inner.map(lambda t: f"({t} + x**2)**3"),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(_EXPRESSIONS)
def test_reads_back_with_the_same_value(text: str) -> None:
    printed = to_text(parse(text, NAMES, {}), 10_000).split(" where ")
    if len(printed) == 1:
        again = to_text(parse(printed[0], NAMES, {}), 10_000)
        assert again == printed[0]
