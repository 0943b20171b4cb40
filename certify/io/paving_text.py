"""Pavings of T-EXT-D as text for the kernel that is proved in Coq.

A paving is in the order of its tree: ``cut`` with an axis and where it is cut, before its lower and
its upper part, ``kept`` with a time, or ``dropped``.  It is part of what is claimed.  For its kept
cells there are hints, which only help to find the proof::

    cells paving
    names <how many errors of a cell get names>
    hops <cells> <steps that it is followed for> <degree> ...
"""

import math
from collections.abc import Iterator
from fractions import Fraction

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import Rejected
from certify.proofs.checker.extension import Extension
from certify.proofs.checker.paving import NEVER, Paving
from certify.proofs.checker.symbols import MOST_SYMBOLS

__all__ = ["hint_lines", "paving_lines", "step_bound"]


def step_bound(claim: Claim) -> int:
    """The steps of ``claim`` as a natural number, which is all that times are compared with."""
    steps = claim.numbers["steps"]
    if steps < 0:
        raise Rejected("the number of steps is negative")
    return NEVER if steps > NEVER else math.floor(steps)


def paving_lines(claim: Claim, paving: Paving) -> Iterator[str]:
    """The cuts and cells of ``paving``; raises CheckerError if it is none of the claim's box."""
    cells = Extension(claim, paving).cells
    for axis, middle, cell in cells.nodes():
        if axis >= 0:
            exact = Fraction(middle)
            yield f"cut {axis} {exact.numerator:#x} {exact.denominator:#x}"
        else:
            yield f"kept {cells.times[cell]}" if cells.times[cell] != NEVER else "dropped"


def hint_lines(claim: Claim, paving: Paving, label: str = "") -> Iterator[str]:
    """For each cell that is kept the hops and the degree, with ``label`` before the name."""
    cells = Extension(claim, paving).cells
    hops, degree = cells.hops[cells.kept].tolist(), cells.degree[cells.kept].tolist()
    if not hops:
        return
    yield f"cells {label}paving"
    yield f"names {MOST_SYMBOLS}"
    yield f"hops {len(hops)}"
    yield from (f"{h} {d}" for h, d in zip(hops, degree, strict=True))
