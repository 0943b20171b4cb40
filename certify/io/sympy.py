"""sympy expressions as expressions of the language, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from certify.errors import ExpressionError
from certify.expression import (
    Node,
    absolute,
    atan,
    const,
    cos,
    exp,
    log,
    maximum,
    minimum,
    recip,
    select,
    sin,
    sqrt,
    tanh,
    var,
)
from certify.proofs.checker.errors import LanguageError

__all__ = ["read_sympy"]

_FUNCTIONS: Mapping[Any, Callable[..., Node]] = {
    sympy.Abs: absolute,
    sympy.Add: lambda *args: reduce(lambda a, b: a + b, args),
    sympy.Max: lambda *args: reduce(maximum, args),
    sympy.Min: lambda *args: reduce(minimum, args),
    sympy.Mul: lambda *args: reduce(lambda a, b: a * b, args),
    sympy.atan: atan,
    sympy.cos: cos,
    sympy.exp: exp,
    sympy.log: log,
    sympy.sin: sin,
    sympy.tan: lambda a: sin(a) / cos(a),
    sympy.tanh: tanh,
}
_KNOWN = "numbers, pi, E, + - * / **, " + ", ".join(sorted(f.__name__ for f in _FUNCTIONS))


def read_sympy(expression: sympy.Expr, names: Sequence[str]) -> Node:
    """The scalar ``expression`` over the variables ``names``.

    Integers and rationals are exact; a ``Float`` is the binary number that it is, so write
    ``Rational("0.1")`` for one tenth; ``pi`` is ``4 atan(1)``.  A two-part ``Piecewise`` on
    one inequality becomes ``select``.  sympy may have simplified before: it takes ``x/x`` for
    1, also at ``x = 0``.

    Raises ``ExpressionError`` for text, a symbol not in ``names``, complex or infinite numbers,
    fractional powers other than square roots, and every other function, by its name.
    """
    if not isinstance(expression, sympy.Expr):
        raise ExpressionError(f"{expression!r} is not a sympy expression")
    done: dict[Any, Node] = {}
    work: list[Any] = [expression]
    while work:
        part = work[-1]
        missing = [a for a in _parts(part) if a not in done]
        if missing:
            work.extend(missing)
            continue
        work.pop()
        try:
            done[part] = _node(part, done, names)
        except LanguageError as error:
            raise ExpressionError(f"{_short(part)}: {error}") from None
    return done[expression]


def _short(part: Any) -> str:
    text = str(part)
    return text if len(text) <= 60 else text[:57] + "..."


def _parts(part: Any) -> list[Any]:
    """The subexpressions that ``part`` needs as nodes."""
    if isinstance(part, sympy.Pow):
        return [part.base]
    if isinstance(part, sympy.Piecewise):
        condition = _condition(part)
        return [condition.lhs, condition.rhs, part.args[0].expr, part.args[1].expr]
    return list(part.args) if part.func in _FUNCTIONS else []


def _condition(part: Any) -> Any:
    comparisons = (sympy.Gt, sympy.Ge, sympy.Lt, sympy.Le)
    if len(part.args) != 2 or part.args[1].cond != sympy.true:
        raise ExpressionError(f"{_short(part)}: write nested Piecewise of two parts each")
    condition = part.args[0].cond
    if not isinstance(condition, comparisons):
        raise ExpressionError(f"{_short(part)}: the condition must be one inequality")
    return condition


def _node(part: Any, done: Mapping[Any, Node], names: Sequence[str]) -> Node:
    if isinstance(part, sympy.Symbol):
        if part.name not in names:
            raise ExpressionError(f"the symbol {part.name} is not one of {', '.join(names)}")
        return var(part.name)
    if isinstance(part, (sympy.Rational, sympy.Float)) and part.is_finite:
        exact = sympy.Rational(part)
        return const(Fraction(int(exact.p), int(exact.q)))
    if part is sympy.pi:
        return 4 * atan(const(1))
    if part is sympy.E:
        return exp(const(1))
    if isinstance(part, sympy.Pow):
        return _power(part, done)
    if isinstance(part, sympy.Piecewise):
        return _piecewise(part, done)
    if part.func in _FUNCTIONS:
        return _FUNCTIONS[part.func](*(done[a] for a in part.args))
    raise ExpressionError(f"{_short(part)} ({part.func.__name__}) is not read; read are {_KNOWN}")


def _power(part: Any, done: Mapping[Any, Node]) -> Node:
    base, exponent = done[part.base], part.exp
    if exponent.is_Integer:
        return base ** int(exponent)
    if exponent.is_Rational and exponent.q == 2:
        root = sqrt(base) ** abs(int(exponent.p))
        return root if exponent.p > 0 else recip(root)
    raise ExpressionError(
        f"{_short(part)}: an exponent must be a constant integer or half of one; "
        "write exp(b*log(a)) for a**b with positive a"
    )


def _piecewise(part: Any, done: Mapping[Any, Node]) -> Node:
    """``select`` is strict, so a condition with equality chooses the other way round."""
    condition = _condition(part)
    a, b = done[condition.lhs], done[condition.rhs]
    yes, no = (done[piece.expr] for piece in part.args)
    if isinstance(condition, (sympy.Lt, sympy.Le)):
        a, b = b, a
    if isinstance(condition, (sympy.Gt, sympy.Lt)):
        return select(a - b, yes, no)
    return select(b - a, no, yes)
