"""Problems built in Python meet the same checks as problem files, with the same advice."""

from dataclasses import replace
from fractions import Fraction

import pytest

from certify.checks import InvalidProblemError
from certify.errors import ProblemError
from certify.expression import stack, var
from certify.problem import Output, Problem, Safety, Stability, System, Training
from certify.validate import trains, validate

X, Y, U, W, P = (var(n) for n in "xyuwp")
ONE = Fraction(1)
BOX = (-ONE, ONE)
SYSTEM = System(
    time="discrete",
    states=("x", "y"),
    dynamics={"x": X + W, "y": P * Y + U},
    inputs=("u",),
    disturbances=("w",),
    parameters={"p": (Fraction(1, 2), ONE)},
    step=Fraction(1, 20),
    units={"x": "m", "step": "s"},
)
STABILITY = Stability(X**2 + Y**2, {"x": Fraction(0), "y": Fraction(0)}, Fraction(1, 10), ONE)
PROBLEM = Problem("loop", SYSTEM, {"u": -Y}, {"x": BOX, "y": BOX, "w": BOX}, STABILITY)


def of_system(**changes: object) -> Problem:
    return replace(PROBLEM, system=replace(SYSTEM, **changes))


def of_claim(**changes: object) -> Problem:
    return replace(PROBLEM, property=replace(STABILITY, **changes))


def test_a_good_problem_passes() -> None:
    validate(PROBLEM)
    validate(of_claim(equilibrium={}, level=None))
    trained = replace(of_claim(lyapunov=Training()), controller={})
    validate(trained)
    assert trains(trained)
    assert not trains(PROBLEM)
    validate(replace(PROBLEM, property=Safety((X,), (1 - Y,), X * Y)))
    validate(replace(PROBLEM, property=Output(U + W * P, upper=ONE)))


SAFETY = Safety((X,), (Y,), X)
OUTPUT = Output(X, ONE, ONE)

FAULTS = [
    (replace(PROBLEM, name=" "), "name", "the name is empty"),
    (of_system(time="hybrid"), "system.time", 'write time = "discrete" or "continuous"'),
    (of_system(states=()), "system.states", "no states"),
    (of_system(states=("x", "x")), "system.states.x", "declared twice"),
    (of_system(states=("x", "cos")), "system.states.cos", "means something else"),
    (of_system(step=Fraction(0)), "system.step", "the step is positive"),
    (of_system(step=0.05), "system.step", '0.05 is not exact; write Fraction("0.05")'),
    (of_system(time="continuous"), "system.step", "a continuous system has no step"),
    (of_system(dynamics={"x": X}), "system.dynamics", "no dynamics for the state 'y'"),
    (of_system(dynamics={}), "system.dynamics", "no dynamics for the state 'x'"),
    (of_system(dynamics={"x": X, "z": X}), "system.dynamics.z", "'z' is not a state"),
    (of_system(dynamics={"x": X, "y": 0}), "system.dynamics.y", "expected an expression"),
    (of_system(dynamics={"x": X, "y": stack([X, Y])}), "system.dynamics.y", "a vector of 2"),
    (of_system(dynamics={"x": X, "y": var("q")}), "system.dynamics.y", "cannot depend on 'q'"),
    (of_system(parameters={"p": (ONE, ONE)}), "system.parameters.p", "a single point"),
    (of_system(parameters={"p": (0.5, ONE)}), "system.parameters.p", "0.5 is not exact"),
    (of_system(units={"q": "m"}), "system.units.q", "'q' is not a name of the system"),
    (of_system(units={"x": "deg"}), "system.units.x", "write rad"),
    (replace(PROBLEM, domain={"x": BOX, "y": BOX}), "domain", "no bounds for 'w'"),
    (replace(PROBLEM, domain={"x": (ONE, -ONE)}), "domain.x", "the interval [1, -1] is reversed"),
    (replace(PROBLEM, domain={"x": (ONE, float("nan"))}), "domain.x", "nan is not exact"),
    (replace(PROBLEM, domain={"u": BOX}), "domain.u", "an input has no domain"),
    (replace(PROBLEM, domain={"p": BOX}), "domain.p", "'p' is a parameter"),
    (replace(PROBLEM, domain={"q": BOX}), "domain.q", "'q' is not a state or disturbance"),
    (replace(PROBLEM, controller={}), "controller", "no controller for the input 'u'"),
    (replace(PROBLEM, controller={"v": X}), "controller.v", "'v' is not an input"),
    (replace(PROBLEM, controller={"u": W}), "controller.u", "a controller cannot depend on 'w'"),
    (replace(PROBLEM, controller={"u": P}), "controller.u", "a controller cannot depend on 'p'"),
    (of_claim(equilibrium={"x": ONE}), "property.equilibrium.x", "not inside its domain"),
    (of_claim(equilibrium={"q": ONE}), "property.equilibrium.q", "'q' is not a state"),
    (of_claim(equilibrium={"x": 0.0}), "property.equilibrium.x", "0.0 is not exact"),
    (of_claim(decay=ONE), "property.decay", "discrete time needs 0 <= decay < 1"),
    (of_claim(decay=-ONE), "property.decay", "discrete time needs 0 <= decay < 1"),
    (of_claim(level=-ONE), "property.level", "the level is positive"),
    (of_claim(level=True), "property.level", "True is not exact"),
    (of_claim(lyapunov=X + U), "property.lyapunov", "cannot depend on 'u'"),
    (replace(PROBLEM, property=replace(SAFETY, initial=())), "property.initial", "no conditions"),
    (replace(PROBLEM, property=replace(SAFETY, unsafe=(W,))), "property.unsafe", "depend on 'w'"),
    (replace(PROBLEM, property=replace(SAFETY, barrier=P)), "property.barrier", "depend on 'p'"),
    (replace(PROBLEM, property=Output(X)), "property", "no bound; write lower, upper or both"),
    (replace(PROBLEM, property=replace(OUTPUT, lower=2 * ONE)), "property.lower", "above upper"),
    (replace(PROBLEM, property=replace(OUTPUT, upper=1.5)), "property.upper", "1.5 is not exact"),
]


@pytest.mark.parametrize(("problem", "path", "advice"), FAULTS)
def test_fault(problem: Problem, path: str, advice: str) -> None:
    with pytest.raises(ProblemError) as caught:
        validate(problem)
    assert isinstance(caught.value, InvalidProblemError)
    assert ".".join(caught.value.path) == path
    assert str(caught.value).startswith(f"{path}: ")
    assert advice in caught.value.message


def test_continuous_decay_may_exceed_one() -> None:
    system = replace(SYSTEM, time="continuous", step=None)
    validate(replace(PROBLEM, system=system, property=replace(STABILITY, decay=2 * ONE)))
