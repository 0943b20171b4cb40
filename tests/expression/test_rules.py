"""Rules as text: what they mean, and one message with a caret for what they are not."""

import pytest

from certify.errors import ExpressionError
from certify.expression import Node, const, var
from certify.expression.rules import parse_rule
from certify.proofs.checker.obligations import Atom

NAMES = {n: var(n) for n in ("T", "u", "people", "occupied")}
T, U, PEOPLE, OCCUPIED = NAMES.values()


def rule(text: str) -> tuple[tuple[Atom, ...], tuple[Atom, ...]]:
    return parse_rule(text, NAMES, {})


def over(e: Node) -> Atom:
    return Atom(">", e)


def from_(e: Node) -> Atom:
    return Atom(">=", e)


@pytest.mark.parametrize(
    ("text", "when", "then"),
    [
        ("when T < 20 then u > T", (over(const(20) - T),), (over(U - T),)),
        ("when occupied and T <= 20 then u >= T", (over(OCCUPIED), from_(const(20) - T)),
         (from_(U - T),)),
        ("when 20 < T <= 23.5 then 15 <= u < T and u <= 22",
         (over(T - 20), from_(const(47) / 2 - T)),
         (from_(U - 15), over(T - U), from_(const(22) - U))),
        ("always u <= 22", (), (from_(const(22) - U),)),
        ("u <= 22", (), (from_(const(22) - U),)),
        ("when 2*T - people then u > abs(T)", (over(2 * T - PEOPLE),), None),
    ],
)  # fmt: skip
def test_meaning(text: str, when: tuple[Atom, ...], then: tuple[Atom, ...] | None) -> None:
    found = rule(text)
    assert found[0] == when
    assert then is None or found[1] == then


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the expression is empty"),
        ("when T < 20", "expected 'then'"),
        ("when then u > T", "a condition is missing before 'then'"),
        ("when T < 20 then", "expected a number"),
        ("when T < 20 then always", "a condition is missing"),
        ("when T == 20 then u > T", "expected 'then', found '=='"),
        ("when T < 20 or people then u > T", "expected 'then', found 'or'"),
        ("when (T < 20) then u > T", "without parentheses"),
        ("when T < 20 then u > t", "unknown name 't'"),
        ("T < 20 then u > T", "expected an operator"),
        ("when T < 1/0 then u > T", "division by the constant 0"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        rule(text)
