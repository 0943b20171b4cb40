"""Float64 ranges of the unary operators and their derivatives, vectorised over boxes.

The search's own approximation of :mod:`certify.proofs.checker.ranges`: same formulas, plain
floating point.  Nothing here is trusted; the kernel repeats every bound rigorously.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Range", "curvature_range", "product_range", "slope_range", "value_range"]

Array = NDArray[np.float64]
Range = tuple[Array, Array]


def product_range(a: Range, b: Range) -> Range:
    """Products of two intervals."""
    corners = np.stack([a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]])
    return corners.min(axis=0), corners.max(axis=0)


def square_range(x: Range) -> Range:
    """``t * t``."""
    low, high = absolute_range(x)
    return low * low, high * high


def absolute_range(x: Range) -> Range:
    """``|t|``."""
    low, high = x
    inside = (low <= 0) & (high >= 0)
    small = np.where(inside, 0.0, np.minimum(np.abs(low), np.abs(high)))
    return small + 0 * (low + high), np.maximum(np.abs(low), np.abs(high))


def _monotone(g: Callable[[Array], Array]) -> Callable[[Range], Range]:
    return lambda x: (g(x[0]), g(x[1]))


def _wave(g: Callable[[Array], Array], phase: float) -> Callable[[Range], Range]:
    def value(x: Range) -> Range:
        low, high = x
        first = np.ceil(low / np.pi - phase)
        last = np.floor(high / np.pi - phase)
        count = last - first + 1
        has_peak = (count >= 2) | ((count == 1) & (first % 2 == 0))
        has_trough = (count >= 2) | ((count == 1) & (first % 2 != 0))
        ends = g(low), g(high)
        bottom = np.where(has_trough, -1.0, np.minimum(*ends))
        return bottom + 0 * (low + high), np.where(has_peak, 1.0, np.maximum(*ends))

    return value


def _negated(f: Callable[[Range], Range]) -> Callable[[Range], Range]:
    def value(x: Range) -> Range:
        low, high = f(x)
        return -high, -low

    return value


_sin, _cos = _wave(np.sin, 0.5), _wave(np.cos, 0.0)
_tanh, _exp, _atan = _monotone(np.tanh), _monotone(np.exp), _monotone(np.arctan)


def _recip(x: Range) -> Range:
    low, high = x
    fine = (low > 0) | (high < 0)
    return np.where(fine, 1 / high, np.nan), np.where(fine, 1 / low, np.nan)


def _positive(x: Range) -> Range:
    low, high = x
    return np.where(low > 0, low, np.nan), np.where(low > 0, high, np.nan)


def power_range(x: Range, n: int) -> Range:
    """``t**n`` for ``n >= 0``."""
    low, high = absolute_range(x) if n % 2 == 0 else x
    return low**n, high**n


def step_range(x: Range) -> Range:
    """The generalised derivative of relu."""
    low, high = x
    return np.where(low > 0, 1.0, 0.0) + 0 * (low + high), np.where(high < 0, 0.0, 1.0)


def _scaled(k: float, x: Range) -> Range:
    return (k * x[0], k * x[1]) if k >= 0 else (k * x[1], k * x[0])


def _shifted(k: float, x: Range) -> Range:
    return x[0] + k, x[1] + k


def _flat_off_zero(x: Range) -> Range:
    low, high = x
    flat = np.where((low > 0) | (high < 0), 0.0, np.nan)
    return flat, flat


def _tanh_slope(x: Range) -> Range:
    return _shifted(1.0, _scaled(-1.0, square_range(_tanh(x))))


def _atan_slope(x: Range) -> Range:
    return _recip(_shifted(1.0, square_range(x)))


def _sqrt(x: Range) -> Range:
    return np.sqrt(x[0]), np.sqrt(x[1])


_VALUE: Mapping[str, Callable[[Range], Range]] = {
    "sin": _sin,
    "cos": _cos,
    "tanh": _tanh,
    "exp": _exp,
    "atan": _atan,
    "log": lambda x: _monotone(np.log)(_positive(x)),
    "sqrt": _sqrt,
    "recip": _recip,
    "relu": lambda x: (np.maximum(x[0], 0), np.maximum(x[1], 0)),
    "abs": absolute_range,
    "step": step_range,
    "neg": lambda x: (-x[1], -x[0]),
}
_SLOPE: Mapping[str, Callable[[Range], Range]] = {
    "sin": _cos,
    "cos": _negated(_sin),
    "tanh": _tanh_slope,
    "exp": _exp,
    "atan": _atan_slope,
    "log": lambda x: _recip(_positive(x)),
    "sqrt": lambda x: _recip(_scaled(2.0, _sqrt(x))),
    "recip": lambda x: _scaled(-1.0, square_range(_recip(x))),
    "relu": step_range,
    "abs": lambda x: _shifted(-1.0, _scaled(2.0, step_range(x))),
}
_CURVATURE: Mapping[str, Callable[[Range], Range]] = {
    "sin": _negated(_sin),
    "cos": _negated(_cos),
    "tanh": lambda x: _scaled(-2.0, product_range(_tanh(x), _tanh_slope(x))),
    "exp": _exp,
    "atan": lambda x: _scaled(-2.0, product_range(x, square_range(_atan_slope(x)))),
    "log": lambda x: _scaled(-1.0, square_range(_recip(_positive(x)))),
    "sqrt": lambda x: _scaled(-0.25, _recip(power_range(_sqrt(x), 3))),
    "recip": lambda x: _scaled(2.0, power_range(_recip(x), 3)),
    "relu": _flat_off_zero,
    "abs": _flat_off_zero,
}


def value_range(op: str, power: int, x: Range) -> Range:
    """``g(x)`` for the unary ``op`` (with exponent ``power`` for pow)."""
    return power_range(x, power) if op == "pow" else _VALUE[op](x)


def slope_range(op: str, power: int, x: Range) -> Range:
    """``g'(x)``, generalised at kinks."""
    return _scaled(power, power_range(x, power - 1)) if op == "pow" else _SLOPE[op](x)


def curvature_range(op: str, power: int, x: Range) -> Range:
    """``g''(x)``; NaN across a kink."""
    if op == "pow":
        return _scaled(power * (power - 1), power_range(x, power - 2))
    return _CURVATURE[op](x)
