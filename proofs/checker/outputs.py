"""T-OUT and T-RULE: what an expression is, and what a controller decides.

Statements and proofs: ``proofs/theory/T-OUT.md`` and ``T-RULE.md``.
"""

from __future__ import annotations

from fractions import Fraction

from .claim import Claim
from .decisions import open_cases, stated_rules
from .errors import TheoremError
from .language import const
from .loops import bounded, nonnegative
from .obligations import All, Formula, Obligation

__all__ = ["output", "rules"]


def output(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-OUT."""
    e = claim.functions["output"]
    bounds: list[Formula] = []
    if "lower" in claim.numbers:
        bounds.append(nonnegative(e - const(claim.numbers["lower"])))
    if "upper" in claim.numbers:
        bounds.append(nonnegative(const(claim.numbers["upper"]) - e))
    if not bounds:
        raise TheoremError("T-OUT needs the numbers lower, upper or both")
    text = "the expression is within its bounds"
    return [Obligation("output", text, bounded(claim), All(tuple(bounds)))]


def rules(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-RULE: what exact case distinction leaves open."""
    box = bounded(claim)
    return [o for rule in stated_rules(claim) for o in open_cases(rule, box, claim.controller)]
