"""Narrowing: the part of a box in which a value is not positive.

To prove ``v > 0 or F`` on a box, it is enough to prove ``F`` where ``v <= 0``.  A model bounds
``v`` from below by a parabola for each variable and symbol,

    ``v >= c - e + sum_i phi_i(z_i)``,  ``phi_i(t) = g_i t + q_i t**2``,

so that ``v <= 0`` implies ``phi_i(z_i) <= b_i = e - c - sum_{j != i} min phi_j``.  Where
``phi_i`` is proved to be larger than ``b_i`` up to an end of ``[-1, 1]``, that end is cut off.
Proof: ``proofs/theory/L-MODEL.md``, section 2.
"""

from __future__ import annotations

import numpy as np

from .intervals import TINY, Array, Interval, Mask, U, down, middle_and_radius, sum_down, sum_up, up
from .polynomials import Model, lower_parabolas

__all__ = ["narrowed_box", "not_positive"]

_INFLATED = 1e-9  # a cut is tried this much beyond where it seems to be
_WORTH = 1.9  # of the width 2 of [-1, 1]: narrower is worth another evaluation


def not_positive(model: Model, n: int) -> tuple[Array, Array]:
    """Bounds (n, B) in [-1, 1] of the ``n`` variables wherever the scalar of ``model`` is <= 0."""
    count = model.p.shape[-1]
    low, high = np.full((n, count), -1.0), np.full((n, count), 1.0)
    if model.layout.variables != n:
        return low, high
    g, q, fall = lower_parabolas(model)
    c, e, total = model.p[0, 0], model.e[0], fall.sum(axis=0)
    loss = (len(fall) + 16) * U * (np.abs(c) + e + total) + TINY
    b = (e - c) + (total - fall[:n]) + loss
    known = model.range.is_finite()[0] & np.isfinite(b).all(axis=0)
    high = np.where(known, _cut(g[:n], q[:n], b), high)
    low = np.where(known, -_cut(-g[:n], q[:n], b), low)
    return low, high


def _cut(g: Array, q: Array, b: Array) -> Array:
    """A ``u`` such that ``g t + q t**2 > b`` for all t in (u, 1]; 1 if none is proved.

    The root that is computed is not believed.  A convex parabola that rises at ``u`` does not
    come back; a concave one is largest between ``u`` and 1, not at the ends.
    """
    root = np.sqrt(np.maximum(g * g + 4 * q * b, 0.0))
    u = np.where(g >= 0, 2 * b / (g + root), (root - g) / (2 * q))
    u = np.clip(u + _INFLATED * (1 + np.abs(u)), -1.0, 1.0)
    rise, size = g + 2 * q * u, np.abs(g) + 2 * np.abs(q * u)
    stays = np.where(q > 0, rise > 4 * U * size + TINY, _exceeds(g, q, 1.0, b))
    return np.where(stays & _exceeds(g, q, u, b), u, 1.0)


def _exceeds(g: Array, q: Array, t: Array | float, b: Array) -> Mask:
    """Where ``g t + q t**2 > b``, whatever is lost by rounding."""
    first, second = g * t, q * t * t
    result: Mask = first + second - 8 * U * (np.abs(first) + np.abs(second)) - TINY > b
    return result


def narrowed_box(box: Interval, low: Array, high: Array) -> Interval | None:
    """``box`` (n, B) cut down to ``low <= z <= high``, where that is worth it; None if nowhere."""
    use = (low <= high).all(axis=0) & (high - low < _WORTH)
    middle, radius = middle_and_radius(box)
    first = np.maximum(box.low, sum_down(middle, down(radius * low)))
    last = np.minimum(box.high, sum_up(middle, up(radius * high)))
    use &= (first <= last).all(axis=0)
    if not use.any():
        return None
    return Interval(np.where(use, first, box.low), np.where(use, last, box.high))
