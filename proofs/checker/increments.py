"""The rule of Taylor models for increments ``g(s + d) - g(s)``: small where ``d`` is.

Two enclosures hold, and the one with the smaller error is taken.  The *sector*: the increment
is ``k d`` for a mean ``k`` of the slopes of ``g`` between ``s`` and ``s + d``; its error is in
proportion to ``d``.  The *two values*: the models of ``g(s + d)`` and ``g(s)``, subtracted; of
relu next to its kink the slope alone never converges.  Proof: ``proofs/theory/L-DIFF.md``.
"""

from __future__ import annotations

import numpy as np

from .intervals import (
    TINY,
    Interval,
    U,
    add,
    hull,
    middle_and_radius,
    product,
    square,
    sub,
)
from .language import SMOOTH, Divided
from .polynomials import Model, combined, embedded, finished, multiply, plain, rounded_up
from .ranges import slope_range
from .rules import kink, smooth

__all__ = ["increment"]


def increment(g: Divided, s: Model, d: Model, degree: int, symbols: tuple[int, ...] = ()) -> Model:
    """``g(s + d) - g(s)``, elementwise."""
    reach = add(s.range, d.range)
    t = combined(s, d, 1.0, reach) if degree else plain(reach)
    slopes = slope_range(g.op, g.power, hull(s.range, t.range)).proper()
    ends = [_value(g, a, degree) for a in (t, s)]
    values = sub(ends[0].range, ends[1].range).proper()
    two = combined(ends[0], ends[1], -1.0, values) if degree else plain(values)
    # a slope may be infinite at the end of a domain, where the values are not
    sector, values = product(slopes, d.range).proper(), two.range
    reach = Interval(np.fmax(values.low, sector.low), np.fmin(values.high, sector.high))
    reach = reach.where(values.is_finite())
    if not degree:
        return plain(reach)
    slope, radius = middle_and_radius(slopes)
    exact = (radius == 0) & ((np.abs(slope) == 1) | (slope == 0))
    size = np.maximum(np.abs(d.range.low), np.abs(d.range.high))
    error = np.where(exact, d.e, rounded_up(np.abs(slope) * d.e + radius * size) + TINY)
    error = np.where(exact & (slope == 0), 0.0, error)
    is_sector = error <= two.e
    layout = d.layout | two.layout
    p = np.where(is_sector[:, None], slope[:, None] * embedded(d, layout), embedded(two, layout))
    rounding = np.where(exact | ~is_sector, 0.0, U)
    e = np.where(is_sector, error, two.e)
    return finished(layout, p, e, reach, rounding, True, symbols)


def _value(g: Divided, a: Model, degree: int) -> Model:
    if g.op == "pow" and g.power == 2:
        reach = square(a.range)
        return multiply(a, a, degree, reach) if degree else plain(reach)
    if g.op in SMOOTH:
        return smooth(g.op, g.power, a, degree)
    return kink(g.op, a, degree)
