import re
from fractions import Fraction

import pytest

from certify.controllers import families, trainer
from certify.controllers.options import LqrOptions, NeuralOptions, read_options
from certify.errors import InputError, ProblemError
from certify.expression import var
from certify.problem import Problem, Stability, System, Training

PROBLEM = Problem(
    name="integrator",
    system=System("discrete", ("x",), {"x": var("x") + var("u")}, ("u",)),
    controller={},
    domain={"x": (Fraction(-1), Fraction(1))},
    property=Stability(Training(), {}),
)


def test_every_family_has_a_trainer():
    assert set(families()) == {"lqr", "neural", "polynomial", "quadratic", "tree"}
    assert all(callable(trainer(family)) for family in families())


def test_an_unknown_family_is_refused_with_advice():
    with pytest.raises(InputError, match="did you mean 'neural'"):
        trainer("neurla")


def test_options_of_the_controller_table_join_the_others():
    given = {"steps": 7, "controller": {"limits": {"u": ["-0.1", 2]}, "family": "neural"}}
    options = read_options(NeuralOptions, given, PROBLEM)
    assert options.steps == 7
    assert options.limits == {"u": (Fraction(-1, 10), Fraction(2))}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": {"u": [-1, 1]}}, "did you mean 'limits'?"),
        ({"limits": {"v": [-1, 1]}}, "'v' is not an input"),
        ({"limits": {"u": [1, -1]}}, "is empty"),
        ({"limits": {"u": [-1]}}, 'write u = ["lower", "upper"]'),
        ({"limits": {"u": [-0.84, 0.84]}}, 'write "-0.84" in quotes'),
        ({"limits": {"u": ["-one", 1]}}, "is not a number"),
        ({"limits": 6}, "write a table"),
        ({"u_equilibrium": {"u": float("nan")}}, "is rounded"),
        ({"state_weights": {"x": 0}}, "is not positive"),
        ({"samples": True}, "write an integer"),
        ({"samples": 0.5}, "write an integer"),
        ({"controller": {"family": "neural"}}, "write the same for both"),
        ({"samples": 1000, "controller": {"samples": 1000}}, "given twice"),
        ({"controller": "lqr"}, "write a table"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ProblemError, match=re.escape(message)):
        read_options(LqrOptions, options, PROBLEM)
