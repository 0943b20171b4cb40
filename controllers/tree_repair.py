"""The smallest change of a decision tree that keeps every rule.

For rules that compare one variable at a time the points at which a leaf breaks a rule are a box.
Every repair changes the decision on all of it; this one changes it nowhere else, but for inputs
that rounding to binary32 does not tell from it.  Where the box is a part of the leaf the leaf is
split along its sides.  Of the decisions that keep all rules there the new one is what costs the
logged states in the box the least, where their costs are known, and then the nearest.  If no single
one does, the box is cut where the rules change, and each part has its own.  What is lost is a sum
over the boxes, each with a choice of its own: the least of each is the least of all.

Without splits every leaf that breaks a rule gets one new decision for all of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from certify.controllers.tree_visits import Visits
from certify.decision_tree import DecisionTree, Leaf, Rounding, Split, cut_at
from certify.errors import InputError
from certify.expression import const
from certify.proofs.checker.cases import Range, Ranges
from certify.proofs.checker.decisions import Rule, opposite, undecided, where_all
from certify.proofs.checker.intervals import below

__all__ = ["Change", "Repair", "Setting", "repair"]

Decision: TypeAlias = tuple[Fraction, ...]


@dataclass(frozen=True)
class Setting:
    """What the tree stands in: ``features`` are the states it reads, in its order.

    ``inputs`` names its outputs; ``box`` bounds all variables of the rules;
    ``decisions`` are those to choose from; ``log`` tells what they cost where the tree was used.
    """

    features: Sequence[str]
    inputs: Sequence[str]
    box: Mapping[str, tuple[Fraction, Fraction]]
    rules: Sequence[Rule]
    decisions: Sequence[Decision]
    log: Visits | None = None


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
    there, or that a rule compares variables with each other so that a box does not fit.
    Raises ``InputError`` for a tree with leaves that are not constant, and a log that does not fit.
    """
    if setting.log is not None:
        setting.log.check(tree.inputs, len(setting.decisions))
    if any(isinstance(leaf, Leaf) and leaf.weights for leaf in tree.nodes):
        raise InputError("leaves with weights are not repaired: a repair chooses constants")
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
            found = next(self._broken(here, before), None)
            if found is None:
                continue
            if self.splits:
                place, here, around = self._carved(place, here, found[1], before)
                pending += around
            self._decide(node, place, here, before)

    def _decide(self, node: int, place: int, box: Ranges, before: Decision) -> None:
        """Choose for all of ``box``, which is what the leaf at ``place`` decides."""
        rules = tuple(sorted({rule for rule, _ in self._broken(box, before)}))
        losses, visits = self._losses(box, before) if rules else ({}, 0)
        after = self._best(box, before, losses) if rules else before
        if after is not None:
            self.nodes[place] = Leaf(after)
            if rules:
                loss = losses.get(after)
                self.changes.append(Change(node, box, before, after, rules, visits, loss))
            return
        part = next(self._parts(box), None) if self.splits else None
        if part is None:
            self.impossible.append(f"leaf {node}: no decision keeps {', '.join(rules)}")
            return
        inner, here, around = self._carved(place, box, part, before)
        for child, rest in ((inner, here), *around):
            self._decide(node, child, rest, before)

    def _broken(self, box: Ranges, decision: Decision) -> Iterator[tuple[str, Ranges]]:
        """The rules that ``decision`` breaks somewhere in ``box``, or may, and where."""
        fixed = dict(zip(self.setting.inputs, map(const, decision), strict=True))
        others = {x: Range(*ends) for x, ends in self.setting.box.items() if x not in box}
        for rule in self.setting.rules:
            for case in undecided(rule, {**others, **box}, fixed):
                for conclusion in case.then:
                    where = where_all(case.box, (opposite(conclusion),))
                    if where is not None:
                        yield rule.name, {x: where[x] for x in box}

    def _losses(self, box: Ranges, before: Decision) -> tuple[dict[Decision, float], int]:
        """What each decision costs the logged states in ``box`` beyond ``before``; how many."""
        log, choices = self.setting.log, list(self.setting.decisions)
        if log is None:
            return {}, 0
        here = log.inside([box[x] for x in self.setting.features])
        if log.costs is None or before not in choices:
            return {}, int(here.sum())
        total = log.costs[here].sum(axis=0)
        total = total - total[choices.index(before)]
        return dict(zip(choices, total.tolist(), strict=True)), int(here.sum())

    def _best(
        self, box: Ranges, before: Decision, losses: Mapping[Decision, float]
    ) -> Decision | None:
        """The decision that keeps all rules on ``box``, loses least, and then is the nearest."""

        def order(d: Decision) -> tuple[float, Fraction, Decision]:
            far = sum((abs(a - b) for a, b in zip(d, before, strict=True)), Fraction(0))
            return losses.get(d, 0.0), far, d

        near = sorted(self.setting.decisions, key=order)
        return next((d for d in near if not any(True for _ in self._broken(box, d))), None)

    def _parts(self, box: Ranges) -> Iterator[Ranges]:
        """Parts of ``box`` on which some decision breaks a rule, and off which it does not."""
        for decision in self.setting.decisions:
            for _, part in self._broken(box, decision):
                if any(True for _ in self._cuts(box, part)):
                    yield part

    def _cuts(self, box: Ranges, part: Ranges) -> Iterator[tuple[int, Fraction, bool]]:
        """Splits that cut off what is outside of ``part``: input, threshold, which side is kept."""
        for f, x in enumerate(self.setting.features):
            for keeps_left in (False, True):
                threshold = (_least_above if keeps_left else _largest_below)(
                    part[x], self.tree.rounding
                )
                left, right = _halves(box[x], threshold, self.tree.rounding)
                if not left.is_empty and not right.is_empty:
                    yield f, threshold, keeps_left

    def _carved(
        self, place: int, box: Ranges, part: Ranges, decision: Decision
    ) -> tuple[int, Ranges, list[tuple[int, Ranges]]]:
        """Split the leaf at ``place``: the leaf and box around ``part``, and those beside it."""
        here, beside = dict(box), list[tuple[int, Ranges]]()
        for f, threshold, keeps_left in self._cuts(box, part):
            x = self.setting.features[f]
            left, right = _halves(here[x], threshold, self.tree.rounding)
            low = len(self.nodes)
            self.nodes += (Leaf(decision), Leaf(decision))
            self.nodes[place] = Split(f, threshold, low, low + 1)
            kept, other = (left, right) if keeps_left else (right, left)
            beside.append((low + 1 if keeps_left else low, {**here, x: other}))
            place, here = (low if keeps_left else low + 1), {**here, x: kept}
        return place, here, beside


def _halves(side: Range, threshold: Fraction, rounding: Rounding) -> tuple[Range, Range]:
    """What of ``side`` a split sends left, and right."""
    bound, closed = cut_at(threshold, rounding)
    return side.below(bound, strict=not closed), side.above(bound, strict=closed)


def _least_above(side: Range, rounding: Rounding) -> Fraction:
    """The least threshold that sends all of ``side`` left."""
    if rounding == "none":
        return side.high
    near = np.float32(float(side.high))
    near = np.nextafter(near, np.float32(-np.inf))
    while not _halves(side, Fraction(float(near)), rounding)[1].is_empty:
        near = np.nextafter(near, np.float32(np.inf))
    return Fraction(float(near))


def _largest_below(side: Range, rounding: Rounding) -> Fraction:
    """A threshold that sends nothing of ``side`` left, the largest where numbers are rounded."""
    if rounding == "none":
        return side.low if side.open_low else Fraction(math.nextafter(below(side.low), -math.inf))
    near = np.nextafter(np.float32(float(side.low)), np.float32(np.inf))
    while not _halves(side, Fraction(float(near)), rounding)[0].is_empty:
        near = np.nextafter(near, np.float32(-np.inf))
    return Fraction(float(near))
