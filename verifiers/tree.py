"""The bisection tree of one obligation, as it grows, and the boxes still open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.tree import LEAF
from certify.verifiers.ranges import Array

__all__ = ["GrowingTree", "OpenBoxes"]

_DEEPEST = 50  # unit coordinates are dyadic and exact in binary64 down to here


class OpenBoxes:
    """Boxes that wait: their node in the tree, unit coordinates, depths and a sorting key."""

    def __init__(self, node: np.ndarray, corner: Array, level: np.ndarray, key: Array) -> None:
        self.node, self.corner, self.level, self.key = node, corner, level, key

    def __len__(self) -> int:
        return len(self.node)

    def take(self, rows: np.ndarray) -> OpenBoxes:
        """Some of the boxes."""
        return OpenBoxes(self.node[rows], self.corner[rows], self.level[rows], self.key[rows])

    def __add__(self, other: OpenBoxes) -> OpenBoxes:
        return OpenBoxes(
            np.concatenate([self.node, other.node]),
            np.concatenate([self.corner, other.corner]),
            np.concatenate([self.level, other.level]),
            np.concatenate([self.key, other.key]),
        )


class GrowingTree:
    """Nodes by number: the split variable, or a leaf's rule, or -1 while open."""

    def __init__(self, obligation: Obligation) -> None:
        self.obligation = obligation
        self.names = tuple(obligation.box)
        bounds = [obligation.box[x] for x in self.names]
        self._low = np.array([float(low) for low, _ in bounds])
        self._width = np.array([float(high - low) for low, high in bounds])
        self.rule = np.full(1, -1, dtype=np.int16)
        self.child = np.zeros(1, dtype=np.int32)

    def root(self) -> OpenBoxes:
        """The whole box."""
        n = len(self.names)
        return OpenBoxes(
            np.zeros(1, dtype=np.int32), np.zeros((1, n)), np.zeros((1, n), np.int16), np.zeros(1)
        )

    def bounds(self, boxes: OpenBoxes) -> tuple[Array, Array]:
        """Lower and upper corners, (boxes, variables)."""
        low = self._low + self._width * boxes.corner
        return low, self._low + self._width * (boxes.corner + np.ldexp(1.0, -boxes.level))

    def close(self, boxes: OpenBoxes, degree: int) -> None:
        """Make leaves of ``boxes``, proved by models of ``degree``."""
        self.rule[boxes.node] = LEAF + degree

    def reopen(self, boxes: OpenBoxes) -> None:
        """Take leaves back."""
        self.rule[boxes.node] = -1

    def split(self, boxes: OpenBoxes, score: Array) -> OpenBoxes:
        """Bisect every box along the variable with the highest score; the halves.

        A variable without room, or as fine as the coordinates allow, is never chosen.
        """
        spent = (self._width == 0) | (boxes.level >= _DEEPEST)
        spread = np.ldexp(1.0, -boxes.level)  # among equal scores the widest
        choice = np.where(spent, -np.inf, score * (1 + 1e-3 * spread) + 1e-300 * spread)
        variable = choice.argmax(axis=1)
        rows = np.arange(len(boxes))
        first = len(self.rule) + 2 * rows
        self.rule[boxes.node] = variable
        self.child = np.concatenate([self.child, np.zeros(2 * len(boxes), np.int32)])
        self.rule = np.concatenate([self.rule, np.full(2 * len(boxes), -1, np.int16)])
        self.child[boxes.node] = first
        level = boxes.level.copy()
        level[rows, variable] += 1
        upper = boxes.corner.copy()
        upper[rows, variable] += np.ldexp(1.0, -level[rows, variable])
        return OpenBoxes(
            np.concatenate([first, first + 1]).astype(np.int32),
            np.concatenate([boxes.corner, upper]),
            np.concatenate([level, level]),
            np.concatenate([boxes.key, boxes.key]),
        )

    def exhausted(self, boxes: OpenBoxes) -> np.ndarray:
        """Which boxes cannot be split any further."""
        spent = (self._width == 0) | (boxes.level >= _DEEPEST)
        result: np.ndarray = spent.all(axis=1)
        return result

    def preorder(self) -> tuple[bytes, np.ndarray]:
        """The tree in the certificate's form, and the node at each position of it."""
        order = np.empty(len(self.rule), np.int32)
        pending, count = [0], 0
        rule, child = self.rule.tolist(), self.child.tolist()
        while pending:
            node = pending.pop()
            order[count] = node
            count += 1
            if 0 <= rule[node] < LEAF:
                pending += (child[node] + 1, child[node])
        order = order[:count]
        return self.rule[order].astype(np.uint8).tobytes(), order

    def boxes_of(self, nodes: set[int]) -> OpenBoxes:
        """The boxes of some nodes, found by walking down from the root."""
        boxes, n = self.root(), len(self.names)
        found = []
        while len(boxes):
            wanted = np.array([int(v) in nodes for v in boxes.node], dtype=bool)
            found.append(boxes.take(np.flatnonzero(wanted)))
            inner = boxes.take(np.flatnonzero(self.rule[boxes.node] < LEAF))
            inner = inner.take(np.flatnonzero(self.rule[inner.node] >= 0))
            variable = self.rule[inner.node].astype(int)
            rows = np.arange(len(inner))
            level = inner.level.copy()
            level[rows, variable] += 1
            upper = inner.corner.copy()
            upper[rows, variable] += np.ldexp(1.0, -level[rows, variable])
            first = self.child[inner.node]
            boxes = OpenBoxes(
                np.concatenate([first, first + 1]),
                np.concatenate([inner.corner, upper]).reshape(-1, n),
                np.concatenate([level, level]).reshape(-1, n),
                np.concatenate([inner.key, inner.key]),
            )
        return sum(found[1:], start=found[0])

    def state(self) -> Mapping[str, np.ndarray]:
        """What a checkpoint holds."""
        return {"rule": self.rule, "child": self.child}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a checkpoint."""
        self.rule, self.child = state["rule"], state["child"]
