"""The membership oracle: states that are proved to reach the core, and those that do not."""

from __future__ import annotations

from fractions import Fraction as Q
from functools import lru_cache

import numpy as np
import pytest
from claim_builders import stable

from certify import reaches_core
from certify.errors import InputError
from certify.expression import Node, const, var
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.kernel import Accepted, check_certificate
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

X, W = var("x"), var("w")
EDGE = float(np.sqrt(5 / 6))  # x/2 + 0.6 x**3 rests there


def cubic(gain: Node, **changes: object) -> Claim:
    return stable("D", {"x": gain * X + const(Q(3, 5)) * X**3}, X**2, "0.1", **changes)


@lru_cache
def accepted(name: str) -> Accepted:
    claims = {
        "cubic": lambda: cubic(const(Q(1, 2))),
        "disturbed": lambda: cubic(
            W, disturbances=("w",), box={"x": (Q(-1), Q(1)), "w": (Q(0), Q(1, 2))}
        ),
        "six": six_states,
        "output": lambda: Claim(
            **{
                **vars(cubic(const(0))),
                "theorem": "T-OUT",
                "functions": {"output": X},
                "numbers": {"upper": Q(1)},
                "equilibrium": {},
            }
        ),
    }
    outcome = BranchAndBound().verify(claims[name](), Options(timeout=60))
    assert outcome.verdict is Verdict.PROVED, outcome.advice
    assert outcome.certificate is not None
    return check_certificate(outcome.certificate)


def six_states() -> Claim:
    """Six rows ``x_i+ = x_i/2 + x_i**3/2 + x_{i+1}/50``, of which the core is a small ball."""
    names = [f"x{i}" for i in range(6)]
    rows = {
        x: var(x) * Q(1, 2) + var(x) ** 3 * Q(1, 2) + var(names[(i + 1) % 6]) * Q(1, 50)
        for i, x in enumerate(names)
    }
    squares = [var(x) ** 2 for x in names]
    return stable("D", rows, sum(squares[1:], start=squares[0]), "0.04")


def test_states_in_the_core_and_outside_of_it() -> None:
    found = accepted("cubic")
    assert reaches_core(found, {"x": 0}) == 0
    assert reaches_core(found, {"x": Q("-0.3")}) == 0
    assert reaches_core(found, {"x": 0.4}) == 1
    assert reaches_core(found, {"x": EDGE - 1e-3}) is not None
    assert reaches_core(found, {"x": EDGE - 1e-3}, steps=2) is None


def test_what_does_not_converge_is_never_said_to() -> None:
    found = accepted("cubic")
    for x in (EDGE, EDGE + 1e-15, EDGE + 1e-6, 0.92, 1.0, -1.0, -EDGE - 1e-9):
        assert reaches_core(found, {"x": x}, steps=300) is None
    assert reaches_core(found, {"x": Q(11, 10)}) is None
    assert reaches_core(found, {"x": 1e300}) is None
    assert reaches_core(found, {"x": (0.5, EDGE + 1e-9)}) is None


def test_bounds_of_a_state_that_is_not_known_exactly() -> None:
    found = accepted("cubic")
    assert reaches_core(found, {"x": (0.4, 0.5)}) is not None
    assert reaches_core(found, {"x": (Q(-1, 2), Q(1, 2))}) is not None


def test_every_disturbance_counts() -> None:
    found = accepted("disturbed")
    assert reaches_core(found, {"x": 0.85}) is not None
    assert reaches_core(found, {"x": EDGE + 1e-9}) is None  # although the mean gain brings it in


def test_it_is_what_a_simulation_says_in_six_dimensions() -> None:
    found, rng = accepted("six"), np.random.default_rng(0)
    claim = found.certificate.claim
    came = 0
    for point in rng.uniform(-0.95, 0.95, (30, 6)):
        steps = reaches_core(found, dict(zip(claim.states, point.tolist(), strict=True)))
        x = point
        for _ in range(1000):
            if (x**2).sum() <= 0.04 or np.abs(x).max() > 1:
                break
            x = 0.5 * x + 0.5 * x**3 + np.roll(x, -1) / 50
        came += steps is not None
        assert steps is None or (x**2).sum() <= 0.04
    assert came >= 25


@pytest.mark.parametrize(
    ("name", "state", "why"),
    [
        ("output", {"x": 0}, "no core"),
        ("cubic", {}, "exactly the names x"),
        ("cubic", {"x": 0, "y": 0}, "exactly the names x"),
        ("cubic", {"x": (1, 0)}, "reversed"),
        ("cubic", {"x": "left"}, "not a number"),
        ("cubic", {"x": float("nan")}, "not a number"),
        ("cubic", {"x": float("inf")}, "not a number"),
        ("cubic", {"x": (0, 1, 2)}, "not a number"),
    ],
)
def test_what_is_asked_wrongly(name: str, state: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        reaches_core(accepted(name), state)
