"""Intervals in binary64, many at a time, with ends rounded outward.

Operations are elementwise on arrays of any shape.  Ends that are not finite numbers in order
mean "perhaps undefined" and prove nothing; :meth:`Interval.proper` turns them into NaN, which
survives.  Rounding to nearest is assumed and tested (:func:`check_arithmetic`).  Sums are
moved outward only where an exact error term says that they were rounded (D. Knuth, The Art of
Computer Programming 2, 4.2.2), so that a bound that is attained, such as the limit of a clip,
is not lost; all other results are moved by at least their last place, but for products of
short numbers.  Proofs: ``proofs/theory/L-MODEL.md``, section 4.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import Rejected

__all__ = [
    "TINY",
    "Array",
    "Interval",
    "Mask",
    "U",
    "above",
    "absolute",
    "add",
    "below",
    "check_arithmetic",
    "down",
    "hull",
    "is_short",
    "middle_and_radius",
    "nearest",
    "negative",
    "power",
    "product",
    "recip",
    "scaled",
    "sqrt",
    "square",
    "sub",
    "sum_down",
    "sum_up",
    "total_down",
    "up",
]

Array: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

U = 2.0**-52  # twice the relative error of one operation
TINY = 1e-300  # far above the error of any number of operations that underflow
_ETA = 5e-324


def check_arithmetic() -> None:
    """Raise Rejected unless binary64 here rounds to nearest and keeps subnormal numbers."""
    one = np.array([1.0, 2.0**-1022, 1.0, -1.0])
    half = np.array([2.0**-53, 0.5, 3 * 2.0**-54, -3 * 2.0**-54])
    nearest_even = (one + half)[[0, 2, 3]].tolist() == [1.0, 1.0 + U, -1.0 - U]
    if not (nearest_even and (one * half)[1] == 2.0**-1023 and np.array([_ETA])[0] > 0):
        raise Rejected("this machine does not round binary64 as IEEE 754 says")


class Interval(NamedTuple):
    """All reals between two ends, elementwise."""

    low: Array
    high: Array

    def is_finite(self) -> Mask:
        """Where this is an enclosure at all."""
        width = self.high - self.low
        result: Mask = (width >= 0) & (width < np.inf)
        return result

    def proper(self) -> Interval:
        """The same with NaN for both ends where they enclose nothing."""
        width = self.high - self.low
        if width.size and width.min() >= 0 and width.max() < np.inf:
            return self
        fine = self.is_finite()
        return Interval(np.where(fine, self.low, np.nan), np.where(fine, self.high, np.nan))

    def where(self, condition: Mask) -> Interval:
        """The same, undefined where ``condition`` does not hold."""
        low, high = np.where(condition, self.low, np.nan), np.where(condition, self.high, np.nan)
        return Interval(low, high)


def down(x: Array) -> Array:
    """A number below ``x`` by at least its last place."""
    result: Array = x - (np.abs(x) * U + _ETA)
    return result


def up(x: Array) -> Array:
    """A number above ``x`` by at least its last place."""
    result: Array = x + (np.abs(x) * U + _ETA)
    return result


def _sum(a: Array, b: Array) -> tuple[Array, Array]:
    """``a + b`` rounded, and what is missing from it, exactly."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def sum_down(a: Array, b: Array) -> Array:
    """``a + b`` rounded down, exact if it is a number."""
    s, missing = _sum(a, b)
    return np.where(missing >= 0, s, down(s))


def sum_up(a: Array, b: Array) -> Array:
    """``a + b`` rounded up, exact if it is a number."""
    s, missing = _sum(a, b)
    return np.where(missing <= 0, s, up(s))


def nearest(value: Fraction) -> tuple[float, float]:
    """The float64 nearest to ``value`` and a bound of their distance (infinite if too large)."""
    try:
        near = value.numerator / value.denominator
    except OverflowError:
        return math.inf, math.inf
    error = abs(value - Fraction(near))
    return near, above(error) if error else 0.0


def below(value: Fraction) -> float:
    """The largest float64 that is not above ``value``."""
    return -above(-value)


def above(value: Fraction) -> float:
    """The smallest float64 that is not below ``value``."""
    try:
        near = value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.nextafter(math.inf, 0.0)
    a, b = near.as_integer_ratio()  # so compared without a Fraction of them
    enough = a * value.denominator >= value.numerator * b
    return near if enough else math.nextafter(near, math.inf)


def middle_and_radius(x: Interval) -> tuple[Array, Array]:
    """A point near the middle of ``x`` and a radius around it that covers ``x``."""
    middle = 0.5 * x.low + 0.5 * x.high
    return middle, np.maximum(sum_up(x.high, -middle), sum_up(middle, -x.low))


def hull(x: Interval, y: Interval) -> Interval:
    """The smallest interval around both; undefined where one of them is."""
    return Interval(np.minimum(x.low, y.low), np.maximum(x.high, y.high))


def add(x: Interval, y: Interval) -> Interval:
    """``{s + t : s in x, t in y}``."""
    return Interval(sum_down(x.low, y.low), sum_up(x.high, y.high))


