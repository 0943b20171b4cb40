from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from certify.controllers import trainer
from certify.errors import ProblemError
from certify.expression import var
from certify.expression.evaluate import evaluate
from certify.pipeline import verify
from certify.problem import Problem, Stability, System, Training
from certify.verifiers.interface import Options

H = Fraction(1, 10)
X, Y, U = var("x"), var("y"), var("u")


def oscillator(time="continuous", **more):
    """Van der Pol's, backwards in time: the domain of attraction ends at the limit cycle."""
    rates = {"x": -Y, "y": X - (1 - X**2) * Y + U}
    steps = {"x": X + H * rates["x"], "y": Y + H * rates["y"]}
    system = System(time, ("x", "y"), steps if time == "discrete" else rates, ("u",))
    sides = (Fraction(-3), Fraction(3))
    claim = Stability(Training("polynomial"), {}, **more)
    return Problem("vdp", system, {"u": 0 * X}, {"x": sides, "y": sides}, claim)


def made(problem, **options):
    steps = []
    few = {"points": 500, "rounds": 6, "samples": 20_000, "degree": 4}
    made = trainer("polynomial")(problem, few | options, seed=0, progress=steps.append)
    return made, steps


@pytest.mark.parametrize("time", ["continuous", "discrete"])
def test_the_region_grows_and_is_proved(time):
    problem = oscillator(time)
    candidate, steps = made(problem)
    assert steps[-1].volume > steps[0].volume
    assert candidate.suggested_level > 0
    claim = replace(
        problem.property, lyapunov=candidate.lyapunov, level=candidate.suggested_level / 2
    )
    proved = replace(problem, controller=candidate.controller, property=claim)
    assert verify(proved, Options(workers=1, timeout=60)).verdict.word == "proved"


def test_degree_two_is_a_quadratic():
    small, _ = made(oscillator(), degree=2)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-1, 1, (2, 50))
    values = [evaluate([small.lyapunov], {"x": k * x, "y": k * y})[0] for k in (1, 2)]
    np.testing.assert_allclose(values[1], 4 * values[0], rtol=1e-9)


def test_the_same_seed_gives_the_same_function():
    assert made(oscillator())[0].lyapunov.digest == made(oscillator())[0].lyapunov.digest


def test_a_level_that_the_property_names_is_kept():
    candidate, _ = made(oscillator(level=Fraction(3)), degree=2)
    assert candidate.suggested_level == 3


def test_an_unstable_loop_and_odd_options_are_refused():
    system = System("continuous", ("x", "y"), {"x": X, "y": Y + U}, ("u",))
    problem = replace(oscillator(), system=system)
    with pytest.raises(ProblemError, match="not stable"):
        made(problem)
    with pytest.raises(ProblemError, match="degree"):
        made(oscillator(), degree=1)
