"""What a proof chooses for itself: the radius at the equilibrium and the numbers left open."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from certify.expression import Node
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.kernel import refutes
from certify.proofs.checker.obligations import Any, Obligation
from certify.proofs.checker.theorems import THEOREMS, is_ray, obligations, with_radius
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint
from certify.verifiers.endings import UnprovedError
from certify.verifiers.falsifier import violated_level
from certify.verifiers.levels import raise_level
from certify.verifiers.planning import plans
from certify.verifiers.points import Array, values
from certify.verifiers.search import (
    ObligationSearch,
    closes_within,
    restore_searches,
    search_state,
)

__all__ = ["choose_radius", "largest_level", "missing_numbers", "provisional", "with_numbers"]

# what closes for a radius closes for smaller ones, and the rest of the search hardly grows
_RADII = tuple(Fraction(1, 2**k) for k in (12, 20, 28))
_BOXES_PER_RAY = (500, 20_000, 500_000)
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


def choose_radius(
    claim: Claim,
    budget: Budget,
    shown: list[ObligationSearch],
    look: Callable[[], None] = lambda: None,
    suspect: Callable[[Obligation, Array], None] = lambda _, __: None,
) -> tuple[Fraction, list[ObligationSearch]]:
    """A radius whose ray obligations close with little work, and their trees.

    ``shown`` has the searches that were tried last; ``look`` and ``suspect`` are as in
    :func:`close`.
    """
    with budget.account("derive"):
        rays = [o for o in obligations(provisional(claim), _RADII[0]) if is_ray(o)]
    searches = plans(rays, budget)
    for boxes, radius in itertools.product(_BOXES_PER_RAY, _RADII):
        searches = [s.restarted(with_radius(s.obligation, radius)) for s in searches]
        shown[:] = searches
        if closes_within(searches, budget, boxes * len(rays), look, suspect):
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
    state = checkpoint.load()
    highest = 0.0
    if "ceiling" in state:
        ceiling, highest = float(state["ceiling"]), float(state["highest"])
        wanted = [o for o in obligations(stated, radius) if _has_level(o)]
        searches = restore_searches(wanted, state)
    else:
        budget.tell("attack", 0.5)
        ceiling = violated_level(stated, v, seed, lambda: budget.spend(0))
        trial = with_numbers(stated, {"level": _typical_level(stated, v, ceiling, seed)})
        with budget.account("derive"):
            wanted = [o for o in obligations(trial, radius) if _has_level(o)]
        searches = [s.with_degrees(s.degrees) for s in plans(wanted, budget)]

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


def _typical_level(claim: Claim, v: Node, ceiling: float, seed: int) -> Fraction:
    """A level to plan the search with: a little below the ceiling, or V's median over the box."""
    if np.isfinite(ceiling) and ceiling > 0:
        return Fraction(0.9 * ceiling)
    low, high = (np.array([float(claim.box[x][k]) for x in claim.states]) for k in (0, 1))
    points = np.random.default_rng(seed).uniform(low, high, (1000, len(low)))
    middle = float(np.nanmedian(values(v, claim.states, points)))
    return Fraction(middle) if np.isfinite(middle) and middle > 0 else Fraction(1)


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
