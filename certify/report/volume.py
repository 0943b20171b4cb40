"""How large a certified set is: a sampled estimate, and bounds that are proved."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from certify.expression import Node, const, topological
from certify.proofs.checker.claim import Claim, Interval
from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.models import Block
from certify.proofs.checker.symbols import allocate

from .numerics import Floats, Loop

__all__ = [
    "VolumeBounds",
    "VolumeEstimate",
    "certified_set",
    "estimate_reach",
    "estimate_volume",
    "inner_volume",
]

_BATCH = 100_000
_MISTAKE = 0.025
_WORK = 350_000
_FEWEST_BOXES = 200
_TOGETHER = 256  # boxes that are enclosed at once


@dataclass(frozen=True)
class VolumeEstimate:
    """A sampled volume with its 95 % interval; statistical, never called proved.

    ``fraction`` is the share of the domain, ``samples`` the number of independent points.
    """

    value: float
    interval: tuple[float, float]
    fraction: float
    samples: int
    kind: str = "statistical"


@dataclass(frozen=True)
class VolumeBounds:
    """Proved bounds ``lower <= volume <= upper`` from enclosures on ``boxes`` boxes."""

    lower: Fraction
    upper: Fraction
    boxes: int
    kind: str = "certified"


def certified_set(claim: Claim) -> Node | None:
    """The expression that is ``<= 0`` on the set that ``claim`` is about.

    ``V - level`` for stability and convergence, the barrier for safety; None where the claim
    has no set, or its level is still to be found.
    """
    if "barrier" in claim.functions:
        return claim.functions["barrier"]
    if "lyapunov" in claim.functions and "level" in claim.numbers:
        return claim.functions["lyapunov"] - const(claim.numbers["level"])
    return None


def estimate_volume(claim: Claim, samples: int = 1_000_000, seed: int = 0) -> VolumeEstimate | None:
    """The volume of the certified set within the domain, by uniform sampling.

    Unbiased up to float64 rounding at the boundary, with the two-sided 95 % interval of
    C. Clopper and E. Pearson (Biometrika 26, 1934), whose coverage is at least 95 % for
    every volume.  The unit is the product of the states' units.  None where the claim has no
    such set.  Points where the expression is undefined count as outside.
    """
    from certify.expression.evaluate import evaluate

    expression = certified_set(claim)
    if expression is None or samples < 1:
        return None

    def inside(points: Floats) -> NDArray[np.bool_]:
        with np.errstate(all="ignore"):
            [values] = evaluate([expression], dict(zip(claim.states, points.T, strict=True)))
        return np.asarray(values <= 0)

    return _sampled(claim, inside, samples, seed)


def estimate_reach(claim: Claim, samples: int = 50_000, seed: int = 0) -> VolumeEstimate | None:
    """The volume of the starts whose simulation comes to the certified set within the domain.

    Sampled like :func:`estimate_volume`; parameters and disturbances are in the middle.
    """
    target = certified_set(claim)
    if target is None or samples < 1:
        return None
    loop = Loop(claim)
    return _sampled(claim, lambda points: loop.attracted(points, target), samples, seed)


def _sampled(
    claim: Claim, inside: Callable[[Floats], NDArray[np.bool_]], samples: int, seed: int
) -> VolumeEstimate:
    """The volume of a set within the domain."""
    random = np.random.default_rng(seed)
    low = np.array([float(claim.box[x][0]) for x in claim.states])
    high = np.array([float(claim.box[x][1]) for x in claim.states])
    hits = 0
    for start in range(0, samples, _BATCH):
        size = min(_BATCH, samples - start)
        points = low + (high - low) * random.random((size, len(low)))
        hits += int(np.count_nonzero(inside(points)))
    whole = float(_size({x: claim.box[x] for x in claim.states}))
    lower, upper = _clopper_pearson(hits, samples)
    share = hits / samples
    return VolumeEstimate(share * whole, (lower * whole, upper * whole), share, samples)


def _clopper_pearson(hits: int, samples: int) -> tuple[float, float]:
    ctx.prec = 64
    missed = samples - hits
    lower = _quantile(hits, missed + 1, _MISTAKE)[0] if hits else 0.0
    upper = _quantile(hits + 1, missed, 1 - _MISTAKE)[1] if missed else 1.0
    return lower, upper


def _quantile(a: int, b: int, probability: float) -> tuple[float, float]:
    """Numbers below and above the quantile of the beta distribution, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if arb(middle).beta_lower(a, b, 1) < probability:
            low = middle
        else:
            high = middle
    return low, high


def inner_volume(claim: Claim, boxes: int | None = None) -> VolumeBounds | None:
    """Proved bounds of the volume of the certified set within the domain.

    A best-first bisection of the domain: boxes on which an enclosure of the checker shows
    ``V <= level`` add up to the lower bound, those with ``V > level`` are taken off the upper
    one, and the largest of the others are split next.  ``boxes`` limits the enclosures and is
    chosen, when absent, for about two seconds (a number of boxes and not a time, so that the
    answer does not depend on the machine).  None where the claim has no such set.
    """
    expression = certified_set(claim)
    if expression is None:
        return None
    budget = boxes or max(_FEWEST_BOXES, _WORK // _cost(expression))
    root = {x: claim.box[x] for x in claim.states}
    whole = _size(root)
    inside = outside = Fraction(0)
    order = count()
    pending: list[tuple[float, int, Fraction, dict[str, Interval]]] = [(-1.0, 0, whole, root)]
    spent = 0
    while pending and spent < budget:
        number = min(_TOGETHER, len(pending), budget - spent)
        taken = [heapq.heappop(pending)[2:] for _ in range(number)]
        spent += number
        for (size, box), sign in zip(taken, _signs(expression, [b for _, b in taken]), strict=True):
            if sign < 0:
                inside += size
            elif sign > 0:
                outside += size
            else:
                for half in _halves(box, root):
                    heapq.heappush(pending, (-float(size / whole), next(order), size / 2, half))
    return VolumeBounds(inside, whole - outside, spent)


def _signs(expression: Node, boxes: list[dict[str, Interval]]) -> list[int]:
    """For each box -1 where the expression is proved to be <= 0, 1 where > 0, and 0 elsewhere."""
    names = tuple(boxes[0])
    low = np.array([[below(box[x][0]) for box in boxes] for x in names])
    high = np.array([[above(box[x][1]) for box in boxes] for x in names])
    reach = Block(names, low, high, 1, allocate([expression])).range(expression)
    finite = reach.is_finite()
    signs = (finite & (reach.low > 0)).astype(int) - (finite & (reach.high <= 0)).astype(int)
    return [int(sign) for sign in signs]


def _cost(expression: Node) -> int:
    """Work of one enclosure, in operations; the entries of a matrix are cheaper."""
    return sum(
        1 + max(n.size, 1) + n.size * max((a.size for a in n.args), default=0) // 4
        for n in topological([expression])
    )


def _halves(box: dict[str, Interval], root: Mapping[str, Interval]) -> list[dict[str, Interval]]:
    """``box`` bisected where it is widest relative to ``root``."""
    name = max(box, key=lambda x: (box[x][1] - box[x][0]) / (root[x][1] - root[x][0]))
    low, high = box[name]
    middle = (low + high) / 2
    return [box | {name: (low, middle)}, box | {name: (middle, high)}]


def _size(box: Mapping[str, Interval]) -> Fraction:
    return math.prod((high - low for low, high in box.values()), start=Fraction(1))
