"""Pavings of T-EXT-D and T-REACH-D as text for the kernel that is proved in Coq.

A paving is in the order of its tree: ``cut`` with an axis and where it is cut, before its lower and
its upper part, ``kept`` with a time, or ``dropped``.  It is part of what is claimed.  There are
hints for cells that are kept, or for all if it is claimed that the others have no initial states,
which only help to find the proof::

    cells paving
    names <how many errors of a cell get names>
    hops <cells> <steps that it is followed for> <degree> ...
"""

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import Rejected
from certify.proofs.checker.paving import NEVER, Paving, cells_of
from certify.proofs.checker.symbols import MOST_SYMBOLS

__all__ = ["away_steps", "cells_shown", "hint_lines", "paving_lines", "step_bound"]


def step_bound(claim: Claim) -> int:
    """The steps of ``claim`` as a natural number, which is all that times are compared with."""
    steps = claim.numbers["steps"]
    if steps < 0:
        raise Rejected("the number of steps is negative")
    return NEVER if steps > NEVER else math.floor(steps)


def away_steps(claim: Claim) -> int | None:
    """The steps out of the target as a natural number; None if they are not stated."""
    steps = claim.numbers.get("away")
    if steps is None:
        return None
    if steps < 0:
        raise Rejected("the number of steps away from the target is negative")
    return NEVER if steps > NEVER else math.floor(steps)


def cells_shown(claim: Claim, paving: Paving) -> int:
    """How many cells are shown: those that are kept, or all if there is an initial set."""
    return len(paving.hops) if _has_initial_set(claim) else paving.number_kept()


def _has_initial_set(claim: Claim) -> bool:
    found = any(key.split("/")[0] == "initial" for key in claim.functions)
    return found and claim.theorem == "T-REACH-D"


def paving_lines(claim: Claim, paving: Paving) -> Iterator[str]:
    """The cuts and cells of ``paving``; raises CheckerError if it is none of the claim's box."""
    cells = cells_of(claim, paving)
    for axis, middle, cell in cells.nodes():
        if axis >= 0:
            exact = Fraction(middle)
            yield f"cut {axis} {exact.numerator:#x} {exact.denominator:#x}"
        else:
            yield f"kept {cells.times[cell]}" if cells.times[cell] != NEVER else "dropped"


def hint_lines(claim: Claim, paving: Paving, label: str = "") -> Iterator[str]:
    """For each cell that is shown the hops and the degree, with ``label`` before the name."""
    cells = cells_of(claim, paving)
    order = np.flatnonzero(cells.kept | _has_initial_set(claim))
    if not len(order):
        return
    yield f"cells {label}paving"
    yield f"names {MOST_SYMBOLS}"
    yield f"hops {len(order)}"
    hints = zip(cells.hops[order].tolist(), cells.degree[order].tolist(), strict=True)
    yield from (f"{h} {d}" for h, d in hints)
