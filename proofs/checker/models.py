"""Taylor models of degree 0 and 1 in ball arithmetic: the bounds behind every leaf.

On a box ``x = mid + rad * d`` with ``d`` in ``[-1, 1]^n`` a value is enclosed by

    ``value(d) = c + g_1 d_1 + ... + g_n d_n``   and   ``value(d) in range``

in this sense: for every ``d`` there are ``c`` and ``g_i`` in their balls that make it true.
Degree 0 has no ``g``.  The rules need no more than that: coefficients may depend on ``d``.
An end point that is NaN stands for "perhaps undefined" and survives every rule; infinite
ones are bounds, and a formula takes only finite ranges as evidence.
Reference: M. Berz, G. Hoffstaetter, Computation and application of Taylor polynomials with
interval remainder bounds, 1998; the lines through kinks are the usual linear relaxations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from flint import arb, arb_mat, ctx, fmpq

from .errors import LanguageError
from .language import SMOOTH, Affine, Divided, Node, constant_factor, schedule
from .ranges import (
    UNDEFINED,
    Interval,
    curvature_range,
    enclose,
    hull,
    product,
    relu_range,
    slope_range,
    square,
    step_range,
    value_range,
)

__all__ = ["Box", "Evaluator", "Model", "exact_ball", "set_precision"]

_BITS = 64
_ZERO, _ONE = arb(0), arb(1)
_SYMMETRIC, _UNIT = arb(0, 1), _ZERO.union(_ONE)
Box = Mapping[str, tuple[Fraction, Fraction]]


class Model(NamedTuple):
    """A scalar value: affine coefficients (``g`` empty in degree 0) and a range."""

    c: arb
    g: tuple[arb, ...]
    range: Interval


def set_precision() -> None:
    """Fix the working precision: 64 bits, for every check alike."""
    ctx.prec = _BITS


def exact_ball(value: Fraction) -> arb:
    """A ball around the exact rational ``value``."""
    return arb(fmpq(value.numerator, value.denominator))


def _meet(a: Interval, b: Interval) -> Interval:
    """Both enclosures hold, so their intersection does; undefined if one is, or if it is empty."""
    low, high = a.low.max(b.low), a.high.min(b.high)
    return Interval(low, high) if a.is_finite() and b.is_finite() and low <= high else UNDEFINED


class _Matrix(NamedTuple):
    """An affine node in balls: ``weight``, its positive and negative parts, ``bias``."""

    weight: arb_mat
    positive: arb_mat
    negative: arb_mat
    bias: list[arb]


_matrices: dict[Node, _Matrix] = {}


def _matrix(node: Node, data: Affine) -> _Matrix:
    if node not in _matrices:
        rows, columns = len(data.weight), len(data.weight[0])
        flat = [w for row in data.weight for w in row]
        zero = Fraction(0)
        _matrices[node] = _Matrix(
            arb_mat(rows, columns, [exact_ball(w) for w in flat]),
            arb_mat(rows, columns, [exact_ball(max(w, zero)) for w in flat]),
            arb_mat(rows, columns, [exact_ball(min(w, zero)) for w in flat]),
            [exact_ball(b) for b in data.bias],
        )
    return _matrices[node]


class Evaluator:
    """Models of expressions over one box, each shared part computed once."""

    def __init__(self, box: Box, degree: int) -> None:
        set_precision()
        self._models: dict[Node, tuple[Model, ...]] = {}
        self._size = len(box) if degree else 0
        self._variables: dict[str, Model] = {}
        for i, (name, (low, high)) in enumerate(box.items()):
            reach = enclose(exact_ball(low), exact_ball(high))
            if degree:
                slopes = [_ZERO] * self._size
                slopes[i] = exact_ball((high - low) / 2)
                model = Model(exact_ball((low + high) / 2), tuple(slopes), reach)
            else:
                model = Model(reach.ball(), (), reach)
            self._variables[name] = model

    def range(self, node: Node) -> Interval:
        """An interval that contains every value of the scalar ``node`` on the box."""
        return self.models(node)[0].range

    def models(self, root: Node) -> tuple[Model, ...]:
        """The models of ``root``, one for each component."""
        table = self._models
        if root not in table:
            for node in schedule(root):
                if node not in table:
                    table[node] = self._evaluate(node)
        return table[root]

    def _evaluate(self, node: Node) -> tuple[Model, ...]:
        args = [self._models[a] for a in node.args]
        op, data = node.op, node.data
        if isinstance(data, Affine):
            return self._affine(_matrix(node, data), args[0])
        if op == "stack":
            return tuple(a[0] for a in args)
        if op == "index" and isinstance(data, int):
            return (args[0][data],)
        if op == "const" and isinstance(data, Fraction):
            ball = exact_ball(data)
            return (self._constant(enclose(ball, ball)),)
        if op == "var" and isinstance(data, str):
            return (self._variables[data],)
        if op == "select":
            return (self._select(*(a[0] for a in args)),)
        if op == "mul" and (factor := constant_factor(node)) is not None:
            pairs = zip(args[factor], args[1 - factor], strict=True)
            return tuple(_scaled(k.range, a) for k, a in pairs)
        return tuple(self._scalar(op, data, parts) for parts in zip(*args, strict=True))

    def _constant(self, reach: Interval) -> Model:
        return Model(reach.ball(), (_ZERO,) * self._size, reach)

    def _scalar(self, op: str, data: object, parts: Sequence[Model]) -> Model:
        a, b = parts[0], parts[-1]
        if op == "add":
            g = tuple(map(arb.__add__, a.g, b.g))
            plain = enclose(a.range.low + b.range.low, a.range.high + b.range.high)
            return _narrowed(a.c + b.c, g, plain)
        if op == "sub":
            return _difference(a, b)
        if op == "neg":
            return _negative(a)
        if op == "mul":
            return _product(a, b)
        if op == "max":
            gap = _kink("relu", _difference(a, b))
            plain = Interval(a.range.low.max(b.range.low), a.range.high.max(b.range.high))
            return _narrowed(b.c + gap.c, tuple(map(arb.__add__, b.g, gap.g)), plain)
        if op in ("relu", "abs"):
            return _kink(op, a)
        if op == "step":
            return self._constant(step_range(a.range))
        if op in SMOOTH:
            return self._smooth(op, data if isinstance(data, int) else 0, a)
        if isinstance(data, Divided):
            between = hull(a.range.low, a.range.high, b.range.low, b.range.high)
            return self._quotient(op, data, between)
        raise LanguageError(f"no bound rule for {op}")

    def _quotient(self, op: str, g: Divided, between: Interval) -> Model:
        """Divided differences are means of derivatives between their arguments."""
        if op == "quotient":
            return self._constant(slope_range(g.op, g.power, between))
        half = curvature_range(g.op, g.power, between)
        return self._constant(enclose(half.low / 2, half.high / 2))

    def _smooth(self, op: str, power: int, a: Model) -> Model:
        """``g(a) = g(m) + g'(m)(a - m) + g''(xi)/2 (a - m)**2``, or the plain range."""
        plain = value_range(op, power, a.range)
        if not self._size or not plain.is_finite():
            return self._constant(plain)
        # the expansion point must be in the range, or the curvature between is not covered
        centre = a.c.mid().max(a.range.low).min(a.range.high)
        point = Interval(centre, centre)
        slope = slope_range(op, power, point).ball()
        offset = enclose(a.range.low - centre, a.range.high - centre)
        bend = product(curvature_range(op, power, a.range), square(offset)).ball() / 2
        c = value_range(op, power, point).ball() + slope * (a.c - centre) + bend
        if not bend.rad() < plain.ball().rad():
            return self._constant(plain)
        return _narrowed(c, tuple(slope * g for g in a.g), plain)

    def _affine(self, matrix: _Matrix, args: Sequence[Model]) -> tuple[Model, ...]:
        k, n = len(args), self._size
        if not all(a.range.is_finite() for a in args):  # a zero weight must not hide a NaN
            return tuple(self._constant(UNDEFINED) for _ in matrix.bias)
        low = arb_mat(k, 2, [end for a in args for end in a.range])
        high = arb_mat(k, 2, [end for a in args for end in reversed(a.range)])
        plain = matrix.positive * low + matrix.negative * high
        out = matrix.weight * arb_mat(k, n + 1, [ball for a in args for ball in (a.c, *a.g)])
        return tuple(
            _narrowed(
                out[i, 0] + bias,
                tuple(out[i, j] for j in range(1, n + 1)),
                enclose(plain[i, 0] + bias, plain[i, 1] + bias),
            )
            for i, bias in enumerate(matrix.bias)
        )

    def _select(self, condition: Model, positive: Model, otherwise: Model) -> Model:
        if not condition.range.is_finite():
            return self._constant(UNDEFINED)
        if condition.range.low > 0:
            return positive
        if condition.range.high <= 0:
            return otherwise
        return self._constant(hull(*positive.range, *otherwise.range))


