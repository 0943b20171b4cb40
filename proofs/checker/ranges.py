"""Ranges of the operators and their derivatives over intervals, many at a time.

Every function returns intervals that contain ``{g(t) : t in x}``, elementwise.  Elementary
functions are balls of python-flint at exact points (F. Johansson, Arb: efficient
arbitrary-precision midpoint-radius interval arithmetic, 2017), never those of a C library.
Proofs: ``proofs/theory/L-MODEL.md``, sections 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from .intervals import (
    Array,
    Interval,
    absolute,
    add,
    down,
    hull,
    negative,
    power,
    product,
    recip,
    scaled,
    sqrt,
    square,
    up,
)

__all__ = ["curvature_range", "relu_range", "slope_range", "step_range", "value_range"]

_BITS = 64
_SURE = 58  # bits of a ball that make its float64 centre right to one unit in the last place
_EXACT = 1 << 60  # the accuracy of a ball without radius, as flint gives it, is larger
_WAVES = {"sin": 0, "cos": 1}


def _times(k: int, x: Interval) -> Interval:
    """``k x`` for a small integer ``k``."""
    return scaled(np.array(float(k)), np.array(0.0), x)


def _plus(x: Interval, k: float) -> Interval:
    return add(x, Interval(np.array(k), np.array(k)))


def relu_range(x: Interval) -> Interval:
    """``{max(t, 0) : t in x}``."""
    return Interval(np.maximum(x.low, 0.0), np.maximum(x.high, 0.0))


def step_range(x: Interval) -> Interval:
    """The generalised derivative of relu over ``x``."""
    values = Interval(np.where(x.low > 0, 1.0, 0.0), np.where(x.high < 0, 0.0, 1.0))
    return values.where(x.is_finite())


@lru_cache(maxsize=12)  # the ends of one argument serve its value, slope and curvature
def _bounds(name: str, data: bytes) -> tuple[tuple[Array, Array], ...]:
    """Bounds of the elementary function ``name`` at the points in ``data``, of sin_cos two."""
    points, back = np.unique(np.frombuffer(data), return_inverse=True)
    ctx.prec = _BITS  # others may have changed it
    function = getattr(arb, name)
    balls = [function(arb(t)) for t in points.tolist()]
    return tuple(
        (_spread(low, back), _spread(high, back))
        for low, high in map(_outward, zip(*balls, strict=True) if name == "sin_cos" else [balls])
    )


def _spread(ends: Array, back: NDArray[np.intp]) -> Array:
    result = ends[back.reshape(-1)]
    result.flags.writeable = False  # it is handed out again
    return result


def _outward(balls: Sequence[arb]) -> tuple[Array, Array]:
    """Numbers below and above ``balls``, the same where a ball is such a number."""
    value = np.array([float(b) for b in balls])
    accuracy = np.array([b.rel_accuracy_bits() for b in balls], dtype=np.int64)
    low, high = down(value), up(value)
    for i in np.flatnonzero(accuracy < _SURE).tolist():  # perhaps not a number at all
        middle, radius = np.array(float(balls[i].mid())), np.array(float(balls[i].rad()))
        low[i], high[i] = down(down(middle) - up(radius)), up(up(middle) + up(radius))
    for i in np.flatnonzero(accuracy >= _EXACT).tolist():
        if np.isfinite(value[i]) and arb(float(value[i])) == balls[i]:
            low[i] = high[i] = value[i]
    return low, high


def _at(name: str, x: Array) -> Interval:
    """The elementary function ``name`` at points."""
    data = np.ascontiguousarray(x).tobytes()
    if name in _WAVES:
        low, high = _bounds("sin_cos", data)[_WAVES[name]]
    else:
        low, high = _bounds(name, data)[0]
    return Interval(low.reshape(x.shape), high.reshape(x.shape))


def _increasing(name: str, least: float, largest: float) -> Callable[[Interval], Interval]:
    """An increasing function with values between ``least`` and ``largest``."""

    def value(x: Interval) -> Interval:
        low = np.maximum(_at(name, x.low).low, least)
        return Interval(low, np.minimum(_at(name, x.high).high, largest))

    return value


def _wave(name: str, phase: float) -> Callable[[Interval], Interval]:
    """sin or cos, whose extrema lie at ``pi * (k + phase)``, even ``k`` the maxima."""

    def value(x: Interval) -> Interval:
        first, last = x.low / math.pi - phase, x.high / math.pi - phase
        known = (first > -1e6) & (last < 1e6)
        # 1e-9 is far above the rounding error: an extremum may be added, none is missed
        first, last = np.ceil(first - 1e-9), np.floor(last + 1e-9)
        several = ~known | (last > first)
        even = np.floor(first / 2) * 2 == first
        peak, trough = several | ((last == first) & even), several | ((last == first) & ~even)
        ends = hull(_at(name, x.low), _at(name, x.high))
        low = np.where(trough, -1.0, np.maximum(ends.low, -1.0))
        high = np.where(peak, 1.0, np.minimum(ends.high, 1.0))
        return Interval(low, high).where(x.is_finite())

    return value


_sin, _cos = _wave("sin", 0.5), _wave("cos", 0.0)
_tanh = _increasing("tanh", -1.0, 1.0)
_exp = _increasing("exp", 0.0, math.inf)
_atan = _increasing("atan", -math.inf, math.inf)


def _positive(x: Interval) -> Interval:
    return x.where(x.low > 0)


def _log(x: Interval) -> Interval:
    return _increasing("log", -math.inf, math.inf)(_positive(x))


_VALUE: Mapping[str, Callable[[Interval], Interval]] = {
    "sin": _sin,
    "cos": _cos,
    "tanh": _tanh,
    "exp": _exp,
    "atan": _atan,
    "log": _log,
    "sqrt": sqrt,
    "recip": recip,
    "relu": relu_range,
    "abs": absolute,
}


def _tanh_slope(x: Interval) -> Interval:
    slope = _plus(negative(square(_tanh(x))), 1.0)
    return Interval(np.maximum(slope.low, 0.0), slope.high)


def _atan_slope(x: Interval) -> Interval:
    return recip(_plus(square(x), 1.0))


def _flat_off_zero(x: Interval) -> Interval:
    flat = np.zeros_like(x.low)
    return Interval(flat, flat).where(x.is_finite() & ((x.low > 0) | (x.high < 0)))


_SLOPE: Mapping[str, Callable[[Interval], Interval]] = {
    "sin": _cos,
    "cos": lambda x: negative(_sin(x)),
    "tanh": _tanh_slope,
    "exp": _exp,
    "atan": _atan_slope,
    "log": lambda x: recip(_positive(x)),
    "sqrt": lambda x: recip(_times(2, sqrt(x))),
    "recip": lambda x: negative(square(recip(x))),
    "relu": step_range,
    "abs": lambda x: _plus(_times(2, step_range(x)), -1.0),
}

_CURVATURE: Mapping[str, Callable[[Interval], Interval]] = {
    "sin": lambda x: negative(_sin(x)),
    "cos": lambda x: negative(_cos(x)),
    "tanh": lambda x: _times(-2, product(_tanh(x), _tanh_slope(x))),
    "exp": _exp,
    "atan": lambda x: _times(-2, product(x, square(_atan_slope(x)))),
    "log": lambda x: negative(square(recip(_positive(x)))),
    "sqrt": lambda x: negative(recip(_times(4, power(sqrt(x), 3)))),
    "recip": lambda x: _times(2, power(recip(x), 3)),
    "relu": _flat_off_zero,
    "abs": _flat_off_zero,
}


def value_range(op: str, n: int, x: Interval) -> Interval:
    """``{g(t) : t in x}`` for a smooth ``op`` or a kink (with exponent ``n`` for pow)."""
    return power(x, n) if op == "pow" else _VALUE[op](x)


def slope_range(op: str, n: int, x: Interval) -> Interval:
    """``{g'(t) : t in x}``, generalised at kinks."""
    return _times(n, power(x, n - 1)) if op == "pow" else _SLOPE[op](x)


def curvature_range(op: str, n: int, x: Interval) -> Interval:
    """``{g''(t) : t in x}``; undefined across a kink."""
    if op == "pow":
        return _times(n * (n - 1), power(x, n - 2))
    return _CURVATURE[op](x)
