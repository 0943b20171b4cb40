"""Every registered verifier keeps its word: the same cases, its own declared capabilities."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction as Q

import pytest
from conformance_cases import (
    ANOTHER_TIME,
    CASES,
    HARD,
    NO_REST,
    TRANSCENDENTAL,
    TRUE,
    Case,
    X,
    Y,
    bounded,
)

from certify.errors import UnsupportedError
from certify.expression import Node, absolute, affine, clip, const, dot, maximum, relu, stack
from certify.outcome import Outcome, Verdict
from certify.proofs.checker.errors import Rejected
from certify.proofs.checker.format import write_certificate
from certify.proofs.checker.kernel import check, refutes
from certify.proofs.checker.language import topological
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.interface import Options, Verifier
from certify.verifiers.registry import choose, named, verifiers

PATIENT = Options(timeout=60)
EVERY = pytest.mark.parametrize("verifier", verifiers(), ids=lambda v: v.name)


def confirm(outcome: Outcome, verifier: Verifier) -> None:
    """The evidence of ``outcome`` is what the verdict and the capabilities say it is."""
    assert outcome.verifier == verifier.name
    assert {"boxes", "leaves", "seconds", "cpu_seconds"} <= set(outcome.statistics)
    if outcome.certificate is not None:
        certificate = outcome.certificate
        assert certificate.claim == outcome.claim
        assert certificate.evidence == verifier.capabilities.evidence
        assert certificate.assumptions == THEOREMS[outcome.claim.theorem].assumptions
        if certificate.evidence == "kernel":
            check(write_certificate(certificate))
        else:
            with pytest.raises(Rejected, match="re-checked"):
                check(write_certificate(certificate))
    elif outcome.counterexample is not None:
        found = outcome.counterexample
        assert refutes(outcome.claim, dict(found.point)) == found.condition
    else:
        assert outcome.advice


@EVERY
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_verdict_is_right_and_backed(verifier: Verifier, case: Case) -> None:
    if verifier.unsupported(case.claim) is not None:
        with pytest.raises(UnsupportedError):
            verifier.verify(case.claim, PATIENT)
        return
    outcome = verifier.verify(case.claim, PATIENT)
    confirm(outcome, verifier)
    if case.true:
        assert outcome.verdict is Verdict.PROVED, outcome.advice
    elif case.shown_by_a_point and verifier.capabilities.refutes:
        assert outcome.verdict is Verdict.REFUTED, outcome.advice
    else:
        assert outcome.verdict is not Verdict.PROVED


@EVERY
def test_what_is_declared_is_supported(verifier: Verifier) -> None:
    declared = {t for t in THEOREMS if t in verifier.capabilities.theorems}
    assert verifier.capabilities.theorems == declared
    for claim in (c for c in TRUE if c.theorem in declared):
        parts = (*claim.plant.values(), *claim.controller.values(), *claim.functions.values())
        if {n.op for n in topological(parts)} <= verifier.capabilities.operators:
            assert verifier.unsupported(claim) is None


def test_every_theorem_has_a_verifier_that_leaves_kernel_evidence() -> None:
    kernel = (v.capabilities for v in verifiers() if v.capabilities.evidence == "kernel")
    assert set().union(*(c.theorems for c in kernel)) == set(THEOREMS)
    assert {c.theorem for c in TRUE} == set(THEOREMS) - {"T-RES-C", "T-RES-D"}


@EVERY
def test_what_is_not_supported_is_refused_with_a_reason(verifier: Verifier) -> None:
    claims = [replace(TRUE[0], theorem="T-NONE")]
    if "sin" not in verifier.capabilities.operators:
        claims.append(TRANSCENDENTAL)
    if not verifier.capabilities.finds_level:
        claims.append(replace(TRUE[0], numbers={"decay": Q(0)}))
        with pytest.raises(UnsupportedError, match="largest box"):
            verifier.verify(TRUE[0], replace(PATIENT, largest_box=True))
    for claim in claims:
        reason = verifier.unsupported(claim)
        assert reason
        with pytest.raises(UnsupportedError) as refusal:
            verifier.verify(claim, PATIENT)
        assert reason in str(refusal.value)
        assert verifier.name in str(refusal.value)


@EVERY
@pytest.mark.parametrize("claim", [ANOTHER_TIME, NO_REST], ids=lambda c: c.name)
def test_a_theorem_that_does_not_apply_proves_nothing(verifier: Verifier, claim) -> None:
    if verifier.unsupported(claim) is None:
        outcome = verifier.verify(claim, PATIENT)
        assert outcome.verdict is not Verdict.PROVED
        assert outcome.advice


@EVERY
def test_running_out_of_time_is_said(verifier: Verifier) -> None:
    outcome = verifier.verify(HARD, Options(timeout=0.2))
    assert outcome.verdict is Verdict.TIMED_OUT
    assert outcome.certificate is None
    confirm(outcome, verifier)


@EVERY
def test_the_same_claim_gives_the_same_answer(verifier: Verifier) -> None:
    for case in (CASES[2], next(c for c in CASES if c.name == "decay too fast")):
        first, second = (verifier.verify(case.claim, PATIENT) for _ in range(2))
        assert first.verdict is second.verdict
        assert first.counterexample == second.counterexample
        assert first.certificate == second.certificate


def test_the_registry_finds_by_name_and_by_claim() -> None:
    names = [v.name for v in verifiers()]
    assert len(set(names)) == len(names)
    assert [named(name).name for name in names] == names
    with pytest.raises(UnsupportedError, match=names[0]):
        named("oracle")
    assert choose(TRUE[0]).name == names[0]
    with pytest.raises(UnsupportedError) as refusal:
        choose(replace(TRUE[0], theorem="T-NONE"))
    assert all(name in str(refusal.value) for name in names)


def _random_expression(rng: random.Random) -> Node:
    def number() -> Q:
        return Q(rng.randint(-8, 8), 4)

    hidden = [[number(), number()] for _ in range(3)]
    network = dot([number() for _ in range(3)],
                  relu(affine(hidden, [number() for _ in range(3)], stack([X, Y]))))  # fmt: skip
    extra = [
        absolute(X - const(number())) * number(),
        maximum(X * number(), Y - const(number())),
        clip(X + Y * number(), -1, 1),
        (X * Y) * number() + X**2,
        (X - Y) ** 3 * number() - Y**2,
    ]
    return network + rng.choice(extra)


def _value(e: Node, x: Q, y: Q) -> Q:
    """Exact, by the folding of constants."""
    from certify.expression import substitute

    return substitute(e, {"x": const(x), "y": const(y)}).value


@pytest.mark.parametrize("seed", range(12))
def test_two_verifiers_never_contradict_each_other(seed: int) -> None:
    rng = random.Random(seed)
    e = _random_expression(rng)
    grid = [Q(i, 8) for i in range(-8, 9)]
    top = max(_value(e, x, y) for x in grid for y in grid)
    for slack in (Q(1, 10), Q(1, 10**6), Q(0), -Q(1, 10**6)):
        claim = bounded(f"random {seed}", e, None, top + slack)
        verdicts = {v.name: v.verify(claim, Options(timeout=3)).verdict for v in verifiers()}
        assert not {Verdict.PROVED, Verdict.REFUTED} <= set(verdicts.values()), verdicts
        if slack < 0:
            assert Verdict.PROVED not in verdicts.values()
