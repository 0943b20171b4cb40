"""Divided differences and increments in float64 without cancellation, near ``t == s`` too.

The textbook formula ``(g(t) - g(s)) / (t - s)`` loses all digits as ``t`` nears ``s``.  For
first differences every operator has a closed form that does not: an addition theorem for
sin, cos, tanh, exp, atan and log, algebra for the rest.  The second difference is, with
``h = t - s``, the integral ``int_0^1 (1 - u) g''(s + u h) du``, taken by Gauss quadrature
for small ``h`` and by ``(g[s, t] - g'(s)) / h`` otherwise.  Reference: W. Kahan and
R. J. Fateman, Symbolic computation of divided differences, SIGSAM Bulletin 33(2), 1999.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from certify.proofs.checker.errors import LanguageError

if TYPE_CHECKING:
    import torch

    from .arithmetic import Floats, Functions

__all__ = [
    "first_difference",
    "increment",
    "nonnegative",
    "nonzero",
    "positive",
    "second_difference",
]

Array = TypeVar("Array", "Floats", "torch.Tensor")

# below this, three terms of a power series are exact to the last bit
_SERIES = 1e-5
# below this distance eight Gauss points are exact to the last bit (the nearest pole, of
# atan, is at least four distances away)
_NEAR = 0.25
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def first_difference(name: str, power: int, s: Array, t: Array, fn: Functions[Array]) -> Array:
    """``g[s, t]``: ``(g(t) - g(s)) / (t - s)``, and ``g'(s)`` where ``t == s``."""
    f, h = fn.elementwise, t - s
    if name == "pow":
        return reduce(add, [s**i * t ** (power - 1 - i) for i in range(power)])
    if name == "sin":
        return f["cos"]((s + t) / 2) * _sinc(h / 2, fn)
    if name == "cos":
        return -f["sin"]((s + t) / 2) * _sinc(h / 2, fn)
    if name == "tanh":
        return _ratio(f["tanh"], lambda x: 1 - x * x / 3, h, fn) * (1 - f["tanh"](s) * f["tanh"](t))
    if name == "exp":
        return f["exp"](fn.maximum(s, t)) * _decay(f["abs"](h), fn)
    if name == "atan":
        return _atan_slope(h, 1 + s * t, fn)
    if name == "log":
        s, t = positive(s, fn), positive(t, fn)
        return _log_ratio(h / s, f["log"](t) - f["log"](s), fn) / s
    if name == "sqrt":
        return 1 / nonzero(f["sqrt"](nonnegative(s, fn)) + f["sqrt"](nonnegative(t, fn)), fn)
    if name == "recip":
        return -1 / nonzero(s, fn) / nonzero(t, fn)
    if name in ("abs", "relu"):
        slope = _over(s + t, f["abs"](s) + f["abs"](t), fn)
        return slope if name == "abs" else (1 + slope) / 2
    raise LanguageError(f"{name} has no divided difference")


def increment(name: str, power: int, s: Array, d: Array, fn: Functions[Array]) -> Array:
    """``g(s + d) - g(s)`` to relative accuracy in ``d``, and 0 where ``d == 0``."""
    t = s + d
    if name == "sqrt":  # defined at 0, where its slope is not
        f = fn.elementwise
        return _over(d, f["sqrt"](nonnegative(s, fn)) + f["sqrt"](nonnegative(t, fn)), fn)
    if name in ("abs", "relu"):
        zero = fn.full_like(t, 0.0)
        rise = fn.where(s > 0, fn.maximum(d, -s), fn.maximum(t, zero))
        return rise if name == "relu" else 2 * rise - d
    return first_difference(name, power, s, t, fn) * d


