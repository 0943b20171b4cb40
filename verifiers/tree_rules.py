"""Rules about decisions: decided leaf by leaf in exact arithmetic, the rest by branch and bound."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from certify.errors import UnsupportedError
from certify.expression.printer import number_to_text
from certify.outcome import Counterexample, Outcome, Verdict
from certify.proofs.checker.cases import Range, Ranges, Sharp, affine_form
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import (
    Case,
    Rule,
    opposite,
    stated_rules,
    undecided,
    where_all,
)
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.kernel import check_certificate, refutes
from certify.proofs.checker.obligations import Atom
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.interface import Options
from certify.verifiers.proof_run import NAME, ProofRun

__all__ = ["Findings", "Violation", "box_text", "decide_rules", "examined"]

_REPLAYED = 20  # violations
_LISTED = 20


@dataclass(frozen=True)
class Violation:
    """A leaf that breaks ``rule``: where in the domain, with ends left out, and one such point."""

    rule: str
    box: Ranges
    point: Mapping[str, Fraction]


@dataclass(frozen=True)
class Findings:
    """What exact arithmetic says of a claim: violations, and cases that it does not decide."""

    violations: tuple[Violation, ...]
    open: int

    def count(self, rule: str) -> int:
        """How many leaves break ``rule``."""
        return sum(v.rule == rule for v in self.violations)


def examined(claim: Claim) -> Findings:
    """Every leaf that breaks a rule of ``claim``, and how many are left undecided."""
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    box = {x: Range(*claim.box[x]) for x in names}
    found, left = [], 0
    for rule in stated_rules(claim):
        for case in undecided(rule, box, claim.controller):
            violation = _violation(rule, case)
            if violation is None:
                left += 1
            else:
                found.append(violation)
    return Findings(tuple(found), left)


def decide_rules(claim: Claim, options: Options) -> Outcome:
    """Decide ``claim``: see :class:`certify.verifiers.interface.Verifier`."""
    if options.largest_box:
        raise UnsupportedError(f"{NAME}: it does not look for the largest box of rules")
    start, cpu = time.monotonic(), time.process_time()
    found = examined(claim)
    if found.open and not found.violations:
        return ProofRun(claim, options).outcome()
    searched = time.monotonic()
    counterexample = _replayed(claim, found.violations)
    certificate = None if found.violations else _certificate(claim)
    verdict = Verdict.UNKNOWN
    if certificate is not None or counterexample is not None:
        verdict = Verdict.REFUTED if certificate is None else Verdict.PROVED
    return Outcome(
        verdict=verdict,
        claim=claim,
        verifier=NAME,
        certificate=certificate,
        counterexample=counterexample,
        advice="" if certificate else "certify repair finds the smallest change that keeps them",
        diagnosis=tuple(_told(claim, found)),
        statistics={
            "boxes": 0,
            "leaves": 0,
            "seconds": time.monotonic() - start,
            "cpu_seconds": time.process_time() - cpu,
            "search_seconds": searched - start,
            "check_seconds": time.monotonic() - searched,
        },
    )


def _certificate(claim: Claim) -> Certificate:
    """The claim, which the kernel decides without any tree."""
    theorem = THEOREMS[claim.theorem]
    certificate = Certificate(claim, theorem.assumptions, "kernel", Proof(None, {}, {}))
    check_certificate(certificate)
    return certificate


def _replayed(claim: Claim, violations: Sequence[Violation]) -> Counterexample | None:
    for violation in violations[:_REPLAYED]:
        condition = refutes(claim, violation.point)
        if condition is not None:
            return Counterexample(violation.point, condition)
    return None


def _violation(rule: Rule, case: Case) -> Violation | None:
    """A point of ``case`` at which a conclusion fails, if exact arithmetic finds one."""
    for conclusion in case.then:
        atoms = (*case.when, opposite(conclusion))
        forms = [(form, a.relation == ">") for a in atoms if (form := affine_form(a.node))]
        box = where_all(case.box, atoms)
        if box is None or len(forms) < len(atoms):
            continue
        several = [(form, strict) for form, strict in forms if len(form.slopes) > 1]
        point = {x: _inside(side) for x, side in box.items()}
        if several:
            point = _towards(box, point, several[0][0])
        if all(_true(atom, point) for atom in atoms):
            return Violation(rule.name, box, point)
    return None


def _inside(side: Range) -> Fraction:
    """A number of ``side``, not near its ends, with few digits."""
    middle, width = (side.low + side.high) / 2, side.high - side.low
    for digits in range(12):
        near = Fraction(round(middle * 10**digits), 10**digits)
        if 4 * abs(near - middle) < width:
            return near
    return middle


def _towards(box: Ranges, point: Mapping[str, Fraction], form: Sharp) -> dict[str, Fraction]:
    """A point on the way from ``point`` to where ``form`` is largest: beyond the sign change."""
    top = {x: box[x].high if s > 0 else box[x].low for x, s in form.slopes.items()}
    here, best = _value(form, point), _value(form, {**point, **top})
    share = Fraction(1)
    if here < best and best > 0:
        share = Fraction(1, 2) * (1 + max(-here / (best - here), Fraction(0)))
    return {**point, **{x: point[x] + share * (end - point[x]) for x, end in top.items()}}


def _value(form: Sharp, point: Mapping[str, Fraction]) -> Fraction:
    return form.constant + sum((s * point[x] for x, s in form.slopes.items()), Fraction(0))


def _true(atom: Atom, point: Mapping[str, Fraction]) -> bool:
    form = affine_form(atom.node)
    if form is None:
        return False
    value = _value(form, point)
    return value > 0 if atom.relation == ">" else value >= 0


def _told(claim: Claim, found: Findings) -> list[str]:
    """What breaks which rule, the first of them in full."""
    rules = [rule.name for rule in stated_rules(claim)]
    lines = [f"rule {r}: {n} leaves break it" for r in rules if (n := found.count(r))]
    for violation in found.violations[:_LISTED]:
        point = ", ".join(f"{x} = {number_to_text(v)}" for x, v in violation.point.items())
        where = box_text(violation.box, claim.box)
        lines.append(f"rule {violation.rule} fails where {where}; for example at {point}")
    more = len(found.violations) - _LISTED
    if more > 0:
        lines.append(f"and {more} more: certify rules lists all of them")
    if found.open and found.violations:
        lines.append(f"{found.open} more cases were not decided")
    return lines


def box_text(box: Ranges, domain: Mapping[str, tuple[Fraction, Fraction]]) -> str:
    """The sides of ``box`` that are not those of ``domain``, in ten digits."""
    parts = []
    for x, side in box.items():
        low, high = domain[x]
        left = f"{float(side.low):.10g} {'<' if side.open_low else '<='} "
        right = f" {'<' if side.open_high else '<='} {float(side.high):.10g}"
        cut_left, cut_right = side.open_low or side.low > low, side.open_high or side.high < high
        if cut_left or cut_right:
            parts.append(f"{left if cut_left else ''}{x}{right if cut_right else ''}")
    return " and ".join(parts) or "everywhere"
