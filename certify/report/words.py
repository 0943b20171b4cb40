"""Claims and verdicts in sentences.  Numbers are rounded so that each sentence stays true."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Literal

from certify.expression.printer import number_to_text
from certify.outcome import FoundNumber, Outcome, Verdict
from certify.proofs.checker.claim import Claim

__all__ = [
    "TRUSTED",
    "clean",
    "found_text",
    "headline",
    "property_of",
    "rounded",
    "set_size",
    "with_unit",
]

_DIGITS = 6
_SHORT = 10
_LONGEST_LABEL = 200

_PROPERTIES: Mapping[str, str] = {
    "T-STAB": "stability with region of attraction",
    "T-EXT": "stability with an extended region of attraction",
    "T-RES": "convergence to a residual set",
    "T-SAFE": "safety",
    "T-REACH": "recovery of a target",
    "T-OUT": "output bounds",
    "T-RULE": "rules about decisions",
}

TRUSTED = (
    "What has to be trusted: the written proof of the theorem, the checker (its own Python "
    "source, the standard library, the basic operations of numpy and the ball arithmetic of "
    "python-flint), the Python interpreter and the computer. The search that found the proof "
    "and any training do not have to be trusted: the checker derives every obligation from the "
    "claim and evaluates every leaf again, with all rounding errors accounted for. A report "
    "only shows what the certificate says."
)


def clean(text: str, limit: int = _LONGEST_LABEL) -> str:
    """A label from a file, cut and without characters that could steer a terminal."""
    shown = "".join(c if c.isprintable() else " " for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + " ..."


def rounded(value: Fraction, towards: Literal["up", "down"]) -> str:
    """``value`` exactly where it is short, else to six digits in the direction given."""
    exact = number_to_text(value)
    if len(exact) <= _SHORT and not exact.startswith("~") and "/" not in exact:
        return exact
    mode = ROUND_CEILING if towards == "up" else ROUND_FLOOR
    context = Context(prec=_DIGITS, rounding=mode, traps=[], Emax=10**6, Emin=-(10**6))
    quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{quotient.normalize(context):g}".replace("e+", "e")


def with_unit(text: str, unit: str) -> str:
    """``text`` followed by ``unit``, if there is one."""
    return f"{text} {clean(unit, 24)}" if unit else text


def property_of(claim: Claim) -> str:
    """The property in a few words."""
    head = claim.theorem.rsplit("-", 1)[0] if claim.theorem.count("-") > 1 else claim.theorem
    return _PROPERTIES.get(head, claim.theorem)


def set_size(claim: Claim) -> dict[str, str]:
    """For each state the proved bound of its distance from the equilibrium, residual sets."""
    return {
        x: with_unit(rounded(claim.numbers[f"residual/{x}"], "up"), claim.units.get(x, ""))
        for x in claim.states
        if f"residual/{x}" in claim.numbers
    }


def found_text(found: FoundNumber) -> str:
    """What is known of a number that was to be as large as possible."""
    what = {"box": "factor of the domain"}.get(found.name, found.name)
    text = f"{rounded(found.value, 'down')} is the largest {what} that was proved"
    if found.false_from is None:
        whole = found.name == "box" and found.value == 1
        return text + (", the whole of it" if whole else "; none is known to fail")
    limit = rounded(Fraction(found.false_from), "up")
    return f"{text}; the conditions are known to fail " + (
        f"at {limit}" if found.name == "box" else f"from {limit} on"
    )


def headline(outcome: Outcome, *, rechecked: bool) -> tuple[str, str]:
    """The verdict with its evidence grade, and what that grade means."""
    if outcome.verdict is Verdict.PROVED and outcome.certificate is not None:
        if outcome.certificate.evidence != "kernel":
            return "Solver's word, not re-checkable", (
                f"The solver {clean(outcome.verifier)} says that the claim holds. It leaves "
                "nothing that the checker could evaluate again, so this is not called proved."
            )
        if rechecked:
            return "Proved and re-checked", (
                "The checker derived every obligation from the claim and evaluated all of the "
                "proof again, in rigorous arithmetic and with no tolerance."
            )
        return "Proof found, not re-checked yet", (
            "The certificate holds a proof of every obligation. Nothing has evaluated "
            "them again for this report: run the check below before relying on it."
        )
    return {
        Verdict.REFUTED: ("Refuted", "A counterexample was found and replayed rigorously."),
        Verdict.TIMED_OUT: ("Timed out", "The time or the number of boxes allowed was used up."),
    }.get(outcome.verdict, ("Unknown", "Neither a proof nor a counterexample was found."))
