"""Taylor models of degree 0 and 1 in float64, vectorised over a block of boxes.

The search's copy of :mod:`certify.proofs.checker.models`: the same rules, so that the
kernel closes the leaves that the search closes, without its rigour.  On the box
``mid + rad * d`` a value is ``c + g.d`` up to ``+-e``, and lies in ``[low, high]``.
Shapes: ``c, e, low, high`` are (boxes, size), ``g`` is (variables, boxes, size); degree 0
has no ``g``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from certify.expression import Node
from certify.proofs.checker.language import Affine, Divided, constant_factor, schedule
from certify.verifiers.ranges import (
    Array,
    curvature_range,
    product_range,
    slope_range,
    step_range,
    value_range,
)

__all__ = ["Block", "Model"]


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


_constants: WeakKeyDictionary[Node, tuple[Array, Array]] = WeakKeyDictionary()


def _matrices(node: Node, data: Affine) -> tuple[Array, Array]:
    if node not in _constants:
        weight = np.array([[float(w) for w in row] for row in data.weight])
        _constants[node] = weight, np.array([float(b) for b in data.bias])
    return _constants[node]


class Block:
    """Models of expressions over a block of boxes, computed when asked for, each once."""

    def __init__(
        self,
        names: tuple[str, ...],
        low: Array,
        high: Array,
        degree: int,
        parent: tuple[Block, np.ndarray] | None = None,
    ) -> None:
        self.names, self.low, self.high, self.degree = names, low, high, degree
        self._parent = parent
        self._scale: Array | None = None
        self._models: dict[Node, Model] = {}

    @classmethod
    def at_points(cls, names: tuple[str, ...], points: Array, scale: Array) -> Block:
        """Values and gradients (times ``scale``) at points: forward differentiation."""
        block = cls(names, points, points, 1)
        block._scale = scale
        return block

    def take(self, rows: np.ndarray) -> Block:
        """The block of some of the boxes; what is known of them stays known."""
        return Block(self.names, self.low[rows], self.high[rows], self.degree, (self, rows))

    def model(self, root: Node) -> Model:
        """The model of ``root``."""
        known = self._lookup(root)
        if known is not None:
            return known
        with np.errstate(all="ignore"):
            for node in schedule(root):
                if self._lookup(node) is None:
                    self._models[node] = self._evaluate(node)
        return self._models[root]

    def _lookup(self, node: Node) -> Model | None:
        known = self._models.get(node)
        if known is None and self._parent is not None:
            block, rows = self._parent
            above = block._lookup(node)
            if above is not None:
                known = self._models[node] = above.take(rows)
        return known

    def _evaluate(self, node: Node) -> Model:
        args = [self._models[a] for a in node.args]
        op, data = node.op, node.data
        if op == "const" and isinstance(data, Fraction):
            return self._constant(np.full((len(self.low), 1), float(data)))
        if op == "var" and isinstance(data, str):
            return self._variable(self.names.index(data))
        if isinstance(data, Affine):
            return _affine(args[0], *_matrices(node, data))
        if op == "stack":
            return self._stack(args)
        if op == "index" and isinstance(data, int):
            return args[0].component(data)
        if op == "select":
            return self._select(*args)
        if op == "add":
            return _sum(args[0], args[1], 1.0)
        if op == "sub":
            return _sum(args[0], args[1], -1.0)
        if op == "mul":
            factor = constant_factor(node)
            if factor is not None:
                return _scaled(args[1 - factor], args[factor].c[0])
            return _product(*args)
        if op == "max":
            return _maximum(*args)
        if op in ("relu", "abs"):
            return _kink(op, args[0])
        if op == "step":
            return self._between(*step_range((args[0].low, args[0].high)))
        if isinstance(data, Divided):
            return self._quotient(op, data, args[0], args[1])
        if op == "neg":
            return _scaled(args[0], np.array(-1.0))
        return self._smooth(op, data if isinstance(data, int) else 0, args[0])

    def _variable(self, i: int) -> Model:
        low, high = self.low[:, i : i + 1], self.high[:, i : i + 1]
        middle, radius = (low + high) / 2, (high - low) / 2
        if not self.degree:
            return Model(middle, radius, None, low, high)
        g = np.zeros((len(self.names), *low.shape))
        g[i] = radius if self._scale is None else self._scale[i]
        return Model(middle, np.zeros_like(low), g, low, high)

    def _constant(self, value: Array) -> Model:
        return self._between(value, value)

    def _between(self, low: Array, high: Array) -> Model:
        g = np.zeros((len(self.names), *low.shape)) if self.degree else None
        return Model((low + high) / 2, (high - low) / 2, g, low, high)

    def _stack(self, parts: list[Model]) -> Model:
        def join(arrays: list[Array]) -> Array:
            return np.concatenate(arrays, axis=-1)

        g = join([p.g for p in parts if p.g is not None]) if self.degree else None
        return Model(
            join([p.c for p in parts]),
            join([p.e for p in parts]),
            g,
            join([p.low for p in parts]),
            join([p.high for p in parts]),
        )

    def _select(self, condition: Model, positive: Model, otherwise: Model) -> Model:
        mixed = self._between(
            np.minimum(positive.low, otherwise.low), np.maximum(positive.high, otherwise.high)
        )
        yes, no = condition.low > 0, condition.high <= 0
        unsure = ~yes & ~no & ~np.isfinite(condition.low + condition.high)
        mixed = mixed._replace(low=np.where(unsure, np.nan, mixed.low))
        return _where(yes, positive, _where(no, otherwise, mixed))

    def _quotient(self, op: str, g: Divided, s: Model, t: Model) -> Model:
        between = np.minimum(s.low, t.low), np.maximum(s.high, t.high)
        if op == "quotient":
            return self._between(*slope_range(g.op, g.power, between))
        low, high = curvature_range(g.op, g.power, between)
        return self._between(low / 2, high / 2)

    def _smooth(self, op: str, power: int, a: Model) -> Model:
        low, high = value_range(op, power, (a.low, a.high))
        plain = self._between(low, high)
        if a.g is None:
            return plain
        centre = np.clip(a.c, a.low, a.high)
        slope = slope_range(op, power, (centre, centre))[0]
        far = np.maximum(centre - a.low, a.high - centre) ** 2
        bends = curvature_range(op, power, (a.low, a.high))
        bend = product_range(bends, (np.zeros_like(far), far / 2))
        c = value_range(op, power, (centre, centre))[0] + slope * (a.c - centre)
        c = c + (bend[0] + bend[1]) / 2
        error = (bend[1] - bend[0]) / 2
        curved = _narrowed(c, np.abs(slope) * a.e + error, slope * a.g, low, high)
        return _where(error < plain.e, curved, plain)


def _where(mask: np.ndarray, a: Model, b: Model) -> Model:
    g = None if a.g is None or b.g is None else np.where(mask, a.g, b.g)
    return Model(
        np.where(mask, a.c, b.c),
        np.where(mask, a.e, b.e),
        g,
        np.where(mask, a.low, b.low),
        np.where(mask, a.high, b.high),
    )


def _narrowed(c: Array, e: Array, g: Array | None, low: Array, high: Array) -> Model:
    """The model with the intersection of its own range and ``[low, high]``."""
    if g is None:
        return Model((low + high) / 2, (high - low) / 2, None, low, high)
    reach = e + np.abs(g).sum(axis=0)
    return Model(c, e, g, np.maximum(low, c - reach), np.minimum(high, c + reach))


def _sum(a: Model, b: Model, sign: float) -> Model:
    low, high = (b.low, b.high) if sign > 0 else (-b.high, -b.low)
    g = None if a.g is None or b.g is None else a.g + sign * b.g
    return _narrowed(a.c + sign * b.c, a.e + b.e, g, a.low + low, a.high + high)


def _product(a: Model, b: Model) -> Model:
    low, high = product_range((a.low, a.high), (b.low, b.high))
    if a.g is None or b.g is None:
        return _narrowed(a.c, a.e, None, low, high)
    squares = a.g * b.g  # times d_i**2, which lies in [0, 1]
    c = a.c * b.c + squares.sum(axis=0) / 2
    reach_a, reach_b = np.abs(a.g).sum(axis=0), np.abs(b.g).sum(axis=0)
    e = np.abs(a.c) * b.e + np.abs(b.c) * a.e + a.e * b.e + a.e * reach_b + b.e * reach_a
    e += np.abs(squares).sum(axis=0) / 2
    for i in range(1, len(a.g)):
        for j in range(i):
            e += np.abs(a.g[i] * b.g[j] + b.g[i] * a.g[j])
    g = a.c * b.g + b.c * a.g
    return _narrowed(c, e, g, low, high)


def _scaled(a: Model, k: Array) -> Model:
    """``k * a`` for constants ``k``, one for all components or one for each."""
    ends = k * a.low, k * a.high
    g = None if a.g is None else k * a.g
    return Model(k * a.c, np.abs(k) * a.e, g, np.minimum(*ends), np.maximum(*ends))


def _affine(a: Model, weight: Array, bias: Array) -> Model:
    size = np.abs(weight).T
    middle, radius = (a.low + a.high) / 2, (a.high - a.low) / 2
    out, reach = middle @ weight.T + bias, radius @ size
    g = None if a.g is None else np.matmul(a.g, weight.T)
    return _narrowed(a.c @ weight.T + bias, a.e @ size, g, out - reach, out + reach)


def _maximum(a: Model, b: Model) -> Model:
    gap = _kink("relu", _sum(a, b, -1.0))
    g = None if b.g is None or gap.g is None else b.g + gap.g
    low, high = np.maximum(a.low, b.low), np.maximum(a.high, b.high)
    return _narrowed(b.c + gap.c, b.e + gap.e, g, low, high)


def _kink(op: str, a: Model) -> Model:
    """relu or abs: exact off the kink, else the chord and half its largest distance."""
    low, high = value_range(op, 0, (a.low, a.high))
    width = np.where(a.high > a.low, a.high - a.low, 1.0)
    at_low = np.zeros_like(a.low) if op == "relu" else -a.low
    slope = (a.high - at_low) / width
    gap = np.maximum(at_low - slope * a.low, 0)  # the chord lies above the kink by this
    c, e = slope * a.c + gap / 2, np.abs(slope) * a.e + gap / 2
    g = None if a.g is None else slope * a.g
    crossing = _narrowed(c, e, g, low, high)
    negative = _scaled(a, np.array(-1.0 if op == "abs" else 0.0))
    return _where(a.low >= 0, a, _where(a.high <= 0, negative, crossing))
