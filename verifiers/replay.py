"""Replaying what attacks find: the kernel confirms that a condition is false at a point."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from certify.outcome import Counterexample
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.kernel import refutes
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import Obligation, truth
from certify.proofs.checker.symbols import NO_ROLES
from certify.verifiers.points import Array, Sampled

__all__ = ["REPLAYS", "confirmed", "exact_point", "replay"]

REPLAYS = 20  # of points, the most promising ones


def replay(claim: Claim, obligation: Obligation, points: Array) -> Counterexample | None:
    """The first of the worst ``points`` at which the kernel confirms that a condition fails."""
    margins = Sampled(obligation.formula, tuple(obligation.box)).margin(points)
    for row in np.argsort(margins, kind="stable")[:REPLAYS]:
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


def confirmed(claim: Claim, obligation: Obligation, point: Mapping[str, Fraction]) -> bool:
    """Whether the kernel confirms that ``obligation`` and a condition of ``claim`` fail there."""
    if not _fails(obligation, point):  # which is quicker than to ask for all conditions
        return False
    return refutes(claim, {**point, **_rest(claim, point)}) is not None
