"""How a search ends without a proof.  None of these is seen outside the verifiers."""

from __future__ import annotations

from certify.outcome import Counterexample

__all__ = ["BudgetSpentError", "EndingError", "RefutedError", "StuckError", "UnprovedError"]


class EndingError(Exception):
    """Base of the endings."""


class BudgetSpentError(EndingError):
    """The time or the boxes allowed are used up."""


class StuckError(EndingError):
    """A box is as small as coordinates allow and is still not closed."""


class UnprovedError(EndingError):
    """No parameters of the proof could be found; the message is advice."""


class RefutedError(EndingError):
    """A condition is false at a point that the kernel has confirmed."""

    def __init__(self, counterexample: Counterexample) -> None:
        super().__init__(counterexample.condition)
        self.counterexample = counterexample
