"""Where a decision tree was used, and what its decisions cost there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.errors import InputError
from certify.proofs.checker.cases import Range
from certify.proofs.checker.intervals import below

__all__ = ["Visits"]

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Visits:
    """Logged inputs of the tree, ``(n, inputs)``, and what each decision costs there, ``(n, k)``.

    The costs are those of the decisions to choose from, in their order; None: not known.
    """

    points: Floats
    costs: Floats | None = None

    def inside(self, box: Sequence[Range]) -> npt.NDArray[np.bool_]:
        """Which points are in ``box``, exactly."""
        found = np.ones(len(self.points), dtype=bool)
        for side, x in zip(box, self.points.T, strict=True):
            low, high = below(side.low), below(side.high)  # the largest binary64 numbers up to them
            found &= (x > low) | ((x == low) & (low == side.low) & (not side.open_low))
            found &= (x < high) | ((x == high) & ((high < side.high) or not side.open_high))
        return found

    def check(self, inputs: int, decisions: int) -> None:
        """Raise ``InputError`` unless the shapes fit and all numbers are finite."""
        if self.points.shape[1:] != (inputs,):
            raise InputError(f"a logged state needs {inputs} numbers, one for each input")
        if self.costs is None:
            return
        if self.costs.shape != (len(self.points), decisions):
            raise InputError("a logged state needs a cost for each decision")
        if not np.isfinite(self.costs).all():
            raise InputError("a logged cost is not a finite number")
