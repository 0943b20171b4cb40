"""Values of expressions at points in 60 digits, written independently of the checker's bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

import mpmath
from mpmath import mpf

from certify.proofs.checker.language import Affine, Node, topological

__all__ = ["TooLargeError", "UndefinedError", "components", "contains", "exact", "value"]

_CONTEXT = mpmath.mp.clone()
_CONTEXT.dps = 60
_LARGEST = _CONTEXT.mpf(10) ** 300


class UndefinedError(Exception):
    """The expression has no value at the point."""


class TooLargeError(Exception):
    """The value is too large to be worth computing."""


def exact(number: Fraction) -> mpf:
    return _CONTEXT.mpf(number.numerator) / number.denominator


def value(root: Node, point: Mapping[str, Fraction | mpf], jump: int = 0) -> mpf:
    """The value of the scalar ``root``; a step at its jump has the value ``jump``."""
    (result,) = components(root, point, jump)[root]
    if result is None:
        raise UndefinedError
    return result


def components(
    root: Node, point: Mapping[str, Fraction | mpf], jump: int = 0
) -> dict[Node, tuple[mpf | None, ...]]:
    """The components of every part of ``root``, None where one has no value."""
    done: dict[Node, tuple[mpf | None, ...]] = {}
    for node in topological([root]):
        done[node] = tuple(_parts(node, [done[a] for a in node.args], point, jump))
    return done


def _parts(node: Node, args: list, point: Mapping, jump: int) -> Iterator[mpf | None]:
    """The components, None where one has no value."""
    data = node.data
    if node.op == "var":
        given = point[str(data)]
        yield exact(given) if isinstance(given, Fraction) else given
    elif node.op == "const":
        yield exact(node.value)
    elif node.op == "stack":
        yield from (a[0] for a in args)
    elif node.op == "index":
        yield args[0][data]
    elif node.op == "select":
        ((condition,), *branches) = args
        yield None if condition is None else branches[0 if condition > 0 else 1][0]
    elif isinstance(data, Affine):
        for row, bias in zip(data.weight, data.bias, strict=True):
            terms = zip(row, args[0], strict=True)
            strict = None not in args[0]
            yield sum((exact(w) * a for w, a in terms), start=exact(bias)) if strict else None
    else:
        for row in zip(*args, strict=True):
            yield None if None in row else _bounded(node.op, data, row, jump)


def _bounded(op: str, data: object, row: tuple[mpf, ...], jump: int) -> mpf | None:
    try:
        result = _one(op, data, row, jump)
    except UndefinedError:
        return None
    if abs(result) > _LARGEST:
        raise TooLargeError
    return result


def _one(op: str, data: object, row: tuple[mpf, ...], jump: int) -> mpf:
    a, b = row[0], row[-1]
    if op == "quotient":
        return _quotient(data, a, b, jump)
    if op == "increment":
        return _unary(data[0], data[1], a + b) - _unary(data[0], data[1], a)
    if op == "quotient2":
        if a == b:
            return _second(data, a) / 2
        if data[0] in ("relu", "abs") and a == 0:
            raise UndefinedError
        slope = _slope(data, a, jump)
        return (_unary(data[0], data[1], b) - _unary(data[0], data[1], a) - slope * (b - a)) / (
            b - a
        ) ** 2
    binary = {
        "add": lambda: a + b,
        "sub": lambda: a - b,
        "mul": lambda: a * b,
        "max": lambda: max(a, b),
    }
    if op in binary:
        return binary[op]()
    if op == "step":
        return _CONTEXT.mpf(jump if a == 0 else a > 0)
    return _unary(op, data, a)


def _quotient(data: tuple[str, int], a: mpf, b: mpf, jump: int) -> mpf:
    if a == b:
        return _slope(data, a, jump)
    return (_unary(data[0], data[1], b) - _unary(data[0], data[1], a)) / (b - a)


def _slope(data: tuple[str, int], a: mpf, jump: int) -> mpf:
    if data[0] in ("relu", "abs"):
        s = _CONTEXT.mpf(jump if a == 0 else a > 0)
        return s if data[0] == "relu" else 2 * s - 1
    _unary(data[0], data[1], a)
    if data[0] in ("log", "sqrt") and a <= 0:
        raise UndefinedError
    return _CONTEXT.diff(lambda t: _unary(data[0], data[1], t), a)


def _second(data: tuple[str, int], a: mpf) -> mpf:
    if data[0] in ("relu", "abs"):
        if a == 0:
            raise UndefinedError
        return _CONTEXT.mpf(0)
    _slope(data, a, 0)
    return _CONTEXT.diff(lambda t: _unary(data[0], data[1], t), a, 2)


def _unary(op: str, power: object, a: mpf) -> mpf:
    if abs(a) > 700 and op == "exp":
        raise TooLargeError
    if (op == "recip" and a == 0) or (op == "log" and a <= 0) or (op == "sqrt" and a < 0):
        raise UndefinedError
    if op == "pow":
        return a ** int(power)
    simple = {"neg": lambda: -a, "relu": lambda: max(a, _CONTEXT.mpf(0)), "abs": lambda: abs(a),
              "recip": lambda: 1 / a}  # fmt: skip
    return simple[op]() if op in simple else getattr(_CONTEXT, op)(a)


def contains(low: float, high: float, number: mpf) -> bool:
    """Whether ``number``, right to some 50 digits, is between the ends."""
    slack = _CONTEXT.mpf(10) ** -35 * (1 + abs(number))
    return bool(_CONTEXT.mpf(low) - slack <= number <= _CONTEXT.mpf(high) + slack)
