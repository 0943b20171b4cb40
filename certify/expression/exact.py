"""Evaluation at one point in exact rational arithmetic, where the operators allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from certify.proofs.checker.attributes import Data
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import Affine, Node, build, const

__all__ = ["exact"]

_LARGEST_BITS = 1 << 16

_Vector: TypeAlias = tuple[Fraction, ...]


def exact(node: Node, values: Mapping[str, Fraction]) -> Fraction:
    """The exact value of the scalar ``node`` where its variables are ``values``.

    Arithmetic, kinks, ``select`` (the chosen branch only), divided differences and increments
    of those are rational; of the other operators only the values that the language itself
    knows are, such as ``sin(0)``.

    Raises ``LanguageError`` where the value is undefined, not known to be rational or
    set-valued (``step`` at 0), has more than 65536 bits, or lacks a variable.
    """
    if node.size:
        raise LanguageError(f"exact evaluation is of scalars, not of a vector of {node.size}")
    done: dict[Node, _Vector] = {}
    work = [node]
    while work:
        top = work[-1]
        missing = [a for a in _wanted(top, done) if a not in done]
        if missing:
            work.extend(missing)
        else:
            work.pop()
            if top not in done:
                done[top] = _bounded(top, _value(top, done, values))
    return done[node][0]


def _wanted(node: Node, done: Mapping[Node, _Vector]) -> Sequence[Node]:
    """The arguments to evaluate first: of ``select`` the condition, then the chosen branch."""
    if node.op != "select":
        return node.args
    condition = node.args[0]
    return (condition, _chosen(node, done)) if condition in done else (condition,)


def _chosen(node: Node, done: Mapping[Node, _Vector]) -> Node:
    return node.args[1] if done[node.args[0]][0] > 0 else node.args[2]


def _value(node: Node, done: Mapping[Node, _Vector], values: Mapping[str, Fraction]) -> _Vector:
    data = node.data
    if node.op == "const":
        return (node.value,)
    if node.op == "var":
        if data not in values:
            raise LanguageError(f"there is no value for the variable {data}")
        return (Fraction(values[str(data)]),)
    if node.op == "select":
        return done[_chosen(node, done)]
    args = [done[a] for a in node.args]
    if node.op == "stack":
        return tuple(part[0] for part in args)
    if node.op == "index" and isinstance(data, int):
        return (args[0][data],)
    if isinstance(data, Affine):
        rows = zip(data.weight, data.bias, strict=True)
        return tuple(sum((w * v for w, v in zip(row, args[0], strict=True)), b) for row, b in rows)
    return tuple(_scalar(node, column) for column in zip(*args, strict=True))


def _scalar(node: Node, args: Sequence[Fraction]) -> Fraction:
    """One component of an elementwise operator."""
    a, b, data = args[0], args[-1], node.data
    if node.op == "add":
        return a + b
    if node.op == "sub":
        return a - b
    if node.op == "mul":
        return a * b
    if isinstance(data, tuple) and node.op != "increment" and isinstance(data[1], int):
        return _difference(node.op, str(data[0]), data[1], a, b)
    return _apply(node.op, args, data)


def _apply(op: str, args: Sequence[Fraction], data: Data) -> Fraction:
    # the language folds an operator on constants exactly when the result is rational
    folded = build(op, tuple(const(a) for a in args), data)
    if folded.op != "const":
        points = ", ".join(str(a) for a in args)[:60]
        raise LanguageError(f"{op}({points}) has no exact rational value here")
    return folded.value


def _difference(op: str, name: str, power: int, s: Fraction, t: Fraction) -> Fraction:
    if name == "pow":
        n = power - 1
        if op == "quotient":
            return sum((s**i * t ** (n - i) for i in range(n + 1)), Fraction(0))
        return sum(((i + 1) * s**i * t ** (n - 1 - i) for i in range(n)), Fraction(0))
    if name == "recip":
        first = _apply("recip", [s], None) * _apply("recip", [t], None)
        return -first if op == "quotient" else first / s
    if s == t or (op == "quotient2" and (s == 0 or name not in ("abs", "relu"))):
        raise LanguageError(f"{op} of {name} from {s} to {t} has no exact rational value here")
    slope = (_apply(name, [t], None) - _apply(name, [s], None)) / (t - s)
    if op == "quotient":
        return slope
    derivative = Fraction(s > 0) if name == "relu" else Fraction(1 if s > 0 else -1)
    return (slope - derivative) / (t - s)


def _bounded(node: Node, result: _Vector) -> _Vector:
    bits = max(v.numerator.bit_length() + v.denominator.bit_length() for v in result)
    if bits > _LARGEST_BITS:
        raise LanguageError(f"the value of {node!r} has more than {_LARGEST_BITS} bits")
    return result
