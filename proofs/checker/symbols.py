"""What operations of a formula do in its models: name their error, or stay quadratic.

Models that share a symbol ``s_k`` know that the error of operation ``k`` is the same in both,
so that it cancels where it occurs twice (the error terms of affine arithmetic: L. H. de
Figueiredo, J. Stolfi, Affine arithmetic: concepts and applications, 2004).

In degree 1 models are linear up to the last products of a formula, such as the squares of a
quadratic ``V``, that only sums and constant factors follow.  These keep their quadratic part:
the terms that cancel between them are the larger ones, and nothing multiplies them out.

Which operations have which role is a matter of accuracy and cost alone; every choice is sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .language import SMOOTH, Affine, Node, constant_factor, topological

__all__ = ["MOST_SYMBOLS", "NO_ROLES", "Roles", "allocate"]

MOST_SYMBOLS = 24


class Roles(NamedTuple):
    """The symbols of operations, one for each component, and the last products."""

    symbols: Mapping[Node, tuple[int, ...]]
    last: frozenset[Node]


NO_ROLES = Roles({}, frozenset())


def allocate(roots: Iterable[Node]) -> Roles:
    """The roles of the operations below ``roots``.

    Layers of vectors with kinks get symbols first, each layer as a whole, then scalar increments,
    then other scalar kinks, then smooth functions, in topological order while there are symbols
    left: the errors of kinks shrink no faster than the box, those of smooth functions with its
    square or cube.
    """
    roots = list(roots)
    order = topological(roots)
    candidates = [n for n in order if n.op in _KINKS or _is_bent(n)]
    symbols: dict[Node, tuple[int, ...]] = {}
    used = 0
    for node in sorted(candidates, key=_rank):
        if used + max(node.size, 1) <= MOST_SYMBOLS:
            symbols[node] = tuple(range(used, used + max(node.size, 1)))
            used += len(symbols[node])
    return Roles(symbols, frozenset(_last_products(order)))


def _rank(node: Node) -> int:
    if node.op not in _KINKS:
        return 3 if node.size else 4
    return 0 if node.size else 1 if node.op == "increment" else 2


_KINKS = frozenset({"relu", "abs", "max", "increment"})
_LINEAR = frozenset({"const", "var", "stack", "index", "neg", "add", "sub"})


def _is_bent(node: Node) -> bool:
    """Smooth and not a product: a square is one."""
    return node.op in SMOOTH and not _is_product(node)


def _is_product(node: Node) -> bool:
    return (node.op == "mul" and constant_factor(node) is None) or (
        node.op == "pow" and node.data == 2
    )


def _is_linear(node: Node) -> bool:
    return (
        node.op in _LINEAR
        or isinstance(node.data, Affine)
        or (node.op == "mul" and constant_factor(node) is not None)
    )


def _last_products(order: Iterable[Node]) -> Iterable[Node]:
    """The products on which only linear operations depend."""
    read: set[Node] = set()  # by an operation that is not linear, or by what that reads
    for node in reversed(list(order)):
        if node not in read and _is_product(node):
            yield node
        if node in read or not _is_linear(node):
            read.update(node.args)
