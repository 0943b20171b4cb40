"""Looking for a point where the conditions of the theorem are false.

Attacks from many starts in float64; whatever they find is replayed rigorously by
``refutes`` of the kernel before anybody is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from certify.expression import Node
from certify.outcome import Counterexample, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.kernel import refutes
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import All, Any, Formula, Obligation, truth
from certify.proofs.checker.symbols import NO_ROLES
from certify.proofs.checker.theorems import THEOREMS, violation
from certify.verifiers.climbing import Climb, climbed, corners, starts
from certify.verifiers.decay_attack import Effort, slowest
from certify.verifiers.descent import descended
from certify.verifiers.points import Array, Sampled, Table

__all__ = [
    "LONG",
    "SHORT",
    "Attempt",
    "attack",
    "falsify",
    "lowest_violation",
    "replay",
    "violated_level",
]

_FACE = 4  # times less, as faces have one condition each
_REPLAYS = 20
_ABOVE_EVERYTHING = Fraction(10) ** 300
_LOWEST = 1024  # violations to descend from


@dataclass(frozen=True)
class Attempt:
    """How hard to look, at the conditions as they stand and at the decay."""

    climb: Climb
    decay: Effort


SHORT = Attempt(Climb(1024, 64, 12), Effort())
LONG = Attempt(Climb(8192, 384, 24), Effort(8192, 256, 60))


def falsify(
    claim: Claim,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
    attempt: Attempt = LONG,
    near: Array | None = None,
) -> Counterexample | None:
    """A replayed counterexample to the conditions of ``claim``, if an attack finds one.

    ``tick`` is called often and may raise to end the attack; ``near`` has points to start from,
    too, in states, parameters and disturbances.
    """
    wanted = violation(claim)
    for k, obligation in enumerate(wanted):
        climb = attempt.climb if not k else attempt.climb.shorter(_FACE)
        points = climbed(claim, obligation, obligation.formula, climb, seed, tick, near)
        found = replay(claim, obligation, points)
        if found is None and not k and _has_decay(claim):
            points, _ = slowest(claim, seed, tick, attempt.decay, near)
            found = replay(claim, obligation, points)
        if found is not None:
            return found
    return None


def _has_decay(claim: Claim) -> bool:
    return {"level", "decay"} <= set(claim.numbers) and "residual" not in claim.numbers


def attack(claim: Claim, seed: int = 0) -> Outcome:
    """Refuted with a replayed counterexample, or unknown: an attack proves nothing.

    Without a level any violation inside the domain counts.
    """
    start = time.monotonic()
    theorem = THEOREMS[claim.theorem]
    missing = {
        n: Fraction(0) if n == "decay" else Fraction(10) ** 30
        for n in theorem.numbers
        if n not in claim.numbers
    }
    if "residual" in missing:
        return Outcome(Verdict.UNKNOWN, claim, "falsifier", advice="the residual set is not given")
    found = falsify(replace(claim, numbers={**claim.numbers, **missing}), seed)
    advice = "" if found else "no violation was found, which proves nothing: run certify verify"
    return Outcome(
        verdict=Verdict.REFUTED if found else Verdict.UNKNOWN,
        claim=claim,
        verifier="falsifier",
        counterexample=found,
        advice=advice,
        statistics={"seconds": time.monotonic() - start},
    )


def replay(claim: Claim, obligation: Obligation, points: Array) -> Counterexample | None:
    """The first of the worst ``points`` at which the kernel confirms that a condition fails."""
    margins = Sampled(obligation.formula, tuple(obligation.box)).margin(points)
    for row in np.argsort(margins, kind="stable")[:_REPLAYS]:
        if margins[row] > 0:
            break
        point = exact_point(obligation, points[row])
        if not _fails(obligation, point):  # which is quicker than to ask for all conditions
            continue
        condition = refutes(claim, {**point, **_rest(claim, point)})
        if condition is not None:
            return Counterexample(point, condition)
    return None


def _fails(obligation: Obligation, point: Mapping[str, Fraction]) -> bool:
    """Whether enclosures show that the formula is false at ``point``."""
    names = tuple(obligation.box)
    low, high = (np.array([[end(point[x])] for x in names]) for end in (below, above))
    return truth(obligation.formula, Block(names, low, high, 0, NO_ROLES)) is False


def exact_point(obligation: Obligation, point: Array) -> dict[str, Fraction]:
    """The float64 point as exact rationals, moved into the box if rounding left it."""
    return {
        x: min(max(Fraction(float(p)), low), high)
        for p, (x, (low, high)) in zip(point, obligation.box.items(), strict=True)
    }


def _rest(claim: Claim, point: Mapping[str, Fraction]) -> dict[str, Fraction]:
    return {x: low for x, (low, _) in claim.box.items() if x not in point}


def violated_level(
    claim: Claim, v: Node, seed: int = 0, tick: Callable[[], None] = lambda: None
) -> float:
    """The least V found at which the conditions other than ``V <= level`` fail; else inf.

    ``claim`` needs a level for form's sake; every violation is confirmed by the kernel.
    """
    numbers = {**claim.numbers, "level": _ABOVE_EVERYTHING}
    return lowest_violation(replace(claim, numbers=numbers), v, seed, tick, guarded=True)


def lowest_violation(
    claim: Claim, height: Node, seed: int = 0, tick: Callable[[], None] = lambda: None,
    *, guarded: bool = False,
) -> float:  # fmt: skip
    """The least value of ``height`` found where a condition of ``claim`` fails; else inf.

    Every violation is confirmed by the kernel.  With ``guarded`` only conditions of the form
    ``V > level or body`` count.
    """
    lowest = np.inf
    for obligation in violation(claim):
        formula, names = obligation.formula, tuple(obligation.box)
        if guarded and not isinstance(formula, Any):
            continue
        points = np.concatenate(
            [
                climbed(claim, obligation, formula, LONG.climb, seed, tick),
                *starts(claim, obligation, LONG.climb.starts, seed),
            ]
        )
        points = points[Sampled(formula, names).margin(points) <= 0]
        table = Table([height], names)
        points = points[np.argsort(table.at(points)[0], kind="stable")[:_LOWEST]]
        centre = np.array([float(claim.equilibrium.get(x, "nan")) for x in names])
        for part in _conditions(formula):
            sampled = Sampled(part, names)
            down = descended(sampled, table, points, corners(obligation), centre, seed, tick)
            for point in down[:_REPLAYS]:
                lowest = min(lowest, _confirmed(claim, obligation, point, table, lowest))
    return lowest


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
    if not value < lowest or not _fails(obligation, point):
        return lowest
    return value if refutes(claim, {**point, **_rest(claim, point)}) is not None else lowest
