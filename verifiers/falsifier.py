"""Looking for a point where the conditions of the theorem are false.

Attacks from many starts in float64; whatever they find is replayed rigorously by
``refutes`` of the kernel before anybody is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from certify.outcome import Counterexample, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.theorems import THEOREMS, violation
from certify.verifiers.climbing import Climb, climbed
from certify.verifiers.decay_attack import Effort, slowest
from certify.verifiers.lowest import CAREFUL, Lowest, descents, without_level
from certify.verifiers.points import Array
from certify.verifiers.replay import replay

__all__ = ["LAST", "LONG", "SHORT", "Attempt", "attack", "falsify"]

_FACE = 4  # times less, as faces have one condition each


@dataclass(frozen=True)
class Attempt:
    """How hard to look, at the conditions as they stand, at the decay, and from above the level."""

    climb: Climb
    decay: Effort
    lowest: Lowest | None


_SHORT, _LONG = Climb(1024, 64, 12), Climb(8192, 384, 24)
SHORT = Attempt(_SHORT, Effort(), None)
LAST = Attempt(_SHORT, Effort(), CAREFUL)
LONG = Attempt(_LONG, Effort(8192, 256, 60), CAREFUL)


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
        start = _coordinates(claim, obligation, near)
        points = climbed(claim, obligation, obligation.formula, climb, seed, tick, start)
        found = replay(claim, obligation, points)
        if found is None and not k and _has_decay(claim):
            points, _ = slowest(claim, seed, tick, attempt.decay, near)
            found = replay(claim, obligation, points)
        if found is None and not k and attempt.lowest is not None and "level" in claim.numbers:
            found = _from_above(claim, obligation, attempt.lowest, seed, tick)
        if found is not None:
            return found
    return None


def _coordinates(claim: Claim, obligation: Obligation, points: Array | None) -> Array | None:
    """Those coordinates of ``points`` that ``obligation`` is about."""
    if points is None:
        return None
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    return points[:, [names.index(x) for x in obligation.box]]


def _from_above(
    claim: Claim, obligation: Obligation, search: Lowest, seed: int, tick: Callable[[], None]
) -> Counterexample | None:
    """One found by lowering V where conditions fail beyond the level: a way round its border."""
    beyond = without_level(claim)
    for _, _, points in descents(beyond, claim.functions["lyapunov"], seed, tick, True, search):
        if found := replay(claim, obligation, points):
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
