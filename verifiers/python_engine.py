"""The engine in Python: the kernel's own bounds in a branch and bound loop, with numpy alone."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import Obligation, atoms, proved
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.tree import LEAF, root_box
from certify.verifiers.blame import blame
from certify.verifiers.growth import Grown, Growth, Paths
from certify.verifiers.paths import followed
from certify.verifiers.points import Array, margin
from certify.verifiers.trees import OPEN, Piece, grafted, middle_of, pieces

__all__ = ["PythonEngine"]

_BATCH = 512
_SUSPECTS = 16


class _Boxes:
    """Boxes that wait, as stacked corners (k, n), with their nodes."""

    def __init__(self, node: np.ndarray, low: Array, high: Array) -> None:
        self.node, self.low, self.high = node, low, high

    def __len__(self) -> int:
        return len(self.node)

    def take(self, rows: np.ndarray) -> _Boxes:
        return _Boxes(self.node[rows], self.low[rows], self.high[rows])

    def __add__(self, other: _Boxes) -> _Boxes:
        pairs = zip(self._parts(), other._parts(), strict=True)
        return _Boxes(*(np.concatenate(pair) for pair in pairs))

    def _parts(self) -> tuple[np.ndarray, Array, Array]:
        return self.node, self.low, self.high


class _Forest:
    """Trees that grow on boxes with corners (k, n)."""

    def __init__(self, low: Array, high: Array, scale: Array) -> None:
        self._scale, self._size = scale, len(low)
        rows = len(low)
        self.rule, self._child = [OPEN] * rows, [0] * rows
        self.open = _Boxes(np.arange(rows), low, high)

    def close(self, boxes: _Boxes, degree: int) -> None:
        for node in boxes.node.tolist():
            self.rule[node] = LEAF + degree

    def share(self, boxes: _Boxes) -> Array:
        """The widths of ``boxes`` relative to those of the whole box; their sum is 1."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.nan_to_num((boxes.high - boxes.low) / self._scale)
        result: Array = share / (share.sum(axis=1, keepdims=True) + 1e-300)
        return result

    def split(self, boxes: _Boxes, score: Array) -> bool:
        """Halve ``boxes`` by ``score`` (k, n); False if one of them is too small and stays."""
        middle = middle_of(boxes.low, boxes.high)
        room = (boxes.low < middle) & (middle < boxes.high)
        share = self.share(boxes)
        ranked = _shortened(score * (1 + 1e-3 * share) + 1e-290 * share)
        ranked = np.where(room, ranked, -np.inf)
        cut = ranked.argmax(axis=1)
        rows = np.arange(len(boxes))
        fine = room[rows, cut]
        self.open += boxes.take(np.flatnonzero(~fine))
        boxes, cut, middle = boxes.take(np.flatnonzero(fine)), cut[fine], middle[fine]
        rows = np.arange(len(boxes))
        first = len(self.rule) + 2 * rows
        for node, variable, child in zip(
            boxes.node.tolist(), cut.tolist(), first.tolist(), strict=True
        ):
            self.rule[node], self._child[node] = variable, child
        self.rule += [OPEN] * (2 * len(boxes))
        self._child += [0] * (2 * len(boxes))
        upper, lower = boxes.low.copy(), boxes.high.copy()
        upper[rows, cut] = lower[rows, cut] = middle[rows, cut]
        halves = _Boxes(first + 1, upper, boxes.high)
        self.open += halves + _Boxes(first, boxes.low, lower)
        return bool(fine.all())

    def trees(self) -> list[bytes]:
        return [self._preorder(root) for root in range(self._size)]

    def _preorder(self, root: int) -> bytes:
        result, pending = bytearray(), [root]
        while pending:
            node = pending.pop()
            result.append(self.rule[node])
            if self.rule[node] < LEAF:
                pending += (self._child[node] + 1, self._child[node])
        return bytes(result)


