"""What an engine answers."""

from __future__ import annotations

from dataclasses import dataclass

from certify.verifiers.points import Array

__all__ = ["Grown", "Growth", "Paths"]


@dataclass(frozen=True)
class Growth:
    """A tree after some boxes more.

    ``closed`` is the closed fraction of the volume, ``work`` a count of operations that
    depends on nothing but the task, ``suspects`` (k, n) centres at which the formula looks
    false, ``stuck`` says that a box is too small to be split.
    """

    tree: bytes
    boxes: int
    open: int
    closed: float
    work: float
    stuck: bool
    suspects: Array


@dataclass(frozen=True, eq=False)
class Grown:
    """Subtrees on some boxes, in their order; the rest is that of a :class:`Growth`."""

    trees: tuple[bytes, ...]
    boxes: int
    suspects: Array
    stuck: bool


@dataclass(frozen=True)
class Paths:
    """What boxes on the ways of some points cost in all, each ``2**depth`` times.

    ``work`` and ``nodes`` are sums over the points; ``capped`` if a way went on too deep.
    """

    work: float
    nodes: float
    capped: bool
