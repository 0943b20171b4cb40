"""Taylor models of degree 0 and 1 in float64, vectorised over a block of boxes."""

from __future__ import annotations

from fractions import Fraction
from weakref import WeakKeyDictionary

import numpy as np

from certify.expression import Node
from certify.proofs.checker.language import Affine, Divided, constant_factor, schedule
from certify.verifiers.models import (
    Model,
    apply_affine,
    choose,
    combine,
    kink,
    maximum,
    multiply,
    narrowed,
    scale,
)
from certify.verifiers.ranges import (
    Array,
    curvature_range,
    product_range,
    slope_range,
    step_range,
    value_range,
)

__all__ = ["Block"]


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
            return apply_affine(args[0], *_matrices(node, data))
        if op == "stack":
            return self._stack(args)
        if op == "index" and isinstance(data, int):
            return args[0].component(data)
        if op == "select":
            return self._select(*args)
        if op == "add":
            return combine(args[0], args[1], 1.0)
        if op == "sub":
            return combine(args[0], args[1], -1.0)
        if op == "mul":
            factor = constant_factor(node)
            if factor is not None:
                return scale(args[1 - factor], args[factor].c[0])
            return multiply(*args)
        if op == "max":
            return maximum(*args)
        if op in ("relu", "abs"):
            return kink(op, args[0])
        if op == "step":
            return self._between(*step_range((args[0].low, args[0].high)))
        if isinstance(data, Divided):
            return self._quotient(op, data, args[0], args[1])
        if op == "neg":
            return scale(args[0], np.array(-1.0))
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
        return choose(yes, positive, choose(no, otherwise, mixed))

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
        curved = narrowed(c, np.abs(slope) * a.e + error, slope * a.g, low, high)
        return choose(error < plain.e, curved, plain)
