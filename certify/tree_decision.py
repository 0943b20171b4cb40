"""A decision of a tree as fast as Python takes it: one comparison of floats for each split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from certify.decision_tree import DecisionTree, Leaf
from certify.errors import NetworkError
from certify.proofs.checker.intervals import below

__all__ = ["decider"]


def decider(tree: DecisionTree) -> Callable[[Sequence[float]], tuple[float, ...]]:
    """What ``tree`` decides at binary64 inputs, as :meth:`DecisionTree.predict` does for many.

    The leaf is exact, its constants are rounded to binary64; NaN goes right.  Raises
    ``NetworkError`` for leaves that are not constant.
    """
    rows: list[tuple[int, float, int, int]] = []
    values: list[tuple[float, ...]] = []
    for i, node in enumerate(tree.nodes):
        if isinstance(node, Leaf):
            if node.weights:
                raise NetworkError(f"node {i} is not constant")
            rows.append((-1, 0.0, i, i))
            values.append(tuple(float(c) for c in node.constants))
        else:
            rows.append((node.feature, _last_left(tree, i), node.left, node.right))
            values.append(())
    feature, bound, left, right = zip(*rows, strict=True)

    def decide(x: Sequence[float]) -> tuple[float, ...]:
        i = 0
        while (f := feature[i]) >= 0:
            i = left[i] if x[f] <= bound[i] else right[i]
        return values[i]

    return decide


def _last_left(tree: DecisionTree, i: int) -> float:
    """The largest binary64 number that node ``i`` sends left."""
    bound, closed = tree.cut(i)
    near = below(bound)
    return near if closed or near != bound else math.nextafter(near, -math.inf)
