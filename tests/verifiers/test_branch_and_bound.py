"""Branch and bound on claims whose answers are known in closed form."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from certify.expression import Node, absolute, const, cos, relu, sin, var
from certify.outcome import Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import read_certificate, write_certificate
from certify.proofs.checker.kernel import check
from certify.proofs.checker.models import Block
from certify.proofs.checker.symbols import NO_ROLES
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint
from certify.verifiers.interface import Options

X, Y = var("x"), var("y")
THIRD = Fraction(1, 3)
SLOW = {"x": 0.9 * X + X * Y**2 / 16, "y": 0.9 * Y + Y * X**2 / 16}


def stability(plant: dict[str, Node], v: Node, theorem: str = "T-STAB-D", **numbers) -> Claim:
    states = tuple(plant)
    return Claim(
        theorem=theorem,
        name="test",
        time="discrete" if theorem.endswith("D") else "continuous",
        states=states,
        parameters=(),
        disturbances=(),
        box={x: (Fraction(-2), Fraction(2)) for x in states},
        plant=plant,
        controller={},
        functions={"lyapunov": v},
        numbers={"decay": Fraction(0)} | {k: Fraction(n) for k, n in numbers.items()},
        equilibrium=dict.fromkeys(states, Fraction(0)),
    )


def prove(claim: Claim, **options) -> Outcome:
    return BranchAndBound().verify(claim, Options(**options))


def test_largest_level_of_a_cubic_map() -> None:
    """x+ = x**3 / 2 decreases x**2 exactly where x**4 < 4, so up to V = 2."""
    outcome = prove(stability({"x": X**3 / 2}, X**2))
    assert outcome.verdict is Verdict.PROVED
    assert 1.99 < outcome.claim.numbers["level"] < 2


def test_largest_level_in_continuous_time() -> None:
    """x' = -x + x**3 decreases x**2 exactly where x**2 < 1."""
    outcome = prove(stability({"x": -X + X**3}, X**2, "T-STAB-C"))
    assert outcome.verdict is Verdict.PROVED
    assert 0.99 < outcome.claim.numbers["level"] < 1


def test_a_contraction_takes_the_whole_domain() -> None:
    outcome = prove(stability({"x": X / 2, "y": Y / 2}, X**2 + Y**2))
    assert outcome.claim.numbers["level"] >= 8


@pytest.mark.parametrize(
    "v", [X**2 + Y**2, absolute(X) + absolute(Y), 1 - cos(X) + Y**2, relu(X) + relu(-X) + Y**2]
)
def test_smooth_kinked_and_mixed_functions_close_the_equilibrium(v: Node) -> None:
    """V of order 2, order 1 and order 2 by cancellation; a mixed order is said to be unknown."""
    outcome = prove(stability({"x": THIRD * sin(X), "y": THIRD * Y}, v), boxes=400_000)
    mixed = v is relu(X) + relu(-X) + Y**2
    assert outcome.verdict is (Verdict.UNKNOWN if mixed else Verdict.PROVED)


def test_parameters_and_disturbances_are_proved_for_all_values() -> None:
    p, w = var("p"), var("w")
    claim = stability({"x": p * X + w * X**2}, X**2, level=1)
    uncertain = replace(
        claim,
        parameters=("p",),
        disturbances=("w",),
        box={**claim.box, "p": (-THIRD, THIRD), "w": (-THIRD, THIRD)},
    )
    assert prove(uncertain).verdict is Verdict.PROVED
    wide = replace(uncertain, box={**uncertain.box, "p": (Fraction(0), Fraction(1))})
    assert prove(wide).verdict is Verdict.REFUTED


def test_an_equilibrium_that_moves_with_a_disturbance_has_a_residual_set() -> None:
    w = var("w")
    claim = stability({"x": X / 2 + w}, X**2, "T-RES-D")
    bounds = (Fraction(-1, 100), Fraction(1, 100))
    outcome = prove(replace(claim, disturbances=("w",), box={**claim.box, "w": bounds}))
    assert outcome.verdict is Verdict.PROVED
    # x settles within 0.02, so V within 4e-4; the set found is not wastefully larger
    assert 4e-4 <= outcome.claim.numbers["residual"] <= 40e-4
    assert outcome.claim.numbers["residual/x"] >= Fraction(2, 100)


def test_the_certificate_is_accepted_from_its_bytes() -> None:
    outcome = prove(stability({"x": X / 2, "y": sin(Y) / 2}, X**2 + Y**2, level=3))
    assert outcome.certificate is not None
    data = write_certificate(outcome.certificate)
    assert check(data).certificate == read_certificate(data)
    assert check(data, workers=2).leaves == check(data).leaves


def test_two_runs_give_the_same_bytes() -> None:
    claim = stability({"x": 0.9 * X + X**3 / 8, "y": Y / 2}, X**2 + Y**2)
    first, second = prove(claim), prove(claim)
    assert first.certificate is not None
    assert second.certificate is not None
    assert write_certificate(first.certificate) == write_certificate(second.certificate)


def test_a_budget_that_is_spent_is_a_time_out() -> None:
    claim = stability(SLOW, X**2 + Y**2, level=1.8)
    assert prove(claim, boxes=30).verdict is Verdict.TIMED_OUT
    assert prove(claim, timeout=1e-6).verdict is Verdict.TIMED_OUT


def test_open_boxes_are_shown_when_nothing_is_proved() -> None:
    claim = stability(SLOW, X**2 + Y**2, level=1.8)
    assert prove(claim, boxes=200).open_boxes


def test_a_checkpoint_belongs_to_one_claim(tmp_path: Path) -> None:
    path = tmp_path / "state"
    saved = Checkpoint(path, "one", seconds=0)
    saved.offer(lambda: {"a": np.arange(3)})
    assert Checkpoint(path, "one").load()["a"].tolist() == [0, 1, 2]
    assert Checkpoint(path, "two").load() == {}
    path.write_bytes(path.read_bytes()[:40])
    assert Checkpoint(path, "one").load() == {}


def test_nan_proves_nothing() -> None:
    low, high = np.array([[-1.0]]), np.array([[1.0]])
    for e in (1 / X, (X - 2) ** 2 / X, const(0) * (1 / X)):
        for degree in (0, 1, 2):
            reach = Block(("x",), low, high, degree, NO_ROLES).range(e)
            assert not np.isfinite(reach.low).any()


def test_a_budget_counts() -> None:
    budget = Budget(Options(boxes=10))
    budget.spend(10)
    assert budget.boxes == 10


def test_a_function_that_is_negative_where_it_fails_has_no_level() -> None:
    outcome = prove(stability({"x": X / 2, "y": 2 * Y}, X**2 - Y**2), boxes=400_000)
    assert outcome.verdict in (Verdict.UNKNOWN, Verdict.TIMED_OUT)


def test_the_clock_runs_while_leaves_are_re_checked() -> None:
    claim = stability({"x": 0.9 * X, "y": 0.9 * Y}, X**2 + Y**2)
    told = []
    outcome = prove(claim, progress=lambda phase, done: told.append((phase, done)))
    assert outcome.verdict is Verdict.PROVED
    assert len({done for phase, done in told if phase == "re-check every leaf"}) > 4