def _narrowed(c: arb, g: tuple[arb, ...], plain: Interval) -> Model:
    """The model with the intersection of its own range and ``plain``."""
    if not g:
        return Model(plain.ball(), g, plain)
    reach = sum((slope.abs_upper() for slope in g), _ZERO)
    return Model(c, g, _meet(enclose(c - reach, c + reach), plain))


def _negative(a: Model) -> Model:
    return Model(-a.c, tuple(-g for g in a.g), Interval(-a.range.high, -a.range.low))


def _scaled(factor: Interval, a: Model) -> Model:
    k = factor.ball()
    return Model(k * a.c, tuple(k * g for g in a.g), product(factor, a.range))


def _difference(a: Model, b: Model) -> Model:
    plain = enclose(a.range.low - b.range.high, a.range.high - b.range.low)
    return _narrowed(a.c - b.c, tuple(map(arb.__sub__, a.g, b.g)), plain)


def _product(a: Model, b: Model) -> Model:
    plain = product(a.range, b.range)
    if not a.g:
        return Model(plain.ball(), a.g, plain)
    c = a.c * b.c
    for i, (p, q) in enumerate(zip(a.g, b.g, strict=True)):
        c += p * q * _UNIT  # d_i**2 lies in [0, 1]
        for j in range(i):
            c += (p * b.g[j] + q * a.g[j]) * _SYMMETRIC
    return _narrowed(c, tuple(a.c * q + b.c * p for p, q in zip(a.g, b.g, strict=True)), plain)


def _kink(op: str, a: Model) -> Model:
    """relu or abs: exact off the kink, otherwise a chord plus the enclosed remainder.

    Any slope is sound: the remainder is piecewise linear, so its extremes lie at the two
    ends and at the kink.
    """
    low, high = a.range
    if low >= 0:
        return a
    if high <= 0 and op == "abs":
        return _negative(a)
    plain = relu_range(a.range) if op == "relu" else value_range(op, 0, a.range)
    if not (a.g and plain.is_finite() and high > 0):
        return Model(plain.ball(), (_ZERO,) * len(a.g), plain)
    at_low, at_high = (_ZERO, high) if op == "relu" else (-low, high)
    slope = ((at_high - at_low) / (high - low)).mid()
    rest = hull(_ZERO, at_low - slope * low, at_high - slope * high).ball()
    return _narrowed(slope * a.c + rest, tuple(slope * g for g in a.g), plain)
