"""The lowest violations: what bounds a level, or how much of a box, from above."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from certify.expression import Node
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import All, Any, Formula, Obligation
from certify.proofs.checker.theorems import violation
from certify.verifiers.climbing import Climb, climbed, corners, starts
from certify.verifiers.descent import descended
from certify.verifiers.points import Array, Sampled, Table
from certify.verifiers.replay import REPLAYS, confirmed, exact_point

__all__ = [
    "CAREFUL", "QUICK", "THOROUGH", "Lowest", "descents", "lowest_violation", "violated_level",
    "without_level",
]  # fmt: skip

_ABOVE_EVERYTHING = Fraction(10) ** 300
_MOST = 1024  # violations to descend from


@dataclass(frozen=True)
class Lowest:
    """How hard to look for the lowest violation: of all conditions or of some, the lowest first.

    ``near`` has violations that are known, in states, parameters and disturbances: (k, variables).
    """

    climb: Climb
    conditions: int | None
    near: Array | None = field(default=None, compare=False)


QUICK = Lowest(Climb(1024, 64, 12), 2)
CAREFUL, THOROUGH = (Lowest(Climb(8192, 384, 24), count) for count in (2, None))


def without_level(claim: Claim) -> Claim:
    """``claim`` with a level that no V exceeds."""
    return replace(claim, numbers={**claim.numbers, "level": _ABOVE_EVERYTHING})


def violated_level(
    claim: Claim, v: Node, seed: int = 0, tick: Callable[[], None] = lambda: None,
    search: Lowest = THOROUGH,
) -> float:  # fmt: skip
    """The least V found at which the conditions other than ``V <= level`` fail; else inf.

    ``claim`` needs a level for form's sake; every violation is confirmed by the kernel.
    """
    beyond = without_level(claim)
    return lowest_violation(beyond, v, seed, tick, guarded=True, search=search)


def lowest_violation(
    claim: Claim, height: Node, seed: int = 0, tick: Callable[[], None] = lambda: None,
    *, guarded: bool = False, search: Lowest = THOROUGH,
) -> float:  # fmt: skip
    """The least value of ``height`` found where a condition of ``claim`` fails; else inf.

    Every violation is confirmed by the kernel.  With ``guarded`` only conditions of the form
    ``V > level or body`` count.
    """
    lowest = np.inf
    for obligation, table, down in descents(claim, height, seed, tick, guarded, search):
        for point in down[:REPLAYS]:
            if (value := _confirmed(claim, obligation, point, table, lowest)) < lowest:
                lowest = value
                break
    return lowest


def descents(
    claim: Claim, height: Node, seed: int, tick: Callable[[], None], guarded: bool, search: Lowest
) -> Iterator[tuple[Obligation, Table, Array]]:
    """For every condition that samples violate low points where it fails, the lowest first."""
    whole = (*claim.states, *claim.parameters, *claim.disturbances)
    for obligation in violation(claim):
        formula, names = obligation.formula, tuple(obligation.box)
        if guarded and not isinstance(formula, Any):
            continue
        groups = [
            climbed(claim, obligation, formula, search.climb, seed, tick),
            *starts(claim, obligation, search.climb.starts, seed),
        ]
        if search.near is not None and names == whole:
            groups.append(search.near)
        points = np.concatenate(groups)
        points = points[Sampled(formula, names).margin(points) <= 0]
        table = Table([height], names)
        points = points[np.argsort(table.at(points)[0], kind="stable")[:_MOST]]
        centre = np.array([float(claim.equilibrium.get(x, "nan")) for x in names])
        parts = [Sampled(part, names) for part in _conditions(formula)]
        for part in _violated_lowest(parts, points)[: search.conditions]:
            box = corners(obligation)
            yield obligation, table, descended(part, table, points, box, centre, seed, tick)


def _violated_lowest(parts: Sequence[Sampled], points: Array) -> list[Sampled]:
    """The ``parts`` that fail at one of ``points``, which are in the order of their heights."""
    failing = [(part.margin(points) <= 0, part) for part in parts]
    found = [(int(rows.argmax()), part) for rows, part in failing if rows.any()]
    return [part for _, part in sorted(found, key=lambda f: f[0])]


def _conditions(formula: Formula) -> tuple[Formula, ...]:
    """Parts that all have to hold: each fails in a region of its own, with its lowest point."""
    if isinstance(formula, All):
        return formula.parts
    if isinstance(formula, Any) and isinstance(formula.parts[-1], All):
        others = formula.parts[:-1]
        return tuple(Any((*others, part)) for part in formula.parts[-1].parts)
    return (formula,)


def _confirmed(
    claim: Claim, obligation: Obligation, near: Array, height: Table, lowest: float
) -> float:
    point = exact_point(obligation, near)
    value = float(height.at(np.array([[float(p) for p in point.values()]]))[0, 0])
    return value if value < lowest and confirmed(claim, obligation, point) else lowest
