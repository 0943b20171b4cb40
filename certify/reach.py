"""Whether a given state reaches a certified core: a simulation with all errors accounted for.

What a certificate says of a level set is extended to a state outside of it, in any dimension: the
state is followed step by step in rigorous arithmetic, some milliseconds each.  Proof: the part of
``proofs/theory/T-EXT-D.md`` about one cell, with one step at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from certify.errors import InputError
from certify.proofs.checker.claim import Interval
from certify.proofs.checker.extension import Orbit, in_core
from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.kernel import Accepted
from certify.proofs.checker.language import Number
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import proved
from certify.proofs.checker.symbols import allocate

__all__ = ["reaches_core"]

_THEOREMS = ("T-STAB-D", "T-EXT-D")
_DEGREE = 1


def reaches_core(
    accepted: Accepted, state: Mapping[str, Number | Interval], steps: int = 1000
) -> int | None:
    """After how many steps, at most ``steps``, it is proved that ``state`` is in the core.

    The core is ``{V <= level}`` of the certificate that was ``accepted``
    (:func:`certify.check`); ``state`` has a number, or bounds between which it lies, for each
    state of the loop, in its unit.  A number says that every trajectory from there, for all
    parameters and disturbances, stays in the domain, is in the core by then and converges to the
    equilibrium.  None says that this was not proved, and nothing else.  The cost grows with the
    number of steps, not with the dimension to a power.

    Raises ``InputError`` for a certificate that is about another property, and for names or bounds
    that are not those of a state.
    """
    claim = accepted.certificate.claim
    if claim.theorem not in _THEOREMS:
        raise InputError(f"{claim.theorem} has no core to reach: it takes {' or '.join(_THEOREMS)}")
    if set(state) != set(claim.states):
        raise InputError(f"a state has exactly the names {', '.join(claim.states)}")
    ends = [_bounds(x, state[x]) for x in claim.states]
    if not all(claim.box[x][0] <= a and b <= claim.box[x][1]
               for x, (a, b) in zip(claim.states, ends, strict=True)):  # fmt: skip
        return None
    low, high = np.array([[below(a)] for a, _ in ends]), np.array([[above(b)] for _, b in ends])
    least = np.array([[above(claim.box[x][0])] for x in claim.states])
    most = np.array([[below(claim.box[x][1])] for x in claim.states])
    orbit, core = Orbit(claim), in_core(claim)
    images = list(orbit.after(1).values())
    roles, core_roles = allocate(images), allocate([core.node])
    for step in range(steps + 1):
        if proved(core, Block(claim.states, low, high, _DEGREE, core_roles))[0]:
            return step
        block = Block(orbit.names(1), *orbit.box(low, high, 1), _DEGREE, roles)
        reach = [block.range(e) for e in images]
        low, high = np.array([r.low for r in reach]), np.array([r.high for r in reach])
        # ends that are not numbers are within nothing
        if not bool(np.all((least <= low) & (low <= high) & (high <= most))):
            return None
    return None


def _bounds(name: str, given: Number | Interval) -> tuple[Fraction, Fraction]:
    """The exact ends of what is given for the state ``name``."""
    try:
        low, high = given if isinstance(given, tuple) else (given, given)
        ends = Fraction(low), Fraction(high)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name} is not a number, or two of them: {given!r}") from error
    if ends[0] > ends[1]:
        raise InputError(f"the bounds of {name} are reversed")
    return ends
