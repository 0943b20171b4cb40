"""The rules of Taylor models for kinks, smooth functions, constant factors and matrices.

Proofs: ``proofs/theory/L-MODEL.md``, section 2.  Every rule takes models of degree 1 or 2 with
their ranges and returns one; what it leaves out of the polynomial is added to its error.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from .intervals import (
    TINY,
    Array,
    Interval,
    U,
    hull,
    middle_and_radius,
    nearest,
    product,
    scaled,
    sub,
    sum_up,
    up,
)
from .language import Affine, Node
from .polynomials import (
    Model,
    combined,
    constant,
    embedded,
    finished,
    multiplied,
    plain,
    rounded_up,
)
from .ranges import curvature_range, slope_range, value_range

__all__ = ["affine", "constant_vector", "floats", "kink", "maximum", "scale", "select", "smooth"]


class _Matrix(NamedTuple):
    """An affine node in float64: ``|exact weight - weight| <= error``, likewise the bias."""

    weight: Array
    signs: Array
    weights: Array
    sizes: Array
    bias: Array
    bias_error: Array


_matrices: WeakKeyDictionary[Node, _Matrix] = WeakKeyDictionary()
_vectors: WeakKeyDictionary[Node, tuple[Array, Array]] = WeakKeyDictionary()


def constant_vector(node: Node) -> tuple[Array, Array]:
    """The float64 nearest to each component of a constant ``node`` and its distance, (m, 1)."""
    if node not in _vectors:
        parts = node.args if node.op == "stack" else (node,)
        _vectors[node] = floats([a.value for a in parts])
    return _vectors[node]


def floats(values: Sequence[Fraction]) -> tuple[Array, Array]:
    """The float64 nearest to each number and its distance, (m, 1)."""
    pairs = np.array([nearest(v) for v in values]).reshape(-1, 2)
    return pairs[:, :1], pairs[:, 1:]


def _matrix(node: Node, data: Affine) -> _Matrix:
    if node not in _matrices:
        rows, columns = len(data.weight), len(data.weight[0])
        weight, error = floats([w for row in data.weight for w in row])
        weight, error = weight.reshape(rows, columns), error.reshape(rows, columns)
        size = up(np.abs(weight) + error)
        # products of k terms in any order: N. Higham, Accuracy and Stability, 2002, section 3.1
        lost = up(up((columns + 6) * U * size) + error)
        signs = np.hstack([np.maximum(weight, 0.0), np.minimum(weight, 0.0)])
        bias, bias_error = floats(data.bias)
        _matrices[node] = _Matrix(
            weight,
            signs,
            np.hstack([size, lost]),
            lost,
            bias,
            up(bias_error + 4 * U * np.abs(bias)),
        )
    return _matrices[node]


def affine(node: Node, data: Affine, a: Model, degree: int) -> Model:
    """``W a + b``, undefined where a component of ``a`` is, whatever its weight."""
    m = _matrix(node, data)
    low, high = a.range
    count = low.shape[1]
    size = np.maximum(np.abs(low), np.abs(high))
    ends = m.signs @ np.vstack([np.hstack([low, high]), np.hstack([high, low])]) + m.bias
    loss = rounded_up(m.sizes @ size + m.bias_error, 2 * len(low) + 8) + TINY
    reach = Interval(ends[:, :count] - loss, ends[:, count:] + loss)
    fine = a.range.is_finite().all(axis=0)
    if not fine.all():
        reach = reach.where(np.broadcast_to(fine, loss.shape))
    if not degree:
        return plain(reach)
    p = (m.weight @ a.p.reshape(len(a.p), -1)).reshape(len(m.weight), *a.p.shape[1:])
    p[:, 0] += m.bias
    e = m.weights @ np.vstack([a.e, a.size])
    e = rounded_up(e + m.bias_error, 2 * len(low)) + TINY
    return finished(a.layout, p, e, reach, U, False)


def scale(k: Array, error: Array, a: Model, degree: int) -> Model:
    """``s a`` for constants ``s``, which ``k`` and ``error`` of shape (m, 1) enclose."""
    reach = scaled(k, error, a.range)
    if not degree:
        return plain(reach)
    e = rounded_up((np.abs(k) + error) * a.e + error * a.size) + TINY
    e = np.where((k == 0) & (error == 0), 0.0, e)
    return finished(a.layout, k[:, :, None] * a.p, e, reach, U, False)


def kink(op: str, a: Model, degree: int, symbols: tuple[int, ...] = ()) -> Model:
    """relu or abs: exact off the kink, otherwise a chord and the enclosed remainder.

    Any slope is sound: the remainder is piecewise linear, so its extremes lie at the two
    ends and at the kink.
    """
    reach = value_range(op, 0, a.range)
    if not degree:
        return plain(reach)
    low, high = a.range
    right, left = low >= 0, high <= 0
    at_low = 0.0 * low if op == "relu" else -low
    slope = (high - at_low) / (high - low)
    slope = np.where(right, 1.0, np.where(left, 0.0 if op == "relu" else -1.0, slope))
    ends = at_low - slope * low, high - slope * high
    most = np.maximum(np.maximum(*ends), 0.0)
    least = np.minimum(np.minimum(*ends), 0.0)
    shift = 0.5 * most + 0.5 * least
    # |slope| <= 1, so that no rounding above is larger than the larger end
    error = (most - least) / 2 + 16 * U * (np.abs(low) + np.abs(high)) + TINY
    off = right | left
    shift, error = np.where(off, 0.0, shift), np.where(off, 0.0, error)
    p = slope[:, None] * a.p
    p[:, 0] += shift
    e = np.where(off, np.abs(slope) * a.e, rounded_up(np.abs(slope) * a.e + error))
    return finished(a.layout, p, e, reach, np.where(off, 0.0, U), True, symbols)


def maximum(a: Model, b: Model, degree: int, symbols: tuple[int, ...] = ()) -> Model:
    """``max(a, b) = b + relu(a - b)``."""
    low, high = np.maximum(a.range.low, b.range.low), np.maximum(a.range.high, b.range.high)
    reach = Interval(low, high)
    if not degree:
        return plain(reach)
    gap = combined(a, b, -1.0, sub(a.range, b.range))
    return combined(b, kink("relu", gap, degree), 1.0, reach, symbols)


def smooth(op: str, power: int, a: Model, degree: int, symbols: tuple[int, ...] = ()) -> Model:
    """Taylor's formula about a point of the range of ``a``, the remainder from ``g''``."""
    reach = value_range(op, power, a.range).proper()
    if not degree:
        return plain(reach)
    low, high = a.range
    # the expansion point must be in the range, or the curvature between is not covered
    centre = np.minimum(np.maximum(a.p[:, 0], low), high)
    here = Interval(centre, centre)
    value, value_error = middle_and_radius(value_range(op, power, here))
    slope, slope_error = middle_and_radius(slope_range(op, power, here))
    far = np.maximum(sum_up(centre, -low), sum_up(high, -centre))
    # a square that is too small for binary64 can be multiplied by a very large curvature
    far_squared = up(far * far) + TINY
    half = np.full((1, 1), 0.5)
    bends = scaled(half, 0 * half, curvature_range(op, power, a.range))
    offset = a.p[:, 0] - centre
    size = np.abs(offset) + a.norm.sum(axis=0)
    w = a._replace(p=a.p.copy(), e=rounded_up(a.e + U * np.abs(offset)), size=size)
    w.p[:, 0] = offset
    if degree == 1:
        rest, error = middle_and_radius(product(bends, Interval(0 * far, far_squared)))
        layout, p = a.layout, slope[:, None] * w.p
        p[:, 0] += rest
        loss = np.abs(slope * offset) + np.abs(rest)
    else:
        bend, bend_error = middle_and_radius(bends)
        layout, p, error = multiplied(w, w, degree)
        p *= bend[:, None]
        p += embedded(w._replace(p=slope[:, None] * w.p), layout)
        loss = np.abs(slope) * size + np.abs(bend) * (size * size + TINY)
        error = np.abs(bend) * error + bend_error * far_squared
    p[:, 0] += value
    error = error + np.abs(slope) * w.e + slope_error * far + value_error
    error = rounded_up(error, 12) + rounded_up(4 * U * (loss + np.abs(value))) + TINY
    return finished(layout, p, error, reach, U, True, symbols)


def select(condition: Model, yes: Model, no: Model, degree: int) -> Model:
    """``yes`` where the condition is positive, ``no`` where it is not; the hull if undecided."""
    known = condition.range.is_finite()
    positive, other = condition.range.low > 0, condition.range.high <= 0
    both = hull(yes.range, no.range).where(known & ~positive & ~other)
    mixed = constant(both) if degree else plain(both)
    low = np.where(positive, yes.range.low, np.where(other, no.range.low, both.low))
    high = np.where(positive, yes.range.high, np.where(other, no.range.high, both.high))
    reach = Interval(low, high).where(known)
    if not degree:
        return mixed._replace(range=reach)
    layout = yes.layout | no.layout
    parts = [embedded(m, layout) for m in (yes, no, mixed)]
    p = np.where(positive[:, None], parts[0], np.where(other[:, None], parts[1], parts[2]))
    e = np.where(positive, yes.e, np.where(other, no.e, mixed.e))
    return finished(layout, p, e, reach, 0.0, False)
