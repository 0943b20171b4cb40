"""Rules about what a controller decides: which cases of them exact arithmetic leaves open.

A rule ``when p1 and p2 ... then c1 and c2 ...`` is a claim's functions ``rule/<name>/when/<i><r>``
and ``rule/<name>/then/<i><r>``, where ``<r>`` is ``>`` or ``>=``: the function is so compared with
0.  Proofs: ``proofs/theory/T-RULE.md``; for cases of other obligations ``L-TREE.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from .calculus import substitute
from .cases import Range, Ranges, affine_form, cases, narrowed, negated
from .claim import Claim
from .errors import LanguageError, TheoremError
from .language import Node, const, var
from .obligations import All, Any, Atom, Formula, Obligation, atoms

__all__ = [
    "Case",
    "Rule",
    "by_cases",
    "open_cases",
    "opposite",
    "stated_rules",
    "undecided",
    "where_all",
]

_PART = re.compile(r"rule/([A-Za-z][A-Za-z0-9_]*)/(when|then)/(0|[1-9][0-9]{0,3})(>=?)\Z", re.ASCII)


_FEW_CASES = 256  # each has a proof tree of its own


class Rule(NamedTuple):
    """All of ``then`` where all of ``when``, over states, inputs and disturbances."""

    name: str
    when: tuple[Atom, ...]
    then: tuple[Atom, ...]


class Case(NamedTuple):
    """A part of the domain on which one leaf decides, and what of ``then`` is not shown there.

    It has all points of the part at which those of ``when`` in one variable hold.
    """

    box: Ranges
    when: tuple[Atom, ...]
    then: tuple[Atom, ...]


def stated_rules(claim: Claim) -> list[Rule]:
    """The rules of ``claim``, by name."""
    parts: dict[str, dict[str, dict[int, Atom]]] = {}
    for function, node in sorted(claim.functions.items()):
        found = _PART.match(function)
        if found is None:
            raise TheoremError(f"{function[:60]!r} is not a part of a rule")
        name, side, number, relation = found.groups()
        row = parts.setdefault(name, {"when": {}, "then": {}})[side]
        if int(number) in row:
            raise TheoremError(f"{function[:60]!r} is there twice")
        row[int(number)] = Atom(relation, node)
    for name, sides in parts.items():
        if not sides["then"] or any(set(r) != set(range(len(r))) for r in sides.values()):
            raise TheoremError(f"the parts of rule {name[:40]!r} are not numbered from 0")
    return [
        Rule(name, *(tuple(row for _, row in sorted(sides[s].items())) for s in ("when", "then")))
        for name, sides in parts.items()
    ]


def open_cases(
    rule: Rule, box: Mapping[str, tuple[Fraction, Fraction]], controller: Mapping[str, Node]
) -> Iterator[Obligation]:
    """What is left of ``rule`` where exact arithmetic does not show it, or shows it false."""
    ranges = {x: Range(*ends) for x, ends in box.items()}
    for i, case in enumerate(undecided(rule, ranges, controller)):
        parts = (*_edges(case.box), *map(opposite, case.when), All(case.then))
        text = f"rule {rule.name}, case {i}: where its conditions hold, so do its conclusions"
        hull = {x: (side.low, side.high) for x, side in case.box.items()}
        yield Obligation(f"rule/{rule.name}/{i}", text, hull, Any(parts))


def undecided(rule: Rule, box: Ranges, controller: Mapping[str, Node]) -> Iterator[Case]:
    """The cases of ``rule`` in ``box`` that exact arithmetic does not show, in a fixed order."""
    stated = [Atom(a.relation, substitute(a.node, controller)) for a in (*rule.when, *rule.then)]
    relations, count = [a.relation for a in stated], len(rule.when)
    start = where_all(box, stated[:count])
    if start is None:
        return
    for nodes, part in cases(tuple(a.node for a in stated), start):
        atoms = tuple(map(Atom, relations, nodes))
        here = where_all(part, atoms[:count])
        if here is None:
            continue
        left = tuple(c for c in atoms[count:] if not _holds(c, here))
        if left:
            yield Case(here, atoms[:count], left)


def where_all(box: Ranges, atoms: Sequence[Atom]) -> Ranges | None:
    """A part of ``box`` with all of its points at which ``atoms`` hold; None if there is none."""
    here: Ranges | None = box
    forms = [(form, a.relation == ">") for a in atoms if (form := affine_form(a.node)) is not None]
    # those in several variables are tried on what the others leave
    for form, strict in sorted(forms, key=lambda f: len(f[0].slopes)):
        if here is not None:
            here = narrowed(here, form, strict=strict)
    return here


def _holds(atom: Atom, box: Ranges) -> bool:
    """Whether exact arithmetic shows that ``atom`` holds on all of ``box``."""
    form = affine_form(atom.node)
    return form is not None and narrowed(box, negated(form), strict=atom.relation == ">=") is None


def opposite(atom: Atom) -> Atom:
    """The opposite of ``atom``, where it is defined."""
    return Atom(">=" if atom.relation == ">" else ">", -atom.node)


def by_cases(obligation: Obligation) -> list[Obligation]:
    """``obligation`` for each leaf of the trees in it, on the leaf's box, if they are not many."""
    nodes = tuple(dict.fromkeys(a.node for a in atoms(obligation.formula)))
    ranges = {x: Range(*ends) for x, ends in obligation.box.items()}
    try:
        parts = list(cases(nodes, ranges, _FEW_CASES))
    except LanguageError:
        return [obligation]
    return [obligation] if len(parts) <= 1 else [
        Obligation(
            f"{obligation.name}/{i}",
            f"{obligation.text}, case {i}",
            {x: (side.low, side.high) for x, side in box.items()},
            Any((*_edges(box), _with(obligation.formula, dict(zip(nodes, here, strict=True))))),
        )
        for i, (here, box) in enumerate(parts)
    ]  # fmt: skip


def _with(formula: Formula, nodes: Mapping[Node, Node]) -> Formula:
    """``formula`` about other expressions."""
    if isinstance(formula, Atom):
        return Atom(formula.relation, nodes[formula.node])
    return type(formula)(tuple(_with(part, nodes) for part in formula.parts))


def _edges(box: Ranges) -> Iterator[Formula]:
    """What holds exactly on the ends that are left out."""
    for x, side in box.items():
        if side.open_low:
            yield Atom(">=", const(side.low) - var(x))
        if side.open_high:
            yield Atom(">=", var(x) - const(side.high))
