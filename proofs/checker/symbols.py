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

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from .combinations import Combination, collected
from .language import SMOOTH, Affine, Node, constant_factor, topological
from .polynomials import Layout, Model

__all__ = ["LARGEST_NUMBER", "MOST_SYMBOLS", "NO_ROLES", "Roles", "allocate", "without_sums"]

MOST_SYMBOLS = 24  # where a proof does not state a number
LARGEST_NUMBER = 60  # that one may state


class Roles(NamedTuple):
    """The symbols of operations, one for each component, the last products, and the sums.

    ``fixed`` are expressions without variables and symbols, with their models on one box by degree,
    as far as they are known.
    """

    symbols: Mapping[Node, tuple[int, ...]]
    last: frozenset[Node]
    sums: Mapping[Node, Combination]
    fixed: Mapping[Node, dict[int, Model]]

    def args(self, node: Node) -> tuple[Node, ...]:
        """The nodes that the model of ``node`` is computed from."""
        if node in self.fixed:
            return ()
        if node in self.sums:
            return self.sums[node].args
        if node.op == "mul" and (factor := constant_factor(node)) is not None:
            return (node.args[1 - factor],)
        return node.args

    def coefficients(self, roots: Iterable[Node], variables: int, degree: int) -> int:
        """How many coefficients the models of ``roots`` and of all they depend on have at most."""
        layouts: dict[Node, Layout] = {}
        work = list(roots)
        while work:
            node, args = work[-1], self.args(work[-1])
            missing = [a for a in args if a not in layouts]
            if missing:
                work += missing
                continue
            layout = Layout(variables if node.op == "var" else 0, self.symbols.get(node, ()), False)
            for a in args:
                layout |= layouts[a]
            product = node in self.last or bool(node in self.sums and self.sums[node].products)
            curved = degree == 2 and (node.op in SMOOTH or _is_product(node))
            layouts[work.pop()] = layout._replace(quadratic=layout.quadratic or product or curved)
        return sum(max(node.size, 1) * layout.size for node, layout in layouts.items())


NO_ROLES = Roles({}, frozenset(), {}, {})


def allocate(roots: Iterable[Node], most: int | None = None) -> Roles:
    """The roles of the operations below ``roots``, with at most ``most`` symbols if that is stated.

    Increments get symbols first, scalars before whole layers: what is to be proved is a
    difference, to which the two values matter only through them.  Then other kinks, then smooth
    functions, whole layers before scalars, in topological order while there are symbols left: the
    errors of kinks shrink no faster than the box, those of smooth functions with its square or
    cube.  Where a number is stated scalars come first among the kinks, too: the error of an input
    that is clipped stands for those of all neurons before it.
    """
    roots = list(roots)
    order = topological(roots)
    symbols, last = _symbols(order, most), frozenset(_last_products(order))
    return Roles(symbols, last, dict(collected(order, roots, last)), _fixed(order, symbols))


def without_sums(roots: Iterable[Node], most: int | None = None) -> Roles:
    """Symbols and last products as :func:`allocate` has them, and not what takes it longest."""
    order = topological(roots)
    return Roles(_symbols(order, most), frozenset(_last_products(order)), {}, {})


def _symbols(order: Iterable[Node], stated: int | None) -> dict[Node, tuple[int, ...]]:
    most = MOST_SYMBOLS if stated is None else stated
    candidates = [n for n in order if n.op in _KINKS or _is_bent(n)]
    symbols: dict[Node, tuple[int, ...]] = {}
    used = 0
    for node in sorted(candidates, key=_rank if stated is None else _rank_if_stated):
        if used + max(node.size, 1) <= most:
            symbols[node] = tuple(range(used, used + max(node.size, 1)))
            used += len(symbols[node])
    return symbols


def _fixed(order: Iterable[Node], symbols: Container[Node]) -> dict[Node, dict[int, Model]]:
    """Expressions without variables; a symbol is one function in all models of a box."""
    fixed: dict[Node, dict[int, Model]] = {}
    for node in order:
        if node.op != "var" and node not in symbols and all(a in fixed for a in node.args):
            fixed[node] = {}
    return fixed


def _rank(node: Node) -> int:
    if node.op == "increment":
        return 1 if node.size else 0
    if node.op in _KINKS:
        return 2 if node.size else 3
    return 4 if node.size else 5


def _rank_if_stated(node: Node) -> int:
    return {2: 3, 3: 2}.get(_rank(node), _rank(node))


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
