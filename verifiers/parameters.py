"""What a proof chooses for itself: the radius at the equilibrium and the numbers left open."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.kernel import refutes
from certify.proofs.checker.obligations import Any, Obligation
from certify.proofs.checker.theorems import THEOREMS, is_ray, obligations, with_radius
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint
from certify.verifiers.endings import UnprovedError
from certify.verifiers.falsifier import violated_level
from certify.verifiers.search import (
    ObligationSearch,
    closes_within,
    raise_level,
    restore_searches,
    search_state,
)

__all__ = ["choose_radius", "largest_level", "missing_numbers", "provisional", "with_numbers"]

_RADII = tuple(Fraction(1, 2**k) for k in (2, 4, 6, 8, 10, 13, 16, 20, 24))
_BOXES_PER_RADIUS = (1_000, 30_000)  # large radii are tried cheaply before small ones
_ABOVE_EVERYTHING = Fraction(10) ** 300


def missing_numbers(claim: Claim) -> set[str]:
    """The numbers of its theorem that ``claim`` leaves open."""
    theorem = THEOREMS[claim.theorem]
    if theorem.time == "any":
        return set()
    bounds = {f"residual/{x}" for x in claim.states if "residual" in theorem.numbers}
    return set(theorem.numbers | bounds) - set(claim.numbers)


def with_numbers(claim: Claim, numbers: Mapping[str, Fraction]) -> Claim:
    """``claim`` with ``numbers`` filled in."""
    return replace(claim, numbers={**claim.numbers, **numbers})


def provisional(claim: Claim) -> Claim:
    """``claim`` with some level where it has none yet, to derive obligations from."""
    if "level" not in missing_numbers(claim):
        return claim
    return with_numbers(claim, {"level": claim.numbers.get("residual", Fraction(1)) + 1})


def choose_radius(claim: Claim, budget: Budget) -> tuple[Fraction, list[ObligationSearch]]:
    """The largest radius whose ray obligations close with little work, and their trees."""
    rays = [o for o in obligations(provisional(claim), _RADII[0]) if is_ray(o)]
    for boxes, radius in itertools.product(_BOXES_PER_RADIUS, _RADII):
        searches = [ObligationSearch(with_radius(o, radius)) for o in rays]
        if closes_within(searches, budget, boxes):
            return radius, searches
    raise UnprovedError(
        "the conditions could not be shown arbitrarily close to the equilibrium: they may be "
        "false there (try a smaller decay), or V or its decrease vanish to an order other "
        "than 1 or 2"
    )


def largest_level(
    claim: Claim, radius: Fraction | None, budget: Budget, checkpoint: Checkpoint, seed: int
) -> tuple[Fraction, list[ObligationSearch]]:
    """The largest level that looks provable, and the trees grown on the way to it."""
    stated = provisional(claim)
    v = claim.functions["lyapunov"]
    searches = [ObligationSearch(o) for o in obligations(stated, radius) if _has_level(o)]
    state = checkpoint.load()
    highest = 0.0
    if "ceiling" in state:
        ceiling, highest = float(state["ceiling"]), float(state["highest"])
        restore_searches(searches, state)
    else:
        budget.tell("attack", 0.5)
        ceiling = violated_level(stated, v, seed, lambda: budget.spend(0))
        for search in searches:
            search.open.key[:] = -np.inf

    def is_false(point: Mapping[str, Fraction]) -> bool:
        """Whether the conditions fail at ``point``, whatever the level."""
        return refutes(with_numbers(stated, {"level": _ABOVE_EVERYTHING}), point) is not None

    def save(limit: float, top: float) -> None:
        bounds = {"ceiling": np.array(limit), "highest": np.array(top)}
        checkpoint.offer(lambda: {**bounds, **search_state(searches)})

    found, ceiling = raise_level(searches, v, ceiling, budget, is_false, save, highest)
    level = _rounded(found, up=np.isinf(ceiling))
    floor = claim.numbers.get("residual", Fraction(0))
    if level <= floor:
        raise UnprovedError(f"the conditions hold on no level set above {float(floor):g}")
    return level, searches


def _has_level(obligation: Obligation) -> bool:
    """Whether the obligation is of the form ``V > level or body``."""
    return isinstance(obligation.formula, Any) and not is_ray(obligation)


def _rounded(level: float, *, up: bool) -> Fraction:
    """``level`` to six digits: not below it, or below it by at least 1e-5 of it."""
    if not level > 0:
        return Fraction(0)
    exact, unit = Fraction(f"{level:.5e}"), Fraction(10) ** (int(np.floor(np.log10(level))) - 5)
    if up:
        return exact if exact >= Fraction(level) else exact + unit
    return exact if exact <= Fraction(level) * Fraction(99999, 100000) else exact - unit
