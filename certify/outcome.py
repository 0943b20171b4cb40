"""What a verifier answers.  Four words never mix: proved, refuted, unknown, timed out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate

__all__ = ["Counterexample", "FoundNumber", "OpenBox", "Outcome", "Verdict"]


class Verdict(Enum):
    """The four verdicts, their exit codes and what they mean."""

    PROVED = ("proved", 0, "every obligation of the theorem holds")
    REFUTED = ("refuted", 1, "a condition of the theorem is false at a point that was replayed")
    UNKNOWN = ("unknown", 3, "neither a proof nor a counterexample was found")
    TIMED_OUT = ("timed-out", 4, "the time or the number of boxes allowed was used up")

    def __init__(self, word: str, exit_code: int, meaning: str) -> None:
        self.word = word
        self.exit_code = exit_code
        self.meaning = meaning


@dataclass(frozen=True)
class Counterexample:
    """A point of the domain where ``condition`` is false, replayed rigorously.

    It refutes the conditions of the theorem for this certificate function and level, not
    the behaviour of the loop: another function or a smaller level may still do.
    """

    point: Mapping[str, Fraction]
    condition: str


@dataclass(frozen=True)
class OpenBox:
    """A box that was not closed, for one obligation; bounds are for people (float64)."""

    obligation: str
    box: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class FoundNumber:
    """A number that the claim left open, and the largest ``value`` that was proved.

    ``name`` is level, decay or box (then ``value`` is the factor by which the domain was
    scaled).  From ``false_from`` on the conditions are known to fail, at a point that was
    replayed rigorously; in between it is open.  None: no value is known to fail.
    """

    name: str
    value: Fraction
    false_from: float | None = None


@dataclass(frozen=True)
class Outcome:
    """The answer of one verifier about one claim.

    ``claim`` is the claim decided, with the numbers that the verifier was asked to find.
    ``certificate`` exists exactly when the verdict is proved; ``counterexample`` exactly when
    it is refuted.  ``advice`` is one sentence on what would help, ``diagnosis`` says of a search
    that ended without an answer what is left and why; ``statistics`` holds at least ``boxes``,
    ``leaves``, ``seconds`` and ``cpu_seconds``.  ``found`` is what was proved of a number that
    was to be as large as possible.
    """

    verdict: Verdict
    claim: Claim
    verifier: str
    certificate: Certificate | None = None
    counterexample: Counterexample | None = None
    open_boxes: tuple[OpenBox, ...] = ()
    advice: str = ""
    diagnosis: tuple[str, ...] = ()
    statistics: Mapping[str, float] = field(default_factory=dict)
    found: FoundNumber | None = None

    def __post_init__(self) -> None:
        """Positive evidence or no verdict: a bare "proved" or "refuted" cannot be made."""
        if (self.verdict is Verdict.PROVED) != (self.certificate is not None):
            raise ValueError("proved goes with a certificate, and only proved does")
        if (self.verdict is Verdict.REFUTED) != (self.counterexample is not None):
            raise ValueError("refuted goes with a counterexample, and only refuted does")
