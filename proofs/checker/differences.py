"""Differences of expressions written as differences, so that a bound on them is small.

``V(x+) - V(x)`` and ``net(z, y) - net(z, 0)`` are small because their arguments are close,
which is lost when the two values are bounded separately.  ``difference(p, q)`` is equal to
``p - q`` and defined exactly where ``p - q`` is, but is built from the differences of the
arguments.  With ``q`` at ``s`` and ``p`` at ``t = s + d``:

    ``W p + b - (W q + b) = W (p - q)``         ``g(t) - g(s) = increment(g; s, d)``
    ``p1 p2 - q1 q2 = d1 (q2 + d2) + q1 d2``    ``p**2 - q**2 = d (2 q + d)``
    ``sin t - sin s = 2 sin(d/2) cos(s + d/2)``  ``cos t - cos s = -2 sin(d/2) sin(s + d/2)``
    ``1/t - 1/s = -d (1/s) (1/t)``
    ``max(p1, p2) - max(q1, q2) = d2 + increment(relu; q1 - q2, d1 - d2)``

Sums are first brought to a linear normal form over their nonlinear parts, in which equal
parts cancel.  A part that may be undefined stays as ``0 * part``.  Statements and proofs:
``proofs/theory/L-DIFF.md``.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from .calculus import zeros_like
from .language import Affine, Node, build, cos, increment, index, recip, sin, stack, topological
from .sums import (
    PARTIAL,
    Definedness,
    Sum,
    Term,
    is_zero,
    leads,
    linear_form,
    linear_parts,
    negative,
    normalised,
    rebuilt,
    times,
    uniform,
)

__all__ = ["difference", "rewritten"]

_INCREMENTS = frozenset({"relu", "abs", "tanh", "exp", "atan", "log", "sqrt"})
_RULES = _INCREMENTS | {"stack", "index", "affine", "mul", "pow", "max", "sin", "cos", "recip"}
# how many partners are tried for each part of a sum
_PARTNERS = 8
_ZERO, _ONE = Fraction(0), Fraction(1)

_Pair: TypeAlias = tuple[Node, Node]


class _Difference(NamedTuple):
    """``p - q`` in increments; ``is_smaller`` says whether something common dropped out."""

    node: Node
    is_smaller: bool


_Steps: TypeAlias = Generator[_Pair, _Difference, _Difference]


def difference(p: Node, q: Node) -> Node:
    """An expression equal to ``p - q``, and defined exactly where it is, in increments.

    ``p`` and ``q`` have the same shape.  The work is linear in the size of their graph.
    """
    return _Differences([p, q]).between(p, q).node


@lru_cache(maxsize=1024)
def rewritten(root: Node) -> Node:
    """``root`` with the differences inside its sums written as differences, where that gains.

    A sum becomes its linear normal form where parts of it cancel, or are ``c g(s) - c g(t)``
    with something in common between ``s`` and ``t``, which then is ``c difference(s, t)``.
    The result is equal to ``root`` and defined exactly where it is.
    """
    order = topological([root])
    uses = dict.fromkeys(order, 0)
    for node in order:
        for a in node.args:
            # a sum used once, in another sum, is a part of that one
            uses[a] += 1 if linear_parts(node) else 2
    tool = _Differences([root])
    done: dict[Node, Node] = {}
    for node in order:
        new = build(node.op, tuple(done[a] for a in node.args), node.data) if node.args else node
        alone = node is root or uses[node] > 1
        done[node] = tool.regrouped(new) if alone and new.op in ("add", "sub") else new
    return done[root]


class _Differences:
    """The differences found so far, each pair once."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self._done: dict[_Pair, _Difference] = {}
        self._keys: dict[Node, int | None] = {}
        self._numbers: dict[object, int] = {}
        self._defined = Definedness()
        # shared operands can be paired in quadratically many ways: the rest stays as it is
        self._most = 64 + 16 * len(topological(roots))

    def between(self, p: Node, q: Node) -> _Difference:
        """``p - q``, without recursion: a rule asks for the differences that it needs."""
        answer = self._done.get((p, q))
        frames = [] if answer else [((p, q), self._steps(p, q))]
        while frames:
            pair, steps = frames[-1]
            try:
                wanted = steps.send(answer) if answer else next(steps)
            except StopIteration as stop:
                answer = self._done[pair] = stop.value
                frames.pop()
                continue
            answer = self._done.get(wanted)
            if answer is None:
                frames.append((wanted, self._steps(*wanted)))
        return self._done[p, q]

    def regrouped(self, root: Node) -> Node:
        """The sum ``root`` with its parts paired where their difference is smaller."""
        whole = linear_form([Term(uniform(root, _ONE), root)], self._defined)
        if whole is None:
            return root
        terms: list[Term | None] = [*whole.terms]
        partners: dict[object, list[int]] = {}
        for i, term in enumerate(whole.terms):
            if leads(term.factor):
                partners.setdefault((self._key(term.node), term.factor), []).append(i)
        is_smaller = whole.cancelled
        for i, term in enumerate(whole.terms):
            key, plus = self._key(term.node), negative(term.factor)
            if key is None or not leads(plus):
                continue
            fitting = partners.get((key, plus), [])
            for j in fitting[:_PARTNERS]:
                gap = self.between(whole.terms[j].node, term.node)
                if gap.is_smaller:
                    fitting.remove(j)
                    terms[i], terms[j] = None, Term(plus, gap.node)
                    is_smaller = True
                    break
        kept = [term for term in terms if term]
        return rebuilt(kept, whole.constant, root) if is_smaller else root

    def _steps(self, p: Node, q: Node) -> _Steps:
        if len(self._done) > self._most:
            return _Difference(p - q, False)
        key = self._key(p)
        if p is not q and key is not None and key == self._key(q):
            return (yield from self._parallel(p, q))
        one = uniform(p, _ONE)
        whole = linear_form([Term(one, p), Term(negative(one), q)], self._defined)
        if whole is None:
            return (yield from self._followed(p, q))
        return (yield from self._paired(whole, p))

    def _paired(self, whole: Sum, like: Node) -> _Steps:
        """The normal form of ``p - q``, the parts of ``p`` paired in order with those of ``q``."""
        free: dict[object, list[int]] = {}
        for j, term in enumerate(whole.terms[whole.split :], start=whole.split):
            free.setdefault((self._key(term.node), negative(term.factor)), []).append(j)
        terms: list[Term | None] = [*whole.terms]
        is_smaller = whole.cancelled
        for i, term in enumerate(whole.terms[: whole.split]):
            key = self._key(term.node)
            partners = free.get((key, term.factor), [])
            if key is not None and partners and any(term.factor):
                j = partners.pop(0)
                gap = yield term.node, whole.terms[j].node
                terms[i], terms[j] = Term(term.factor, gap.node), None
                is_smaller |= gap.is_smaller
        kept = [term for term in terms if term]
        return _Difference(rebuilt(kept, whole.constant, like), is_smaller)

    def _followed(self, p: Node, q: Node) -> _Steps:
        """A long sum, one operation at a time."""
        if p.op != q.op or p.op not in ("add", "sub", "neg"):
            return _Difference(p - q, False)
        gaps = []
        for a, b in zip(p.args, q.args, strict=True):
            gaps.append((yield a, b))
        total = build(p.op, tuple(gap.node for gap in gaps))
        return _Difference(total, any(gap.is_smaller for gap in gaps))

    def _parallel(self, p: Node, q: Node) -> _Steps:
        """``p - q`` for the same operator on different arguments."""
        gaps = []
        for a, b in zip(p.args, q.args, strict=True):
            gaps.append((yield a, b))
        smaller = [gap.is_smaller for gap in gaps]
        # a product of two factors that both move gains only if both differences do
        one_moves = any(is_zero(gap.node) for gap in gaps)
        is_smaller = all(smaller) if p.op == "mul" and not one_moves else any(smaller)
        return _Difference(_rule(p, q, [gap.node for gap in gaps]), is_smaller)

    def _key(self, node: Node) -> int | None:
        """The number of the rule for ``node``: nodes with the same one have a difference."""
        if node not in self._keys:
            kind: tuple[object, ...] = (node.op, node.data, node.size, *(a.size for a in node.args))
            if node.op == "index":
                kind += (node.args[0].op, node.args[0].data)
            known = node.op in _RULES and not linear_parts(node)
            self._keys[node] = self._numbers.setdefault(kind, len(self._numbers)) if known else None
        return self._keys[node]


