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
from certify.proofs.checker.obligations import Any, Obligation, truth
from certify.proofs.checker.symbols import NO_ROLES
from certify.proofs.checker.theorems import THEOREMS, violation
from certify.verifiers.climbing import Climb, climbed, corners
from certify.verifiers.decay_attack import Effort, slowest
from certify.verifiers.points import Array, Sampled, Table

__all__ = ["LONG", "SHORT", "Attempt", "attack", "falsify", "replay", "violated_level"]

_FACE = 4  # times less, as faces have one condition each
_STEPS = 24
_REPLAYS = 20
_PULLED = 1024


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
    missing = {n: Fraction(10) ** 30 for n in theorem.numbers if n not in claim.numbers}
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
    lowest = np.inf
    for obligation in violation(claim):
        if not isinstance(obligation.formula, Any):  # it does not depend on the level
            continue
        body = obligation.formula.parts[1]
        names = tuple(obligation.box)
        sampled, height = Sampled(body, names), Table([v], names)
        points = climbed(claim, obligation, body, LONG.climb, seed, tick)
        for _ in range(_STEPS):  # pull violations towards the equilibrium while they last
            tick()
            points = points[sampled.margin(points) <= 0]
            if not len(points):
                break
            order = np.argsort(height.at(points)[0], kind="stable")
            points = points[order][:_PULLED]
            lowest = min(lowest, _confirmed(claim, obligation, points[:1], height, lowest))
            points = np.concatenate([points, _towards(claim, obligation, points, seed)])
    return lowest


def _towards(claim: Claim, obligation: Obligation, points: Array, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    low, high = corners(obligation)
    centre = np.array([float(claim.equilibrium.get(x, 0)) for x in obligation.box])
    moving = np.array([x in claim.equilibrium for x in obligation.box])
    pull = rng.uniform(0, 0.3, (len(points), 1)) * moving
    noise = rng.normal(0, 0.01, points.shape) * (high - low)
    result: Array = np.clip(points + pull * (centre - points) + noise, low, high)
    return result


def _confirmed(
    claim: Claim, obligation: Obligation, points: Array, height: Table, lowest: float
) -> float:
    point = exact_point(obligation, points[0])
    value = float(height.at(np.array([[float(p) for p in point.values()]]))[0, 0])
    if not value < lowest:
        return lowest
    raised = replace(claim, numbers={**claim.numbers, "level": Fraction(2 * abs(value) + 1)})
    return value if refutes(raised, {**point, **_rest(claim, point)}) is not None else lowest
