"""Proof trees: a bisection of the obligation's box, one byte a node, in preorder.

A byte below 0x40 splits the variable with that position at ``0.5 low + 0.5 high`` in binary64,
a number that both halves share, lower half first; 0x40, 0x41 and 0x42 close a leaf with models
of degree 0, 1 and 2.  The leaves cover the box by construction: nothing but the splits is read.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Container, Iterator
from typing import NamedTuple

import numpy as np

from .errors import FormatError, Rejected
from .intervals import Array, above, below
from .obligations import Obligation

__all__ = ["LARGEST_TREES", "LEAF", "Leaves", "decode_tree", "encode_tree", "leaves", "root_box"]

LEAF = 0x40
_RULES = 3
LARGEST_TREES = 1 << 28
_DEEPEST = 4096


class Leaves(NamedTuple):
    """Leaves of one degree: positions in the tree bytes, and corners (variables, leaves)."""

    positions: tuple[int, ...]
    degree: int
    low: Array
    high: Array


def encode_tree(tree: bytes) -> str:
    """Compressed and printable."""
    return base64.b64encode(zlib.compress(tree, 9)).decode()


def decode_tree(text: object, room: int = LARGEST_TREES) -> bytes:
    """The bytes of a tree; a FormatError if it is damaged or has more than ``room`` of them."""
    if not isinstance(text, str):
        raise FormatError("a tree is a text")
    try:
        packed = base64.b64decode(text, validate=True)
        inflate = zlib.decompressobj()
        tree = inflate.decompress(packed, room + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise FormatError(f"a tree cannot be unpacked: {error}") from error
    if len(tree) > room:
        raise FormatError("the trees are larger than 256 MB")
    if not inflate.eof or inflate.unconsumed_tail or inflate.unused_data:
        raise FormatError("a tree is cut off or followed by other bytes")
    return tree


def root_box(obligation: Obligation) -> tuple[Array, Array]:
    """The box of ``obligation`` rounded outward to float64: its two corners, (variables,)."""
    low = np.array([below(low) for low, _ in obligation.box.values()])
    return low, np.array([above(high) for _, high in obligation.box.values()])


def leaves(
    tree: bytes,
    low: Array,
    high: Array,
    batch: int = 1024,
    skip: Container[int] = frozenset(),
) -> Iterator[Leaves]:
    """The leaves of ``tree`` over the box with the corners ``low`` and ``high``.

    They come in batches of one degree; those at the positions ``skip`` are left out.  Raises
    Rejected if this is not a tree, or if a box has no midpoint to be split at.
    """
    if not bool(np.all((low <= high) & np.isfinite(low) & np.isfinite(high))):
        raise Rejected("the root of the tree is not a box with finite ends in binary64")
    size = len(low)
    waiting = {LEAF + degree: _Waiting() for degree in range(_RULES)}
    pending: list[tuple[list[float], list[float], int]] = [(low.tolist(), high.tolist(), 0)]
    for position, byte in enumerate(tree):
        if not pending:
            raise Rejected("the tree goes on after its last leaf")
        a, b, depth = pending.pop()
        if byte < size and byte < LEAF and depth < _DEEPEST:
            start, end = a[byte], b[byte]
            middle = 0.5 * start + 0.5 * end
            if not start <= middle <= end:
                raise Rejected(f"the box at node {position} has no midpoint")
            upper, lower = a.copy(), b.copy()
            upper[byte] = lower[byte] = middle
            pending += ((upper, b, depth + 1), (a, lower, depth + 1))
            continue
        group = waiting.get(byte)
        if group is None:
            raise Rejected(f"the tree has no rule {byte:#04x} at node {position}")
        if position not in skip:
            group.positions.append(position)
            group.low.append(a)
            group.high.append(b)
            if len(group.positions) == batch:
                yield group.emptied(byte - LEAF)
    if pending:
        raise Rejected("the tree ends before its leaves cover the box")
    for byte, group in waiting.items():
        if group.positions:
            yield group.emptied(byte - LEAF)


class _Waiting:
    """Leaves of one degree that are not handed out yet."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.low: list[list[float]] = []
        self.high: list[list[float]] = []

    def emptied(self, degree: int) -> Leaves:
        low, high = (np.ascontiguousarray(np.array(x).T) for x in (self.low, self.high))
        result = Leaves(tuple(self.positions), degree, low, high)
        self.positions, self.low, self.high = [], [], []
        return result
