"""What claims say, theorem by theorem, in sentences that stay true when numbers are rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from certify.outcome import Outcome
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.theorems import THEOREMS

from .words import clean, found_text, rounded, set_size

__all__ = ["lead", "statement"]


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


def _recovers(claim: Claim) -> str:
    steps, away = claim.numbers.get("steps"), claim.numbers.get("away")
    volume = claim.numbers.get("volume")
    has_initial = any(key.startswith("initial") for key in claim.functions)
    start = "the initial set within the domain, or " if has_initial else ""
    within = "a number of steps that is to be found" if steps is None else f"{steps} steps"
    size = "to be found" if volume is None else f"at least {rounded(volume, 'down')}"
    said = (
        f"Every trajectory of {_name(claim)} that starts in {start}a cell of the paving is in the "
        f"target within {within}, and in the domain until then."
    )
    if away is not None:
        said += " It stays in the domain for ever, and from one of these visits on it "
        said += (
            "never leaves the target again."
            if away < 1
            else (f"is out of the target for at most {away} steps in a row.")
        )
    return f"{said} The volume of the cells is {size}."


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
    "T-REACH": _recovers,
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
