"""Quadratic forms as expressions that are easy to bound."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

from certify.proofs.checker.language import Node, affine, const, stack

__all__ = ["quadratic_form"]

_WRITTEN_OUT = 3  # variables: more are mixed by one matrix, which is faster and no less readable


def quadratic_form(p: Sequence[Sequence[Fraction]], x: Sequence[Node]) -> Node:
    """``x' P x`` for a symmetric matrix ``p``, exactly.

    A positive definite form is written as the sum of squares ``sum_k d_k (u_k' x)**2`` with the
    exact rational factors of ``P = U' D U``, ``U`` unit upper triangular: the bound of a square
    never loses its sign, and errors of ``x`` enter once instead of once for each product.  Any
    other form is the sum over the upper triangle.
    """
    factors = _factors(p)
    if factors is None:
        n = len(x)
        terms = [
            const(p[i][j]) * (x[i] ** 2 if i == j else 2 * x[i] * x[j])
            for i in range(n)
            for j in range(i, n)
            if p[i][j]
        ]
        return reduce(Node.__add__, terms)
    pivots, rows = factors
    squares = (const(d) * y**2 for d, y in zip(pivots, _mixed(rows, x), strict=True))
    return reduce(Node.__add__, squares)


def _mixed(rows: Sequence[Sequence[Fraction]], x: Sequence[Node]) -> list[Node]:
    if len(x) > _WRITTEN_OUT:
        y = affine(rows, None, stack(x))
        return [y[k] for k in range(len(x))]
    return [
        reduce(Node.__add__, (const(u) * part for u, part in zip(row, x, strict=True) if u))
        for row in rows
    ]


def _factors(
    p: Sequence[Sequence[Fraction]],
) -> tuple[list[Fraction], list[list[Fraction]]] | None:
    """The pivots and rows of ``P = U' D U`` by elimination; None if P is not positive definite."""
    rest = [list(row) for row in p]
    pivots, rows = [], []
    for k in range(len(rest)):
        if rest[k][k] <= 0:
            return None
        pivots.append(rest[k][k])
        rows.append([Fraction(0)] * k + [v / rest[k][k] for v in rest[k][k:]])
        for i in range(k + 1, len(rest)):
            factor = rest[i][k] / rest[k][k]
            rest[i] = [v - factor * w for v, w in zip(rest[i], rest[k], strict=True)]
    return pivots, rows
