"""What a proof chooses for itself: the radius at the equilibrium and the numbers left open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.stability import is_ray, with_radius
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.budget import Budget
from certify.verifiers.derived import derived
from certify.verifiers.endings import UnprovedError
from certify.verifiers.planning import plans
from certify.verifiers.points import Array
from certify.verifiers.search import ObligationSearch, closes_within

__all__ = ["choose_radius", "missing_numbers", "provisional", "with_numbers"]

# what closes for a radius closes for smaller ones, and the rest of the search hardly grows
_RADII = tuple(Fraction(1, 2**k) for k in (12, 20, 28))
_BOXES_PER_RAY = (500, 20_000, 500_000)


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
    :func:`close`, and ``look`` is called between plans.
    """
    with budget.account("derive"):
        rays = [o for o in derived(provisional(claim), _RADII[0]) if is_ray(o)]
    for attempt, boxes in enumerate(_BOXES_PER_RAY):
        if attempt < 2:  # most close with any map, if the radius is small enough
            searches = plans(rays, budget, look, compared=attempt > 0)
        for radius in _RADII:
            searches = [s.restarted(with_radius(s.obligation, radius)) for s in searches]
            shown[:] = searches
            if closes_within(searches, budget, boxes * len(rays), look, suspect):
                return radius, searches
    raise UnprovedError(
        "the conditions could not be shown arbitrarily close to the equilibrium: they may be "
        "false there (try a smaller decay), or V or its decrease vanish to an order other "
        "than 1 or 2"
    )
