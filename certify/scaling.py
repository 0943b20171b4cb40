"""The box of a claim, shrunk towards its centre: for a claim about the largest box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from certify.expression import Node, const, maximum, var
from certify.proofs.checker.claim import Claim

__all__ = ["factor_at", "factor_between", "factor_of", "scaled"]


def scaled(claim: Claim, factor: Fraction) -> Claim:
    """``claim`` on the box ``c + factor (box - c)``, states only.

    The centre ``c`` is the equilibrium, or the middle of the box where there is none.
    Parameters and disturbances keep their intervals.
    """
    box = dict(claim.box)
    for x, c in _centre(claim).items():
        low, high = claim.box[x]
        box[x] = (c + factor * (low - c), c + factor * (high - c))
    return replace(claim, box=box)


def factor_at(claim: Claim) -> Node:
    """The least factor for which a point is in the box of :func:`scaled`, over the states."""
    result: Node | None = None
    for x, c in _centre(claim).items():
        for end in claim.box[x]:
            here = (var(x) - const(c)) * const(1 / (end - c))
            result = here if result is None else maximum(result, here)
    assert result is not None
    return result


def factor_of(claim: Claim, point: Mapping[str, Fraction]) -> Fraction:
    """The least factor for which ``point`` is in the box of :func:`scaled`."""
    result = Fraction(0)
    for x, c in _centre(claim).items():
        low, high = claim.box[x]
        side = high - c if point[x] > c else c - low
        result = max(result, abs(point[x] - c) / side)
    return result


def factor_between(whole: Claim, part: Claim) -> Fraction:
    """The factor by which :func:`scaled` makes ``part`` of ``whole``."""
    x = whole.states[0]
    (a, b), (low, high) = whole.box[x], part.box[x]
    return (high - low) / (b - a)


def _centre(claim: Claim) -> dict[str, Fraction]:
    return {x: claim.equilibrium.get(x, sum(claim.box[x], Fraction(0)) / 2) for x in claim.states}
