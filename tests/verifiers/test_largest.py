"""The largest level, decay and box: close below the true one, never above it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from certify.expression import Node, var
from certify.outcome import Counterexample, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import write_certificate
from certify.proofs.checker.kernel import check
from certify.scaling import factor_at, factor_between, factor_of, scaled
from certify.verifiers.bracket import Bracket, rounded_down
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.endings import RefutedError
from certify.verifiers.interface import Options
from certify.verifiers.points import values
from certify.verifiers.proof_run import ProofRun
from certify.verifiers.trees import OPEN, branches, pieces

X, Y = var("x"), var("y")
CUBIC = {"x": X**3 / 2}  # decreases x**2 exactly where x**2 < 2
COUPLED = {"x": X / 2 + Y * X**2 / 8, "y": Y / 2 - X * Y**2 / 8}


def stable(plant: dict[str, Node], v: Node, time: str = "D", **numbers: object) -> Claim:
    return Claim(
        theorem=f"T-STAB-{time}",
        name="test",
        time="discrete" if time == "D" else "continuous",
        states=tuple(plant),
        parameters=(),
        disturbances=(),
        box={x: (Fraction(-2), Fraction(2)) for x in plant},
        plant=plant,
        controller={},
        functions={"lyapunov": v},
        numbers={k: Fraction(n) for k, n in numbers.items()},
        equilibrium=dict.fromkeys(plant, Fraction(0)),
    )


def prove(claim: Claim, **options: object) -> Outcome:
    outcome = BranchAndBound().verify(claim, Options(**options))
    if outcome.verdict is Verdict.PROVED:
        assert outcome.certificate is not None
        assert check(write_certificate(outcome.certificate)).certificate.claim == outcome.claim
    return outcome


@pytest.mark.parametrize(
    ("claim", "true"),
    [
        (stable({"x": X / 2}, X**2, level=1), 0.75),
        (stable({"x": X / 2, "y": Y / 4}, X**2 + Y**2, level=1), 0.75),
        (stable({"x": -X, "y": -2 * Y}, X**2 + Y**2, "C", level=1), 2.0),
        # (x/2 + x**3/4)**2 = (3/4)**2 x**2 where x**2 is 1
        (stable({"x": X / 2 + X**3 / 4}, X**2, level=1), 1 - 0.75**2),
        (stable({"x": -X + X**3}, X**2, "C", level="1/2"), 1.0),
    ],
)
def test_the_largest_decay(claim: Claim, true: float) -> None:
    outcome = prove(claim)
    assert outcome.verdict is Verdict.PROVED
    decay = float(outcome.claim.numbers["decay"])
    assert 0.998 * true < decay < true
    assert outcome.found is not None
    assert outcome.found.value == outcome.claim.numbers["decay"]
    assert outcome.found.false_from == pytest.approx(true, rel=1e-3)


def test_no_decay_where_v_grows() -> None:
    outcome = prove(stable({"x": 2 * X}, X**2, level=1))
    assert outcome.verdict is Verdict.UNKNOWN
    assert "does not decrease" in outcome.advice


def test_the_largest_box() -> None:
    outcome = prove(stable(CUBIC, X**2, level=4, decay=0), largest_box=True)
    assert outcome.found is not None
    assert 0.706 < outcome.found.value < 0.5**0.5
    assert outcome.claim.box["x"] == (-2 * outcome.found.value, 2 * outcome.found.value)
    assert outcome.found.false_from == pytest.approx(0.5**0.5, rel=1e-3)


def test_the_whole_box_where_all_of_it_can_be_proved() -> None:
    outcome = prove(stable({"x": X / 2}, X**2, level=1, decay=0), largest_box=True)
    assert outcome.found is not None
    assert outcome.found.value == 1
    assert outcome.found.false_from is None


def test_the_largest_box_of_an_output() -> None:
    base = stable({"x": X}, X**2)
    numbers, functions = {"upper": Fraction(3, 4)}, {"output": X**2 - X}  # where x > -1/2
    claim = replace(base, theorem="T-OUT", functions=functions, numbers=numbers, equilibrium={})
    outcome = prove(claim, largest_box=True)
    assert outcome.found is not None
    assert 0.249 < outcome.found.value <= 0.25


@pytest.mark.parametrize("largest", [True, False])
def test_only_a_level_that_was_found_gives_way_to_a_refutation(
    largest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = stable({"x": X / 2}, X**2, decay=0, **({} if largest else {"level": 4}))
    end, seen = ProofRun._closed_and_refined, []

    def refuted_once(run: ProofRun) -> bool:
        seen.append(run.claim.numbers["level"])
        if len(seen) == 1:
            raise RefutedError(Counterexample({"x": Fraction(2)}, "a condition"))
        return end(run)

    monkeypatch.setattr(ProofRun, "_closed_and_refined", refuted_once)
    outcome = prove(claim)
    assert outcome.verdict is (Verdict.PROVED if largest else Verdict.REFUTED)
    assert (outcome.claim.numbers["level"] < seen[0]) is largest


def test_two_open_numbers_are_one_too_many() -> None:
    for claim, options in (
        (stable(CUBIC, X**2), {}),
        (stable(CUBIC, X**2, decay=0), {"largest_box": True}),
    ):
        outcome = prove(claim, **options)
        assert outcome.verdict is Verdict.UNKNOWN
        assert "are open" in outcome.advice


@pytest.mark.parametrize("name", ["level", "decay", "box"])
def test_workers_change_no_byte(name: str) -> None:
    given = {"level": 3, "decay": 0}
    numbers = {k: v for k, v in given.items() if k != name}
    claim = stable(COUPLED, X**2 + Y**2, **numbers)
    one, two = (prove(claim, workers=w, largest_box=name == "box") for w in (1, 2))
    assert one.certificate is not None
    assert two.certificate is not None
    assert write_certificate(one.certificate) == write_certificate(two.certificate)


def test_a_smaller_level_is_an_answer_when_the_boxes_are_spent() -> None:
    claim = stable({"x": X / 2 + X**3 / 4, "y": Y / 2}, X**2 + Y**2, decay=0)
    best = prove(claim)
    assert best.found is not None
    smaller = {
        outcome.found.value
        for boxes in range(100, int(best.statistics["boxes"]), 100)
        if (outcome := prove(claim, boxes=boxes)).found is not None
    }
    assert len(smaller) > 1
    assert max(smaller) <= best.found.value


def search(true: Fraction, bracket: Bracket, boxes: int = 1000) -> Bracket:
    """The end of a search in which exactly the values below ``true`` can be proved."""
    while (value := bracket.next()) is not None:
        allowed = bracket.boxes()
        near = boxes < allowed and value < true
        bracket = bracket.with_proof(value, boxes) if near else bracket.with_failure(value, allowed)
    return bracket


@pytest.mark.parametrize("top", ["1", "1.001", "1.3", "50"])
@pytest.mark.parametrize("scale", ["1", "1e-30", "1e30"])
def test_a_bracket_closes_from_below(top: str, scale: str) -> None:
    true = Fraction(scale)
    end = search(true, Bracket(Fraction(top) * true, reachable=False))
    assert end.proved is not None
    assert 0.96 * true < end.proved < true
    assert Bracket.from_json(end.to_json()) == end


def test_a_bracket_that_proves_nothing_ends() -> None:
    assert search(Fraction(0), Bracket(Fraction(1), reachable=True)).proved is None
    assert search(Fraction(1), Bracket(Fraction(2), reachable=False, least=Fraction(1))).proved is (
        None
    )


def test_an_attempt_may_cost_so_much_and_no_more() -> None:
    first = Bracket(Fraction(1), reachable=False)
    assert first.with_failure(Fraction(1, 2), first.boxes()).boxes() == 2 * first.boxes()
    assert first.with_proof(Fraction(1, 2), 10**6).boxes() == 4 * 10**6


def test_what_was_given_too_few_boxes_is_tried_again() -> None:
    first = Bracket(Fraction(1), reachable=False)
    short = first.with_failure(Fraction(7, 8), 0).with_proof(Fraction(7, 16), 10**6)
    assert short.failed == 1
    assert short.next() > Fraction(7, 16)
    for ended, boxes in ((True, 10**6), (False, 10**4)):
        known = first.with_failure(Fraction(7, 8), 0, ended=ended)
        assert known.with_proof(Fraction(7, 16), boxes).failed == Fraction(7, 8)


def test_the_dearer_the_first_proof_the_sooner_a_search_tires() -> None:
    def failures(boxes: int) -> int:
        bracket, count = Bracket(Fraction(1), reachable=False), 0
        bracket = bracket.with_proof(Fraction(1, 1000), boxes)
        while (value := bracket.next()) is not None:
            bracket, count = bracket.with_failure(value, bracket.boxes()), count + 1
        return count

    assert [failures(boxes) for boxes in (10**3, 10**5, 10**6)] == [5, 2, 2]


def test_rounding_down() -> None:
    assert rounded_down(Fraction(2, 3)) == Fraction("0.666666")
    assert rounded_down(Fraction(10) ** 40) == Fraction(10) ** 40


def test_scaling_is_about_the_equilibrium() -> None:
    claim = replace(stable(COUPLED, X**2 + Y**2), equilibrium={"x": Fraction(1), "y": Fraction(0)})
    half = scaled(claim, Fraction(1, 2))
    assert half.box == {"x": (Fraction(-1, 2), Fraction(3, 2)), "y": (Fraction(-1), Fraction(1))}
    assert factor_between(claim, half) == Fraction(1, 2)
    point = {"x": Fraction(-1, 2), "y": Fraction(3, 4)}
    assert factor_of(claim, point) == Fraction(1, 2)
    at = np.array([[float(p) for p in point.values()]])
    assert values(factor_at(claim), ("x", "y"), at)[0] == 0.5


def test_branches_hold_every_leaf() -> None:
    rng = np.random.default_rng(0)

    def tree(depth: int) -> bytes:
        if depth == 0 or rng.random() < 0.2:
            return bytes([OPEN])
        return bytes([int(rng.integers(2))]) + tree(depth - 1) + tree(depth - 1)

    low, high = np.zeros(2), np.ones(2)
    for count in (1, 2, 7, 40):
        whole = tree(9)
        parts = branches(whole, low, high, count)
        found = [
            (b.start + p.position, *p.low, *p.high)
            for b in parts
            for p in pieces(whole[b.start : b.end], b.low, b.high)
        ]
        assert found == [(p.position, *p.low, *p.high) for p in pieces(whole, low, high)]
