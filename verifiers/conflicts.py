"""Rules that no decision keeps together: at some state, whatever the controller is.

Rules conflict if there is a point of the domain at which the conditions of all of them hold, and
every decision that may be taken breaks a conclusion of one.  Z3 looks for such a point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from itertools import combinations

from certify.errors import UnsupportedError
from certify.expression import Node, const, substitute
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import Rule, opposite, stated_rules
from certify.proofs.checker.obligations import All, Any, Atom, Formula, Obligation

__all__ = ["Conflict", "conflicts"]


@dataclass(frozen=True)
class Conflict:
    """At ``point`` every decision breaks one of ``rules``, or that may be (``point`` None)."""

    rules: tuple[str, ...]
    point: Mapping[str, Fraction] | None


def conflicts(
    claim: Claim, decisions: Sequence[Sequence[Fraction]], seconds: float | None = 10
) -> list[Conflict]:
    """Rules of ``claim`` that conflict: alone, in pairs, or all of them where no pair does.

    ``decisions`` may be taken, a value for each input of the controller in its order.  Rules for
    which Z3 does not know in ``seconds`` count as perhaps in conflict.
    Raises ``UnsupportedError`` without Z3, or for functions that it has no exact arithmetic for.
    """
    if find_spec("z3") is None:
        raise UnsupportedError('z3 is not installed: pip install "certify[smt]"')
    rules, found = stated_rules(claim), list[Conflict]()
    for size in (1, 2, len(rules)):
        if size == 2 or not found or size < 2:
            found += _of_size(claim, decisions, rules, size, found, seconds)
    return found


def _of_size(
    claim: Claim,
    decisions: Sequence[Sequence[Fraction]],
    rules: Sequence[Rule],
    size: int,
    known: Sequence[Conflict],
    seconds: float | None,
) -> Iterator[Conflict]:
    for group in combinations(rules, size) if size <= len(rules) else ():
        names = tuple(rule.name for rule in group)
        if not any(set(c.rules) <= set(names) for c in known):
            obligation = Obligation("", "", claim.box, _decidable(claim, decisions, group))
            answer = _violation(obligation, seconds)
            if answer is not None:
                yield Conflict(names, answer or None)


def _decidable(
    claim: Claim, decisions: Sequence[Sequence[Fraction]], group: Sequence[Rule]
) -> Formula:
    """Some decision keeps all rules of ``group``, or a condition of one does not hold."""
    kept = []
    for decision in decisions:
        values = dict(zip(claim.controller, map(const, decision), strict=True))
        conclusions = [a for rule in group for a in rule.then]
        kept.append(All(tuple(_at(a, values) for a in conclusions)))
    conditions = [opposite(a) for rule in group for a in rule.when]
    return Any((*(_at(a, claim.controller) for a in conditions), *kept))


def _at(atom: Atom, values: Mapping[str, Node]) -> Atom:
    return Atom(atom.relation, substitute(atom.node, values))


def _violation(obligation: Obligation, seconds: float | None) -> Mapping[str, Fraction] | None:
    """A point that breaks ``obligation``, {} if that is open, None if there is none."""
    from certify.verifiers.smt_encode import Encoder

    for strict in (True, False):
        answer = Encoder(obligation).solve(strict=strict, seconds=seconds, seed=0)
        if answer.points:
            return answer.points[0]
        if answer.reason:
            return {}
    return None
