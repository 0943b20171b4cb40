"""No false claim is ever proved; true twins are, so that this suite can fail both ways."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction as Q

import pytest
from claim_builders import FalseClaim, OpenLevel, q, stable
from false_claims import FALSE
from true_claims import LEVELS, TRUE

from certify.errors import InputError, UnsupportedError
from certify.expression import Node, var
from certify.outcome import Outcome, Verdict
from certify.problem import Problem, Stability, System
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import TheoremError
from certify.proofs.checker.format import write_certificate
from certify.proofs.checker.kernel import check, refutes
from certify.proofs.checker.theorems import obligations
from certify.theorems import claim_of
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

X: Node = var("x")
SHORT = Options(timeout=2, boxes=20_000)
PATIENT = Options(timeout=30)


def _decide(claim: Claim, options: Options) -> Outcome | None:
    """The outcome, or None where the claim is refused with a reason."""
    try:
        return BranchAndBound().verify(claim, options)
    except (TheoremError, InputError, UnsupportedError):
        return None


def test_the_table_is_large_and_its_names_are_unique() -> None:
    assert sum(not f.why.startswith("condition:") for f in FALSE) >= 100
    assert max(Counter(f.name for f in FALSE).values()) == 1
    assert all(f.why for f in FALSE)


@pytest.mark.parametrize("false", FALSE, ids=lambda f: f.name)
def test_a_false_claim_is_not_proved(false: FalseClaim) -> None:
    outcome = _decide(false.claim, SHORT)
    if outcome is None:
        assert not false.refuted
        return
    assert outcome.verdict is not Verdict.PROVED, false.why
    assert outcome.advice
    if false.refuted:
        assert outcome.verdict is Verdict.REFUTED, f"{false.why}: {outcome.advice}"
    if outcome.counterexample is not None:
        found = outcome.counterexample
        assert refutes(outcome.claim, dict(found.point)) == found.condition


@pytest.mark.parametrize("name", TRUE)
def test_its_true_twin_is_proved(name: str) -> None:
    outcome = BranchAndBound().verify(TRUE[name], PATIENT)
    assert outcome.verdict is Verdict.PROVED, outcome.advice
    assert outcome.certificate is not None
    check(write_certificate(outcome.certificate))


@pytest.mark.parametrize("case", LEVELS, ids=lambda c: c.name)
def test_the_largest_level_is_not_above_the_true_one(case: OpenLevel) -> None:
    outcome = BranchAndBound().verify(case.claim, PATIENT)
    assert outcome.verdict is Verdict.PROVED, outcome.advice
    level = float(outcome.claim.numbers["level"])
    assert level <= case.largest
    assert level >= 0.95 * case.largest
    assert outcome.certificate is not None
    check(write_certificate(outcome.certificate))


def _off(time: str, error: str) -> Problem:
    row = q("0.5") * X + q(error) if time == "discrete" else q(error) - X
    return Problem(
        name="off",
        system=System(time=time, states=("x",), dynamics={"x": row}),
        controller={},
        domain={"x": (Q(-1), Q(1))},
        property=Stability(lyapunov=X**2, equilibrium={"x": Q(0)}, level=Q(1, 2)),
    )


@pytest.mark.parametrize("time", ["discrete", "continuous"])
@pytest.mark.parametrize("error", ["1e-9", "1e-300", "-1e-17"])
def test_an_equilibrium_that_is_slightly_off_is_claimed_as_a_residual_set(
    time: str, error: str
) -> None:
    assert claim_of(_off(time, "0")).theorem.startswith("T-STAB")
    assert claim_of(_off(time, error)).theorem.startswith("T-RES")


def test_a_residual_set_smaller_than_the_offset_is_not_proved() -> None:
    base = claim_of(_off("discrete", "1e-3"))  # rests at 2e-3
    fits = {"residual": Q("1e-5"), "residual/x": Q("4e-3")}
    for numbers, true in (
        (fits, True),
        (fits | {"residual": Q("3.9e-6")}, False),
        (fits | {"residual/x": Q("3.1e-3")}, False),
        (fits | {"residual": Q("0.6")}, False),
    ):
        claim = Claim(**{**vars(base), "numbers": {**base.numbers, **numbers}})
        outcome = _decide(claim, SHORT)
        assert outcome is not None
        assert (outcome.verdict is Verdict.PROVED) == true, numbers


def test_a_stability_claim_off_its_equilibrium_is_refused_by_the_checker() -> None:
    claim = stable("D", q("0.5") * X + q("1e-9"), X**2, "0.5")
    with pytest.raises(TheoremError, match="not exactly one"):
        obligations(claim, Q(1, 4))
