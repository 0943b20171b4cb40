"""How an obligation is searched: the root's coordinates and the degrees that are tried.

Both change the size of the tree by orders of magnitude and neither changes what is proved.
The plans race on random paths (:mod:`certify.verifiers.paths`) to points of the region that has
to be split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.obligations import Any, Obligation
from certify.verifiers.budget import Budget
from certify.verifiers.coordinates import promising
from certify.verifiers.engine import engine_name
from certify.verifiers.points import Array, Sampled, margin
from certify.verifiers.search import ObligationSearch

__all__ = ["Estimate", "estimate", "interesting_points", "interesting_share", "planned", "plans"]

_GLANCE = 32  # boxes along the axes as they are: no map is worth while if these are enough
_FEW = 150  # boxes with a map
_ROUNDS = (512, 512, 1024, 2048)  # boxes with the maps that promise most, in turns
_SMALL = 10_000  # nodes: trees that seem smaller are grown, as paths would cost more
_DEGREES = ((0, 1), (0, 1, 2), (0, 2))  # 0 first: limits that are attained are exact there
_CHECKED = 2.0  # times dearer: to check leaves of degree 2 takes the kernel longer
_STRAIGHT = 2.0  # times dearer: paths inside a level set do not see the boxes around it
_HEATS = (8, 8, 16)  # paths for each plan, while plans are dropped; they go eight at a time
_DEEPEST = 120
_SAMPLES, _FEW_SAMPLES = 20_000, 2_000
_SHRINKINGS = 6


@dataclass(frozen=True)
class Estimate:
    """What a whole tree would cost: work in operations, and nodes; ``capped`` if only more."""

    work: float
    nodes: float
    capped: bool


def plans(
    wanted: Sequence[Obligation], budget: Budget, look: Callable[[], None] = lambda: None
) -> list[ObligationSearch]:
    """A search of each obligation as :func:`planned`.

    A map is tried again on what is over the same variables: the rays to the opposite face.
    ``look`` is called after each and may raise to end the search.
    """
    maps: dict[object, Coordinates | None] = {}
    result = []
    for obligation in wanted:
        alike = tuple((x, low == high) for x, (low, high) in obligation.box.items())
        search = planned(obligation, budget, maps.get(alike))
        maps[alike] = search.coordinates
        result.append(search)
        look()
    return result


def planned(
    obligation: Obligation, budget: Budget, map_: Coordinates | None = None
) -> ObligationSearch:
    """A search of ``obligation`` in the coordinates and with the degrees that promise most.

    ``map_`` is what was best for a similar obligation, and is taken if that ends it soon.
    """
    straight = ObligationSearch(obligation, None, _DEGREES[0])
    if _ended(straight, _GLANCE, budget):
        return straight
    if map_ is not None:
        search = ObligationSearch(obligation, map_, _DEGREES[0])
        if _ended(search, _FEW, budget):
            return search
    started: list[ObligationSearch] = []
    for candidate in promising(obligation):
        search = straight
        if candidate is not None:
            search = ObligationSearch(obligation, candidate, _DEGREES[0])
        if _ended(search, _FEW, budget):
            return search
        started.append(search)
    if engine_name() == "python":  # a race would take it longer than it saves
        return started[0]
    return _fastest(started, interesting_points(obligation, sum(_HEATS)), budget)


def _ended(search: ObligationSearch, boxes: int, budget: Budget) -> bool:
    """Whether the tree is closed after some boxes more, or came to where it looks false."""
    growth = search.grow(min(boxes, budget.boxes_left()))
    budget.spend(growth.boxes)
    return not search.is_open or len(growth.suspects) > 0


def _fastest(
    started: Sequence[ObligationSearch], points: Array, budget: Budget
) -> ObligationSearch:
    """The best of ``started`` in all degrees, by what paths to ``points`` cost.

    Small trees are grown instead: the first that closes is the best.
    """
    first, second, third = np.split(points, np.cumsum(_HEATS)[:-1])
    maps = _heat(started, first, 2, budget)
    if min(found.nodes for _, found in maps) <= _SMALL:
        for boxes in _ROUNDS:
            for search, _ in maps:
                if _ended(search, boxes, budget):
                    return search
    runners = [
        search if d == search.degrees else search.with_degrees(d)
        for search, _ in maps
        for d in _DEGREES
    ]
    runners = [search for search, _ in _heat(runners, second, 2, budget)]
    return _heat(runners, third, 1, budget)[0][0]


def _heat(
    runners: Sequence[ObligationSearch], points: Array, kept: int, budget: Budget
) -> list[tuple[ObligationSearch, Estimate]]:
    """The ``kept`` ones that promise most, the best first, and what their trees seem to be."""
    found = []
    for runner in runners:
        size = estimate(runner, points)
        work = size.work * (_CHECKED if 2 in runner.degrees else 1.0)
        found.append((work * (_STRAIGHT if runner.coordinates is None else 1.0), runner, size))
        budget.spend(0)  # so that the clock counts
    return [(runner, size) for _, runner, size in sorted(found, key=lambda f: f[0])[:kept]]


def interesting_points(obligation: Obligation, count: int) -> Array:
    """Random points of the box where the guard does not hold, or of all of it: (count, n)."""
    low, high = (np.array([float(e[k]) for e in obligation.box.values()]) for k in (0, 1))
    rng = np.random.default_rng(0)
    formula, names = obligation.formula, tuple(obligation.box)
    size = max(_FEW_SAMPLES, 2 * count)
    points = rng.uniform(low, high, (size, len(low)))
    if isinstance(formula, Any):
        sampled = Sampled(formula.parts[0], names)
        for _ in range(_SHRINKINGS):  # a small region is found by shrinking towards its best sample
            held = sampled.margin(points)
            inside = points[held <= 0]
            if len(inside) >= count:
                return inside[:count]
            best = points[np.argsort(held)[: max(2, len(points) // 20)]]
            middle, spread = best.mean(axis=0), best.std(axis=0) + 1e-300
            points = rng.normal(middle, spread, (size, len(low))).clip(low, high)
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
