"""Values of expressions on a block of boxes, and the rules of degree 0 and 1 for them.

The search's copy of :mod:`certify.proofs.checker.models`: the same rules, so that the
kernel closes the leaves that the search closes, without its rigour.  On the box
``mid + rad * d`` a value is ``c + g.d`` up to ``+-e``, and lies in ``[low, high]``.
Shapes: ``c, e, low, high`` are (boxes, size), ``g`` is (variables, boxes, size); degree 0
has no ``g``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from certify.verifiers.ranges import Array, product_range, value_range

__all__ = [
    "Model",
    "apply_affine",
    "choose",
    "combine",
    "kink",
    "maximum",
    "multiply",
    "narrowed",
    "scale",
]


class Model(NamedTuple):
    """A value on every box of a block."""

    c: Array
    e: Array
    g: Array | None
    low: Array
    high: Array

    def take(self, rows: np.ndarray) -> Model:
        """The same value on some of the boxes."""
        g = None if self.g is None else self.g[:, rows]
        return Model(self.c[rows], self.e[rows], g, self.low[rows], self.high[rows])

    def component(self, i: int) -> Model:
        """One component, as a value of size 1."""
        k = slice(i, i + 1)
        g = None if self.g is None else self.g[:, :, k]
        return Model(self.c[:, k], self.e[:, k], g, self.low[:, k], self.high[:, k])


def choose(mask: np.ndarray, a: Model, b: Model) -> Model:
    """``a`` where ``mask`` holds, else ``b``."""
    g = None if a.g is None or b.g is None else np.where(mask, a.g, b.g)
    return Model(
        np.where(mask, a.c, b.c),
        np.where(mask, a.e, b.e),
        g,
        np.where(mask, a.low, b.low),
        np.where(mask, a.high, b.high),
    )


def narrowed(c: Array, e: Array, g: Array | None, low: Array, high: Array) -> Model:
    """The model with the intersection of its own range and ``[low, high]``."""
    if g is None:
        return Model((low + high) / 2, (high - low) / 2, None, low, high)
    reach = e + np.abs(g).sum(axis=0)
    return Model(c, e, g, np.maximum(low, c - reach), np.minimum(high, c + reach))


def combine(a: Model, b: Model, sign: float) -> Model:
    """``a + sign * b``."""
    low, high = (b.low, b.high) if sign > 0 else (-b.high, -b.low)
    g = None if a.g is None or b.g is None else a.g + sign * b.g
    return narrowed(a.c + sign * b.c, a.e + b.e, g, a.low + low, a.high + high)


def multiply(a: Model, b: Model) -> Model:
    """``a * b``, exact in degree 1; squares of coordinates lie in [0, 1]."""
    low, high = product_range((a.low, a.high), (b.low, b.high))
    if a.g is None or b.g is None:
        return narrowed(a.c, a.e, None, low, high)
    squares = a.g * b.g  # times d_i**2, which lies in [0, 1]
    c = a.c * b.c + squares.sum(axis=0) / 2
    reach_a, reach_b = np.abs(a.g).sum(axis=0), np.abs(b.g).sum(axis=0)
    e = np.abs(a.c) * b.e + np.abs(b.c) * a.e + a.e * b.e + a.e * reach_b + b.e * reach_a
    e += np.abs(squares).sum(axis=0) / 2
    for i in range(1, len(a.g)):
        for j in range(i):
            e += np.abs(a.g[i] * b.g[j] + b.g[i] * a.g[j])
    g = a.c * b.g + b.c * a.g
    return narrowed(c, e, g, low, high)


def scale(a: Model, k: Array) -> Model:
    """``k * a`` for constants ``k``, one for all components or one for each."""
    ends = k * a.low, k * a.high
    g = None if a.g is None else k * a.g
    return Model(k * a.c, np.abs(k) * a.e, g, np.minimum(*ends), np.maximum(*ends))


def apply_affine(a: Model, weight: Array, bias: Array) -> Model:
    """``weight @ a + bias``."""
    size = np.abs(weight).T
    middle, radius = (a.low + a.high) / 2, (a.high - a.low) / 2
    out, reach = middle @ weight.T + bias, radius @ size
    g = None if a.g is None else np.matmul(a.g, weight.T)
    return narrowed(a.c @ weight.T + bias, a.e @ size, g, out - reach, out + reach)


def maximum(a: Model, b: Model) -> Model:
    """``max(a, b) = b + relu(a - b)``."""
    gap = kink("relu", combine(a, b, -1.0))
    g = None if b.g is None or gap.g is None else b.g + gap.g
    low, high = np.maximum(a.low, b.low), np.maximum(a.high, b.high)
    return narrowed(b.c + gap.c, b.e + gap.e, g, low, high)


def kink(op: str, a: Model) -> Model:
    """relu or abs: exact off the kink, else the chord and half its largest distance."""
    low, high = value_range(op, 0, (a.low, a.high))
    width = np.where(a.high > a.low, a.high - a.low, 1.0)
    at_low = np.zeros_like(a.low) if op == "relu" else -a.low
    slope = (a.high - at_low) / width
    gap = np.maximum(at_low - slope * a.low, 0)  # the chord lies above the kink by this
    c, e = slope * a.c + gap / 2, np.abs(slope) * a.e + gap / 2
    g = None if a.g is None else slope * a.g
    crossing = narrowed(c, e, g, low, high)
    negative = scale(a, np.array(-1.0 if op == "abs" else 0.0))
    return choose(a.low >= 0, a, choose(a.high <= 0, negative, crossing))
