"""Volumes: the sampled interval covers, the proved bounds enclose, both against a circle."""

import dataclasses
import math
from fractions import Fraction

import pytest

from certify.expression import sqrt, var
from certify.proofs.checker.claim import Claim
from certify.report.volume import estimate_volume, inner_volume

F = Fraction
ONE = F(1)


def disc(level: F = ONE) -> Claim:
    x, y = var("x"), var("y")
    return Claim(
        theorem="T-STAB-D",
        name="disc",
        time="discrete",
        states=("x", "y"),
        parameters=(),
        disturbances=(),
        box={"x": (F(-2), F(2)), "y": (F(-1), F(3))},
        plant={"x": F(1, 2) * x, "y": F(1, 2) * y},
        controller={},
        functions={"lyapunov": x**2 + y**2},
        numbers={"level": level, "decay": F(0)},
        equilibrium={"x": F(0), "y": F(0)},
    )


def test_the_sampled_interval_covers_the_disc():
    found = estimate_volume(disc(), samples=200_000, seed=3)
    assert found is not None
    low, high = found.interval
    assert low < math.pi < high
    assert high - low < 0.06
    assert low < found.value < high
    assert found.kind == "statistical"
    assert found == estimate_volume(disc(), samples=200_000, seed=3)


def test_the_interval_is_that_of_clopper_and_pearson_at_the_ends():
    nothing = estimate_volume(disc(F(1, 10**12)), samples=1000)
    assert nothing is not None
    assert nothing.value == 0
    assert nothing.interval[0] == 0
    assert nothing.interval[1] / 16 == pytest.approx(1 - 0.025 ** (1 / 1000), rel=1e-9)
    everything = estimate_volume(disc(F(100)), samples=1000)
    assert everything is not None
    assert everything.interval[1] == 16
    assert everything.interval[0] / 16 == pytest.approx(0.025 ** (1 / 1000), rel=1e-9)


def test_proved_bounds_enclose_the_disc():
    found = inner_volume(disc(), boxes=3000)
    assert found is not None
    assert found.lower < F(math.pi) < found.upper
    assert found.upper - found.lower < F(1, 8)
    assert found.kind == "certified"
    assert found == inner_volume(disc(), boxes=3000)


def test_where_v_is_undefined_nothing_is_counted_as_proved():
    claim = disc()
    roots = {"lyapunov": sqrt(var("x")) + sqrt(var("y"))}
    found = inner_volume(dataclasses.replace(claim, functions=roots), boxes=500)
    assert found is not None
    assert 0 < found.lower < F(1, 6) < found.upper


def test_a_claim_without_a_set_has_no_volume():
    claim = dataclasses.replace(disc(), numbers={"decay": F(0)})
    assert estimate_volume(claim, samples=10) is None
    assert inner_volume(claim, boxes=10) is None
