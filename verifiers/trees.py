"""Growing trees: the certificate's preorder bytes with marks for what is still to do.

While a search runs, a leaf may be ``OPEN``, and the leaves that the kernel has proved carry
the mark ``ACCEPTED`` on top of their rule.  So a tree is its own checkpoint, and a part of it
can be grown anywhere and put back: :func:`pieces` cuts the open boxes out, :func:`grafted`
puts the subtrees grown on them in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from certify.proofs.checker.coordinates import Coordinates, reach
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.tree import LEAF, root_box
from certify.verifiers.points import Array

__all__ = [
    "ACCEPTED",
    "OPEN",
    "Branch",
    "Piece",
    "accepted_positions",
    "branches",
    "certified",
    "grafted",
    "has_marks",
    "mark_accepted",
    "middle_of",
    "pieces",
    "regrown",
    "root_of",
    "split_leaf",
]

OPEN = 0x7F
_LEFT_OPEN = bytes([OPEN])
ACCEPTED = 0x10
_RULES = range(LEAF, LEAF + ACCEPTED)
_STRIPPED = bytes(b - ACCEPTED if b - ACCEPTED in _RULES else b for b in range(256))
_MARKED = bytes(b + ACCEPTED if b in _RULES else b for b in range(256))


class Piece(NamedTuple):
    """One leaf of a tree: its position in the bytes and its box, corners of shape (n,)."""

    position: int
    low: Array
    high: Array


class Branch(NamedTuple):
    """The part ``tree[start:end]`` of a tree, and its box."""

    start: int
    end: int
    low: Array
    high: Array


def root_of(obligation: Obligation, coordinates: Coordinates | None) -> tuple[Array, Array]:
    """The box at the root of a tree for ``obligation`` in ``coordinates``: its corners (n,)."""
    if coordinates is None:
        return root_box(obligation)
    return root_box(replace(obligation, box=reach(obligation.box, coordinates)))


def middle_of(low: Array, high: Array) -> Array:
    """Where a box is split, the same expression as in the kernel and the engines."""
    result: Array = 0.5 * low + 0.5 * high
    return result


def pieces(
    tree: bytes, low: Array, high: Array, wanted: frozenset[int] | None = None
) -> list[Piece]:
    """The open leaves of ``tree`` over the box, or those at the positions ``wanted``.

    Only the boxes above these leaves are computed: closed parts are skipped.
    """
    codes = np.frombuffer(tree, np.uint8)
    ends = np.flatnonzero(codes == OPEN).tolist() if wanted is None else sorted(wanted)
    if not ends:
        return []
    # how many subtrees are still to come before a byte is read; a node is above a later one
    # exactly if this number does not fall below its own in between
    heights = np.ones(len(codes), np.int32)
    np.cumsum(np.where(codes[:-1] < LEAF, np.int8(1), np.int8(-1)), out=heights[1:])
    heights[1:] += 1
    found: list[Piece] = []
    pending: list[tuple[int, Array, Array]] = []  # upper halves beside the way
    a, b, start = low, high, 0
    for end in ends:
        run = heights[start : end + 1]
        least = np.minimum.accumulate(run[::-1])[::-1]
        while pending and pending[-1][0] >= least[0]:
            _, a, b = pending.pop()
        for above in np.flatnonzero(run[:-1] <= least[1:]).tolist():
            variable = codes[start + above]
            middle = 0.5 * a[variable] + 0.5 * b[variable]
            upper, lower = a.copy(), b.copy()
            upper[variable] = lower[variable] = middle
            if run[above] < least[above + 1]:
                pending.append((int(run[above]), upper, b))
                b = lower
            else:
                a = upper
        found.append(Piece(end, a, b))
        start = end + 1
    return found


def regrown(found: Sequence[Piece], subtrees: Mapping[int, bytes]) -> list[Piece]:
    """The open leaves after :func:`grafted`, where ``found`` are those before it."""
    result, shift = [], 0
    for piece in found:
        subtree = subtrees.get(piece.position, _LEFT_OPEN)
        start = piece.position + shift
        shift += len(subtree) - 1
        if subtree == _LEFT_OPEN:
            result.append(Piece(start, piece.low, piece.high))
            continue
        result += [
            Piece(start + position, low, high)
            for position, low, high in pieces(subtree, piece.low, piece.high)
        ]
    return result


def branches(tree: bytes, low: Array, high: Array, count: int) -> list[Branch]:
    """Parts of ``tree`` over the box, about ``count`` of like size, that hold all its leaves."""
    codes = np.frombuffer(tree, np.uint8)
    heights = np.ones(len(codes) + 1, np.int32)
    np.cumsum(np.where(codes < LEAF, np.int32(1), np.int32(-1)), out=heights[1:])
    heights[1:] += 1
    found = [Branch(0, len(tree), low, high)]
    while len(found) < count:
        found.sort(key=lambda b: b.start - b.end)
        start, end, a, b = found[0]
        if codes[start] >= LEAF:
            break
        variable = codes[start]
        middle = 0.5 * a[variable] + 0.5 * b[variable]
        upper, lower = a.copy(), b.copy()
        upper[variable] = lower[variable] = middle
        # the lower half ends where one subtree less is to come
        cut = start + 2 + int((heights[start + 2 : end + 1] == heights[start + 1] - 1).argmax())
        found[:1] = [Branch(start + 1, cut, a, lower), Branch(cut, end, upper, b)]
    return sorted(found, key=lambda b: b.start)


def grafted(tree: bytes, subtrees: Mapping[int, bytes]) -> bytes:
    """``tree`` with the leaves at some positions replaced by subtrees."""
    parts: list[bytes] = []
    last = 0
    for position in sorted(subtrees):
        parts += (tree[last:position], subtrees[position])
        last = position + 1
    return b"".join([*parts, tree[last:]])


def split_leaf(piece: Piece, root_width: Array) -> bytes:
    """Open halves of the leaf ``piece``, cut across its relatively widest variable; b"" if none."""
    middle = middle_of(piece.low, piece.high)
    room = (piece.low < middle) & (middle < piece.high)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(room, (piece.high - piece.low) / root_width, -1.0)
    best = int(share.argmax())
    return bytes([best, OPEN, OPEN]) if room[best] else b""


def has_marks(tree: bytes) -> bool:
    """Whether the kernel has proved some leaf of ``tree`` already."""
    return any(byte + ACCEPTED in tree for byte in (LEAF, LEAF + 1, LEAF + 2))


def certified(tree: bytes) -> bytes:
    """The tree as the certificate has it, without marks."""
    return tree.translate(_STRIPPED)


def mark_accepted(tree: bytes, rejected: Sequence[int]) -> bytes:
    """The tree with every leaf marked that is not in ``rejected``."""
    marked = bytearray(tree.translate(_MARKED))
    for position in rejected:
        marked[position] = tree[position]
    return bytes(marked)


def accepted_positions(tree: bytes) -> frozenset[int]:
    """The positions of the marked leaves."""
    codes = np.frombuffer(tree, np.uint8)
    marked = (codes >= LEAF + ACCEPTED) & (codes < LEAF + 2 * ACCEPTED)
    return frozenset(np.flatnonzero(marked).tolist())
