"""Ranges of the operators and their derivatives over intervals with exact end points.

Every function returns an interval that contains ``{g(t) : t in x}``.  An interval that is not
finite means "perhaps not defined everywhere there" and proves nothing.  End points are exact
binary numbers, rounded outward by ball arithmetic, so that a bound that is attained, such as
the limit of a clip, is not lost.  Reference: F. Johansson, Arb: efficient
arbitrary-precision midpoint-radius interval arithmetic, 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from flint import arb

__all__ = [
    "UNDEFINED",
    "Interval",
    "curvature_range",
    "enclose",
    "hull",
    "product",
    "relu_range",
    "slope_range",
    "square",
    "step_range",
    "value_range",
]


class Interval(NamedTuple):
    """All reals between two exact end points; not finite means undefined."""

    low: arb
    high: arb

    def lower(self) -> arb:
        """The lower end point."""
        return self.low

    def upper(self) -> arb:
        """The upper end point."""
        return self.high

    def is_finite(self) -> bool:
        """Whether this is an enclosure at all."""
        return bool(self.low.is_finite() and self.high.is_finite())

    def ball(self) -> arb:
        """The smallest ball around the interval."""
        return self.low.union(self.high)


def enclose(low: arb, high: arb) -> Interval:
    """From the lower end of the ball ``low`` to the upper end of the ball ``high``."""
    return Interval(low.lower(), high.upper())


_ZERO, _ONE = arb(0), arb(1)
_NAN = arb("nan")
UNDEFINED = Interval(_NAN, _NAN)
_WAVE = Interval(-_ONE, _ONE)
_UNIT = Interval(_ZERO, _ONE)


def hull(*balls: arb) -> Interval:
    """The smallest interval around ``balls``; undefined if one of them is."""
    low = high = balls[0]
    for ball in balls[1:]:
        low, high = low.min(ball), high.max(ball)
    return enclose(low, high)


def product(x: Interval, y: Interval) -> Interval:
    """``{s * t : s in x, t in y}``."""
    return hull(x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high)


def _scaled(k: int | arb, x: Interval) -> Interval:
    return hull(k * x.low, k * x.high)


def _shifted(x: Interval, k: int) -> Interval:
    return enclose(x.low + k, x.high + k)


def _absolute(x: Interval) -> Interval:
    if x.low >= 0:
        return x
    if x.high <= 0:
        return Interval(-x.high, -x.low)
    return enclose(_ZERO * x.low, (-x.low).max(x.high)) if x.is_finite() else UNDEFINED


def square(x: Interval) -> Interval:
    """``{t * t : t in x}``."""
    return power_range(x, 2)


def power_range(x: Interval, n: int) -> Interval:
    """``{t**n : t in x}`` for ``n >= 0``."""
    if n == 0:
        return Interval(_ONE, _ONE) if x.is_finite() else UNDEFINED
    low, high = _absolute(x) if n % 2 == 0 else x
    return enclose(low**n, high**n)


def relu_range(x: Interval) -> Interval:
    """``{max(t, 0) : t in x}``."""
    return Interval(x.low.max(_ZERO), x.high.max(_ZERO)) if x.is_finite() else UNDEFINED


def step_range(x: Interval) -> Interval:
    """The generalised derivative of relu over ``x``."""
    if not x.is_finite():
        return UNDEFINED
    return Interval(_ONE if x.low > 0 else _ZERO, _ZERO if x.high < 0 else _ONE)


def _increasing(g: Callable[[arb], arb]) -> Callable[[Interval], Interval]:
    return lambda x: enclose(g(x.low), g(x.high))


def _wave(g: Callable[[arb], arb], phase: float) -> Callable[[Interval], Interval]:
    """``g`` in {sin, cos}, whose extrema lie at ``pi * (k + phase)``, even ``k`` the maxima."""

    def value(x: Interval) -> Interval:
        pi = arb.pi()
        first = float((x.low / pi).lower()) - phase
        last = float((x.high / pi).upper()) - phase
        if not (-1e6 < first <= last < 1e6):
            return _WAVE if x.is_finite() else UNDEFINED
        # 1e-9 is far above the conversion error: an extremum may be added, none is missed
        extrema = range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)
        if len(extrema) > 1:
            return _WAVE
        return hull(g(x.low), g(x.high), *((_ONE if k % 2 == 0 else -_ONE) for k in extrema))

    return value


_sin, _cos = _wave(arb.sin, 0.5), _wave(arb.cos, 0.0)
_tanh, _exp, _atan = _increasing(arb.tanh), _increasing(arb.exp), _increasing(arb.atan)


def _negated(g: Callable[[Interval], Interval]) -> Callable[[Interval], Interval]:
    def value(x: Interval) -> Interval:
        low, high = g(x)
        return Interval(-high, -low)

    return value


def _recip(x: Interval) -> Interval:
    return enclose(1 / x.high, 1 / x.low) if x.low > 0 or x.high < 0 else UNDEFINED


def _log(x: Interval) -> Interval:
    return enclose(x.low.log(), x.high.log()) if x.low > 0 else UNDEFINED


def _sqrt(x: Interval) -> Interval:
    return enclose(x.low.sqrt(), x.high.sqrt()) if x.low >= 0 else UNDEFINED


_VALUE: Mapping[str, Callable[[Interval], Interval]] = {
    "sin": _sin,
    "cos": _cos,
    "tanh": _tanh,
    "exp": _exp,
    "atan": _atan,
    "log": _log,
    "sqrt": _sqrt,
    "recip": _recip,
    "abs": _absolute,
}


def _tanh_slope(x: Interval) -> Interval:
    return _shifted(_scaled(-1, square(_tanh(x))), 1)


def _atan_slope(x: Interval) -> Interval:
    return _recip(_shifted(square(x), 1))


def _flat_off_zero(x: Interval) -> Interval:
    crosses = not (x.is_finite() and (x.low > 0 or x.high < 0))
    return UNDEFINED if crosses else Interval(_ZERO, _ZERO)


_SLOPE: Mapping[str, Callable[[Interval], Interval]] = {
    "sin": _cos,
    "cos": _negated(_sin),
    "tanh": _tanh_slope,
    "exp": _exp,
    "atan": _atan_slope,
    "log": lambda x: _recip(x) if x.low > 0 else UNDEFINED,
    "sqrt": lambda x: _recip(_scaled(2, _sqrt(x))),
    "recip": lambda x: _scaled(-1, square(_recip(x))),
    "relu": step_range,
    "abs": lambda x: _shifted(_scaled(2, step_range(x)), -1),
}

_CURVATURE: Mapping[str, Callable[[Interval], Interval]] = {
    "sin": _negated(_sin),
    "cos": _negated(_cos),
    "tanh": lambda x: _scaled(-2, product(_tanh(x), _tanh_slope(x))),
    "exp": _exp,
    "atan": lambda x: _scaled(-2, product(x, square(_atan_slope(x)))),
    "log": lambda x: _scaled(-1, square(_recip(x))) if x.low > 0 else UNDEFINED,
    "sqrt": lambda x: _scaled(-1, _recip(_scaled(4, power_range(_sqrt(x), 3)))),
    "recip": lambda x: _scaled(2, power_range(_recip(x), 3)),
    "relu": _flat_off_zero,
    "abs": _flat_off_zero,
}


def value_range(op: str, power: int, x: Interval) -> Interval:
    """``{g(t) : t in x}`` for a smooth ``op`` or abs (with exponent ``power`` for pow)."""
    return power_range(x, power) if op == "pow" else _VALUE[op](x)


def slope_range(op: str, power: int, x: Interval) -> Interval:
    """``{g'(t) : t in x}``, generalised at kinks."""
    return _scaled(power, power_range(x, power - 1)) if op == "pow" else _SLOPE[op](x)


def curvature_range(op: str, power: int, x: Interval) -> Interval:
    """``{g''(t) : t in x}``; undefined across a kink."""
    if op == "pow":
        return _scaled(power * (power - 1), power_range(x, power - 2))
    return _CURVATURE[op](x)
