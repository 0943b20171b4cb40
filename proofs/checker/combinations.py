"""Sums of weighted values and products as one operation, with one error for all its roundings.

A sum takes in the sums, constant factors and last products that nothing else reads: a quadratic
form such as ``V`` is then one operation on models, not one for each of its terms.
Proof: ``proofs/theory/L-MODEL.md``, sections 2 and 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from operator import add as plus
from operator import mul as times
from typing import NamedTuple

import numpy as np

from .intervals import (
    TINY,
    Array,
    Interval,
    U,
    is_short,
    product,
    scaled,
    square,
    sum_down,
    total_down,
)
from .language import Node
from .polynomials import CONSTANT, Layout, Model, finished, places, plain, rounded_up
from .rules import floats
from .sums import Factor, Term, is_constant, linear_parts, numbers_of, uniform

__all__ = ["Combination", "collected", "combination"]


class Combination(NamedTuple):
    """``bias + sum_t weight_t a_t``, the ``a_t`` being terms, then squares, then products of two.

    ``weight`` has the shape (number of a_t, m, 1) and is within ``error`` of the exact numbers, the
    bias (m, 1) within ``bias_error`` of ``middle``.  ``lost`` times the sizes of the ``a_t`` and
    ``gained`` times their errors cover the errors of weights and roundings.  Where all weights are
    ``short`` ranges may be exact.
    """

    terms: tuple[Node, ...]
    squares: tuple[Node, ...]
    pairs: tuple[tuple[Node, Node], ...]
    weight: Array
    error: Array
    middle: Array
    bias_error: Array
    bias: Array
    lost: Array
    gained: Array
    short: bool

    @property
    def products(self) -> int:
        """The number of squares and products."""
        return len(self.squares) + len(self.pairs)

    @property
    def args(self) -> tuple[Node, ...]:
        """The nodes whose models :func:`combination` reads, in its order."""
        pairs = self.pairs
        return (*self.terms, *self.squares, *(x for x, _ in pairs), *(y for _, y in pairs))


def collected(
    order: Sequence[Node], roots: Iterable[Node], last: Collection[Node]
) -> Iterator[tuple[Node, Combination]]:
    """The sums among the nodes ``order`` that are more than one operation.

    ``roots`` are read by themselves, and ``last`` are the products that a sum may take in.
    """
    reads = Counter(a for node in order for a in node.args)
    reads.update(roots)
    sums = {node: parts for node in order if (parts := _parts(node))}
    inside = {part.node for parts in sums.values() for part in parts if reads[part.node] == 1}
    for root in (node for node in sums if node not in inside):
        factors, bias, count = _flat(root, sums, inside)
        products = {n: None for n in factors if n in inside and n in last and not n.size}
        if factors and (products or any(bias) or count > len(sums[root])):
            terms = [n for n in factors if n not in products]
            squares = [n for n in products if n.args[0] is n.args[-1]]
            others = [n for n in products if n.args[0] is not n.args[-1]]
            yield root, _combination(factors, bias, terms, squares, others)


def _combination(
    factors: Mapping[Node, Factor],
    bias: Factor,
    terms: Sequence[Node],
    squares: Sequence[Node],
    others: Sequence[Node],
) -> Combination:
    """The sum of ``terms``, ``squares`` and ``others``, which are products, in float64."""
    with np.errstate(all="ignore"):  # what is too large is infinite, and proves nothing
        pairs = [floats(factors[n]) for n in (*terms, *squares, *others)]
        weight, error = (np.array(x) for x in zip(*pairs, strict=True))
        # of other weights the sign is known
        error = np.where((weight == 0) & (error > 0), np.inf, error)
        middle, radius = floats(bias)
        # a coefficient is a sum of products of at most three numbers
        rounding = (4 * (len(terms) + len(squares) + 2 * len(others)) + 16) * U
        lost = error + rounding * np.abs(weight)
        return Combination(
            tuple(terms),
            tuple(n.args[0] for n in squares),
            tuple((n.args[0], n.args[1]) for n in others),
            weight,
            error,
            middle,
            rounded_up(radius + rounding * np.abs(middle)) + TINY,
            np.stack([sum_down(middle, -radius), sum_down(-middle, -radius)]),
            lost,
            np.abs(weight) + lost,
            not error.any() and bool(is_short(weight).all()),
        )


def _parts(node: Node) -> list[Term]:
    """``node`` as a sum; of a matrix the components are computed together."""
    return [] if node.op == "index" else linear_parts(node)


def _flat(
    root: Node, sums: Mapping[Node, list[Term]], inside: Collection[Node]
) -> tuple[dict[Node, Factor], Factor, int]:
    """The factors of what ``root`` is a sum of, its constant, and the number of its parts."""
    factors: dict[Node, Factor] = {}
    bias = uniform(root, Fraction(0))
    work = [*sums[root]]
    for factor, node in work:  # which grows: a sum inside of another is met once
        if is_constant(node):
            bias = tuple(map(plus, bias, map(times, factor, numbers_of(node))))
        elif node in sums and node in inside:
            work += [Term(tuple(map(times, factor, w)), part) for w, part in sums[node]]
        else:
            known = factors.get(node)
            factors[node] = tuple(map(plus, known, factor)) if known else factor
    return factors, bias, len(work)


def combination(sums: Combination, models: Sequence[Model], degree: int) -> Model:
    """The model of a combination from the ``models`` of its ``args``."""
    n, products = len(sums.terms), sums.products
    terms, left, right = (
        models[:n],
        models[n : n + products],
        models[len(models) - len(sums.pairs) :],
    )
    right = (*models[n : n + len(sums.squares)], *right)
    reach = _range(sums, terms, left, right)
    if not degree:
        return plain(reach)
    e = sums.bias_error
    if terms:
        size, error = _rows([a.size for a in terms]), _rows([a.e for a in terms])
        e = e + (sums.gained[:n] * error + sums.lost[:n] * size).sum(axis=0)
    if left:
        size, error, underflow = _products(left, right)
        e = e + (sums.gained[n:] * error + sums.lost[n:] * size).sum(axis=0) + underflow
    layout, p = _polynomial(sums, terms, left, right)
    p[:, 0] += sums.middle
    # one term's range is already that of its polynomial
    several = len(models) > 1 or bool(left)
    return finished(layout, p, rounded_up(e, len(models) + 16), reach, 0.0, False, (), several)


def _rows(parts: Sequence[Array]) -> Array:
    """Arrays (m, B) as one, (number, m, B)."""
    return np.concatenate(parts).reshape(len(parts), *parts[0].shape)


def _ranges(models: Sequence[Model]) -> Interval:
    return Interval(_rows([a.range.low for a in models]), _rows([a.range.high for a in models]))


def _range(
    sums: Combination, terms: Sequence[Model], left: Sequence[Model], right: Sequence[Model]
) -> Interval:
    """The sum of the ranges; without rounding where there is none, as limits are attained."""
    n = len(sums.squares)
    parts = [_ranges(terms)] if terms else []
    if n:
        parts.append(square(_ranges(left[:n])))
    if sums.pairs:
        parts.append(product(_ranges(left[n:]), _ranges(right[n:])))
    low, high = map(np.concatenate, zip(*parts, strict=True)) if len(parts) > 1 else parts[0]
    minus = sums.weight < 0
    if sums.short:
        if not (np.abs(sums.weight) == 1).all():
            low, high = scaled(sums.weight, sums.error, Interval(low, high))
        elif minus.any():
            low, high = np.where(minus, -high, low), np.where(minus, -low, high)
        whole = sum_down(total_down(np.stack([low, -high])), sums.bias)
        return Interval(whole[0], -whole[1])
    ends = np.stack([np.where(minus, high, low), np.where(minus, low, high)])
    loss = (sums.lost * np.abs(ends)).sum(axis=1) + sums.bias_error
    # ends that are 0 are so exactly
    loss = np.where(ends.any(axis=1), rounded_up(loss, len(low) + 8), 0.0)
    value = (sums.weight * ends).sum(axis=1)
    return Interval((value[0] + sums.bias[0]) - loss[0], (value[1] - sums.bias[1]) + loss[1])


def _products(x: Sequence[Model], y: Sequence[Model]) -> tuple[Array, Array, Array]:
    """Sizes and errors of products, (number, 1, B), and what is lost where factors underflow."""
    c, d = (_rows([a.size for a in b]) for b in (x, y))
    e, f = (_rows([a.e for a in b]) for b in (x, y))
    error = c * f + e * d + e * f + TINY
    if any(a.layout.quadratic for a in (*x, *y)):
        g, k = (_rows([a.norm[0] for a in b]) for b in (x, y))
        h, w = (np.array([np.broadcast_to(a.bends(), a.e.shape) for a in b]) for b in (x, y))
        error = error + (h * (k + w) + g * w)
    return c * d + TINY, error, TINY * (c + d).sum(axis=0)


def _polynomial(
    sums: Combination, terms: Sequence[Model], left: Sequence[Model], right: Sequence[Model]
) -> tuple[Layout, Array]:
    """The coefficients of the sum without its bias; products have degree 2."""
    first, inner = len(terms), _union((*left, *right))
    inner = inner._replace(quadratic=inner.terms > 0)
    layout = _union(terms) | inner
    p = np.zeros((sums.weight.shape[1], layout.size, (*terms, *left)[0].p.shape[-1]))
    if left:
        weight = sums.weight[first:, 0]
        products = _gram(weight, left, right, len(sums.squares), inner)
        if inner == layout:
            p[0] = products
        else:
            p[0, places(inner, layout)] = products
        for w, x, y in zip(weight, left, right, strict=True):
            _add_bends(w * y.p[0, 0], x, p[0], layout)
            _add_bends(w * x.p[0, 0], y, p[0], layout)
    for k, a in zip(sums.weight[:first, :, None], terms, strict=True):
        p[:, places(a.layout, layout)] += k * a.p
    return layout, p


def _union(models: Sequence[Model]) -> Layout:
    result = CONSTANT
    for a in models:
        result |= a.layout
    return result


def _gram(
    weight: Array, left: Sequence[Model], right: Sequence[Model], squares: int, layout: Layout
) -> Array:
    """The weighted sum of the products of constant and linear parts, all of it.

    With ``z_0 = 1`` it is ``sum_{i<=j} z_i z_j sum_k w_k (x_ki y_kj + x_kj y_ki)``, half of that
    for ``i = j``: rows of a triangle, in the order of the coefficients.
    """
    flat = layout._replace(quadratic=False)
    n = len(left)
    factors = (*left, *right[squares:])
    y = np.zeros((len(factors), flat.size, factors[0].p.shape[-1]))
    for row, a in zip(y, factors, strict=True):
        row[places(a.layout._replace(quadratic=False), flat)] = a.p[0, : 1 + a.layout.terms]
    partner = [*range(squares), *range(n, len(factors)), *range(squares, n)]
    weight = np.concatenate([2 * weight[:squares], weight[squares:], weight[squares:]])
    x = weight[:, None] * y[partner]
    result = np.empty((layout.size, y.shape[-1]))
    start = 0
    for i in range(flat.size):
        row = result[start : start + flat.size - i]
        np.einsum("kb,kjb->jb", x[:, i], y[:, i:], out=row)
        row[0] *= 0.5
        start += len(row)
    return result


def _add_bends(factor: Array, a: Model, p: Array, layout: Layout) -> None:
    """``factor`` times the quadratic part of ``a``."""
    if a.layout.quadratic:
        rows = np.arange(layout.size)[places(a.layout, layout)][1 + a.layout.terms :]
        p[rows] += factor * a.p[0, a.layout.squares]
