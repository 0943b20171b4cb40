"""Which nonlinear operations of a formula get a symbol: a name for their approximation error.

Models that share a symbol ``s_k`` know that the error of operation ``k`` is the same in both,
so that it cancels where it occurs twice (the error terms of affine arithmetic: L. H. de
Figueiredo, J. Stolfi, Affine arithmetic: concepts and applications, 2004).  Which operations
have one is a matter of accuracy and cost alone; every choice is sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .language import SMOOTH, Node, topological

__all__ = ["MOST_SYMBOLS", "allocate"]

MOST_SYMBOLS = 24


def allocate(roots: Iterable[Node]) -> Mapping[Node, tuple[int, ...]]:
    """The symbols of the operations below ``roots``, one for each component of a node.

    Scalar operations in topological order come first, then layers of vectors, each as a whole,
    while there are symbols left.
    """
    candidates = [n for n in topological(roots) if n.op in _KINKS or _is_bent(n)]
    result: dict[Node, tuple[int, ...]] = {}
    used = 0
    for node in sorted(candidates, key=lambda n: n.size > 0):
        if used + max(node.size, 1) <= MOST_SYMBOLS:
            result[node] = tuple(range(used, used + max(node.size, 1)))
            used += len(result[node])
    return result


_KINKS = frozenset({"relu", "abs", "max", "increment"})


def _is_bent(node: Node) -> bool:
    """Smooth and not a product: a square is one."""
    return node.op in SMOOTH and not (node.op == "pow" and node.data == 2)
