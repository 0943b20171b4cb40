"""Enclosures of expressions over many boxes at once: the bounds behind every leaf.

A :class:`Block` is a number of boxes over the same variables and a degree: 0 for intervals, 1
and 2 for Taylor models with that degree.  The value of an expression on a box is enclosed in
an interval; ends that are NaN mean "perhaps undefined", survive every rule, and are evidence
for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .combinations import combination
from .errors import LanguageError
from .increments import increment
from .intervals import (
    Array,
    Interval,
    add,
    hull,
    nearest,
    negative,
    product,
    scaled,
    square,
    sub,
    sum_down,
    sum_up,
)
from .language import SMOOTH, Affine, Divided, Node, constant_factor
from .monotone import least
from .narrowing import narrowed_box, not_positive
from .polynomials import Model, combined, constant, join, multiply, plain, variables
from .ranges import curvature_range, slope_range, step_range
from .rules import affine, constant_vector, kink, maximum, scale, select, smooth
from .symbols import Roles

__all__ = ["Block"]

Indices = NDArray[np.intp]


class Block:
    """Models of expressions over a block of boxes, computed when asked for, each once.

    ``low`` and ``high`` have the shape (variables, boxes), rows in the order of ``names``;
    ``roles`` says what operations do (:func:`certify.proofs.checker.symbols.allocate`).
    """

    def __init__(
        self,
        names: tuple[str, ...],
        low: Array,
        high: Array,
        degree: int,
        roles: Roles,
        parent: tuple[Block, Indices] | None = None,
    ) -> None:
        if degree not in (0, 1, 2) or not low.shape == high.shape == (len(names), low.shape[-1]):
            raise LanguageError("a block has one interval for each variable, and a degree")
        self.names, self.low, self.high, self.degree = names, low, high, degree
        self._roles, self._parent = roles, parent
        self._models: dict[Node, Model] = {}
        self._variables: Model | None = None

    def __len__(self) -> int:
        """The number of boxes."""
        return int(self.low.shape[1])

    def take(self, rows: Indices) -> Block:
        """The block of some of the boxes; what is known of them stays known."""
        low, high = self.low[:, rows], self.high[:, rows]
        return Block(self.names, low, high, self.degree, self._roles, (self, rows))

    def narrowed(self, nodes: Iterable[Node]) -> Block:
        """The boxes cut down to where no scalar of ``nodes`` is positive, as far as that is proved.

        In degree 0, and where little is cut off, they are as they were.
        """
        if not self.degree:
            return self
        low, high = np.full_like(self.low, -1.0), np.full_like(self.high, 1.0)
        with np.errstate(all="ignore"):
            for model in map(self.model, nodes):
                if (model.range.high > 0).any():  # else it cuts off nothing
                    ends = not_positive(model, len(self.names))
                    low, high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
            box = narrowed_box(Interval(self.low, self.high), low, high)
        return self if box is None else Block(self.names, *box, self.degree, self._roles)

    def range(self, node: Node) -> Interval:
        """Intervals that contain every value of the scalar ``node``, shape (boxes,)."""
        low, high = self.model(node).range
        return Interval(low[0], high[0])

    def least(self, node: Node, boxes: Indices) -> Array:
        """Sharper lower ends of the scalar ``node`` on some of the boxes, in degrees 1 and 2."""
        model = self.model(node)
        if not model.layout.quadratic:
            low: Array = model.range.low[0, boxes]
            return low
        with np.errstate(all="ignore"):
            return least(model.take(boxes))

    def slopes(self, node: Node) -> tuple[Array, Array]:
        """The linear coefficients of the scalar ``node``, (variables, boxes), and its error.

        What symbols stand for is part of the error; no guarantee rests on either.
        """
        model = self.model(node)
        slopes = np.zeros((len(self.names), len(self)))
        if not self.degree:
            return slopes, 0.5 * model.range.high[0] - 0.5 * model.range.low[0]
        n = model.layout.variables
        slopes[:n] = model.p[0, model.layout.linear][:n]
        return slopes, model.e[0] + np.abs(model.p[0, model.layout.linear][n:]).sum(axis=0)

    def model(self, root: Node) -> Model:
        """The model of ``root``."""
        work = [root]
        with np.errstate(all="ignore"):
            while work:
                node = work[-1]
                missing = [a for a in self._roles.args(node) if self._lookup(a) is None]
                if self._lookup(node) is None and not missing:
                    self._models[node] = self._evaluate(node)
                if self._lookup(node) is None:
                    work += reversed(missing)
                else:
                    work.pop()
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
        args = [self._models[a] for a in self._roles.args(node)]
        op, data, degree = node.op, node.data, self.degree
        if node in self._roles.fixed:
            return self._fixed(node)
        if node in self._roles.sums:
            return combination(self._roles.sums[node], args, degree)
        symbols = self._roles.symbols.get(node, ()) if degree else ()
        if op == "const" and isinstance(data, Fraction):
            near, error = (np.full((1, len(self)), x) for x in nearest(data))
            return self._between(Interval(sum_down(near, -error), sum_up(near, error)))
        if op == "var" and isinstance(data, str):
            return self._variable(self.names.index(data))
        if isinstance(data, Affine):
            return affine(node, data, args[0], degree)
        if op == "stack":
            return self._stack(args)
        if op == "index" and isinstance(data, int):
            return args[0].component(data)
        if op == "select":
            return select(args[0], args[1], args[2], degree)
        if op == "neg":
            return _negative(args[0])
        if op in ("add", "sub"):
            return self._sum(op, args[0], args[1])
        if op == "mul":
            factor = constant_factor(node)
            if factor is not None:
                return scale(*constant_vector(node.args[factor]), args[0], degree)
            return self._product(node, args[0], args[1])
        if op == "max":
            return maximum(args[0], args[1], degree, symbols)
        if op in ("relu", "abs"):
            return kink(op, args[0], degree, symbols)
        if op == "step":
            return self._between(step_range(args[0].range))
        if op == "pow" and data == 2:
            return self._product(node, args[0], args[0])
        if op in SMOOTH:
            power = data if isinstance(data, int) else 0
            return smooth(op, power, args[0], degree, symbols)
        if isinstance(data, Divided):
            if op == "increment":
                return increment(data, args[0], args[1], degree, symbols)
            return self._divided(op, data, args[0], args[1])
        raise LanguageError(f"no bound rule for {op}")

    def _fixed(self, node: Node) -> Model:
        """The model of an expression without variables, which is the same on every box."""
        known = self._roles.fixed[node]
        if self.degree not in known:
            roles = self._roles._replace(fixed={})
            one = Block(self.names, self.low[:, :1], self.high[:, :1], self.degree, roles)
            known[self.degree] = one.model(node)
        return known[self.degree].take(np.zeros(len(self), dtype=np.intp))

    def _between(self, reach: Interval) -> Model:
        return constant(reach) if self.degree else plain(reach)

    def _variable(self, i: int) -> Model:
        if self._variables is None:
            reach = Interval(self.low, self.high)
            self._variables = variables(reach) if self.degree else plain(reach)
        return self._variables.component(i)

    def _stack(self, parts: list[Model]) -> Model:
        if self.degree:
            return join(parts)
        low = np.concatenate([a.range.low for a in parts])
        return plain(Interval(low, np.concatenate([a.range.high for a in parts])))

    def _sum(self, op: str, a: Model, b: Model) -> Model:
        reach = (add if op == "add" else sub)(a.range, b.range)
        if not self.degree:
            return plain(reach)
        return combined(a, b, 1.0 if op == "add" else -1.0, reach)

    def _product(self, node: Node, a: Model, b: Model) -> Model:
        reach = square(a.range) if a is b else product(a.range, b.range)
        if not self.degree:
            return plain(reach)
        return multiply(a, b, 2 if node in self._roles.last else self.degree, reach)

    def _divided(self, op: str, g: Divided, s: Model, t: Model) -> Model:
        """Divided differences are means of derivatives between two points."""
        between = hull(s.range, t.range)
        if op == "quotient":
            return self._between(slope_range(g.op, g.power, between))
        half = np.full((1, 1), 0.5)
        return self._between(scaled(half, 0 * half, curvature_range(g.op, g.power, between)))


def _negative(a: Model) -> Model:
    return a._replace(p=-a.p, range=negative(a.range))
