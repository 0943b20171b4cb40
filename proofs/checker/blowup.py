"""Exact quotients of an expression along rays: how an equilibrium is proved with no hole.

With ``x = x* + r s d`` (``d`` on the faces of the cube ``|d|_inf = 1``, ``r >= 0``, scales
``s``) and an expression ``e`` that vanishes at ``x*`` to order ``m``,

    ``e(x* + r s d) = r**m * q(r, d)``

for every ``r >= 0``, where ``q`` is again an expression of the language.  So ``e > 0`` off
the equilibrium, which no bound on boxes around it can show, becomes ``q > 0`` on compact
boxes that include ``r = 0``.  This module computes ``q`` for ``m = 1`` and ``m = 2``.

Write ``a0`` for the value of a part at ``x*``, ``D a = (a - a0) / r`` and
``DD a = (a - a0 - r a') / r**2`` with the derivative ``a'`` along the ray.  Then, exactly,

    ``D(a b) = Da b + a0 Db``            ``DD(a b) = a0 DDb + b0 DDa + Da Db``
    ``D g(a) = g[a0, a] Da``             ``DD g(a) = g'(a0) DDa + g[a0, a0, a] (Da)**2``
    ``D relu(a) = relu(Da)`` if a0 = 0   (positive homogeneity; likewise abs and max)
    ``DD relu(a) = relu[a', Da] DDa`` if a0 = 0, and ``relu(DDa)`` if a' = 0 too
    ``D increment(g; s, d) = g[s, s + d] Dd`` and ``DD`` the same with ``DDd`` if d' = 0 too,
                                          where d0 = 0

with divided differences ``g[.]``.  Whether ``a0 = 0`` is decided structurally: folding of
exact constants and cancellation of identical subexpressions, never by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from .calculus import derivative, zeros_like
from .errors import LanguageError, TheoremError
from .language import (
    Affine,
    Divided,
    Node,
    build,
    const,
    index,
    quotient,
    quotient2,
    stack,
    step,
    topological,
    var,
)
from .sums import normalised

__all__ = ["Ray", "simplified", "vanishes"]

_LINEAR = frozenset({"stack", "index", "affine", "add", "sub", "neg"})
_KINKS = frozenset({"relu", "abs", "max"})
_ZERO = Fraction(0)


def simplified(root: Node) -> Node:
    """``root`` with ``a - a = 0`` and ``0 * a = 0``, valid wherever ``root`` is defined.

    The theorems prove separately that it is defined where this is used.
    """
    done: dict[Node, Node] = {}
    for node in topological([root]):
        done[node] = _simplify(node.op, [done[a] for a in node.args], node) if node.args else node
    return done[root]


def _simplify(op: str, args: list[Node], node: Node) -> Node:
    a, b = args[0], args[-1]
    if op == "sub" and a is b:
        return zeros_like(node)
    if op == "add" and ((a.op == "neg" and a.args[0] is b) or (b.op == "neg" and b.args[0] is a)):
        return zeros_like(node)
    if op == "mul" and (_is_zero(a) or _is_zero(b)):
        return zeros_like(node)
    if op == "select" and a.op == "const":
        return args[1] if a.value > 0 else args[2]
    if op == "increment" and _is_zero(b):
        return zeros_like(node)
    if op == "quotient" and a is b and isinstance(node.data, Divided):
        return derivative(node.data.op, a, node.data.power)
    return node if tuple(args) == node.args else build(op, tuple(args), node.data)


def _is_zero(node: Node) -> bool:
    if node.op == "stack":
        return all(_is_zero(a) for a in node.args)
    return node.op == "const" and node.data == 0


def vanishes(root: Node) -> bool:
    """Whether ``root`` is structurally the exact zero (of its shape)."""
    return _is_zero(simplified(root))


class _ManyValuesError(LanguageError):
    """A set-valued expression where one value is needed."""


class _Table:
    """Results of one rule for every node, with refusals kept until somebody needs them."""

    def __init__(self, rule: Callable[[Node], Node]) -> None:
        self._rule = rule
        self._done: dict[Node, Node | LanguageError] = {}

    def __getitem__(self, root: Node) -> Node:
        result = self._done.get(root)
        if result is None:
            for node in topological([root], self._done):
                if node not in self._done:
                    try:
                        self._done[node] = self._rule(node)
                    except LanguageError as refusal:
                        self._done[node] = refusal
            result = self._done[root]
        if isinstance(result, Node):
            return result
        raise type(result)(*result.args)


class Ray:
    """The substitution ``x = equilibrium + r * scale * d`` and the quotients along it.

    ``direction`` gives ``d`` for each state: a variable, or the constant -1 or 1 on the face.
    Variables that are not states (parameters, disturbances) stay as they are.
    """

    def __init__(
        self,
        equilibrium: Mapping[str, Fraction],
        scale: Mapping[str, Fraction],
        direction: Mapping[str, Node],
        radius: str,
        like: Ray | None = None,
    ) -> None:
        self._radius = radius
        self._slopes = {x: const(scale[x]) * direction[x] for x in equilibrium}
        self._start = {x: const(value) for x, value in equilibrium.items()}
        self._along = {x: self._start[x] + var(radius) * s for x, s in self._slopes.items()}
        # what does not depend on the direction is shared with a ray from the same equilibrium
        self._moving: dict[Node, bool] = {} if like is None else like._moving
        self._zero: dict[Node, bool] = {} if like is None else like._zero
        self._flat: dict[Node, bool] = {}
        self.centre: _Table = _Table(self._centre) if like is None else like.centre
        self.value = _Table(self._value)
        self.first = _Table(self._first)
        self.second = _Table(self._second)
        self._limit = _Table(self._at_no_distance)

    def starts_at_zero(self, e: Node) -> bool:
        """Whether ``e`` is structurally zero at the equilibrium."""
        if e not in self._zero:
            self._zero[e] = _cancels(self.centre, e)
        return self._zero[e]

    def _starts_off_zero(self, e: Node) -> bool:
        """Whether every component of ``e`` has a constant other than 0 at the equilibrium."""
        try:
            start = self.centre[e]
        except LanguageError:
            return False
        parts = start.args if start.op == "stack" else (start,)
        return all(a.op == "const" and a.data != 0 for a in parts)

    def starts_flat(self, e: Node) -> bool:
        """Whether ``e`` and its derivative along the ray vanish structurally there."""
        if e not in self._flat:
            self._flat[e] = self.starts_at_zero(e) and self._has_no_slope(e)
        return self._flat[e]

    def _has_no_slope(self, e: Node) -> bool:
        try:
            return _cancels(self._limit, self.first[e])
        except LanguageError:
            return False

    def _slope(self, e: Node) -> Node:
        """The derivative of ``e`` along the ray at the equilibrium, from above."""
        return self._limit[self.first[e]]

    def _at_no_distance(self, node: Node) -> Node:
        """``node``, an expression along the ray, at r = 0."""
        if node.op == "var":
            return const(0) if node.data == self._radius else node
        if not node.args:
            return node
        return _simplify(node.op, [self._limit[a] for a in node.args], node)

    def order(self, e: Node) -> int:
        """The order ``m``, 1 or 2, to which ``e`` vanishes at the equilibrium."""
        if not self.starts_at_zero(e):
            raise TheoremError("an expression that must vanish at the equilibrium does not")
        return 2 if self.starts_flat(e) else 1

    def quotient(self, e: Node, order: int) -> Node:
        """``q`` with ``e = r**order * q`` along the ray, for the order of ``e`` or less."""
        if order > self.order(e):
            raise TheoremError("an expression that must be of second order is of first")
        return simplified(self.first[e] if order == 1 else self.second[e])

    def _centre(self, node: Node) -> Node:
        """``node`` at the equilibrium; a step has no single value at its jump."""
        if node.op == "var":
            return self._start.get(str(node.data), node)
        if not node.args:
            return node
        if node.op == "mul" and any(map(self._has_many_values, node.args)):
            if not any(map(self.starts_at_zero, node.args)):
                raise _ManyValuesError("a product has no single value at the equilibrium")
            return zeros_like(node)  # zero times any of the values
        result = _simplify(node.op, [self.centre[a] for a in node.args], node)
        if node.op == "step" and any(n.op == "step" for n in topological([result])):
            raise _ManyValuesError("step has no single value at the equilibrium")
        return result

    def _has_many_values(self, node: Node) -> bool:
        try:
            self.centre[node]
        except _ManyValuesError:
            return True
        except LanguageError:
            return False
        return False

    def _value(self, node: Node) -> Node:
        """``node`` along the ray, for r > 0."""
        if node.op == "var":
            return self._along.get(str(node.data), node)
        if not node.args:
            return node
        if node.op == "step":
            if node.size:
                return self._by_component(node, self.value)
            if self.starts_at_zero(node.args[0]):  # step(r q) = step(q)
                return step(simplified(self.first[node.args[0]]))
        return build(node.op, tuple(self.value[a] for a in node.args), node.data)

    def _first(self, node: Node) -> Node:
        """``(node - node(x*)) / r`` along the ray."""
        if node.op == "var":
            return self._slopes.get(str(node.data), const(0))
        if self._still(node):
            return zeros_like(node)
        if node.op in _LINEAR:
            return _linear(node, self.first)
        if node.op == "mul":
            a, b = node.args
            if self.starts_at_zero(b):
                return self.value[a] * self.first[b]
            if self.starts_at_zero(a):
                return self.first[a] * self.value[b]
            return self.first[a] * self.value[b] + self.centre[a] * self.first[b]
        if node.op in _KINKS:
            return self._kink(node, self.first, self.starts_at_zero, self._first_chain)
        if node.op == "increment" and isinstance(node.data, Divided):
            return self._increment(node, node.data, self.first, self.starts_at_zero)
        return self._first_chain(node)

    def _first_chain(self, node: Node) -> Node:
        name, power = _unary(node)
        a = node.args[0]
        return quotient(name, power, self.centre[a], self.value[a]) * self.first[a]

    def _second(self, node: Node) -> Node:
        """``(node - node(x*) - r node') / r**2`` along the ray."""
        if self._still(node) or node.op == "var":
            return zeros_like(node)
        if node.op in _LINEAR:
            return _linear(node, self.second)
        a, b = node.args[0], node.args[-1]
        if node.op == "mul":
            if self.starts_at_zero(a) and self.starts_at_zero(b):
                return self.first[a] * self.first[b]
            if self.starts_flat(b):
                return self.value[a] * self.second[b]
            if self.starts_flat(a):
                return self.second[a] * self.value[b]
            mixed = self.first[a] * self.first[b]
            return self.centre[a] * self.second[b] + self.centre[b] * self.second[a] + mixed
        if node.op == "pow" and isinstance(node.data, int) and self.starts_at_zero(a):
            square = self.first[a] ** 2
            return square if node.data == 2 else square * self.value[a] ** (node.data - 2)
        if node.op in _KINKS:
            return self._kink(node, self.second, self.starts_flat, self._second_kink)
        if node.op == "increment" and isinstance(node.data, Divided):
            return self._increment(node, node.data, self.second, self.starts_flat)
        return self._second_chain(node)

    def _second_chain(self, node: Node) -> Node:
        name, power = _unary(node)
        a = node.args[0]
        curvature = quotient2(name, power, self.centre[a], self.value[a]) * self.first[a] ** 2
        slope = simplified(derivative(name, self.centre[a], power))
        return curvature if _is_zero(slope) else slope * self.second[a] + curvature

    def _second_kink(self, node: Node) -> Node:
        """A kink whose argument starts at its kink with a slope is one in ``Da`` at ``a'``."""
        a = node.args[0]
        if self.starts_at_zero(a):
            return quotient(node.op, 0, self._slope(a), self.first[a]) * self.second[a]
        return self._second_chain(node)

    def _kink(
        self,
        node: Node,
        quotients: _Table,
        homogeneous: Callable[[Node], bool],
        chain: Callable[[Node], Node],
    ) -> Node:
        """A kink commutes with division by r where its argument vanishes to that order."""
        a, b = node.args[0], node.args[-1]
        gap = a - b if node.op == "max" else a
        if node.size and not (homogeneous(gap) or self._starts_off_zero(gap)):
            return self._by_component(node, quotients)
        if node.op == "max":
            return quotients[b] + quotients[build("relu", (gap,))]
        return build(node.op, (quotients[a],)) if homogeneous(a) else chain(node)

    def _increment(
        self, node: Node, g: Divided, quotients: _Table, homogeneous: Callable[[Node], bool]
    ) -> Node:
        """``g(s + d) - g(s)`` is ``g[s, s + d] d``, or the same kink of the quotients."""
        s, d = node.args
        if homogeneous(d) and g.op in _KINKS and homogeneous(s):
            return build(node.op, (quotients[s], quotients[d]), g)
        off = g.op not in _KINKS or self._starts_off_zero(s)
        if node.size and not (off and homogeneous(d)):
            return self._by_component(node, quotients)
        if homogeneous(d):
            # slopes of a kink at its origin depend on the direction alone
            near = g.op in _KINKS and self.starts_at_zero(s)
            table = self.first if near else self.value
            return quotient(g.op, g.power, table[s], table[s] + table[d]) * quotients[d]
        start, end = (build(g.op, (a,), g.power or None) for a in (s, s + d))
        return quotients[end] - quotients[start]

    def _by_component(self, node: Node, table: _Table) -> Node:
        rows = range(node.size)
        parts = [build(node.op, tuple(index(a, i) for a in node.args), node.data) for i in rows]
        return stack(table[p] for p in parts)

    def _still(self, node: Node) -> bool:
        """Whether ``node`` does not depend on the state: it is its own value everywhere."""
        if node not in self._moving:
            for part in topological([node], self._moving):
                moves = part.op == "var" and part.data in self._slopes
                self._moving[part] = moves or any(self._moving[a] for a in part.args)
        return not self._moving[node]


def _cancels(table: _Table, e: Node) -> bool:
    """Whether the entry of ``e`` is structurally 0, if need be as a sum of all its parts."""
    try:
        found = table[e]
    except LanguageError:
        return False
    return _is_zero(found if found.op == "const" else normalised(found))


def _linear(node: Node, table: _Table) -> Node:
    data = node.data
    if isinstance(data, Affine):
        data = data.linear
    return build(node.op, tuple(table[a] for a in node.args), data)


def _unary(node: Node) -> tuple[str, int]:
    if len(node.args) != 1 or node.op == "step":
        raise LanguageError(f"{node.op} is not continuous: it has no quotient at the equilibrium")
    return node.op, node.data if isinstance(node.data, int) else 0
