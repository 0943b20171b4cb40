"""python-control systems are read with the exact entries of their matrices."""

from fractions import Fraction

import control
import numpy as np
import pytest

from certify.errors import ProblemError
from certify.expression import variables
from certify.expression.exact import exact
from certify.io.control import read_control, read_control_outputs

A = np.array([[0.1, 1.0], [0.0, -1 / 3]])
B = np.array([[0.0, 2.0], [0.7, 0.0]])
C = np.array([[1.0, 0.3]])
D = np.array([[0.0, 0.9]])


def test_discrete_time() -> None:
    system = read_control(control.ss(A, B, C, D, 0.05), disturbances=["u1"])
    assert system.time == "discrete"
    assert system.step == Fraction(0.05)
    assert (system.states, system.inputs, system.disturbances) == (("x0", "x1"), ("u0",), ("u1",))
    at = {"x0": Fraction(3), "x1": Fraction(5), "u0": Fraction(7), "u1": Fraction(11)}
    assert exact(system.dynamics["x0"], at) == Fraction(0.1) * 3 + 5 + 22
    assert exact(system.dynamics["x1"], at) == Fraction(-1 / 3) * 5 + Fraction(0.7) * 7
    assert variables([system.dynamics["x1"]]) == ["x1", "u0"]


def test_continuous_time_names_and_outputs() -> None:
    model = control.ss(A, B, C, D, states=["theta", "omega"], inputs=["u", "w"], outputs=["z"])
    system = read_control(model)
    assert (system.time, system.step) == ("continuous", None)
    assert (system.states, system.inputs) == (("theta", "omega"), ("u", "w"))
    outputs = read_control_outputs(model, states=["p", "q"])
    at = {"p": Fraction(1), "q": Fraction(2), "w": Fraction(4), "u": Fraction(0)}
    assert exact(outputs["z"], at) == 1 + Fraction(0.3) * 2 + Fraction(0.9) * 4


def test_a_state_that_does_not_move() -> None:
    system = read_control(control.ss([[0.0]], [[0.0]], [[1.0]], [[0.0]], True))
    assert system.step is None
    assert exact(system.dynamics["x0"], {}) == 0


def broken() -> control.StateSpace:
    system = control.ss(A, B, C, D)
    system.A[0, 1] = np.nan
    return system


PLAIN = control.ss(A, B, C, D)


@pytest.mark.parametrize(
    ("system", "options", "message"),
    [
        (control.NonlinearIOSystem(None, None), {}, "Python functions, which cannot be read"),
        (control.tf([1], [1, 1]), {}, "has no state: convert it with control.ss"),
        ("plant", {}, "a str is not a control.StateSpace"),
        (control.ss(A, B, C, D, None), {}, "dt=None: say dt=0"),
        (broken(), {}, "the matrix A holds a number that is not real and finite"),
        (PLAIN, {"states": ["a"]}, "2 states and 2 inputs, but 1 and 2 names"),
        (PLAIN, {"states": ["a", "a"]}, "repeat"),
        (PLAIN, {"inputs": ["x0", "v"]}, "repeat"),
        (PLAIN, {"inputs": ["u 1", "v"]}, "the input 'u 1' is not a name"),
        (PLAIN, {"disturbances": ["w"]}, "the disturbance w is not one of the inputs"),
    ],
)
def test_refusals(system: object, options: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        read_control(system, **options)
