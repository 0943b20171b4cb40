"""The expression language: interning, folding, refusals, digests and the wire format."""

from fractions import Fraction

import pytest

from certify.proofs.checker.errors import FormatError, LanguageError
from certify.proofs.checker.exact import number_text, parse_number
from certify.proofs.checker.graph import decode_graph, encode_graph
from certify.proofs.checker.language import (
    affine,
    const,
    increment,
    index,
    log,
    maximum,
    quotient,
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

X, Y = var("x"), var("y")


def test_equal_expressions_are_one_object() -> None:
    assert sin(X + Y) * 2 is sin(X + Y) * 2
    assert (sin(X + Y)).digest == sin(X + Y).digest
    assert X - Y is not Y - X


def test_constants_fold_exactly() -> None:
    assert (const(Fraction(1, 3)) * 3).value == 1
    assert index(affine([[0.1, 2]], [1], stack([10, 1])), 0).value == Fraction(0.1) * 10 + 3
    assert tanh(const(0)).value == 0


def test_nothing_undefined_is_folded_away() -> None:
    assert (0 * recip(X)).op == "mul"
    assert (recip(X) - recip(X)).op == "sub"
    assert index(stack([X, recip(X)]), 0) is X  # a component is defined by itself


def test_a_step_at_its_jump_has_no_value() -> None:
    assert step(const(0)).op == "step"
    assert step(const(3)).value == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: recip(const(0)),
        lambda: sqrt(const(-1)),
        lambda: log(const(0)),
        lambda: const(float("nan")),
        lambda: const(float("inf")),
        lambda: var("not a name"),
        lambda: X**65,
        lambda: X**0,
        lambda: stack([stack([X])]),
        lambda: stack([]),
        lambda: index(stack([X]), 1),
        lambda: affine([[1, 2]], [0], stack([X])),
        lambda: affine([[1], [2]], [0], stack([X])),
        lambda: stack([X]) + X,
        lambda: select(stack([X]), X, Y),
        lambda: quotient("step", 0, X, Y),
        lambda: quotient("pow", 1, X, Y),
        lambda: increment("neg", 0, X, Y),
        lambda: increment("pow", 1, X, Y),
        lambda: increment("relu", 2, X, Y),
        lambda: increment("relu", 0, X, stack([Y])),
        lambda: increment("log", 0, const(1), const(-1)),
        lambda: increment("recip", 0, const(1), const(-1)),
        lambda: increment("sqrt", 0, const(-1), const(0)),
    ],
)
def test_what_is_not_in_the_language_is_refused(make) -> None:
    with pytest.raises(LanguageError):
        make()


def test_repeated_powers_cannot_fill_the_memory() -> None:
    tower = const(2) ** 64
    with pytest.raises(LanguageError, match="bits"):
        (tower**64) ** 64


def test_increments_of_constants_fold_where_their_values_are_rational() -> None:
    assert increment("relu", 0, const(-1), const(3)).value == 2
    assert increment("pow", 3, const(1), const(Fraction(1, 2))).value == Fraction(19, 8)
    assert increment("tanh", 0, const(7), const(0)).value == 0
    assert increment("sqrt", 0, const(0), const(1)).value == 1
    assert increment("tanh", 0, const(0), const(1)).op == "increment"
    assert index(increment("abs", 0, stack([1, -1]), stack([0, 3])), 1).value == 1
    # 0 is not what it is where log(x) is undefined
    assert increment("log", 0, X, const(0)).op == "increment"


def test_long_sums_do_not_recurse() -> None:
    total = X
    for i in range(5000):
        total = total + i * X
    assert len(topological([total])) > 5000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(-12), "-12"),
        (Fraction(1, 2), "0x1.0000000000000p-1"),
        (Fraction(1, 3), "1/3"),
        (Fraction(981, 100), "3d5/64"),
        (Fraction(10) ** 400, f"{10**400:x}/1"),
    ],
)
def test_numbers_have_one_spelling(value: Fraction, text: str) -> None:
    assert number_text(value) == text
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "-0", "01", "1.5", "1e3", "2/4", "nan", "inf", "0x1p-1", "0x1.8p+9999", "1/0", " 1", 1],
)
def test_other_spellings_are_refused(text: object) -> None:
    with pytest.raises(FormatError):
        parse_number(text)


def test_graphs_survive_the_wire() -> None:
    net = affine([[0.5, -1.25]], [0.1], relu(affine([[1, 2], [3, 4]], None, stack([X, Y]))))
    e = select(X, maximum(index(net, 0), Y**3), sin(X) / (Y + 5))
    rows, positions = encode_graph([e, X])
    assert decode_graph(rows, positions) == [e, X]


@pytest.mark.parametrize(
    "rows",
    [
        "graph",
        [["var", "x"]],
        [["var", 1, []]],
        [["sin", None, [0]]],
        [["var", "x", []], ["sin", None, [True]]],
        [["var", "x", []], ["add", None, [0]]],
        [["var", "x", []], ["pow", 1, [0]]],
        [["var", "x", []], ["quotient", ["sin", 0], [0, 0]]],
        [["var", "x", []], ["increment", ["sin", 0], [0, 0]]],
        [["const", 0.5, []]],
        [["unknown", None, []]],
        [["var", "x", []], ["affine", [[["1"]]], [0]]],
        [["var", ["x"], []]],
    ],
)
def test_damaged_graphs_are_refused(rows: object) -> None:
    with pytest.raises(FormatError):
        decode_graph(rows, [0])
