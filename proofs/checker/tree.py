"""Proof trees: a bisection of the obligation's box, one byte a node, in preorder.

A byte below 0x40 bisects the variable with that position at its exact midpoint, lower half
first; 0x40 closes a leaf with models of degree 0, 0x41 with models of degree 1.  The leaves
cover the box by construction: nothing but the splits is read.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from .errors import FormatError, Rejected
from .models import Box

__all__ = ["LARGEST_TREES", "LEAF", "Leaf", "decode_tree", "encode_tree", "leaves"]

LEAF = 0x40
_RULES = 2
LARGEST_TREES = 1 << 28
_DEEPEST = 4096


class Leaf(NamedTuple):
    """A leaf with its position in the tree bytes, the degree of its rule and its box."""

    position: int
    degree: int
    box: dict[str, tuple[Fraction, Fraction]]


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


def leaves(tree: bytes, root: Box) -> Iterator[Leaf]:
    """The leaves of ``tree`` with their boxes; Rejected if it is not a tree over ``root``."""
    names = list(root)
    pending: list[tuple[dict[str, tuple[Fraction, Fraction]], int]] = [(dict(root), 0)]
    for position, byte in enumerate(tree):
        if not pending:
            raise Rejected("the tree goes on after its last leaf")
        box, depth = pending.pop()
        if LEAF <= byte < LEAF + _RULES:
            yield Leaf(position, byte - LEAF, box)
            continue
        if byte >= len(names) or depth >= _DEEPEST:
            raise Rejected(f"the tree has no rule {byte:#04x} at node {position}")
        name = names[byte]
        low, high = box[name]
        middle = (low + high) / 2
        pending.append((box | {name: (middle, high)}, depth + 1))
        pending.append((box | {name: (low, middle)}, depth + 1))
    if pending:
        raise Rejected("the tree ends before its leaves cover the box")
