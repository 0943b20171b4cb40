"""Looking for a point where the conditions of the theorem are false.

Attacks from many starts in float64; whatever they find is replayed rigorously by
``refutes`` of the kernel before anybody is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from certify.expression import Node
from certify.outcome import Counterexample, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.kernel import refutes
from certify.proofs.checker.obligations import All, Any, Formula, Obligation
from certify.proofs.checker.theorems import THEOREMS, violation
from certify.verifiers.decay_attack import slowest
from certify.verifiers.descent import descended
from certify.verifiers.points import Array, deciding_slope, margin, values

__all__ = ["attack", "falsify", "lowest_violation", "replay", "violated_level"]

_STARTS = 4096
_VERTICES = 256
_CLIMBERS = 256
_STEPS, _FEW_STEPS = 24, 8
_REPLAYS = 20
_ABOVE_EVERYTHING = Fraction(10) ** 300
_LOWEST = 1024  # violations to descend from


def falsify(
    claim: Claim, seed: int = 0, tick: Callable[[], None] = lambda: None
) -> Counterexample | None:
    """A replayed counterexample to the conditions of ``claim``, if an attack finds one.

    ``tick`` is called often and may raise to end the attack.
    """
    for k, obligation in enumerate(violation(claim)):
        # faces, which come after, have one condition each and need no long climb
        steps = _FEW_STEPS if k else _STEPS
        points = _attack(claim, obligation, obligation.formula, seed, tick, steps)
        found = replay(claim, obligation, points)
        if found is not None:
            return found
    return _too_slow(claim, seed, tick)


def _too_slow(claim: Claim, seed: int, tick: Callable[[], None]) -> Counterexample | None:
    """A point of the level set where V does not fall as fast as claimed."""
    if not {"level", "decay"} <= set(claim.numbers) or "residual" in claim.numbers:
        return None
    points, _ = slowest(claim, seed, tick)
    found = (replay(claim, o, points) for o in violation(claim) if len(o.box) == points.shape[1])
    return next((counterexample for counterexample in found if counterexample), None)


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
    margins = margin(obligation.formula, tuple(obligation.box), points)
    for row in np.argsort(margins, kind="stable")[:_REPLAYS]:
        if margins[row] > 0:
            break
        point = exact_point(obligation, points[row])
        condition = refutes(claim, {**point, **_rest(claim, point)})
        if condition is not None:
            return Counterexample(point, condition)
    return None


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
            [_attack(claim, obligation, formula, seed, tick), starts(claim, obligation, seed)]
        )
        points = points[margin(formula, names, points) <= 0]
        points = points[np.argsort(values(height, names, points), kind="stable")[:_LOWEST]]
        centre = np.array([float(claim.equilibrium.get(x, "nan")) for x in names])
        for part in _conditions(formula):
            down = descended(part, height, names, points, _corners(obligation), centre, seed, tick)
            for point in down[:_REPLAYS]:
                lowest = min(lowest, _confirmed(claim, obligation, point, height, lowest))
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
    claim: Claim, obligation: Obligation, near: Array, height: Node, lowest: float
) -> float:
    point = exact_point(obligation, near)
    exact = np.array([[float(p) for p in point.values()]])
    value = float(values(height, tuple(obligation.box), exact)[0])
    if not value < lowest:
        return lowest
    return value if refutes(claim, {**point, **_rest(claim, point)}) is not None else lowest


def starts(claim: Claim, obligation: Obligation, seed: int) -> Array:
    """Uniform points, vertices, and points at log-uniform distances from the equilibrium."""
    rng = np.random.default_rng(seed)
    low, high = _corners(obligation)
    points = rng.uniform(low, high, (_STARTS, len(low)))
    points[:_VERTICES] = np.where(rng.random((_VERTICES, len(low))) < 0.5, low, high)
    centre = np.array([float(claim.equilibrium.get(x, 0)) for x in obligation.box])
    moving = np.array([x in claim.equilibrium for x in obligation.box])
    if moving.any():
        shrink = 10 ** rng.uniform(-8, 0, (_STARTS, 1))
        near = np.where(moving, centre + shrink * (points - centre), points)
        points = np.concatenate([points, np.clip(near, low, high)])
    return points


def _corners(obligation: Obligation) -> tuple[Array, Array]:
    bounds = np.array([[float(a), float(b)] for a, b in obligation.box.values()])
    return bounds[:, 0], bounds[:, 1]


def _attack(
    claim: Claim,
    obligation: Obligation,
    formula: Formula,
    seed: int,
    tick: Callable[[], None] = lambda: None,
    steps: int = _STEPS,
) -> Array:
    """Signed gradient steps on the part of ``formula`` that decides, from many starts."""
    names = tuple(obligation.box)
    low, high = _corners(obligation)
    points = starts(claim, obligation, seed)
    worst = margin(formula, names, points)
    rows = np.argsort(worst, kind="stable")[:_CLIMBERS]
    points, worst = points[rows], worst[rows]
    best = points
    for k in range(steps):
        tick()
        slope = deciding_slope(formula, names, points, high - low)
        points = np.clip(points - 0.1 * 0.85**k * np.sign(slope) * (high - low), low, high)
        here = margin(formula, names, points)
        better = here < worst
        best = np.where(better[:, None], points, best)
        worst = np.where(better, here, worst)
    return best
