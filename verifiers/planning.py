"""How an obligation is searched: the root's coordinates and the degrees that are tried.

Both change the size of the tree by orders of magnitude and neither changes what is proved.
The plans race on random paths (:mod:`certify.verifiers.paths`) to points of the region that has
to be split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.obligations import Any, Obligation
from certify.verifiers.budget import Budget
from certify.verifiers.coordinates import promising
from certify.verifiers.engine import engine_name
from certify.verifiers.points import Array, margin
from certify.verifiers.search import ObligationSearch

__all__ = ["Estimate", "estimate", "interesting_points", "interesting_share", "planned", "plans"]

_EASY = 1_500  # boxes: what closes with so few is not worth a plan
_FEW = 150  # boxes with the map of another obligation, or the second-best one
_DEGREES = ((0, 1), (0, 1, 2), (0, 2))  # 0 first: limits that are attained are exact there
_CHECKED = 2.0  # times dearer: to check leaves of degree 2 takes the kernel longer
_STRAIGHT = 2.0  # times dearer: paths inside a level set do not see the boxes around it
_HEATS = (6, 12, 24)  # paths for each plan, while plans are dropped
_DEEPEST = 120
_SAMPLES, _FEW_SAMPLES = 20_000, 2_000


@dataclass(frozen=True)
class Estimate:
    """What a whole tree would cost: work in operations, and nodes; ``capped`` if only more."""

    work: float
    nodes: float
    capped: bool


def plans(wanted: Sequence[Obligation], budget: Budget) -> list[ObligationSearch]:
    """A search of each obligation as :func:`planned`.

    A map is tried again on what is over the same variables: the rays to the opposite face.
    """
    maps: dict[object, Coordinates | None] = {}
    result = []
    for obligation in wanted:
        alike = tuple((x, low == high) for x, (low, high) in obligation.box.items())
        search = planned(obligation, budget, maps.get(alike))
        maps[alike] = search.coordinates
        result.append(search)
    return result


def planned(
    obligation: Obligation, budget: Budget, map_: Coordinates | None = None
) -> ObligationSearch:
    """A search of ``obligation`` in the coordinates and with the degrees that promise most.

    ``map_`` is what was best for a similar obligation, and is taken if that ends it soon.
    """
    if map_ is not None:
        search, _ = _begun(obligation, map_, _FEW, budget)
        if not search.is_open:
            return search
    started: list[ObligationSearch] = []
    for candidate in promising(obligation):
        search, suspects = _begun(obligation, candidate, _FEW if started else _EASY, budget)
        if not search.is_open or suspects:
            return search
        started.append(search)
    if engine_name() == "python":  # a race would take it longer than it saves
        return started[0]
    return _fastest(started, interesting_points(obligation, sum(_HEATS)), budget)


def _begun(
    obligation: Obligation, map_: Coordinates | None, boxes: int, budget: Budget
) -> tuple[ObligationSearch, bool]:
    """A search after some boxes, and whether it came to points where it looks false."""
    search = ObligationSearch(obligation, map_, _DEGREES[0])
    growth = search.grow(min(boxes, budget.boxes_left()))
    budget.spend(growth.boxes)
    return search, len(growth.suspects) > 0


def _fastest(
    started: Sequence[ObligationSearch], points: Array, budget: Budget
) -> ObligationSearch:
    """The winner of a race of ``started`` in all degrees, by what paths to ``points`` cost."""
    runners = [
        search if d == search.degrees else search.with_degrees(d)
        for search in started
        for d in _DEGREES
    ]
    used, costs = 0, [0.0] * len(runners)
    for heat in _HEATS:
        part = points[used : used + heat]
        for i, runner in enumerate(runners):
            work = estimate(runner, part).work * (_CHECKED if 2 in runner.degrees else 1.0)
            work *= _STRAIGHT if runner.coordinates is None else 1.0
            costs[i] = (used * costs[i] + heat * work) / (used + heat)
            budget.spend(0)  # so that the clock counts
        used += heat
        order = sorted(range(len(runners)), key=costs.__getitem__)[: max(2, len(runners) // 3)]
        runners, costs = [runners[i] for i in order], [costs[i] for i in order]
    return runners[0]


def interesting_points(obligation: Obligation, count: int) -> Array:
    """Random points of the box where the guard does not hold, or of all of it: (count, n)."""
    low, high = (np.array([float(e[k]) for e in obligation.box.values()]) for k in (0, 1))
    rng = np.random.default_rng(0)
    formula, names = obligation.formula, tuple(obligation.box)
    points = rng.uniform(low, high, (_FEW_SAMPLES, len(low)))
    if isinstance(formula, Any):
        inside = points[margin(formula.parts[0], names, points) <= 0]
        if len(inside) >= count:
            return inside[:count]
        points = np.vstack([points, rng.uniform(low, high, (_SAMPLES - len(points), len(low)))])
        for _ in range(4):  # a small region is found by shrinking towards its best sample
            held = margin(formula.parts[0], names, points)
            inside = points[held <= 0]
            if len(inside) >= count:
                return inside[:count]
            best = points[np.argsort(held)[: max(2, len(points) // 50)]]
            middle, spread = best.mean(axis=0), best.std(axis=0) + 1e-300
            points = rng.normal(middle, spread, (_SAMPLES, len(low))).clip(low, high)
    return points[:count]


def interesting_share(obligation: Obligation) -> float:
    """Which part of the box :func:`interesting_points` come from, or a little more, by samples."""
    if not isinstance(obligation.formula, Any):
        return 1.0
    low, high = (np.array([float(e[k]) for e in obligation.box.values()]) for k in (0, 1))
    points = np.random.default_rng(0).uniform(low, high, (_SAMPLES, len(low)))
    held = margin(obligation.formula.parts[0], tuple(obligation.box), points)
    return float(((held <= 0).sum() + 1) / _SAMPLES)


def estimate(search: ObligationSearch, points: Array) -> Estimate:
    """Follow ``points`` (k, n) of the obligation down the tree of ``search``."""
    there = search.inverse_points(points)
    paths = search.engine().follow(search.low, search.high, there, search.degrees, _DEEPEST)
    share = search.volume() / len(points)
    return Estimate(share * paths.work, share * paths.nodes, paths.capped)
