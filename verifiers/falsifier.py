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
from certify.verifiers.formulas import margin
from certify.verifiers.ranges import Array
from certify.verifiers.taylor import Block

__all__ = ["attack", "falsify", "replay", "violated_level"]

_STARTS = 4096
_VERTICES = 256
_CLIMBERS = 512
_STEPS = 30
_REPLAYS = 20


def falsify(
    claim: Claim, seed: int = 0, tick: Callable[[], None] = lambda: None
) -> Counterexample | None:
    """A replayed counterexample to the conditions of ``claim``, if an attack finds one.

    ``tick`` is called often and may raise to end the attack.
    """
    for obligation in violation(claim):
        points = _attack(claim, obligation, obligation.formula, seed, tick)
        found = replay(claim, obligation, points)
        if found is not None:
            return found
    return None


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
    values = margin(obligation.formula, Block(tuple(obligation.box), points, points, 0))
    for row in np.argsort(values, kind="stable")[:_REPLAYS]:
        if values[row] > 0:
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
    lowest = np.inf
    for obligation in violation(claim):
        if not isinstance(obligation.formula, Any):  # it does not depend on the level
            continue
        body = obligation.formula.parts[1]
        names = tuple(obligation.box)
        points = _attack(claim, obligation, body, seed, tick)
        for _ in range(_STEPS):  # pull violations towards the equilibrium while they last
            tick()
            block = Block(names, points, points, 0)
            bad = margin(body, block) <= 0
            points = points[bad]
            if not len(points):
                break
            values = block.model(v).c[bad, 0]
            points = points[np.argsort(values, kind="stable")][: _STARTS // 4]
            lowest = min(lowest, _confirmed(claim, obligation, points[:1], v, lowest))
            points = np.concatenate([points, _towards(claim, obligation, points, seed)])
    return lowest


def _towards(claim: Claim, obligation: Obligation, points: Array, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    low, high = _corners(obligation)
    centre = np.array([float(claim.equilibrium.get(x, 0)) for x in obligation.box])
    moving = np.array([x in claim.equilibrium for x in obligation.box])
    pull = rng.uniform(0, 0.3, (len(points), 1)) * moving
    noise = rng.normal(0, 0.01, points.shape) * (high - low)
    result: Array = np.clip(points + pull * (centre - points) + noise, low, high)
    return result


def _confirmed(
    claim: Claim, obligation: Obligation, points: Array, v: Node, lowest: float
) -> float:
    point = exact_point(obligation, points[0])
    exact = np.array([[float(p) for p in point.values()]])
    value = float(Block(tuple(obligation.box), exact, exact, 0).model(v).c[0, 0])
    if not value < lowest:
        return lowest
    raised = replace(claim, numbers={**claim.numbers, "level": Fraction(2 * abs(value) + 1)})
    return value if refutes(raised, {**point, **_rest(claim, point)}) is not None else lowest


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
) -> Array:
    """Signed gradient steps on the part of ``formula`` that decides, from many starts."""
    names = tuple(obligation.box)
    low, high = _corners(obligation)
    points = starts(claim, obligation, seed)
    worst = margin(formula, Block(names, points, points, 0))
    rows = np.argsort(worst, kind="stable")[:_CLIMBERS]
    points, worst = points[rows], worst[rows]
    best = points
    for k in range(_STEPS):
        tick()
        slope = _gradient(formula, names, points, high - low)
        points = np.clip(points - 0.1 * 0.85**k * np.sign(slope) * (high - low), low, high)
        values = margin(formula, Block(names, points, points, 0))
        better = values < worst
        best = np.where(better[:, None], points, best)
        worst = np.where(better, values, worst)
    return best


def _gradient(formula: Formula, names: tuple[str, ...], points: Array, width: Array) -> Array:
    """The gradient of the deciding atom, in units of the box."""
    block = Block.at_points(names, points, width)
    return _deciding_slope(formula, block)[1]


def _deciding_slope(formula: Formula, block: Block) -> tuple[Array, Array]:
    if not isinstance(formula, (All, Any)):
        value = margin(formula, block)
        g = block.model(formula.node).g
        assert g is not None
        slope = np.zeros_like(block.low) if formula.relation == "defined" else g[:, :, 0].T
        return value, np.nan_to_num(slope)
    pairs = [_deciding_slope(p, block) for p in formula.parts]
    values = np.stack([v for v, _ in pairs])
    which = values.argmin(axis=0) if isinstance(formula, All) else values.argmax(axis=0)
    rows = np.arange(values.shape[1])
    return values[which, rows], np.stack([s for _, s in pairs])[which, rows]
