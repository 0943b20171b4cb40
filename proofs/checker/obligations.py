"""Obligations: ``for all x in box: formula(x)``, formulas being and/or trees of atoms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from .exact import number_text
from .language import Node
from .models import Box, Evaluator
from .ranges import Interval

__all__ = ["All", "Any", "Atom", "Formula", "Obligation", "atoms", "holds", "truth"]


@dataclass(frozen=True)
class Atom:
    """``node > 0``, ``node >= 0``, or ``node`` is ``defined``."""

    relation: str
    node: Node


@dataclass(frozen=True)
class All:
    """Every part holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Any:
    """At least one part holds."""

    parts: tuple[Formula, ...]


Formula: TypeAlias = Atom | All | Any


@dataclass(frozen=True)
class Obligation:
    """For every point of ``box`` the ``formula`` holds; ``text`` says so in words."""

    name: str
    text: str
    box: Box
    formula: Formula

    def digest(self) -> str:
        """The sha256 of the statement: variables in order, their intervals, the formula."""
        box = [[x, number_text(low), number_text(high)] for x, (low, high) in self.box.items()]
        text = json.dumps([box, _formula_json(self.formula)], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _formula_json(formula: Formula) -> object:
    if isinstance(formula, Atom):
        return [formula.relation, formula.node.digest]
    word = "all" if isinstance(formula, All) else "any"
    return [word, [_formula_json(p) for p in formula.parts]]


def atoms(formula: Formula) -> Iterator[Atom]:
    """The atoms of ``formula`` from left to right."""
    if isinstance(formula, Atom):
        yield formula
    else:
        for part in formula.parts:
            yield from atoms(part)


def holds(formula: Formula, evaluator: Evaluator) -> bool:
    """Whether the enclosures prove ``formula`` on the whole box of ``evaluator``."""
    if isinstance(formula, All):
        return all(holds(p, evaluator) for p in formula.parts)
    if isinstance(formula, Any):
        return any(holds(p, evaluator) for p in formula.parts)
    return _proved(formula.relation, evaluator.range(formula.node))


def truth(formula: Formula, evaluator: Evaluator) -> bool | None:
    """True or False where the enclosures prove it on the whole box, otherwise None."""
    if isinstance(formula, Atom):
        reach = evaluator.range(formula.node)
        if _proved(formula.relation, reach):
            return True
        return False if _disproved(formula.relation, reach) else None
    truths = [truth(p, evaluator) for p in formula.parts]
    decisive = isinstance(formula, Any)
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def _proved(relation: str, reach: Interval) -> bool:
    if not reach.is_finite():
        return False
    if relation == "defined":
        return True
    return bool(reach.low > 0) if relation == ">" else bool(reach.low >= 0)


def _disproved(relation: str, reach: Interval) -> bool:
    if relation == "defined" or not reach.is_finite():
        return False
    return bool(reach.high <= 0) if relation == ">" else bool(reach.high < 0)
