"""Obligations: ``for all x in box: formula(x)``, formulas being and/or trees of atoms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from .errors import LanguageError
from .exact import number_text
from .intervals import Interval, Mask
from .language import Node
from .models import Block

__all__ = ["All", "Any", "Atom", "Box", "Formula", "Obligation", "atoms", "proved", "truth"]

Box: TypeAlias = Mapping[str, tuple[Fraction, Fraction]]


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


def proved(formula: Formula, block: Block) -> Mask:
    """For which boxes of ``block`` the enclosures prove ``formula`` on the whole box.

    True is positive evidence: an undefined bound compares false and proves nothing.  Where a part
    ``e > 0`` or ``e >= 0`` of an ``Any`` is not proved, later parts that are no atoms need to hold
    only where ``e`` is not positive.  Parts of nested ones of the same kind are parts.
    """
    if isinstance(formula, Atom):
        return _atom_proved(formula, block)
    every = isinstance(formula, All)
    result: Mask = np.full(len(block), every)
    tried: list[Node] = []
    for part in _flat(formula):
        rows = np.flatnonzero(result == every)
        if len(rows):
            here = block if len(rows) == len(block) else block.take(rows)
            if not every and not isinstance(part, Atom):
                here = here.narrowed(tried)
            result[rows] = proved(part, here)
        if isinstance(part, Atom) and part.relation != "defined":
            tried.append(part.node)
    return result


def _flat(formula: All | Any) -> Iterator[Formula]:
    """The parts of ``formula``, and the parts of those of its kind in their places."""
    for part in formula.parts:
        if isinstance(part, type(formula)):
            yield from _flat(part)
        else:
            yield part


def _atom_proved(atom: Atom, block: Block) -> Mask:
    """The same for an atom: by its range, and where that is too wide by a sharper lower end."""
    reach = block.range(atom.node)
    result = _proved(atom.relation, reach)
    rows = np.flatnonzero(~result & reach.is_finite())
    if len(rows) and block.degree:
        high = reach.high[rows]
        result[rows] = _proved(atom.relation, Interval(block.least(atom.node, rows), high))
    return result


def truth(formula: Formula, block: Block) -> bool | None:
    """True or False where the enclosures prove it on the one box of ``block``, otherwise None."""
    if isinstance(formula, Atom):
        reach = block.range(formula.node)
        if _proved(formula.relation, reach).all():
            return True
        return False if _disproved(formula.relation, reach).all() else None
    truths = [truth(p, block) for p in formula.parts]
    decisive = isinstance(formula, Any)
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def _proved(relation: str, reach: Interval) -> Mask:
    finite = reach.is_finite()
    if relation == "defined":
        return finite
    if relation == ">":
        return finite & (reach.low > 0)
    if relation == ">=":
        return finite & (reach.low >= 0)
    raise LanguageError(f"there is no relation {relation[:20]!r}")


def _disproved(relation: str, reach: Interval) -> Mask:
    if relation == "defined":
        return np.zeros(len(reach.low), dtype=bool)
    return reach.is_finite() & ((reach.high <= 0) if relation == ">" else (reach.high < 0))
