"""Random paths through a tree, by which its size is estimated before it is grown.

A point is followed from the root to the leaf that holds it.  A box at depth k stands for
``2**k`` of its size, so the mean of the work along a path, weighted so, estimates the work of
the whole tree.
Reference: D. E. Knuth, Estimating the efficiency of backtrack programs, 1975.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from certify.verifiers.growth import Growth, Paths
from certify.verifiers.points import Array
from certify.verifiers.trees import OPEN, middle_of

__all__ = ["followed"]


class _Grows(Protocol):
    def grow(
        self, low: Array, high: Array, tree: bytes, boxes: int, degrees: Sequence[int],
        seconds: float,
    ) -> Growth: ...  # fmt: skip


def followed(
    engine: _Grows, low: Array, high: Array, points: Array, degrees: Sequence[int], deepest: int
) -> Paths:
    """The ways of ``points`` (k, n) from the box down to the leaves, one box at a time."""
    work = nodes = 0.0
    capped = False
    for point in points:
        a, b = low.copy(), high.copy()
        for depth in range(deepest):
            growth = engine.grow(a, b, bytes([OPEN]), 1, degrees, np.inf)
            work, nodes = work + 2.0**depth * growth.work, nodes + 2.0**depth
            cut = growth.tree[0]
            if not growth.open or growth.stuck:
                break
            middle = middle_of(a, b)[cut]
            (b if point[cut] < middle else a)[cut] = middle
        else:
            capped = True
    return Paths(work, nodes, capped)
