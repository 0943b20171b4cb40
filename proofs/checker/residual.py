"""T-RES: obligations of convergence to a residual set.

Statements and proofs: ``proofs/theory/T-RES-D.md`` and ``T-RES-C.md``.
"""

from __future__ import annotations

from fractions import Fraction

from .branches import positive_by_branches
from .calculus import substitute
from .claim import Claim
from .errors import TheoremError
from .language import const
from .loops import (
    bounded,
    closed_loop,
    defined,
    faces,
    near,
    nonnegative,
    positive,
    scales,
    stays_inside,
)
from .obligations import All, Any, Formula, Obligation
from .stability import decrease, lyapunov_and_level

__all__ = ["residual"]


def residual(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-RES-D and T-RES-C."""
    f = closed_loop(claim)
    v, level = lyapunov_and_level(claim, f)
    scales(claim)
    low = claim.numbers["residual"]
    if not 0 < low < level:
        raise TheoremError("the residual level is not between 0 and the level")
    bounds = {x: claim.numbers[f"residual/{x}"] for x in claim.states}
    if min(bounds.values()) < 0:
        raise TheoremError("a bound of the residual set is negative")
    guard, outside = positive(v - const(level)), positive(v - const(low))
    body: list[Formula] = [*defined(v, *f.values())]
    body.append(Any((positive(const(low) - v), positive_by_branches(decrease(claim, f)))))
    body.append(Any((outside, near(claim, bounds))))
    if claim.time == "discrete":
        body += stays_inside(claim, f)
        body.append(Any((outside, nonnegative(const(low) - substitute(v, f)))))
    text = "where V <= level: V decreases down to the residual level and stays below it"
    descent = Obligation("descent", text, bounded(claim), Any((guard, All(tuple(body)))))
    point = {x: (claim.equilibrium[x], claim.equilibrium[x]) for x in claim.states}
    text = "the residual set is not empty: it contains the equilibrium that was stated"
    centre = Obligation("centre", text, point, nonnegative(const(low) - v))
    return [descent, centre, *(faces(claim, f, guard) if claim.time == "continuous" else [])]
