"""T-REACH-D: a target that is reached, kept or returned to, cell by cell.

From a cell that is kept, box after box, trajectories go to cells with earlier times; cells with
the time 0 are in the target.  Statement and proof: ``proofs/theory/T-REACH-D.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .claim import Claim
from .errors import Rejected, TheoremError
from .images import Steps
from .intervals import Array, Mask
from .language import Node, variables
from .loops import nonnegative, positive
from .models import Block
from .obligations import All, Any, Formula, Obligation, atoms, proved
from .paving import NEVER, Counts, Paving, cells_of, check_numbers, inner_ends, named
from .symbols import allocate

__all__ = ["Recovery", "check_recovery", "holds", "in_target", "not_initial", "recovery"]

_BATCH = 1024  # cells that are looked at together
_Rows = NDArray[np.intp]


def recovery(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-REACH-D: its proof is a paving alone."""
    for e in claim.functions.values():
        if set(variables([e])) - set(claim.states):
            raise TheoremError("the target and initial sets depend on more than the state")
    if claim.numbers.get("away", Fraction(0)) < 0:
        raise TheoremError("the steps away from the target are negative")
    return []


def check_recovery(
    claim: Claim, paving: Paving, progress: Callable[[float], None] | None = None
) -> int:
    """The number of cells that ``paving`` keeps; raises Rejected unless it proves ``claim``."""
    found = Recovery(claim, paving)
    kept = np.flatnonzero(found.cells.kept)
    check_numbers(claim, found.cells)
    others = np.flatnonzero(~found.cells.kept)
    for rows, shown, what in (
        (others, found.left_out(others), "is not kept, nor without initial states"),
        (kept, found.shown(kept, progress), "is not proved"),
    ):
        if not shown.all():
            raise Rejected(f"paving: {named(claim, found.cells, int(rows[~shown][0]))} {what}")
    return len(kept)


class Recovery:
    """The cells of ``paving`` over the domain of ``claim``, and which of them are proved."""

    def __init__(self, claim: Claim, paving: Paving) -> None:
        self.cells = cells_of(claim, paving)
        self._inside, self._states = inner_ends(claim), claim.states
        self._steps, self._away = Steps(claim), claim.numbers.get("away")
        self._target, self._outside = in_target(claim), not_initial(claim)

    def left_out(self, rows: _Rows) -> Mask:
        """Which of the cells with the numbers ``rows`` are shown to have no initial states.

        If no initial set is stated, the claim is about the cells that are kept.
        """
        if not self._outside.parts:
            return np.ones(len(rows), dtype=bool)
        return self._hold(self._outside, rows)

    def shown(self, rows: _Rows, progress: Callable[[float], None] | None = None) -> Mask:
        """Which of the cells with the numbers ``rows``, which are kept, are proved."""
        arrived = self.cells.times[rows] == 0
        result: Mask = np.ones(len(rows), dtype=bool)
        result[arrived] = self._hold(self._target, rows[arrived])
        going = np.flatnonzero(result if self._away is not None else result & ~arrived)
        for first in range(0, len(going), _BATCH):
            part = going[first : first + _BATCH]
            result[part] = self._go_on(rows[part])
            if progress is not None:
                progress(min((first + _BATCH) / len(going), 1.0))
        return result

    def _go_on(self, rows: _Rows) -> Mask:
        """Which of the cells trajectories leave, after their hops, for earlier cells."""
        hops, times = self.cells.hops[rows], self.cells.times[rows]
        again = 0 if self._away is None else min(int(self._away), NEVER) + 1
        left = np.where(times > 0, times, again) - hops
        result: Mask = np.zeros(len(rows), dtype=bool)
        for rule in range(3):
            chosen = self.cells.degree[rows] == rule
            for count in np.unique(hops[chosen & (hops > 0)]).tolist():
                part = np.flatnonzero(chosen & (hops == count))
                latest = self._latest(rows[part], rule, count)
                result[part] = (latest <= left[part]) & (latest < NEVER)
        return result

    def _latest(self, rows: _Rows, rule: int, hops: int) -> Counts:
        """The latest time of the cells that trajectories can be in after ``hops`` steps."""
        low, high = self.cells.low[:, rows], self.cells.high[:, rows]
        images, inside = self._steps.followed(low, high, hops, rule, self._inside)
        result: Counts = np.full(len(rows), -1, dtype=np.int64)
        here = inside[images.owner]
        latest = self.cells.latest(images.low[:, here], images.high[:, here])
        np.maximum.at(result, images.owner[here], latest)
        result[~inside | (result < 0)] = NEVER
        return result

    def _hold(self, formula: Formula, rows: _Rows) -> Mask:
        """On which of the cells the ``formula`` is proved."""
        result: Mask = np.zeros(len(rows), dtype=bool)
        low, high, degree = self.cells.low, self.cells.high, self.cells.degree[rows]
        for rule in range(3):
            part = np.flatnonzero(degree == rule)
            result[part] = holds(
                formula, self._states, low[:, rows[part]], high[:, rows[part]], rule
            )
        return result


def holds(formula: Formula, names: tuple[str, ...], low: Array, high: Array, degree: int) -> Mask:
    """On which of the boxes (names, k) the ``formula`` is proved."""
    result: Mask = np.zeros(low.shape[1], dtype=bool)
    roles = allocate(a.node for a in atoms(formula))
    for first in range(0, low.shape[1], _BATCH):
        part = slice(first, first + _BATCH)
        block = Block(names, low[:, part], high[:, part], degree, roles)
        result[part] = proved(formula, block)
    return result


def in_target(claim: Claim) -> All:
    """That a state is in the target."""
    return All(tuple(nonnegative(-e) for e in _set_of(claim, "target")))


def not_initial(claim: Claim) -> Any:
    """That a state is not in the initial set."""
    return Any(tuple(positive(e) for e in _set_of(claim, "initial")))


def _set_of(claim: Claim, kind: str) -> list[Node]:
    """The functions that are ``<= 0`` in a set."""
    return [e for key, e in sorted(claim.functions.items()) if key.split("/")[0] == kind]
