"""Linear normal forms: sums over the parts that are not sums, in which equal parts cancel.

A part that may be undefined stays in its sum with the factor 0, so that a normal form is
defined exactly where the sum is.  Proof: ``proofs/theory/L-DIFF.md``, section 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from .language import Affine, Divided, Node, const, constant_factor, stack, topological

__all__ = [
    "PARTIAL",
    "Definedness",
    "Factor",
    "Sum",
    "Term",
    "is_constant",
    "is_zero",
    "leads",
    "linear_form",
    "linear_parts",
    "negative",
    "normalised",
    "numbers_of",
    "rebuilt",
    "times",
    "uniform",
]

PARTIAL = frozenset({"recip", "log", "sqrt"})
# longer sums are followed one operation at a time, so that the work stays linear
_LONGEST_SUM = 256
_ZERO, _ONE = Fraction(0), Fraction(1)

# a number for each component, one for a scalar
Factor: TypeAlias = tuple[Fraction, ...]


class Term(NamedTuple):
    """``factor * node`` of a linear normal form."""

    factor: Factor
    node: Node


class Sum(NamedTuple):
    """A linear normal form.

    The first ``split`` terms were met in the first of its roots; ``cancelled`` says whether
    equal parts met with opposite signs.
    """

    terms: list[Term]
    split: int
    constant: Factor
    cancelled: bool


def normalised(root: Node) -> Node:
    """The sum ``root`` in linear normal form if parts of it cancel, else ``root`` itself."""
    whole = linear_form([Term(uniform(root, _ONE), root)], Definedness())
    return rebuilt(whole.terms, whole.constant, root) if whole and whole.cancelled else root


class Definedness:
    """Which expressions are defined everywhere, by their operators alone."""

    def __init__(self) -> None:
        self._total: dict[Node, bool] = {}

    def is_total(self, root: Node) -> bool:
        """Whether no part of ``root`` can be undefined."""
        for node in topological([root], self._total):
            op = node.data.op if isinstance(node.data, Divided) else node.op
            total = op not in PARTIAL and not node.op.startswith("quotient")
            self._total[node] = total and all(self._total[a] for a in node.args)
        return self._total[root]


def linear_parts(node: Node) -> list[Term]:
    """``node`` as a linear combination; empty if its operator is not a linear one."""
    if node.op in ("add", "sub"):
        a, b = node.args
        sign = _ONE if node.op == "add" else -_ONE
        return [Term(uniform(a, _ONE), a), Term(uniform(b, sign), b)]
    if node.op == "neg":
        return [Term(uniform(node, -_ONE), node.args[0])]
    if node.op == "mul" and (k := constant_factor(node)) is not None:
        return [Term(numbers_of(node.args[k]), node.args[1 - k])]
    if node.op == "index" and isinstance(node.data, int):
        inner = node.args[0]
        if isinstance(inner.data, Affine) and inner.args[0].op == "stack":
            weights = zip(inner.data.weight[node.data], inner.args[0].args, strict=True)
            bias = Term((_ONE,), const(inner.data.bias[node.data]))
            return [*(Term((w,), a) for w, a in weights), bias]
    return []


def linear_form(roots: Sequence[Term], defined: Definedness) -> Sum | None:
    """The sum of ``roots`` over parts that are not sums, or None if it is too long.

    Parts with the total factor 0 are left out where they are defined everywhere.
    """
    parts: dict[Node, list[Term]] = {}
    order: dict[Node, int] = {}
    for number, root in enumerate(roots):
        work = [root.node]
        while work:
            node = work[-1]
            if node in parts:
                order.setdefault(work.pop(), number)
                continue
            if len(parts) + len(work) > _LONGEST_SUM:
                return None
            parts[node] = linear_parts(node)
            work += [term.node for term in reversed(parts[node]) if term.node not in parts]
    factors: dict[Node, Factor] = {}
    cancelled = False
    for factor, node in roots:
        cancelled |= _add(factors, node, factor)
    for node in reversed(order):
        factor = factors.get(node, ())
        for weight, part in parts[node] if any(factor) else ():
            cancelled |= _add(factors, part, tuple(map(_by, factor, weight)))
    terms: list[Term] = []
    split, constant = 0, negative(uniform(roots[0].node, _ZERO))
    for node, number in order.items():
        factor = factors.get(node, ())
        if not factor or (parts[node] and any(factor)):
            continue
        if is_constant(node):
            constant = tuple(map(_plus, constant, map(_by, factor, numbers_of(node))))
        elif any(factor) or not defined.is_total(node):
            terms.append(Term(factor, node))
            split += number == 0
    return Sum(terms, split, constant, cancelled)


def _add(factors: dict[Node, Factor], node: Node, more: Factor) -> bool:
    """Add ``more`` times ``node``; whether that cancels some of what there was."""
    known = factors.get(node, ())
    factors[node] = tuple(map(_plus, known, more)) if known else more
    return not is_constant(node) and any(a * b < 0 for a, b in zip(known, more, strict=False))


def rebuilt(terms: Sequence[Term], constant: Factor, like: Node) -> Node:
    """The sum of ``terms`` and ``constant`` as an expression of the shape of ``like``."""
    total: Node | None = None
    # starting with a positive part saves a sign
    for factor, node in sorted(terms, key=lambda term: not leads(term.factor)):
        minus = not leads(factor) and any(factor)
        part = _scaled(negative(factor) if minus else factor, node)
        if total is None:
            total = -part if minus else part
        else:
            total = total - part if minus else total + part
    if total is None or any(constant):
        offset = stack(constant) if like.size else const(constant[0])
        total = offset if total is None else total + offset
    return total


def _scaled(factor: Factor, node: Node) -> Node:
    if all(f == 1 for f in factor):
        return node
    return (stack(factor) if node.size else const(factor[0])) * node


def times(node: Node, k: Fraction) -> Node:
    """``k * node``."""
    return _scaled(uniform(node, k), node)


def uniform(node: Node, k: Fraction) -> Factor:
    """``k`` for each component of ``node``."""
    return (k,) * max(node.size, 1)


def negative(factor: Factor) -> Factor:
    """``-factor``."""
    return tuple(-f for f in factor)


def leads(factor: Factor) -> bool:
    """Whether the first number that is not 0 is positive."""
    return next((f > 0 for f in factor if f), False)


def _plus(a: Fraction, b: Fraction) -> Fraction:
    return a + b


def _by(a: Fraction, b: Fraction) -> Fraction:
    return a * b


def numbers_of(node: Node) -> Factor:
    """The components of a constant."""
    return tuple(a.value for a in node.args) if node.size else (node.value,)


def is_constant(node: Node) -> bool:
    """Whether ``node`` is a number or a vector of numbers."""
    return node.op == "const" or (node.op == "stack" and all(a.op == "const" for a in node.args))


def is_zero(node: Node) -> bool:
    """Whether ``node`` is the constant 0 of its shape."""
    return is_constant(node) and not any(numbers_of(node))
