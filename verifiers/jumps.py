"""Attacks beside the thresholds of trees, where a box that stays open lies on a jump.

A box on a jump holds points of both sides, and is refused for the side on which a condition fails.
The points that show it are near the box, but not its centre.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certify.outcome import Counterexample
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.language import topological
from certify.proofs.checker.obligations import atoms
from certify.proofs.checker.stability import is_ray
from certify.verifiers.points import margin
from certify.verifiers.replay import replay
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import middle_of, pieces

__all__ = ["beside_jumps"]

_BOXES, _POINTS = 64, 128
_NEAREST, _FURTHEST = -12, -1  # distances as powers of ten, in units of the domain


def beside_jumps(
    claim: Claim, searches: Sequence[ObligationSearch], seed: int
) -> Counterexample | None:
    """A violation near an open box of a search whose formula has a ``select``, if one is found."""
    rng = np.random.default_rng(seed)
    for search in searches:
        formula = search.obligation.formula
        nodes = topological(a.node for a in atoms(formula))
        jumps = any(node.op == "select" for node in nodes)
        if not (jumps and search.is_open) or is_ray(search.obligation):
            continue
        found = pieces(search.tree, search.low, search.high)
        found = found[:: max(1, len(found) // _BOXES)][:_BOXES]
        centres = np.repeat([middle_of(p.low, p.high) for p in found], _POINTS, axis=0)
        distance = 10 ** rng.uniform(_NEAREST, _FURTHEST, (len(centres), 1))
        way = rng.uniform(-1, 1, centres.shape) * (search.high - search.low)
        points = search.points(np.clip(centres + distance * way, search.low, search.high))
        margins = margin(formula, tuple(search.obligation.box), points)
        worst = points[np.argsort(margins, kind="stable")]
        counterexample = replay(claim, search.obligation, worst[: int((margins < 0).sum())])
        if counterexample is not None:
            return counterexample
    return None
