"""Claims that are false, each with the reason.

A reason that starts with "condition:" says which condition of the theorem fails for a claim
that happens to hold by itself; that is not to be proved either.  ``refuted`` says that a point
shows it with margin, so that the falsifier owes a counterexample; the others are false in the
limit, on a set of measure zero, or by undefinedness, and may be answered by anything but
"proved".
"""

from __future__ import annotations

from claim_builders import FalseClaim
from false_extensions import FALSE_EXTENSIONS
from false_levels import FALSE_LEVELS
from false_origins import FALSE_ORIGINS
from false_recoveries import FALSE_RECOVERIES
from false_rules import FALSE_RULES
from false_safety import FALSE_SAFETY
from false_undefined import FALSE_UNDEFINED

__all__ = ["FALSE"]

FALSE: tuple[FalseClaim, ...] = (
    *FALSE_LEVELS,
    *FALSE_ORIGINS,
    *FALSE_SAFETY,
    *FALSE_UNDEFINED,
    *FALSE_EXTENSIONS,
    *FALSE_RECOVERIES,
    *FALSE_RULES,
)
