"""Proof trees counted and laid out for people; the kernel has its own reading of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from certify.errors import CertificateError
from certify.proofs.checker.claim import Interval
from certify.proofs.checker.tree import LEAF

__all__ = ["DrawnLeaf", "LeafStatistics", "drawn_leaves", "statistics"]


@dataclass(frozen=True)
class LeafStatistics:
    """How many leaves a tree has; ``histogram`` holds (depth, degree, number of leaves)."""

    leaves: int
    deepest: int
    degrees: Mapping[str, int]
    histogram: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class DrawnLeaf:
    """A leaf as a rectangle (float64) with its depth and the degree of its rule."""

    box: Mapping[str, tuple[float, float]]
    depth: int
    degree: int


def statistics(tree: bytes) -> LeafStatistics:
    """The leaves of ``tree`` by depth and degree; a CertificateError if it is not a tree."""
    counts: Counter[tuple[int, int]] = Counter()
    pending = [0]
    for byte in tree:
        if not pending:
            raise CertificateError("a proof tree goes on after its last leaf")
        depth = pending.pop()
        if byte >= LEAF:
            counts[depth, byte - LEAF] += 1
        else:
            pending += (depth + 1, depth + 1)
    if pending:
        raise CertificateError("a proof tree ends before its leaves cover the box")
    degrees: Counter[str] = Counter()
    for (_, degree), number in counts.items():
        degrees[f"degree {degree}"] += number
    return LeafStatistics(
        leaves=counts.total(),
        deepest=max((depth for depth, _ in counts), default=0),
        degrees=dict(sorted(degrees.items())),
        histogram=tuple(sorted((*key, number) for key, number in counts.items())),
    )


def drawn_leaves(tree: bytes, root: Mapping[str, Interval]) -> list[DrawnLeaf]:
    """The leaves of ``tree`` over ``root`` with their boxes in float64, for figures."""
    names = list(root)
    result: list[DrawnLeaf] = []
    pending = [({x: (float(low), float(high)) for x, (low, high) in root.items()}, 0)]
    for byte in tree:
        if not pending or LEAF > byte >= len(names):
            raise CertificateError("a proof tree does not fit its box")
        box, depth = pending.pop()
        if byte >= LEAF:
            result.append(DrawnLeaf(box, depth, byte - LEAF))
            continue
        name = names[byte]
        low, high = box[name]
        middle = (low + high) / 2
        pending.append((box | {name: (middle, high)}, depth + 1))
        pending.append((box | {name: (low, middle)}, depth + 1))
    return result