def total_down(x: Array) -> Array:
    """The sum over the second axis in pairs, rounded down, exact if all of them are numbers."""
    while (n := x.shape[1]) > 1:
        half = sum_down(x[:, : n // 2], x[:, n - n // 2 :])
        x = np.concatenate([half, x[:, n // 2 : n - n // 2]], axis=1) if n % 2 else half
    result: Array = x[:, 0]
    return result


def sub(x: Interval, y: Interval) -> Interval:
    """``{s - t : s in x, t in y}``."""
    return Interval(sum_down(x.low, -y.high), sum_up(x.high, -y.low))


def negative(x: Interval) -> Interval:
    """``{-t : t in x}``."""
    return Interval(-x.high, -x.low)


def is_short(x: Array) -> Mask:
    """Where ``x`` has at most 26 significant bits, so that the product of two such is exact.

    That is where rounding to 26 bits changes nothing (T. Dekker, A floating-point technique
    for extending the available precision, 1971).
    """
    big, size = 134217729.0 * x, np.abs(x)
    short: Mask = (big - (big - x) == x) & (size < 1e150) & ((size > 1e-140) | (size == 0))
    return short


def _is_power_of_2(x: Array) -> Mask:
    """Where ``x`` is one, up to its sign, and of medium size."""
    size = np.abs(x)
    power: Mask = (np.frexp(size)[0] == 0.5) & (size > TINY) & (size < 1 / TINY)
    return power


def product(x: Interval, y: Interval) -> Interval:
    """``{s * t : s in x, t in y}``, unrounded where all ends are short; no sign is lost."""
    a, b, c, d = x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high
    low = np.minimum(np.minimum(a, b), np.minimum(c, d))
    high = np.maximum(np.maximum(a, b), np.maximum(c, d))
    exact = is_short(x.low) & is_short(x.high) & is_short(y.low) & is_short(y.high)
    result = Interval(np.where(exact, low, down(low)), np.where(exact, high, up(high)))
    if low.all() and high.all():
        return result
    # a product that is 0 as it stands is 0 or too small: what sign can it have?
    up_x, down_x, up_y, down_y = x.low >= 0, x.high <= 0, y.low >= 0, y.high <= 0
    zero = (up_x & down_x) | (up_y & down_y)
    at_least_0 = zero | (up_x & up_y) | (down_x & down_y)
    at_most_0 = zero | (up_x & down_y) | (down_x & up_y)
    low = np.where((low == 0) & at_least_0, 0.0, result.low)
    return Interval(low, np.where((high == 0) & at_most_0, 0.0, result.high))


def scaled(k: Array, error: Array, x: Interval) -> Interval:
    """``{s * t : |s - k| <= error, t in x}``, unrounded where ``k`` and the end are short."""
    if np.any(error):
        return product(Interval(sum_down(k, -error), sum_up(k, error)), x)
    a, b = k * x.low, k * x.high
    low, high = np.minimum(a, b), np.maximum(a, b)
    exact = is_short(k) & is_short(x.low) & is_short(x.high)
    exact |= _is_power_of_2(k) & (np.abs(low) > TINY) & (np.abs(high) > TINY)
    low, high = np.where(exact, low, down(low)), np.where(exact, high, up(high))
    plus, minus = k >= 0, k <= 0
    at_least_0 = (plus & (x.low >= 0)) | (minus & (x.high <= 0))
    at_most_0 = (plus & (x.high <= 0)) | (minus & (x.low >= 0))
    low = np.where(at_least_0, np.maximum(low, 0.0), low)
    return Interval(low, np.where(at_most_0, np.minimum(high, 0.0), high))


def absolute(x: Interval) -> Interval:
    """``{|t| : t in x}``."""
    low = np.maximum(np.maximum(x.low, -x.high), 0.0)
    return Interval(low, np.maximum(-x.low, x.high))


def square(x: Interval) -> Interval:
    """``{t * t : t in x}``."""
    return power(x, 2)


def power(x: Interval, n: int) -> Interval:
    """``{t**n : t in x}`` for ``n >= 0``."""
    if n == 0:
        return Interval(np.ones_like(x.low), np.ones_like(x.high)).where(x.is_finite())
    if n == 1:
        return x
    if n % 2 == 0:
        size = absolute(x)
        return Interval(_magnitude(size.low, n)[0], _magnitude(size.high, n)[1])
    (a, b), (c, d) = _magnitude(np.abs(x.low), n), _magnitude(np.abs(x.high), n)
    return Interval(np.where(x.low >= 0, a, -b), np.where(x.high >= 0, d, -c))


def _magnitude(t: Array, n: int) -> tuple[Array, Array]:
    """Bounds of ``t**n`` for ``t >= 0``, by repeated squaring."""
    ends = _magnitude(t, n // 2) if n > 3 else (t, t)
    ends = _size_product(ends, ends)
    return _size_product(ends, (t, t)) if n % 2 else ends


def _size_product(x: tuple[Array, Array], y: tuple[Array, Array]) -> tuple[Array, Array]:
    """Bounds of the product of two sizes."""
    (a, b), (c, d) = x, y
    low, high = a * c, b * d
    low = np.where(is_short(a) & is_short(c), low, np.maximum(down(low), 0.0))
    return low, np.where((is_short(b) & is_short(d)) | (b == 0) | (d == 0), high, up(high))


def recip(x: Interval) -> Interval:
    """``{1 / t : t in x}``; undefined if 0 is in ``x``."""
    a, b = 1.0 / x.high, 1.0 / x.low
    low = np.where(_is_power_of_2(x.high), a, down(a))
    return Interval(low, np.where(_is_power_of_2(x.low), b, up(b))).where(
        (x.low > 0) | (x.high < 0)
    )


def sqrt(x: Interval) -> Interval:
    """``{sqrt(t) : t in x}``; undefined if a negative number is in ``x``."""
    # binary64 square roots are correctly rounded
    low, high = np.sqrt(x.low), np.sqrt(x.high)
    low = np.where(is_short(low) & (low * low == x.low), low, np.maximum(down(low), 0.0))
    high = np.where(is_short(high) & (high * high == x.high), high, up(high))
    return Interval(low, high).where(x.low >= 0)