class PythonEngine:
    """See :class:`certify.verifiers.engine.Engine`."""

    def __init__(self, obligation: Obligation, symbols: int | None = None) -> None:
        self._names = tuple(obligation.box)
        self._formula = obligation.formula
        nodes = [a.node for a in atoms(obligation.formula)]
        self._roles = allocate(nodes, symbols)
        # widths are compared with those of the whole box, so that a part of it splits alike
        low, high = root_box(obligation)
        self._scale = high - low

    def grow(
        self, low: Array, high: Array, tree: bytes, boxes: int, degrees: Sequence[int],
        seconds: float, ties: bool = True,
    ) -> Growth:  # fmt: skip
        """Go on with ``tree`` over the box, depth first, for at most ``boxes`` boxes."""
        found = pieces(tree, low, high)
        grown = self.grow_together(*_corners(found, low), boxes, degrees, seconds, ties)
        positions = [p.position for p in found]
        whole = grafted(tree, dict(zip(positions, grown.trees, strict=True)))
        left = pieces(whole, low, high)
        return Growth(
            tree=whole, boxes=grown.boxes, open=len(left), closed=_closed(left, low, high),
            work=float(grown.boxes), stuck=grown.stuck, suspects=grown.suspects,
        )  # fmt: skip

    def grow_together(
        self, low: Array, high: Array, boxes: int, degrees: Sequence[int], seconds: float,
        ties: bool = True,
    ) -> Grown:  # fmt: skip
        """Trees on boxes with corners (k, n), which wait for nothing but each other."""
        forest = _Forest(low, high, self._scale)
        suspects = np.zeros((0, len(self._names)))
        done, stuck, end = 0, False, time.monotonic() + seconds
        while len(forest.open) and done < boxes and not (stuck or len(suspects)):
            if done and time.monotonic() > end:
                break
            count = min(_BATCH, len(forest.open), boxes - done)
            rows = np.arange(len(forest.open))
            taken = forest.open.take(rows[-count:])
            forest.open = forest.open.take(rows[:-count])
            done += count
            suspects, stuck = self._advance(forest, taken, degrees)
        return Grown(tuple(forest.trees()), done, suspects, stuck)

    def follow(
        self, low: Array, high: Array, points: Array, degrees: Sequence[int], deepest: int
    ) -> Paths:
        """The ways of ``points`` (k, n) down to the leaves, to depth ``deepest`` at most."""
        return followed(self, low, high, points, degrees, deepest)

    def _block(self, boxes: _Boxes, degree: int) -> Block:
        return Block(self._names, boxes.low.T, boxes.high.T, degree, self._roles)

    def _advance(
        self, forest: _Forest, boxes: _Boxes, degrees: Sequence[int]
    ) -> tuple[Array, bool]:
        """Close or split ``boxes``; centres where the formula looks false, and if one is stuck."""
        formula, block = self._formula, None
        for degree in degrees:
            block = self._block(boxes, degree)
            closed = proved(formula, block)
            forest.close(boxes.take(np.flatnonzero(closed)), degree)
            rows = np.flatnonzero(~closed)
            boxes, block = boxes.take(rows), block.take(rows)
            if not len(rows):
                return np.zeros((0, len(self._names))), False
        assert block is not None
        middle = middle_of(boxes.low, boxes.high)
        false = middle[margin(formula, self._names, middle) <= 0][:_SUSPECTS]
        fine = forest.split(boxes, blame(formula, block, forest.share(boxes))[1])
        return false, not fine


def _corners(found: Sequence[Piece], like: Array) -> tuple[Array, Array]:
    """Both corners of every piece, (k, n)."""
    shape = (len(found), len(like))
    low, high = ([p[k] for p in found] for k in (1, 2))
    return np.array(low).reshape(shape), np.array(high).reshape(shape)


def _closed(left: Sequence[Piece], low: Array, high: Array) -> float:
    """The part of the volume that is closed, where ``left`` is open."""
    width = np.where(high > low, high - low, np.inf)
    least, largest = _corners(left, low)
    shares = np.where(np.isinf(width), 1.0, (largest - least) / width)
    return float(1 - shares.prod(axis=1).sum())


def _shortened(scores: Array) -> Array:
    """Without the last digits, which depend on how many boxes are bounded at a time."""
    fraction, exponent = np.frexp(scores)
    result: Array = np.ldexp(np.rint(fraction * 2.0**30), exponent - 30)
    return result
