"""T-SAFE: obligations of barriers.

Statements and proofs: ``proofs/theory/T-SAFE-D.md`` and ``T-SAFE-C.md``.
"""

from __future__ import annotations

from fractions import Fraction

from .calculus import directional, is_continuous, substitute
from .claim import Claim
from .errors import TheoremError
from .language import variables
from .loops import bounded, closed_loop, defined, faces, nonnegative, positive, stays_inside
from .obligations import All, Any, Formula, Obligation

__all__ = ["safety"]


def safety(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-SAFE-D and T-SAFE-C."""
    h, f = claim.functions["barrier"], closed_loop(claim)
    regions = {
        kind: tuple(
            positive(e) for key, e in sorted(claim.functions.items()) if key.split("/")[0] == kind
        )
        for kind in ("initial", "unsafe")
    }
    for e in claim.functions.values():
        if set(variables([e])) - set(claim.states):
            raise TheoremError("the barrier, initial and unsafe sets depend on more than the state")
        if not is_continuous(e):
            raise TheoremError("the barrier, initial and unsafe functions must be continuous")
    states = bounded(claim, disturbed=False)
    safe, unsafe = nonnegative(-h), positive(h)
    result = [
        Obligation("initial", "the barrier is <= 0 on the initial set", states,
                   Any((*regions["initial"], safe))),
        Obligation("unsafe", "the barrier is > 0 on the unsafe set", states,
                   Any((*regions["unsafe"], unsafe))),
    ]  # fmt: skip
    if claim.time == "discrete":
        after = nonnegative(-substitute(h, f))
        body: Formula = All((*stays_inside(claim, f), after))
        text = "where the barrier is <= 0 it stays so after a step, within the domain"
        return [*result, Obligation("step", text, bounded(claim), Any((unsafe, body)))]
    if not all(is_continuous(e) for e in f.values()):
        raise TheoremError("the closed loop is not continuous")
    falling = Any((positive(-h), positive(-directional(h, f))))
    body = All((*defined(h, *f.values()), falling))
    text = "where the barrier is 0 it decreases along trajectories"
    step = Obligation("step", text, bounded(claim), Any((unsafe, body)))
    return [*result, step, *faces(claim, f, unsafe)]
