"""Claims and verdicts in sentences.  Numbers are rounded so that each sentence stays true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Literal

from certify.expression.printer import number_to_text
from certify.outcome import FoundNumber, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.theorems import THEOREMS

__all__ = [
    "TRUSTED",
    "clean",
    "found_text",
    "headline",
    "lead",
    "property_of",
    "rounded",
    "set_size",
    "statement",
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


def statement(claim: Claim) -> str:
    """What the theorem of ``claim`` says about this loop, in words."""
    head = claim.theorem.rsplit("-", 1)[0] if claim.theorem.count("-") > 1 else claim.theorem
    write = _STATEMENTS.get(head, _conclusion)
    return write(claim) + _robustness(claim)


def _conclusion(claim: Claim) -> str:
    theorem = THEOREMS.get(claim.theorem)
    words = theorem.conclusion if theorem else f"the conclusion of {clean(claim.theorem)} holds"
    return f"For {_name(claim)}: {words}."


def _name(claim: Claim) -> str:
    return f"`{clean(claim.name)}`"


def _level(claim: Claim) -> str:
    level = claim.numbers.get("level")
    return "V <= level (to be found)" if level is None else f"V <= {rounded(level, 'down')}"


def _decay(claim: Claim) -> str:
    decay = claim.numbers.get("decay")
    if decay is None:
        return "V decreases along it at a rate that is to be found"
    if decay == 0:
        return "V strictly decreases along it until the equilibrium is reached"
    if claim.time == "discrete":
        return f"V shrinks by at least {rounded(100 * decay, 'down')} % a step"
    return f"V decreases at least at the rate dV/dt <= -{rounded(decay, 'down')} V"


def _stable(claim: Claim) -> str:
    return (
        f"Every trajectory of {_name(claim)} that starts in the domain with {_level(claim)} "
        f"stays there, {_decay(claim)}, and it converges to the equilibrium. The equilibrium "
        "is stable, and no neighbourhood of it is left out."
    )


def _extended(claim: Claim) -> str:
    volume, steps = claim.numbers.get("volume"), claim.numbers.get("steps")
    size = "to be found" if volume is None else f"at least {rounded(volume, 'down')}"
    within = "a number of steps that is to be found" if steps is None else f"{steps} steps"
    return (
        f"{_stable(claim)} Every trajectory that starts in a cell of the paving stays in the "
        f"domain, enters that set within {within} and converges too. The volume of the cells is "
        f"{size}."
    )


def _converges(claim: Claim) -> str:
    low = claim.numbers.get("residual")
    inner = "V <= residual level (to be found)" if low is None else f"V <= {rounded(low, 'up')}"
    sizes = [f"{x} within {size}" for x, size in set_size(claim).items()]
    size = f" There, {_listed(sizes)} of the equilibrium." if sizes else ""
    return (
        f"Every trajectory of {_name(claim)} that starts in the domain with {_level(claim)} "
        f"stays there, enters the residual set {{{inner}}} in finite time and never leaves it "
        f"again.{size} This is convergence to a residual set; convergence to the equilibrium "
        "itself is not claimed."
    )


def _safe(claim: Claim) -> str:
    return (
        f"Every trajectory of {_name(claim)} that starts in the initial set within the domain "
        "stays in the domain with barrier <= 0, and never reaches the unsafe set."
    )


def _bounded(claim: Claim) -> str:
    low, high = claim.numbers.get("lower"), claim.numbers.get("upper")
    below = "" if low is None else f"{rounded(low, 'down')} <= "
    above = "" if high is None else f" <= {rounded(high, 'up')}"
    return f"For {_name(claim)}, everywhere in the domain: {below}expression{above}."


_STATEMENTS: Mapping[str, Callable[[Claim], str]] = {
    "T-STAB": _stable,
    "T-EXT": _extended,
    "T-RES": _converges,
    "T-SAFE": _safe,
    "T-OUT": _bounded,
}


def _robustness(claim: Claim) -> str:
    parts = []
    if claim.parameters:
        parts.append(f"every constant value of {_listed(claim.parameters)}")
    if claim.disturbances:
        parts.append(f"every course of the disturbance {_listed(claim.disturbances)}")
    return f" This holds for {' and '.join(parts)} within the stated bounds." if parts else ""


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


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
                "The checker derived every obligation from the claim and evaluated every leaf "
                "of every proof tree again, in rigorous arithmetic and with no tolerance."
            )
        return "Proof found, not re-checked yet", (
            "The certificate holds proof trees for every obligation. Nothing has evaluated "
            "them again for this report: run the check below before relying on it."
        )
    return {
        Verdict.REFUTED: ("Refuted", "A counterexample was found and replayed rigorously."),
        Verdict.TIMED_OUT: ("Timed out", "The time or the number of boxes allowed was used up."),
    }.get(outcome.verdict, ("Unknown", "Neither a proof nor a counterexample was found."))


def lead(outcome: Outcome) -> str:
    """The first paragraph of the report: what the verdict says about the claim."""
    claim = outcome.claim
    if outcome.certificate is not None:
        said = statement(claim)
        if outcome.found is not None:
            text = found_text(outcome.found)
            said += f" {text[0].upper()}{text[1:]}."
        return said if outcome.certificate.evidence == "kernel" else f"According to it: {said}"
    if outcome.counterexample is not None:
        return (
            f"The conditions of {clean(claim.theorem)} are false for this claim: "
            f"{clean(outcome.counterexample.condition)} fails at the point below. This refutes "
            "the conditions for this function and these numbers, not the behaviour of the "
            "loop: another function or a smaller set may still do."
        )
    shown = len(outcome.open_boxes)
    where = f" on the {shown} boxes shown" if shown else ""
    return (
        "It is open whether the claim holds: its conditions were neither proved nor "
        f"refuted{where}. Nothing is claimed."
    )
