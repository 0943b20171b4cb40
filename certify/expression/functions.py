"""The functions that expression text may call, in terms of the closed language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

from certify.errors import InputError
from certify.proofs.checker.language import (
    Node,
    absolute,
    atan,
    clip,
    const,
    cos,
    exp,
    log,
    maximum,
    minimum,
    relu,
    sin,
    sqrt,
    tanh,
)

__all__ = ["BUILTIN", "REASONS", "RESERVED", "Builtin"]

_HALF = Fraction(1, 2)


class Builtin(NamedTuple):
    """A function of the text: what it builds, and how its arguments are written."""

    make: Callable[[Sequence[Node]], Node]
    usage: str
    fewest: int
    most: int


def _unary(name: str, make: Callable[[Node], Node]) -> Builtin:
    return Builtin(lambda a: make(a[0]), f"{name}(x)", 1, 1)


def _tan(x: Node) -> Node:
    return sin(x) / cos(x)


def _sigmoid(x: Node) -> Node:
    """``1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2``, bounded for every ``x``."""
    return _HALF * tanh(_HALF * x) + _HALF


def _softplus(x: Node) -> Node:
    return log(const(1) + exp(x))


def _leaky_relu(a: Sequence[Node]) -> Node:
    """``x`` above 0 and ``slope x`` below: ``slope x + (1 - slope) relu(x)``, one kink."""
    x, slope = a
    return slope * x + (1 - slope) * relu(x)


def _clip(a: Sequence[Node]) -> Node:
    x, low, high = a
    if low.op == "const" and high.op == "const" and low.value > high.value:
        raise InputError("the bounds of clip are reversed; write clip(x, lower, upper)")
    return clip(x, low, high)


BUILTIN: Mapping[str, Builtin] = {
    "sin": _unary("sin", sin),
    "cos": _unary("cos", cos),
    "tan": _unary("tan", _tan),
    "tanh": _unary("tanh", tanh),
    "atan": _unary("atan", atan),
    "exp": _unary("exp", exp),
    "log": _unary("log", log),
    "sqrt": _unary("sqrt", sqrt),
    "abs": _unary("abs", absolute),
    "relu": _unary("relu", relu),
    "sigmoid": _unary("sigmoid", _sigmoid),
    "softplus": _unary("softplus", _softplus),
    "max": Builtin(lambda a: reduce(maximum, a), "max(x, y)", 2, 64),
    "min": Builtin(lambda a: reduce(minimum, a), "min(x, y)", 2, 64),
    "leaky_relu": Builtin(_leaky_relu, "leaky_relu(x, slope)", 2, 2),
    "clip": Builtin(_clip, "clip(x, lower, upper)", 3, 3),
}

REASONS: Mapping[str, str] = {
    "pi": (
        "'pi' is not a rational number; write a decimal such as 3.14159265, or declare an "
        'uncertain parameter pi = ["3.14159265", "3.14159266"]'
    ),
    "e": "'e' is not a rational number; write exp(1)",
    "nan": "'nan' is not a number",
    "inf": "'inf' is not a number; write a finite bound",
    "infinity": "'infinity' is not a number; write a finite bound",
    "sign": "'sign' is not continuous; write clip(k*x, -1, 1) with a gain k",
    "pow": "'pow' is written with **, as in x**2",
    "ln": "'ln' is written log",
    "arctan": "'arctan' is written atan",
    "True": "'True' is not a number",
    "False": "'False' is not a number",
}
"""Why a name that people try is not there, and what to write instead."""

RESERVED = frozenset(BUILTIN) | {"step", "and", "or", "not", "nan", "inf", "infinity"}
"""Names that a problem cannot give to a state, input, parameter or network."""
