"""What is said when there is no answer, how searches are planned, and the attack on the decay."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from certify.expression import relu, sin, var
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.theorems import obligations
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.budget import Budget
from certify.verifiers.decay_attack import slowest
from certify.verifiers.interface import Options
from certify.verifiers.planning import (
    estimate,
    interesting_points,
    interesting_share,
    planned,
)
from certify.verifiers.search import ObligationSearch

X, Y = var("x"), var("y")
# V falls along a slanted spiral
SPIRAL = {
    "x": 0.9 * X - 0.2 * Y + 0.02 * relu(X - Y / 2) * sin(Y),
    "y": 0.5 * X + 0.85 * Y,
}


def claim(**numbers: object) -> Claim:
    given = {"decay": Fraction(0), "level": Fraction(1)}
    return Claim(
        theorem="T-STAB-D",
        name="spiral",
        time="discrete",
        states=("x", "y"),
        parameters=(),
        disturbances=(),
        box={"x": (Fraction(-2), Fraction(2)), "y": (Fraction(-3), Fraction(3))},
        plant=SPIRAL,
        controller={},
        functions={"lyapunov": X**2 + 0.43 * Y**2},
        numbers={**given, **{k: Fraction(str(v)) for k, v in numbers.items()}},
        equilibrium={"x": Fraction(0), "y": Fraction(0)},
    )


def test_a_search_that_runs_out_says_what_is_left_and_why() -> None:
    outcome = BranchAndBound().verify(claim(level="0.9"), Options(boxes=60))
    assert outcome.verdict in (Verdict.TIMED_OUT, Verdict.PROVED)
    if outcome.verdict is Verdict.TIMED_OUT and outcome.open_boxes:
        text = " ".join(outcome.diagnosis)
        assert "boxes are open" in text
        assert "misses 0 by" in text
        assert "boxes, " in text


def test_a_proof_and_a_refutation_need_no_diagnosis() -> None:
    assert BranchAndBound().verify(claim(level="0.5"), Options()).diagnosis == ()
    refuted = BranchAndBound().verify(claim(decay="0.9", level="0.5"), Options())
    assert refuted.verdict is Verdict.REFUTED
    assert refuted.diagnosis == ()


def test_after_a_refutation_a_decay_that_samples_do_not_contradict_is_named() -> None:
    """No single number is known, but what is named must be below the one that is false."""
    outcome = BranchAndBound().verify(claim(decay="0.5", level="0.5"), Options())
    assert outcome.verdict is Verdict.REFUTED
    assert "ask for decay = " in outcome.advice
    assert 'or "largest"' in outcome.advice
    named = float(outcome.advice.split("ask for decay = ")[1].split(",")[0])
    assert 0 < named < 0.5
    kept = replace(claim(), numbers={"decay": Fraction(named) / 2, "level": Fraction(1, 2)})
    assert BranchAndBound().verify(kept, Options()).verdict is Verdict.PROVED


def test_the_slowest_fall_of_a_linear_loop_is_that_of_its_slowest_state() -> None:
    linear = replace(
        claim(decay="0.01", level="0.5"),
        plant={"x": 0.5 * X, "y": 0.9 * Y},
        functions={"lyapunov": X**2 + Y**2},
    )
    points, decay = slowest(linear)
    assert decay == pytest.approx(1 - 0.9**2, rel=1e-3)
    assert decay >= 1 - 0.9**2 - 1e-12
    assert abs(points[0, 0]) < abs(points[0, 1])
    assert slowest(linear)[1] == decay


def test_the_estimate_of_a_tree_is_near_its_size() -> None:
    descent = obligations(claim(level="0.9"), Fraction(1, 64))[0]
    search = ObligationSearch(descent)
    points = interesting_points(descent, 200)
    size = estimate(search, points)
    assert not size.capped
    whole = search.grow(1_000_000).boxes
    assert not search.is_open
    assert whole / 10 < size.nodes * interesting_share(descent) < 10 * whole


def test_points_of_interest_are_where_the_guard_does_not_hold() -> None:
    descent = obligations(claim(level="0.001"), Fraction(1, 4096))[0]
    points = interesting_points(descent, 50)
    x, y = points.T
    assert points.shape == (50, 2)
    assert (x**2 + 0.43 * y**2 <= 0.001 * (1 + 1e-9)).all()


def test_two_plans_of_one_obligation_are_the_same() -> None:
    descent = obligations(claim(level="0.9"), Fraction(1, 4096))[0]
    one, two = (planned(descent, Budget(Options())) for _ in range(2))
    assert (one.coordinates, one.degrees, one.tree) == (two.coordinates, two.degrees, two.tree)


def test_searches_with_other_degrees_share_a_formula_but_no_tree() -> None:
    descent = obligations(claim(level="0.9"), Fraction(1, 64))[0]
    first = ObligationSearch(descent)
    first.grow(100)
    second = first.with_degrees((2,))
    assert second.engine() is first.engine()
    assert second.tree == b"\x7f" != first.tree
    assert np.array_equal(second.low, first.low)
