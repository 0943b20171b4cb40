"""How an obligation is searched: the root's coordinates, degrees, and how many errors get symbols.

They change the size of the tree by orders of magnitude and not what is proved.
The plans race on random paths (:mod:`certify.verifiers.paths`) to points of the region that has
to be split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng  # here, where it counts as starting up: numpy delays it

from certify.expression import Node
from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.obligations import Any, Obligation, atoms
from certify.proofs.checker.symbols import without_sums
from certify.verifiers.budget import Budget
from certify.verifiers.coordinates import promising
from certify.verifiers.engine import engine_name
from certify.verifiers.points import Array, Sampled, margin
from certify.verifiers.search import ObligationSearch
from certify.verifiers.similar import Similar
from certify.verifiers.trees import OPEN

__all__ = ["Estimate", "estimate", "interesting_points", "interesting_share", "planned", "plans"]

_GLANCE = 32  # boxes along the axes as they are: no map is worth while if these are enough
_FEW = 150  # boxes with a map
_TURN, _TURNS = 4096, (1, 3, 12)  # boxes with the first map, looking in between what is left
_LARGE = 50_000  # boxes that seem to be left: plans are compared, which costs a tenth of that
_DEGREES = ((0, 1), (0, 1, 2), (0, 2))  # 0 first: limits that are attained are exact there
_FEW_SYMBOLS = 16  # of all plans at first, and in most cases the best number
_SYMBOLS = (_FEW_SYMBOLS, None, 32, 48)
_OTHER = 1.25  # times dearer: paths are few, and symbols slow the kernel down, too
_SQUARED = 1.6  # times dearer: plans of degree 2 turn out longer, in the search and in the kernel
_STRAIGHT = 1.3  # times dearer per variable: paths inside a level set miss the boxes around it
_HEATS = (16, 16, 32)  # paths for each plan, while plans are dropped; they go eight at a time
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
    wanted: Sequence[Obligation], budget: Budget, look: Callable[[], None] = lambda: None,
    *, compared: bool = True,
) -> list[ObligationSearch]:  # fmt: skip
    """A search of each obligation as :func:`planned`.

    A map is tried again on what is similar.
    ``look`` is called after each and may raise to end the search.
    """
    similar, result = Similar(), []
    for obligation in wanted:
        search = planned(obligation, budget, similar, compared=compared)
        similar.add(search)
        result.append(search)
        look()
    return result


def planned(
    obligation: Obligation, budget: Budget, similar: Similar | None = None, *,
    compared: bool = True,
) -> ObligationSearch:  # fmt: skip
    """A search of ``obligation`` in the coordinates and with the degrees that promise most.

    A map of what is ``similar`` is taken if that ends it soon.  Unless plans are to be
    ``compared`` the first map is taken that promises anything.
    """
    straight = ObligationSearch(obligation, None, _DEGREES[0], _FEW_SYMBOLS)
    for map_ in similar.maps(obligation) if similar else (None,):
        search = _search(map_, straight)
        left = _left(search, _FEW if map_ else _GLANCE, budget)
        if not left:
            return search
    maps = promising(obligation)
    first = _search(next(maps), straight)
    if not _left(first, _FEW, budget):
        return first
    if not compared or engine_name() == "python":  # which a race takes longer than it saves
        return first
    if not _seems_large(first, budget):
        return first
    points = interesting_points(obligation, sum(_HEATS))
    first, straight = _numbered(first, straight, points, budget)
    started = [first, *(_search(other, straight) for other in maps)]
    return _fastest(started, points, budget)


def _search(map_: Coordinates | None, straight: ObligationSearch) -> ObligationSearch:
    """The search in the coordinates ``map_``, which is ``straight`` if there are none."""
    if map_ is None:
        return straight
    return ObligationSearch(straight.obligation, map_, straight.degrees, straight.symbols)


def _left(search: ObligationSearch, boxes: int, budget: Budget) -> float:
    """How many boxes seem to be left after some more, as the volume that they closed says.

    0 if the tree is closed, or came to where it looks false.
    """
    closed = _closed(search, boxes, budget)
    grown = len(search.tree) - search.tree.count(OPEN)
    return grown * (1 - closed) / max(closed, 1e-300)


def _closed(search: ObligationSearch, boxes: int, budget: Budget) -> float:
    """The part of the volume that is closed after some boxes more, 1 only at an end."""
    growth = search.grow(min(boxes, budget.boxes_left()))
    budget.spend(growth.boxes)
    ended = not search.is_open or len(growth.suspects)
    return 1.0 if ended else min(growth.closed, 1 - 2**-53)


def _seems_large(search: ObligationSearch, budget: Budget) -> bool:
    """Whether so much seems to be left after a while that other plans are worth a look.

    The first map is the best one most of the time, and its tree is closed before the others
    have been compared.
    """
    before = 0.0
    for turns in _TURNS:
        for _ in range(turns):
            now = _closed(search, _TURN, budget)
            if now == 1:
                return False
        if turns * _TURN * (1 - now) > _LARGE * (now - before):  # at the pace since the last look
            return True
        before = now
    return False


def _numbered(
    first: ObligationSearch, straight: ObligationSearch, points: Array, budget: Budget
) -> tuple[ObligationSearch, ObligationSearch]:
    """Both with the number of symbols that promises most for ``first``."""
    nodes = [a.node for a in atoms(first.obligation.formula)]
    numbers: dict[frozenset[Node], int | None] = {}
    for number in _SYMBOLS:  # large ones are the same for many formulas
        numbers.setdefault(frozenset(without_sums(nodes, number).symbols), number)
    runners = [first if k == first.symbols else first.with_symbols(k) for k in numbers.values()]
    best = _heat(runners, points[: 2 * _HEATS[0]], 1, budget, first)[0]
    return best, straight if best is first else straight.with_symbols(best.symbols)


def _fastest(
    started: Sequence[ObligationSearch], points: Array, budget: Budget
) -> ObligationSearch:
    """The best of ``started`` in all degrees, by what paths to ``points`` cost."""
    first, second, third = np.split(points, np.cumsum(_HEATS)[:-1])
    runners = [
        search if d == search.degrees else search.with_degrees(d)
        for search in _heat(started, first, 2, budget)
        for d in _DEGREES
    ]
    return _heat(_heat(runners, second, 2, budget), third, 1, budget)[0]


def _heat(
    runners: Sequence[ObligationSearch], points: Array, kept: int, budget: Budget,
    favourite: ObligationSearch | None = None,
) -> list[ObligationSearch]:  # fmt: skip
    """The ``kept`` ones that promise most, best first; a favourite unless another is far better."""
    found = []
    for runner in runners:
        work = estimate(runner, points).work * (_SQUARED if 2 in runner.degrees else 1.0)
        if runner.coordinates is None:
            work *= _STRAIGHT ** int((runner.high > runner.low).sum())
        if favourite is not None and runner is not favourite:
            work *= _OTHER
        found.append((work, runner))
        budget.spend(0)  # so that the clock counts
    return [runner for _, runner in sorted(found, key=lambda f: f[0])[:kept]]


def interesting_points(obligation: Obligation, count: int) -> Array:
    """Random points of the box where the guard does not hold, or of all of it: (count, n)."""
    low, high = (np.array([float(e[k]) for e in obligation.box.values()]) for k in (0, 1))
    rng = default_rng(0)
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
    points = default_rng(0).uniform(low, high, (_SAMPLES, len(low)))
    held = margin(obligation.formula.parts[0], tuple(obligation.box), points)
    return float(((held <= 0).sum() + 1) / _SAMPLES)


def estimate(search: ObligationSearch, points: Array) -> Estimate:
    """Follow ``points`` (k, n) of the obligation down the tree of ``search``."""
    there = search.inverse_points(points)
    paths = search.engine().follow(search.low, search.high, there, search.degrees, _DEEPEST)
    share = search.volume() / len(points)
    return Estimate(share * paths.work, share * paths.nodes, paths.capped)
