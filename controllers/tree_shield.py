"""A decision tree changed so that every step ends in a target, for all disturbances.

A guard says of a box of inputs and a decision whether the next state is in the target and in the
domain, whatever hidden states and disturbances are: by the enclosures of the checker, so that what
is found here is proved again there (T-REACH-D).  A leaf whose decision does that, and keeps the
rules, stays.  Of the decisions that do so on all of a box the one is taken that costs the logged
states in it the least, and then the nearest; where there is none, or parts cost less, the box is
split, at a threshold of the tree or in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.controllers.tree_guard import Guard
from certify.controllers.tree_repair import Change, Repair
from certify.controllers.tree_setting import (
    Decision,
    Setting,
    broken,
    check_setting,
    distance,
    halves,
    losses_in,
)
from certify.decision_tree import DecisionTree, Leaf, Split
from certify.proofs.checker.cases import Range, Ranges

__all__ = ["shielded"]

Floats: TypeAlias = npt.NDArray[np.float64]
_FOR_COST = 3  # splits of a box on which a decision does, but costs, or none can be found
_TRIED = 2  # decisions that a split is chosen for


@dataclass(frozen=True)
class _Part:
    """What is decided on ``box``: a decision, or two parts; ``loss`` is what its visits lose."""

    box: Ranges
    loss: float
    visits: int = 0
    decision: Decision | None = None
    cut: tuple[int, Fraction] = (0, Fraction(0))
    parts: tuple[_Part, ...] = ()
    done: bool = True

    def leaves(self) -> list[_Part]:
        """The parts with one decision each."""
        return [leaf for part in self.parts for leaf in part.leaves()] or [self]


def shielded(
    tree: DecisionTree,
    setting: Setting,
    guards: Sequence[Guard],
    *,
    splits: int = 10,
    worth: float = 0.0,
) -> Repair:
    """``tree`` changed until all ``guards`` are content with it, and the rules of ``setting`` kept.

    A leaf is split ``splits`` times on the way down at most, and for cost alone only where that
    saves more than ``worth`` for each leaf more.  ``impossible`` lists where no decision is known
    to do.  Raises ``InputError`` for a tree with leaves that are not constant.
    """
    check_setting(tree, setting)
    work = _Work(tree, setting, guards, worth)
    nodes: list[Split | Leaf] = list(tree.nodes)
    changes: list[Change] = []
    impossible: list[str] = []
    for node, box in tree.leaf_boxes([setting.box[x] for x in setting.features]):
        leaf = tree.nodes[node]
        assert isinstance(leaf, Leaf)
        part = work.part(dict(zip(setting.features, box, strict=True)), leaf.constants, splits)
        _written(part, node, nodes)
        for p in part.leaves():
            assert p.decision is not None
            if p.decision != leaf.constants:
                name = ("target",)
                changes.append(
                    Change(node, p.box, leaf.constants, p.decision, name, p.visits, p.loss)
                )
            if not p.done:
                where = ", ".join(
                    f"{x} from {float(s.low):.6g} to {float(s.high):.6g}" for x, s in p.box.items()
                )
                impossible.append(f"leaf {node}: no decision is known to keep it for {where}")
    repaired = DecisionTree(tree.inputs, tuple(nodes), tree.rounding)
    return Repair(repaired, tuple(changes), tuple(impossible))


def _written(part: _Part, place: int, nodes: list[Split | Leaf]) -> None:
    """Write ``part`` in the place of a leaf of ``nodes``."""
    if part.decision is not None:
        nodes[place] = Leaf(part.decision)
        return
    low = len(nodes)
    nodes += (nodes[place], nodes[place])
    nodes[place] = Split(*part.cut, low, low + 1)
    for i, half in enumerate(part.parts):
        _written(half, low + i, nodes)


class _Work:
    def __init__(
        self, tree: DecisionTree, setting: Setting, guards: Sequence[Guard], worth: float
    ) -> None:
        self._setting, self._guards, self._worth = setting, guards, worth
        self._rounding = tree.rounding
        self._thresholds = [
            sorted({n.threshold for n in tree.nodes if isinstance(n, Split) and n.feature == f})
            for f in range(tree.inputs)
        ]

    def part(self, box: Ranges, before: Decision, splits: int) -> _Part:
        """What to decide on ``box`` instead of ``before``, if that does not do there."""
        excess = self._excess([box], [before, *self._setting.decisions])[0]
        if excess[0] == 0 and not self._breaks(box, before):
            return _Part(box, 0.0, decision=before)
        losses, visits = losses_in(self._setting, box, before)
        blank = _Part(box, 0.0, visits)
        whole = self._best(blank, before, excess[1:], losses)
        least = min(losses.values(), default=0.0)
        if whole is not None and (not visits or whole.loss <= least + self._worth):
            return whole
        if whole is not None or self._is_hopeless(box):
            splits = min(splits, _FOR_COST)
        near = self._nearest(excess[1:]) if whole is None else [before]
        cut = self._cut(box, near) if splits else None
        if cut is None:
            return whole or self._least_bad(blank, excess[1:], losses)
        feature, threshold, sides = cut
        x = self._setting.features[feature]
        parts = tuple(self.part({**box, x: side}, before, splits - 1) for side in sides)
        found = replace(blank, loss=sum(p.loss for p in parts), cut=(feature, threshold),
                        parts=parts)  # fmt: skip
        more = len(found.leaves()) - 1
        if whole is not None and whole.loss <= found.loss + self._worth * more:
            return whole
        return found

    def _best(
        self, blank: _Part, before: Decision, excess: Floats, losses: Mapping[Decision, float]
    ) -> _Part | None:
        choices = [d for d, e in zip(self._setting.decisions, excess, strict=True) if e == 0]
        near = sorted(choices, key=lambda d: (losses.get(d, 0.0), distance(d, before), d))
        best = next((d for d in near if not self._breaks(blank.box, d)), None)
        return None if best is None else replace(blank, loss=losses.get(best, 0.0), decision=best)

    def _least_bad(self, blank: _Part, excess: Floats, losses: Mapping[Decision, float]) -> _Part:
        order = [self._setting.decisions[i] for i in np.argsort(excess, kind="stable")]
        best = next((d for d in order if not self._breaks(blank.box, d)), order[0])
        return replace(blank, loss=losses.get(best, 0.0), decision=best, done=False)

    def _nearest(self, excess: Floats) -> list[Decision]:
        """The decisions that miss the least."""
        order = np.argsort(excess, kind="stable")[:_TRIED]
        return [self._setting.decisions[i] for i in order]

    def _is_hopeless(self, box: Ranges) -> bool:
        """Whether no decision is enough in the middle of ``box``."""
        middle = {x: (side.low + side.high) / 2 for x, side in box.items()}
        point = {x: Range(v, v) for x, v in middle.items()}
        return bool(self._excess([point], self._setting.decisions).min() > 0)

    def _breaks(self, box: Ranges, decision: Decision) -> bool:
        return any(True for _ in broken(self._setting, box, decision))

    def _cut(
        self, box: Ranges, choices: Sequence[Decision]
    ) -> tuple[int, Fraction, tuple[Range, Range]] | None:
        """The split after which the best of ``choices`` in each half miss the least."""
        found = list(self._cuts(box))
        if not found:
            return None
        parts = [{**box, self._setting.features[f]: side} for f, _, ab in found for side in ab]
        excess = self._excess(parts, choices).min(axis=1).reshape(-1, 2)
        widths = [self._width(f, box) for f, _, _ in found]
        rank = sorted(range(len(found)), key=lambda i: (_missing(excess[i]), -widths[i]))
        return found[rank[0]]

    def _cuts(self, box: Ranges) -> Iterator[tuple[int, Fraction, tuple[Range, Range]]]:
        """Splits of each feature in the middle, and at the threshold of the tree next to it."""
        for f, x in enumerate(self._setting.features):
            side = box[x]
            middle = (side.low + side.high) / 2
            inner = [t for t in self._thresholds[f] if side.low < t < side.high]
            near = min(((abs(t - middle), t) for t in inner), default=(None, None))[1]
            places = [] if near is None else [near]
            if near is None or 4 * abs(near - middle) > side.high - side.low:
                places.append(Fraction(float(np.float32(float(middle)))))
            for place in places:
                pair = halves(side, place, self._rounding)
                if not pair[0].is_empty and not pair[1].is_empty:
                    yield f, place, pair

    def _width(self, feature: int, box: Ranges) -> float:
        x = self._setting.features[feature]
        low, high = self._setting.box[x]
        return float((box[x].high - box[x].low) / (high - low)) if high > low else 0.0

    def _excess(self, boxes: Sequence[Ranges], decisions: Sequence[Decision]) -> Floats:
        sides = [[box[x] for x in self._setting.features] for box in boxes]
        return np.asarray(np.max([g.excess(sides, decisions) for g in self._guards], axis=0))


def _missing(excess: Floats) -> tuple[float, float]:
    return float(excess.sum()), float(excess.min())
