"""The largest level: branch and bound in the order of V, one tree for every level on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from certify.proofs.checker.language import Node
from certify.verifiers.budget import Budget
from certify.verifiers.endings import UnprovedError
from certify.verifiers.growth import Raised
from certify.verifiers.search import ObligationSearch

__all__ = ["raise_level"]

# Boxes between two looks at the ceiling.  How many depends on the tree alone, so that a search
# that was killed and goes on does what it would have done.
_FIRST_RISE, _LARGEST_RISE = 256, 1 << 16


def raise_level(
    searches: Sequence[ObligationSearch],
    v: Node,
    ceiling: float,
    budget: Budget,
    refuted: Callable[[Mapping[str, Fraction]], bool],
    save: Callable[[float, float], None] = lambda _, __: None,
    highest: float = 0.0,
    tolerance: float = 1e-3,
) -> tuple[float, float]:
    """The largest level whose obligations look provable, best first in the value of V.

    Every obligation of ``searches`` has the form ``V > level or body``.  Boxes whose body is
    proved become leaves; of the others the one with the least V limits the level.  Points
    where ``refuted`` confirms that the body is false lower ``ceiling``.  Returns the level
    and the final ceiling; the open boxes are left for :func:`close`.  If no box limits the
    level the whole domain is in the set, and the level is an upper bound of V, of which
    ``highest`` is what is known so far.  ``save`` is told ceiling and highest.
    """
    floors = [_raised(s, v, ceiling, 0).floor for s in searches]
    while True:
        if not ceiling > 0:
            raise UnprovedError("V is not positive at a point where the conditions fail")
        floor = min(floors, default=np.inf)
        if floor >= (1 - tolerance) * ceiling:
            break
        which = floors.index(floor)
        search = searches[which]
        boxes = min(max(_FIRST_RISE, len(search.tree) // 2), _LARGEST_RISE)
        raised = _raised(search, v, ceiling, boxes)
        search.tree, floors[which] = raised.tree, raised.floor
        highest = max(highest, raised.highest)
        ceiling = _lowest_violation(search, raised, ceiling, refuted)
        lowest = min(floors)
        budget.tell("largest level", max(0.0, lowest / ceiling) if np.isfinite(ceiling) else 0.0)
        save(ceiling, highest)
        budget.spend(max(1, raised.boxes))
        if raised.stuck:  # a box of the smallest size limits the level
            floor = min(floors)
            break
    return (highest if np.isinf(floor) else min(floor, ceiling)), ceiling


def _raised(search: ObligationSearch, v: Node, ceiling: float, boxes: int) -> Raised:
    engine = search.level_engine(v)
    return engine.raise_level(search.low, search.high, search.tree, ceiling, boxes, search.degrees)


def _lowest_violation(
    search: ObligationSearch,
    raised: Raised,
    ceiling: float,
    refuted: Callable[[Mapping[str, Fraction]], bool],
) -> float:
    """The least V at a suspected point where the body is false, confirmed rigorously."""
    points = search.points(raised.suspects)
    for row in np.argsort(raised.values, kind="stable"):
        value = float(raised.values[row])
        if not value < (1 - 1e-4) * ceiling:
            break
        names = search.obligation.box
        if refuted({x: Fraction(float(p)) for x, p in zip(names, points[row], strict=True)}):
            return value
    return ceiling
