"""The smallest change of a decision tree that keeps every rule.

For rules that compare one variable at a time the points at which a leaf breaks a rule are a box.
Every repair changes the decision on all of it; this one changes it nowhere else, but for inputs
that rounding to binary32 does not tell from it.  Where the box is a part of the leaf the leaf is
split along its sides.  Of the decisions that keep all rules there the new one is what costs the
logged states in the box the least, where their costs are known, and then the nearest.  If no single
one does, the box is cut where the rules change, and each part has its own; where rules compare
variables with each other it is halved, so that the decisions follow the slope in steps.  What is
lost is a sum over the boxes, each with a choice of its own: the least of each is the least of all.

Without splits every leaf that breaks a rule gets one new decision for all of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certify.controllers.tree_setting import (
    Decision,
    Setting,
    broken,
    check_setting,
    distance,
    halves,
    losses_in,
)
from certify.decision_tree import DecisionTree, Leaf, Rounding, Split
from certify.proofs.checker.cases import Range, Ranges
from certify.proofs.checker.intervals import below
from certify.proofs.checker.language import variables

_HALVINGS = 6  # of a box on which rules compare variables with each other

__all__ = ["Change", "Repair", "repair"]


@dataclass(frozen=True)
class Change:
    """On ``box``, a part of leaf ``node`` or all of it, ``after`` is decided and not ``before``.

    ``visits`` is how many logged states are there, and ``loss`` what the change costs them, if that
    is known.
    """

    node: int
    box: Ranges
    before: Decision
    after: Decision
    rules: tuple[str, ...]
    visits: int = 0
    loss: float | None = None


@dataclass(frozen=True)
class Repair:
    """The repaired tree, what changed and, leaf by leaf, why not where nothing helps."""

    tree: DecisionTree
    changes: tuple[Change, ...]
    impossible: tuple[str, ...] = ()


def repair(tree: DecisionTree, setting: Setting, *, splits: bool = True) -> Repair:
    """``tree`` with the least change that keeps the rules of ``setting``.

    ``impossible`` lists where no decision of ``setting`` does, which means that rules conflict
    there, or that a rule compares variables with each other and halves of halves of boxes do
    not fit either.
    Raises ``InputError`` for a tree with leaves that are not constant, and a log that does not fit.
    """
    check_setting(tree, setting)
    work = _Work(tree, setting, splits)
    domain = [setting.box[x] for x in setting.features]
    for node, box in tree.leaf_boxes(domain):
        leaf = tree.nodes[node]
        assert isinstance(leaf, Leaf)
        work.leaf(node, dict(zip(setting.features, box, strict=True)), leaf.constants)
    repaired = DecisionTree(tree.inputs, tuple(work.nodes), tree.rounding)
    return Repair(repaired, tuple(work.changes), tuple(work.impossible))


class _Work:
    """The nodes of the tree that is being repaired."""

    def __init__(self, tree: DecisionTree, setting: Setting, splits: bool) -> None:
        self.tree, self.setting, self.splits = tree, setting, splits
        self.nodes: list[Split | Leaf] = list(tree.nodes)
        self.changes: list[Change] = []
        self.impossible: list[str] = []

    def leaf(self, node: int, box: Ranges, before: Decision) -> None:
        """Repair what leaf ``node`` decides on ``box``; the leaf may become a subtree."""
        pending = [(node, box)]
        while pending:
            place, here = pending.pop()
            found = next(broken(self.setting, here, before), None)
            if found is None:
                continue
            if self.splits:
                place, here, around = self._carved(place, here, found[1], before)
                pending += around
            self._decide(node, place, here, before)

    def _decide(
        self, node: int, place: int, box: Ranges, before: Decision, halvings: int = _HALVINGS
    ) -> None:
        """Choose for all of ``box``, which is what the leaf at ``place`` decides."""
        names = tuple(sorted({rule for rule, _ in broken(self.setting, box, before)}))
        losses, visits = losses_in(self.setting, box, before) if names else ({}, 0)
        after = self._best(box, before, losses) if names else before
        if after is not None:
            self.nodes[place] = Leaf(after)
            if names:
                loss = losses.get(after)
                self.changes.append(Change(node, box, before, after, names, visits, loss))
            return
        part = next(self._parts(box), None) if self.splits else None
        if part is not None:
            inner, here, around = self._carved(place, box, part, before)
            for child, rest in ((inner, here), *around):
                self._decide(node, child, rest, before, halvings)
            return
        told = f"leaf {node}: no decision keeps {', '.join(names)}"
        if told in self.impossible:
            return
        half = self._half(box, names) if self.splits and halvings else None
        if half is None:
            self.impossible.append(told)
            return
        inner, here, around = self._carved(place, box, half, before)
        for child, rest in ((inner, here), *around):
            self._decide(node, child, rest, before, halvings - 1)

    def _half(self, box: Ranges, names: Sequence[str]) -> Ranges | None:
        """The lower half of ``box`` along the widest of what the rules of these names compare."""
        rules = [rule for rule in self.setting.rules if rule.name in names]
        nodes = [atom.node for rule in rules for atom in (*rule.when, *rule.then)]
        known = set(variables(nodes)) & set(self.setting.features)
        widths = {}
        for x in sorted(known):
            low, high = self.setting.box[x]
            widths[x] = (box[x].high - box[x].low) / (high - low) if high > low else Fraction(0)
        x = max(widths, key=lambda name: widths[name], default="")
        if not widths.get(x):
            return None
        middle = Fraction(float(np.float32(float((box[x].low + box[x].high) / 2))))
        half = {**box, x: box[x].below(middle, strict=False)}
        return half if any(True for _ in self._cuts(box, half)) else None

    def _best(
        self, box: Ranges, before: Decision, losses: Mapping[Decision, float]
    ) -> Decision | None:
        """The decision that keeps all rules on ``box``, loses least, and then is the nearest."""

        def order(d: Decision) -> tuple[float, Fraction, Decision]:
            return losses.get(d, 0.0), distance(d, before), d

        near = sorted(self.setting.decisions, key=order)
        return next((d for d in near if not any(True for _ in broken(self.setting, box, d))), None)

    def _parts(self, box: Ranges) -> Iterator[Ranges]:
        """Parts of ``box`` on which some decision breaks a rule, and off which it does not."""
        for decision in self.setting.decisions:
            for _, part in broken(self.setting, box, decision):
                if any(True for _ in self._cuts(box, part)):
                    yield part

    def _cuts(self, box: Ranges, part: Ranges) -> Iterator[tuple[int, Fraction, bool]]:
        """Splits that cut off what is outside of ``part``: input, threshold, which side is kept."""
        for f, x in enumerate(self.setting.features):
            for keeps_left in (False, True):
                threshold = (_least_above if keeps_left else _largest_below)(
                    part[x], self.tree.rounding
                )
                left, right = halves(box[x], threshold, self.tree.rounding)
                if not left.is_empty and not right.is_empty:
                    yield f, threshold, keeps_left

    def _carved(
        self, place: int, box: Ranges, part: Ranges, decision: Decision
    ) -> tuple[int, Ranges, list[tuple[int, Ranges]]]:
        """Split the leaf at ``place``: the leaf and box around ``part``, and those beside it."""
        here, beside = dict(box), list[tuple[int, Ranges]]()
        for f, threshold, keeps_left in self._cuts(box, part):
            x = self.setting.features[f]
            left, right = halves(here[x], threshold, self.tree.rounding)
            low = len(self.nodes)
            self.nodes += (Leaf(decision), Leaf(decision))
            self.nodes[place] = Split(f, threshold, low, low + 1)
            kept, other = (left, right) if keeps_left else (right, left)
            beside.append((low + 1 if keeps_left else low, {**here, x: other}))
            place, here = (low if keeps_left else low + 1), {**here, x: kept}
        return place, here, beside


def _least_above(side: Range, rounding: Rounding) -> Fraction:
    """The least threshold that sends all of ``side`` left."""
    if rounding == "none":
        return side.high
    near = np.float32(float(side.high))
    near = np.nextafter(near, np.float32(-np.inf))
    while not halves(side, Fraction(float(near)), rounding)[1].is_empty:
        near = np.nextafter(near, np.float32(np.inf))
    return Fraction(float(near))


def _largest_below(side: Range, rounding: Rounding) -> Fraction:
    """A threshold that sends nothing of ``side`` left, the largest where numbers are rounded."""
    if rounding == "none":
        return side.low if side.open_low else Fraction(math.nextafter(below(side.low), -math.inf))
    near = np.nextafter(np.float32(float(side.low)), np.float32(np.inf))
    while not halves(side, Fraction(float(near)), rounding)[0].is_empty:
        near = np.nextafter(near, np.float32(-np.inf))
    return Fraction(float(near))
