from fractions import Fraction

import control
import numpy as np
import pytest

from certify.controllers.lqr import train
from certify.errors import ProblemError
from certify.expression import clip, const, directional, sin, var
from certify.expression.evaluate import evaluate
from certify.problem import Problem, Stability, System, Training

H = Fraction(1, 10)
UNIT = (Fraction(-1), Fraction(1))
P, V, U = var("p"), var("v"), var("u")


def double_integrator(time="discrete", controller=None, **stability):
    rates = {"v": U, "p": V}  # not in the order of the states
    steps = {"v": V + const(H) * U, "p": P + const(H) * V + const(H * H / 2) * U}
    system = System(time, ("p", "v"), steps if time == "discrete" else rates, ("u",))
    claim = Stability(Training("lqr"), {}, **stability)
    return Problem("di", system, controller or {}, {"p": UNIT, "v": UNIT}, claim)


def trained(problem, **options):
    return train(problem, options, seed=0, progress=lambda _: None)


def slopes(node):
    rows = [directional(node, {name: const(1)}) for name in ("p", "v")]
    return [float(v) for v in evaluate(rows, {"p": 0.0, "v": 0.0})]


def test_the_discrete_gain_is_that_of_python_control():
    a, b = np.array([[1, 0.1], [0, 1]]), np.array([[0.005], [0.1]])
    k, _, _ = control.dlqr(a, b, np.eye(2), np.eye(1) / 4)
    candidate = trained(double_integrator(), limits={"u": [-2, 2]})
    np.testing.assert_allclose(slopes(candidate.controller["u"]), -k[0], rtol=1e-5)


def test_the_continuous_gain_is_that_of_python_control():
    k, _, _ = control.lqr([[0, 1], [0, 0]], [[0], [1]], np.diag([4, 1]), np.eye(1) * 3)
    candidate = trained(
        double_integrator("continuous"), state_weights={"p": 4}, input_weights={"u": 3}
    )
    np.testing.assert_allclose(slopes(candidate.controller["u"]), -k[0], rtol=1e-5)


@pytest.mark.parametrize("time", ["discrete", "continuous"])
def test_v_decreases_on_the_suggested_level(time):
    problem = double_integrator(time, decay=Fraction(1, 1000))
    candidate = trained(problem, limits={"u": [-2, 2]})
    rng = np.random.default_rng(7)
    point = dict(zip(("p", "v"), rng.uniform(-1, 1, (2, 5000)), strict=True))
    (u,) = evaluate([candidate.controller["u"]], point)
    assert u.min() == -2 or u.max() <= 2
    (value,) = evaluate([candidate.lyapunov], point)
    dynamics = [problem.system.dynamics[x] for x in ("p", "v")]
    next_or_rate = dict(zip(("p", "v"), evaluate(dynamics, {**point, "u": u}), strict=True))
    if time == "discrete":
        (change,) = evaluate([candidate.lyapunov], next_or_rate) - value
    else:
        slope = directional(candidate.lyapunov, {x: var(f"d{x}") for x in ("p", "v")})
        (change,) = evaluate([slope], point | {f"d{x}": r for x, r in next_or_rate.items()})
    inside = value < float(candidate.suggested_level)
    assert inside.sum() > 1000
    assert (value > 0).all()
    assert (change[inside] <= -0.001 * value[inside]).all()


def test_a_given_controller_is_kept():
    given = {"u": clip(-P - 2 * V, -1, 1)}
    candidate = trained(double_integrator(controller=given))
    assert candidate.controller == given
    assert candidate.suggested_level > 0


def test_v_is_scaled_to_the_level_of_the_property():
    candidate = trained(double_integrator(level=Fraction(5)), limits={"u": [-2, 2]})
    free = trained(double_integrator(), limits={"u": [-2, 2]})
    assert candidate.suggested_level == 5
    assert candidate.sampled_volume == free.sampled_volume


def test_an_unstable_given_controller_is_refused():
    with pytest.raises(ProblemError, match="not stable"):
        trained(double_integrator(controller={"u": P + V}))


def test_a_plant_out_of_reach_of_the_input_is_refused():
    system = System("discrete", ("p", "v"), {"p": 2 * P, "v": V + U}, ("u",))
    problem = Problem("x", system, {}, {"p": UNIT, "v": UNIT}, Stability(Training("lqr"), {}))
    with pytest.raises(ProblemError, match="cannot be stabilised"):
        trained(problem)


def test_an_input_that_does_not_hold_the_equilibrium_is_refused():
    system = System("discrete", ("p", "v"), {"p": P + V, "v": V + sin(P) + U - 1}, ("u",))
    problem = Problem("x", system, {}, {"p": UNIT, "v": UNIT}, Stability(Training("lqr"), {}))
    with pytest.raises(ProblemError, match="v moves; write the input that holds it"):
        trained(problem)
    candidate = trained(problem, u_equilibrium={"u": 1})
    assert float(evaluate([candidate.controller["u"]], {"p": 0.0, "v": 0.0})[0]) == 1
