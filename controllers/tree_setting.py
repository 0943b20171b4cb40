"""What a decision tree is repaired for: rules, decisions to choose from, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from certify.controllers.tree_visits import Visits
from certify.decision_tree import DecisionTree, Leaf, Rounding, cut_at
from certify.errors import InputError
from certify.expression import const
from certify.proofs.checker.cases import Range, Ranges
from certify.proofs.checker.decisions import Rule, opposite, undecided, where_all

__all__ = ["Decision", "Setting", "broken", "check_setting", "distance", "halves", "losses_in"]

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


def check_setting(tree: DecisionTree, setting: Setting) -> None:
    """Raise ``InputError`` for leaves that are not constant, and a log that does not fit."""
    if setting.log is not None:
        setting.log.check(tree.inputs, len(setting.decisions))
    if any(isinstance(leaf, Leaf) and leaf.weights for leaf in tree.nodes):
        raise InputError("leaves with weights are not repaired: a repair chooses constants")


def broken(setting: Setting, box: Ranges, decision: Decision) -> Iterator[tuple[str, Ranges]]:
    """The rules that ``decision`` breaks somewhere in ``box``, or may, and where."""
    fixed = dict(zip(setting.inputs, map(const, decision), strict=True))
    others = {x: Range(*ends) for x, ends in setting.box.items() if x not in box}
    for rule in setting.rules:
        for case in undecided(rule, {**others, **box}, fixed):
            for conclusion in case.then:
                where = where_all(case.box, (opposite(conclusion),))
                if where is not None:
                    yield rule.name, {x: where[x] for x in box}


def losses_in(setting: Setting, box: Ranges, before: Decision) -> tuple[dict[Decision, float], int]:
    """What each decision costs the logged states in ``box`` beyond ``before``; how many."""
    log, choices = setting.log, list(setting.decisions)
    if log is None:
        return {}, 0
    here = log.inside([box[x] for x in setting.features])
    if log.costs is None or before not in choices:
        return {}, int(here.sum())
    total = log.costs[here].sum(axis=0)
    total = total - total[choices.index(before)]
    return dict(zip(choices, total.tolist(), strict=True)), int(here.sum())


def distance(one: Decision, other: Decision) -> Fraction:
    """By how much two decisions differ, the sum over the inputs."""
    return sum((abs(a - b) for a, b in zip(one, other, strict=True)), Fraction(0))


def halves(side: Range, threshold: Fraction, rounding: Rounding) -> tuple[Range, Range]:
    """What of ``side`` a split sends left, and right."""
    bound, closed = cut_at(threshold, rounding)
    return side.below(bound, strict=not closed), side.above(bound, strict=closed)
