"""A first glance at a claim: a few samples of its level set, in less time than a search takes.

Claims that are grossly false, as first guesses of a level are, fail at some of them.
"""

from __future__ import annotations

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import Any, Atom, Obligation
from certify.verifiers.climbing import corners
from certify.verifiers.points import Array, Sampled, Table

__all__ = ["glance"]

_WAYS = 64  # directions from the equilibrium
_SHARES = np.array([0.99, 0.9, 0.6])  # of the way to the border of the level set
_POWERS = np.array([1.0, 2.0])  # with which V grows along them, about


def glance(claim: Claim, obligation: Obligation, seed: int = 0) -> Array:
    """Points (k, variables) of the box of ``obligation`` where it is false in float64.

    There are none if the obligation is not of the form ``V > level or body``, over a box around
    the equilibrium.
    """
    formula, names = obligation.formula, tuple(obligation.box)
    first = formula.parts[0] if isinstance(formula, Any) and formula.parts else None
    named = bool(claim.equilibrium) and set(claim.equilibrium) <= set(names)
    if not isinstance(first, Atom) or first.relation != ">" or not named:
        return np.zeros((0, len(names)))
    low, high = corners(obligation)
    centre = np.array([float(claim.equilibrium.get(x, "nan")) for x in names])
    states = ~np.isnan(centre)
    if not ((low[states] < centre[states]) & (centre[states] < high[states])).all():
        return np.zeros((0, len(names)))
    rng = np.random.default_rng(seed)
    ways = rng.normal(size=(_WAYS, len(low))) * (high - low)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(ways > 0, (high - centre) / ways, (low - centre) / ways)
    ends = rng.uniform(low, high, (_WAYS, len(low)))
    ends[:, states] = (centre + np.nanmin(room, axis=1, keepdims=True) * ways)[:, states]
    start = np.where(states, centre, ends)
    height = Table([first.node], names)
    lowest, highest = height.at(start[:1])[0, 0], height.at(ends)[0]
    with np.errstate(all="ignore"):
        share = np.nan_to_num(lowest / (lowest - highest))  # V may be undefined at the end
        reach = np.clip(share, 0.0, 1.0)[:, None] ** (1 / _POWERS)
    reach = (reach[:, :, None] * _SHARES).reshape(_WAYS, -1, 1)
    points = (start[:, None] + reach * (ends - start)[:, None]).reshape(-1, len(low))
    points = np.clip(points, low, high)
    margins = Sampled(formula, names).margin(points)
    order = np.argsort(margins, kind="stable")
    result: Array = points[order[: int((margins < 0).sum())]]
    return result
