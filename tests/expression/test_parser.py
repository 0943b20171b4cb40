"""Expression text means what it says, and everything else is refused with a caret."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.errors import ExpressionError
from certify.expression import (
    Node,
    absolute,
    affine,
    clip,
    const,
    cos,
    exp,
    log,
    maximum,
    minimum,
    relu,
    sin,
    stack,
    tanh,
    topological,
    var,
)
from certify.expression.parser import parse, parse_condition

X, Y, THETA = var("x"), var("y"), var("theta")
NAMES = {"x": X, "y": Y, "theta": THETA}


class Policy:
    """A stand-in for a network: ``outputs`` rows of an affine map of two numbers."""

    inputs = 2

    def __init__(self, outputs: int) -> None:
        self.outputs = outputs

    def __call__(self, args: list[Node]) -> Node:
        return affine([[1, 2]] * self.outputs, [0.5] * self.outputs, stack(args))


FUNCTIONS = {"one": Policy(1), "two": Policy(2)}


def read(text: str) -> Node:
    return parse(text, NAMES, FUNCTIONS)


def message(text: str, reader=parse) -> str:
    with pytest.raises(ExpressionError) as caught:
        reader(text, NAMES, FUNCTIONS, where="problem.toml:3")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + y*2", X + Y * 2),
        ("(x + y)*2", (X + Y) * 2),
        ("x - y - 1", (X - Y) - 1),
        ("x/y*2", (X / Y) * 2),
        ("-x**2", -(X**2)),
        ("(-x)**2", (-X) ** 2),
        ("x**-2", X**-2),
        ("x**2**3", X**8),
        ("2*-x", 2 * -X),
        ("--x", X),
        ("+x", X),
        ("9.81", const(Fraction(981, 100))),
        ("1e-3", const(Fraction(1, 1000))),
        (".5", const(Fraction(1, 2))),
        ("2.", const(2)),
        ("1/3", const(Fraction(1, 3))),
        ("\n x\n\t+ y\n", X + Y),
        ("sin(x)*exp(-y)", sin(X) * exp(-Y)),
        ("max(x, y, 1)", maximum(maximum(X, Y), 1)),
        ("min(x, y)", minimum(X, Y)),
        ("clip(x, -6, 6)", clip(X, -6, 6)),
        ("abs(relu(x))", absolute(relu(X))),
        ("tan(x)", sin(X) / cos(X)),
        ("softplus(x)", log(1 + exp(X))),
        ("sigmoid(x)", Fraction(1, 2) * tanh(Fraction(1, 2) * X) + Fraction(1, 2)),
        ("leaky_relu(x, 0.01)", Fraction(1, 100) * X + Fraction(99, 100) * relu(X)),
        ("one(x, y)", Policy(1)([X, Y])[0]),
        ("one(x, y)[0]", Policy(1)([X, Y])[0]),
        ("two(x, -y)[1]**2", Policy(2)([X, -Y])[1] ** 2),
    ],
)
def test_means(text: str, expected: Node) -> None:
    assert read(text) is expected


@pytest.mark.parametrize(
    ("text", "advice", "column"),
    [
        ("", "the expression is empty", 0),
        ("x + thta", "did you mean 'theta'?", 4),
        ("x + zzz", "unknown name 'zzz'; write one of: theta, x, y", 4),
        ("coss(x)", "did you mean 'cos'?", 0),
        ("f(x)", "unknown function 'f'; write one of: ", 0),
        ("x + pi", "write a decimal such as 3.14159265", 4),
        ("e**x", "write exp(1)", 0),
        ("sign(x)", "'sign' is not continuous; write clip", 0),
        ("ln(x)", "written log", 0),
        ("pow(x, 2)", "written with **", 0),
        ("nan", "not a number", 0),
        ("inf", "write a finite bound", 0),
        ("2x", "write * before 'x'", 1),
        ("0x1p3", "write * before", 1),
        ("1_000", "write * before", 1),
        ("x y", "expected an operator such as + or * before 'y'", 2),
        ("x(y)", "'x' is not a function; write * before '('", 0),
        ("sin", "'sin' is a function; write sin(...)", 0),
        ("sin(x, y)", "2 arguments for 'sin'; write sin(x)", 0),
        ("clip(x, 1)", "write clip(x, lower, upper)", 0),
        ("clip(x, 1, -1)", "bounds of clip are reversed", 0),
        ("one(x)", "'one' takes 2 arguments; 1 are written", 0),
        ("two(x, y)", "a vector of 2; write one component: two(...)[0]", 0),
        ("two(x, y)[2]", "an index here is between 0 and 1", 10),
        ("two(x, y)[-1]", "an index is an integer, counted from 0", 10),
        ("two(x, y)[x]", "an index is an integer, counted from 0", 10),
        ("x[0]", "'x' is a number, without components", 1),
        ("(x", "expected ')' to close '(', found the end", 2),
        ("x)", "')' was not opened", 1),
        ("sin(x,)", "expected a number, a name or '(', found ')'", 6),
        ("x +", "found the end", 3),
        ("* x", "found '*'", 0),
        ("x ^ 2", "write ** for a power", 2),
        ("x // 2", "'//' is not in the language; write /", 2),
        ("x.real", "names have no attributes", 1),
        ("x**0.5", "write sqrt(x) for x**0.5", 3),
        ("x**y", "write a**x as exp(x*log(a))", 3),
        ("x**0", "write 1", 3),
        ("x**65", "between -64 and 64", 3),
        ("x/0", "division by the constant 0", 1),
        ("log(-1)", "log of the constant -1", 0),
        ("sqrt(-1)", "sqrt of the constant -1", 0),
        ("1e401", "an exponent is between -400 and 400", 0),
        ("1e" + "9" * 5000, "more than 400 digits", 0),
        ("1" * 401, "more than 400 digits", 0),
        ("((((9**64)**64)**64)**64)**64", "bits", 10),
        ("x <= 1", "a condition is not allowed here", 2),
        ("x < 1", "write <=", 2),
        ("x and y", "'and' joins conditions", 2),
        ("__import__('os')", "text is not in the language", 11),
        ("lambda: x", "':' is not in the language", 6),
        ("x; y", "';' is not in the language", 1),
        ("θ + 1", "names are written with a-z", 0),
        ("x \N{MINUS SIGN} y", "is not in the language", 2),
        ("x\0", "is not in the language", 1),
    ],
)
def test_refused(text: str, advice: str, column: int) -> None:
    first, *_, shown, caret = message(text).split("\n")
    assert first.startswith("problem.toml:3: ")
    assert advice in first
    if len(shown) < 80:
        assert caret == " " * (4 + column) + "^"


def test_caret_is_on_the_line_of_the_fault() -> None:
    assert message("x\n  + thta\n  + y").split("\n")[1:] == ["      + thta", "        ^"]


def test_caret_in_a_long_line_stays_near() -> None:
    _, shown, caret = message("x + " * 1000 + "oops" + " + x" * 1000).split("\n")
    assert len(shown) < 100
    assert shown[caret.index("^") :].startswith("oops")


def test_a_refused_name_says_why() -> None:
    with pytest.raises(ExpressionError, match="w cannot be measured"):
        parse("x + w", NAMES, {}, refused={"w": "w cannot be measured"})


def test_a_name_given_by_the_user_wins_over_advice() -> None:
    assert parse("pi", {"pi": X}, {}) is X


@pytest.mark.parametrize("text", ["(" * 5000 + "x", "-" * 5000 + "x", "sin(" * 5000, "x**" * 5000])
def test_deep_nesting_is_an_error_and_no_recursion(text: str) -> None:
    assert "nested more than 100 deep" in message(text)


def test_nesting_up_to_the_limit() -> None:
    assert read("(" * 99 + "x" + ")" * 99) is X


def test_long_sums_are_read() -> None:
    node = read(" + ".join(["x*y"] * 15_000))
    assert len(topological([node])) == 15_000 + 2


def test_a_text_too_long_is_refused() -> None:
    assert "at most 100000 characters" in message("x+" * 60_000 + "x")


def test_condition() -> None:
    text = "x**2 + y**2 - 0.25 <= 0 and x >= y and 1 >= x"
    expected = (X**2 + Y**2 - Fraction(1, 4), Y - X, X - 1)
    assert parse_condition(text, NAMES, {}) == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("x < 1", "the closed set is what is proved; write <="),
        ("x > 1", "the closed set is what is proved; write >="),
        ("x == 1", "write <= or >="),
        ("x != 1", "write <= or >="),
        ("x = 1", "written with <= or >="),
        ("0 <= x <= 1", "comparisons are not chained; write 'a <= b and b <= c'"),
        ("x", "a condition is missing; write 'expression <= 0'"),
        ("x <= 1 and", "found the end"),
        ("x <= 1 and y", "a condition is missing"),
        ("(x <= 1)", "conditions are written without parentheses"),
        ("x <= 1 or y <= 1", "a set is an intersection, written with 'and'"),
        ("not x <= 1", "found 'not'"),
        ("x <= 1 & y <= 1", "write 'and' between conditions"),
        ("", "the expression is empty"),
    ],
)
def test_condition_refused(text: str, advice: str) -> None:
    assert advice in message(text, parse_condition)


def _texts(depth: int = 3) -> st.SearchStrategy[tuple[str, str]]:
    """An expression as the parser reads it, and as Python evaluates it exactly."""
    leaf = st.one_of(
        st.sampled_from([("x", "x"), ("y", "y")]),
        st.decimals("0", "99", places=2).map(lambda d: (str(d), f"F('{d}')")),
    )
    if depth == 0:
        return leaf
    inner = _texts(depth - 1)
    binary = st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(
        lambda t: (f"{t[0][0]} {t[1]} {t[2][0]}", f"{t[0][1]} {t[1]} {t[2][1]}")
    )
    group = inner.map(lambda t: (f"({t[0]})", f"({t[1]})"))
    minus = inner.map(lambda t: (f"-{t[0]}", f"-{t[1]}"))
    power = st.tuples(inner, st.sampled_from([1, 2, 3, -1])).map(
        lambda t: (f"({t[0][0]})**{t[1]}", f"({t[0][1]})**{t[1]}")
    )
    return st.one_of(leaf, binary, group, minus, power)


@settings(max_examples=150, deadline=None)
@given(_texts(), st.fractions(-3, 3, max_denominator=9), st.fractions(-3, 3, max_denominator=9))
def test_agrees_with_exact_arithmetic(texts: tuple[str, str], x: Fraction, y: Fraction) -> None:
    ours, python = texts
    try:
        expected = eval(python, {"x": x, "y": y, "F": Fraction})
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="division by the constant 0"):
            parse(ours, {"x": const(x), "y": const(y)}, {})
    else:
        assert parse(ours, {"x": const(x), "y": const(y)}, {}).value == expected


_PIECES = ["x", "sin", "two", "(", ")", "[", "]", ",", "+", "-", "**", "/", "<=", "and", "1e9", "."]


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(_PIECES)).map(" ".join)))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    for reader in (parse, parse_condition):
        try:
            reader(text, NAMES, FUNCTIONS)
        except ExpressionError as error:
            lines = str(error).split("\n")
            assert len(lines) == 3, lines
