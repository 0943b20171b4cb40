"""Probabilities of the target after a step: exact where they are known, and against samples."""

from __future__ import annotations

import json
from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from certify.cli import app
from certify.errors import ProblemError
from certify.expression import const, log, select, var
from certify.expression.evaluate import evaluate
from certify.io.toml import read_problem
from certify.proofs.checker.claim import Claim
from certify.theorems import claim_of
from certify.verifiers.leaf_chances import chances

X, W = var("x"), var("w")

PROBLEM = """
name = "chances"
[system]
time = "discrete"
states = ["x"]
disturbances = ["w"]
[system.dynamics]
x = "x/2 + w/4"
[domain]
x = [-1, 1]
w = [0, 1]
[property]
kind = "recovery"
target = "x <= 0.25"
[property.distribution]
w = [[0, 0.5, "0.9"], [0.5, 1, "0.1"]]
"""


def claim(plant: object, disturbed: bool = False) -> Claim:
    unit = (Q(-1), Q(1))
    return Claim(
        theorem="T-REACH-D",
        name="chances",
        time="discrete",
        states=("x",),
        parameters=(),
        disturbances=("w",) if disturbed else (),
        box={"x": unit, "w": unit} if disturbed else {"x": unit},
        plant={"x": plant},
        controller={},
        functions={"target/0": X - Q(1, 4), "target/1": -X - Q(1, 4)},
        numbers={},
    )


def test_what_can_be_worked_out() -> None:
    # the right half goes to x - 1/2, which is in the target for half of it; the left rests
    found = chances(claim(select(X, X - Q(1, 2), X)), {}, 400)
    assert [c.mass for c in found] == [Q(1, 2), Q(1, 2)]
    right, left = sorted(found, key=lambda c: -c.box["x"].high)
    assert right.lower <= Q(1, 2) <= right.upper < right.lower + Q(1, 20)
    assert left.lower <= Q(1, 4) <= left.upper < left.lower + Q(1, 20)


def test_a_distribution_is_followed_exactly() -> None:
    given = {"x": [(Q(-1), Q(0), Q(1, 10)), (Q(0), Q(1, 2), Q(9, 10)), (Q(1, 2), Q(1), Q(0))]}
    found = chances(claim(select(X - Q(1, 4), X - Q(1, 2), const(1))), given, 200)
    by_mass = {c.mass: c for c in found}
    assert set(by_mass) == {Q(1, 10) + Q(9, 20), Q(9, 20)}
    assert (by_mass[Q(9, 20)].lower, by_mass[Q(9, 20)].upper) == (1, 1)
    assert (by_mass[Q(11, 20)].lower, by_mass[Q(11, 20)].upper) == (0, 0)


def test_what_is_not_known_counts_for_neither_bound() -> None:
    (found,) = chances(claim(log(-1 - X**2)), {}, 50)
    assert (found.lower, found.upper) == (0, 1)


def test_samples_are_within_the_bounds_of_every_leaf() -> None:
    plant = X * X * Q(1, 2) + select(W - X * 0 - Q(1, 8), W * Q(1, 2), -W) * Q(1, 2)
    about = claim(select(X + Q(1, 3), plant, X + W * Q(1, 2)), disturbed=True)
    found = chances(about, {}, 4000)
    assert sum(c.mass for c in found) == 1
    rng = np.random.default_rng(0)
    for c in found:
        points = {x: rng.uniform(float(s.low), float(s.high), 20_000) for x, s in c.box.items()}
        (after,) = evaluate([about.plant["x"]], points)
        share = float(np.mean(np.abs(after) <= 0.25))
        assert float(c.lower) - 0.02 <= share <= float(c.upper) + 0.02
        assert c.upper - c.lower < Q(1, 5)


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "problem.toml"
    path.write_text(PROBLEM, encoding="utf-8")
    shown = CliRunner().invoke(app, ["chances", str(path), "--json"])
    answer = json.loads(shown.stdout)
    # x/2 + w/4 <= 1/4 for x <= (1 - w)/2: the mean over w of (3 - w)/4, where w is 0.3 in the mean
    assert answer["lower"] <= 0.675 <= answer["upper"] < answer["lower"] + 0.02
    assert len(answer["leaves"]) == 1
    told = CliRunner().invoke(app, ["chances", str(path), "--boxes", "50"]).stdout
    assert told.startswith("1 leaves; the target after a step: 0.")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ('[[0, 0.5, "0.9"]]', "make up its domain"),
        ('[[0, 0.5, "0.9"], [0.6, 1, "0.1"]]', "make up its domain"),
        ('[[0, 0.5, "0.9"], [0.5, 1, "0.2"]]', "sum 1"),
        ('[[0, 0.5, "1.1"], [0.5, 1, "-0.1"]]', "sum 1"),
        ("[[0, 1]]", "three numbers"),
        ("[]", "make up its domain"),
    ],
)
def test_a_distribution_that_is_none_is_refused(tmp_path: Path, rows: str, why: str) -> None:
    path = tmp_path / "problem.toml"
    text = PROBLEM.replace('[[0, 0.5, "0.9"], [0.5, 1, "0.1"]]', rows)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemError, match=why):
        claim_of(read_problem(path))