def _rule(p: Node, q: Node, gaps: Sequence[Node]) -> Node:
    """``p - q`` from the differences of their arguments."""
    op, data, s, d = p.op, p.data, q.args[0], gaps[0]
    if op == "stack":
        return stack(gaps)
    if op == "index" and isinstance(data, int):
        return index(d, data)
    if isinstance(data, Affine):
        return build(op, (d,), data.linear)
    if op == "recip":
        return -(d * recip(s) * recip(p.args[0]))
    if all(map(is_zero, gaps)) and op not in PARTIAL:
        return zeros_like(p)
    if op == "mul":
        return _product(q.args, gaps)
    if op == "max":
        b, db = q.args[1], gaps[1]
        return db + increment("relu", 0, normalised(s - b), normalised(d - db))
    if op in ("sin", "cos"):
        half = times(d, Fraction(1, 2))
        middle = normalised(s + half)
        if op == "sin":
            return times(sin(half) * cos(middle), Fraction(2))
        return times(sin(half) * sin(middle), Fraction(-2))
    if op == "pow" and data == 2:
        return d * (times(s, Fraction(2)) + d)
    return increment(op, data if isinstance(data, int) else 0, s, d)


def _product(base: Sequence[Node], gaps: Sequence[Node]) -> Node:
    """``p1 p2 - q1 q2`` from ``q1, q2`` and the differences ``d1, d2``."""
    (a, b), (da, db) = base, gaps
    if is_zero(da):
        return a * db
    return da * b if is_zero(db) else da * (b + db) + a * db
