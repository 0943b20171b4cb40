"""Enclosures contain every value, and what may be undefined has no finite enclosure."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from fractions import Fraction as Q
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from point_oracle import TooLargeError, UndefinedError, contains, exact, value
from random_graphs import UNARY, expression, interval, samples

from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.language import (
    Node,
    absolute,
    affine,
    build,
    const,
    index,
    log,
    maximum,
    quotient,
    quotient2,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    step,
    tanh,
    var,
)
from certify.proofs.checker.models import Block
from certify.proofs.checker.symbols import allocate

X, Y = var("x"), var("y")
SEEDS = st.integers(0, 2**32)
FEW = settings(max_examples=250, deadline=None, derandomize=True, database=None)


class Reach(NamedTuple):
    """The range of an expression on one box."""

    low: float
    high: float

    def is_finite(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)


def enclosure(box: Mapping[str, tuple[Q, Q]], degree: int, e: Node) -> Reach:
    low = np.array([[below(low)] for low, _ in box.values()])
    high = np.array([[above(high)] for _, high in box.values()])
    low, high = Block(tuple(box), low, high, degree, allocate([e])).range(e)
    return Reach(float(low[0]), float(high[0]))


def confirm(reach: Reach, e: Node, point: dict[str, Q], jump: int = 0) -> None:
    """A finite ``reach`` contains the value of ``e``, which exists."""
    if not reach.is_finite():
        return
    try:
        expected = value(e, point, jump)
    except TooLargeError:
        return
    except UndefinedError:
        pytest.fail(f"finite {reach} where undefined, at {point}")
    assert contains(reach.low, reach.high, expected), (reach, expected, point)


@FEW
@given(SEEDS)
def test_ranges_contain_sampled_values(seed: int) -> None:
    rng = random.Random(seed)
    e = expression(rng, rng.randint(1, 5))
    box = {"x": interval(rng), "y": interval(rng)}
    points = samples(rng, box, 6)
    for degree in (0, 1, 2):
        reach = enclosure(box, degree, e)
        assert not reach.is_finite() or reach.low <= reach.high
        for point in points:
            confirm(reach, e, point, rng.randint(0, 1))


@FEW
@given(SEEDS)
def test_divided_differences_are_enclosed(seed: int) -> None:
    rng = random.Random(seed)
    name, power = rng.choice(
        [*((n, 0) for n in UNARY if n not in ("neg", "step")), ("pow", 2), ("pow", 3), ("pow", 5)]
    )
    op = rng.choice(["quotient", "quotient2"])
    low, high = interval(rng)
    box = {"x": (low, high), "y": (low, high)}
    e = quotient(name, power, X, Y) if op == "quotient" else quotient2(name, power, X, Y)
    points = samples(rng, box, 6)
    points += [{"x": p["x"], "y": p["x"]} for p in points[:2]]
    for degree in (0, 1, 2):
        reach = enclosure(box, degree, e)
        for point in points:
            # where s == t the oracle differentiates numerically, to fewer digits
            if point["x"] == point["y"] and not _is_well_inside(name, point["x"]):
                continue
            confirm(reach, e, point, rng.randint(0, 1))


def _is_well_inside(name: str, x: Q) -> bool:
    """Away from the poles and kinks of the operator, where a numerical derivative exists."""
    return name not in ("log", "sqrt", "recip", "relu", "abs") or x > Q(1, 100)


UNDEFINED_ON_UNIT = {
    "recip": recip(X),
    "log": log(X),
    "sqrt": sqrt(X - Q(1, 10**30)),
    "relu of a pole": relu(recip(X)),
    "max with a pole": maximum(recip(X), 5),
    "max with a pole, other side": maximum(5, recip(X)),
    "step of a pole": step(recip(X)),
    "tanh of log": tanh(log(X)),
    "tanh of a pole": tanh(recip(X)),
    "zero times a pole": build("mul", (const(0), recip(X))),
    "pole minus itself": recip(X) - recip(X),
    "zero weight": index(affine([[0, 1]], None, stack([recip(X), Y])), 0),
    "component": relu(stack([recip(X), Y]))[0],
    "component of a network": relu(affine([[0, 1], [1, 1]], None, stack([recip(X), Y])))[0],
    "chosen branch": select(Y + 2, recip(X), Y),
    "condition": select(recip(X), X, Y),
    "perhaps chosen branch": select(Y, recip(X), Y),
}


@pytest.mark.parametrize("degree", [0, 1, 2])
@pytest.mark.parametrize("name", UNDEFINED_ON_UNIT)
def test_what_is_undefined_somewhere_has_no_finite_range(name: str, degree: int) -> None:
    e = UNDEFINED_ON_UNIT[name]
    for low in (Q(-1), Q(0)):
        assert not enclosure({"x": (low, Q(1)), "y": (Q(-1), Q(1))}, degree, e).is_finite()


def test_a_component_is_defined_by_itself() -> None:
    for degree in (0, 1, 2):
        box = {"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1))}
        assert enclosure(box, degree, tanh(stack([recip(X), Y]))[1]).is_finite()


def test_a_branch_that_is_never_chosen_need_not_be_defined() -> None:
    for degree in (0, 1, 2):
        box = {"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1))}
        assert enclosure(box, degree, select(Y - 2, recip(X), Y)).is_finite()


def test_the_expansion_point_may_lie_outside_the_range() -> None:
    """The affine part of a chain of kinks is centred far below what its range says.

    A Taylor remainder is then about points between that centre and the range.
    """
    a = absolute(X)
    for _ in range(10):
        a = const(10) * relu(a - const(Q("0.9")))
    e = sin(const(Q("0.26")) * a - const(Q("0.26")))
    reach = enclosure({"x": (Q(-1), Q(1))}, 1, e)
    assert contains(reach.low, reach.high, exact(Q(0)))
    for point in (Q(-1), Q(0), Q(1), Q("0.99999999999")):
        confirm(reach, e, {"x": point})


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(SEEDS)
def test_smooth_functions_after_chains_of_kinks(seed: int) -> None:
    rng = random.Random(seed)
    a = absolute(X)
    for _ in range(rng.randint(1, 10)):
        cut = Q(rng.randint(1, 95), 100)
        a = const(1 / (1 - cut)) * relu(a - const(cut))
    width = Q(rng.randint(1, 80), 100)
    name = rng.choice(["sin", "cos", "tanh", "exp", "atan", "log", "sqrt", "recip"])
    shift = Q(rng.randint(-200, 200), 100)
    e = build(name, (const(width * rng.choice([1, -1])) * a + const(shift),))
    reach = enclosure({"x": (Q(-1), Q(1))}, 1, e)
    for point in (Q(-1), Q(0), Q(1), 1 - Q(1, 10**9), 1 - Q(1, 10**7)):
        confirm(reach, e, {"x": point})