def second_difference(name: str, power: int, s: Array, t: Array, fn: Functions[Array]) -> Array:
    """``g[s, s, t]``: ``(g[s, t] - g'(s)) / (t - s)``, and ``g''(s) / 2`` where ``t == s``."""
    f, h = fn.elementwise, t - s
    if name == "pow":
        terms = [(i + 1) * s**i * t ** (power - 2 - i) for i in range(power - 1)]
        return reduce(add, terms)
    if name == "recip":
        return 1 / nonzero(s, fn) ** 2 / nonzero(t, fn)
    if name == "sqrt":
        a, b = f["sqrt"](nonnegative(s, fn)), f["sqrt"](nonnegative(t, fn))
        return -1 / nonzero(2 * a * (a + b) ** 2, fn)
    if name in ("abs", "relu"):
        crossed = f["abs"](t) - _over(s, f["abs"](s), fn) * t
        twice = _over(_over(crossed, h, fn), h, fn)
        return twice if name == "abs" else twice / 2
    if name == "log":
        s, t = positive(s, fn), positive(t, fn)
    scale = f["abs"](s) if name == "log" else fn.full_like(s, 1.0)
    curvature = _curvature(name, fn)
    near = f["abs"](h) <= _NEAR * scale
    reach = fn.where(near, h, fn.full_like(h, 0.0))
    total = fn.full_like(h, 0.0)
    for point, weight in zip(((1 + _POINTS) / 2).tolist(), (_WEIGHTS / 2).tolist(), strict=True):
        total = total + weight * (1 - point) * curvature(s + point * reach)
    slope = first_difference(name, power, s, s, fn)
    return fn.where(near, total, _over(first_difference(name, power, s, t, fn) - slope, h, fn))


def _curvature(name: str, fn: Functions[Array]) -> Callable[[Array], Array]:
    """The second derivative of the operator ``name``."""
    f = fn.elementwise
    if name == "sin":
        return lambda x: -f["sin"](x)
    if name == "cos":
        return lambda x: -f["cos"](x)
    if name == "tanh":
        return lambda x: -2 * f["tanh"](x) * (1 - f["tanh"](x) ** 2)
    if name == "exp":
        return f["exp"]
    if name == "atan":
        return lambda x: -2 * x / (1 + x * x) ** 2
    if name == "log":
        return lambda x: -1 / (x * x)
    raise LanguageError(f"{name} has no second divided difference")


def _over(a: Array, b: Array, fn: Functions[Array]) -> Array:
    """``a / b``, and 0 where ``b`` is 0."""
    return fn.where(b == 0, fn.full_like(b, 0.0), a / fn.where(b == 0, fn.full_like(b, 1.0), b))


def _ratio(
    g: Callable[[Array], Array], series: Callable[[Array], Array], x: Array, fn: Functions[Array]
) -> Array:
    """``g(x) / x``, by its ``series`` near 0."""
    small = fn.elementwise["abs"](x) < _SERIES
    inner = fn.where(small, x, fn.full_like(x, 0.0))
    return fn.where(small, series(inner), g(x) / fn.where(small, fn.full_like(x, 1.0), x))


def _sinc(x: Array, fn: Functions[Array]) -> Array:
    return _ratio(fn.elementwise["sin"], lambda y: 1 - y * y / 6, x, fn)


def _atan_slope(h: Array, d: Array, fn: Functions[Array]) -> Array:
    """The angle of ``(d, h)``, which is ``atan(t) - atan(s)`` for ``d = 1 + s t``, over ``h``."""
    close = fn.elementwise["abs"](h) < _SERIES * d
    safe = fn.where(close, d, fn.full_like(d, 1.0))
    r = h / safe
    return fn.where(close, (1 - r * r / 3) / safe, _over(fn.atan2(h, d), h, fn))


def _decay(x: Array, fn: Functions[Array]) -> Array:
    """``(1 - exp(-x)) / x`` for ``x >= 0``."""
    return _ratio(lambda y: -fn.elementwise["expm1"](-y), lambda y: 1 - y / 2 + y * y / 6, x, fn)


def _log_ratio(r: Array, rise: Array, fn: Functions[Array]) -> Array:
    """``log(1 + r) / r``, where ``rise`` is ``log(1 + r)`` to absolute accuracy."""
    near = fn.elementwise["abs"](r) < 1 / 2
    exact = fn.elementwise["log1p"](fn.where(near, r, fn.full_like(r, 0.0)))
    rise = fn.where(near, exact, rise)
    return _ratio(lambda _: rise, lambda y: 1 - y / 2 + y * y / 3, r, fn)


def positive(x: Array, fn: Functions[Array]) -> Array:
    """``x``, and NaN unless ``x > 0``."""
    return fn.where(x > 0, x, fn.full_like(x, float("nan")))


def nonnegative(x: Array, fn: Functions[Array]) -> Array:
    """``x``, and NaN unless ``x >= 0``."""
    return fn.where(x >= 0, x, fn.full_like(x, float("nan")))


def nonzero(x: Array, fn: Functions[Array]) -> Array:
    """``x``, and NaN where it is 0."""
    return fn.where(x == 0, fn.full_like(x, float("nan")), x)
