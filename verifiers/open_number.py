"""What a claim leaves open: its level, its decay or how much of its box, and between which ends.

Each is a number by which the claim becomes harder.  A level: more points have to satisfy the
conditions.  A decay: the conditions ask for more at each.  The factor of the box: more points
again; where conditions ask to stay in the box they ask for less, so that a claim may hold for
a larger factor than one for which it fails, and what is found need not be the very largest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certify.expression import Node
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.kernel import refutes
from certify.proofs.checker.models import Block
from certify.proofs.checker.symbols import allocate
from certify.scaling import factor_at, factor_between, scaled
from certify.verifiers.bracket import Bracket
from certify.verifiers.decay_attack import slowest
from certify.verifiers.endings import UnprovedError
from certify.verifiers.lowest import lowest_violation, violated_level
from certify.verifiers.parameters import provisional, with_numbers
from certify.verifiers.points import Array, values

__all__ = ["OpenNumber", "open_box", "open_decay", "open_level"]

Tick = Callable[[], None]
_CELLS = 2048  # for the largest value of V in the box
_BEYOND = 1 + 1e-9  # a decay is exceeded by this factor where it is to be confirmed as false


@dataclass(frozen=True)
class OpenNumber:
    """``name`` is what ``claim`` leaves open, ``bracket`` between which ends it is sought.

    The conditions were confirmed to be false for ``false_from``, if that is known.
    """

    name: str
    claim: Claim
    bracket: Bracket
    false_from: float | None = None

    def stated(self, value: Fraction) -> Claim:
        """The claim with ``value`` filled in."""
        if self.name == "box":
            return scaled(self.claim, value)
        return with_numbers(self.claim, {self.name: value})

    def value_of(self, claim: Claim) -> Fraction:
        """The value that was filled in, of a claim made by :meth:`stated`."""
        if self.name == "box":
            return factor_between(self.claim, claim)
        return claim.numbers[self.name]


def open_level(claim: Claim, seed: int, tick: Tick) -> OpenNumber:
    """The level: up to the least V at which the conditions fail, or the largest in the box."""
    v = claim.functions["lyapunov"]
    ceiling = violated_level(provisional(claim), v, seed, tick)
    if not ceiling > 0:
        raise UnprovedError("V is not positive at a point where the conditions fail")
    floor = claim.numbers.get("residual", Fraction(0))
    highest = _largest_value(claim, v)
    if not min(ceiling, highest) < np.inf:
        raise UnprovedError("V has no bound on the domain: state a level")
    if ceiling <= highest:
        top = Bracket(Fraction(ceiling), reachable=False, least=floor)
        return OpenNumber("level", claim, top, ceiling)
    # seven digits: above the bound, and nothing more is in the set from there on
    return OpenNumber("level", claim, Bracket(_rounded_up(highest), reachable=True, least=floor))


def open_decay(claim: Claim, seed: int, tick: Tick) -> OpenNumber:
    """The decay: up to the slowest relative decrease that an attack finds in the level set."""
    still = with_numbers(claim, {"decay": Fraction(0)})
    points, least = slowest(still, seed, tick)
    if not 0 < least < np.inf:
        raise UnprovedError(
            "no sample is in the level set"
            if least > 0
            else "V does not decrease everywhere in the level set"
        )
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    point = dict(zip(names, (Fraction(float(p)) for p in points[0]), strict=True))
    beyond = Fraction(least * _BEYOND)
    known = (claim.time == "continuous" or beyond < 1) and refutes(
        with_numbers(claim, {"decay": beyond}), point
    )
    bracket = Bracket(Fraction(least), reachable=False)
    return OpenNumber("decay", claim, bracket, float(beyond) if known else None)


def open_box(claim: Claim, seed: int, tick: Tick) -> OpenNumber:
    """The factor of the box: up to 1, or to the point nearest its centre that attacks find."""
    nearest = lowest_violation(claim, factor_at(claim), seed, tick)
    if nearest > 1:
        return OpenNumber("box", claim, Bracket(Fraction(1), reachable=True))
    return OpenNumber("box", claim, Bracket(Fraction(nearest), reachable=False), nearest)


def _largest_value(claim: Claim, v: Node) -> float:
    """A bound of ``v`` on the box from above, close to its largest value there; inf if none."""
    names, symbols = claim.states, allocate([v])
    low, high = (np.array([[float(claim.box[x][k])] for x in names]) for k in (0, 1))
    axes = np.argsort(low[:, 0] - high[:, 0], kind="stable")
    reach = np.full(1, np.inf)
    for k in range(64):
        reach = Block(names, low, high, 1, symbols).range(v).high
        sampled = np.concatenate([values(v, names, end.T) for end in (low, high)])
        best = float(np.nanmax(sampled, initial=-np.inf))
        kept = ~(reach < best)
        if 2 * kept.sum() > _CELLS:
            break
        low, high = _halved(low[:, kept], high[:, kept], int(axes[k % len(axes)]))
    return float(reach.max()) if np.isfinite(reach).all() else np.inf


def _halved(low: Array, high: Array, axis: int) -> tuple[Array, Array]:
    """Both halves of boxes with corners (n, k)."""
    upper, lower = low.copy(), high.copy()
    upper[axis] = lower[axis] = 0.5 * low[axis] + 0.5 * high[axis]
    return np.concatenate([low, upper], axis=1), np.concatenate([lower, high], axis=1)


def _rounded_up(value: float) -> Fraction:
    exact = Fraction(f"{value:.5e}")
    return exact if exact >= Fraction(value) else Fraction(f"{value * (1 + 1e-5):.5e}")
