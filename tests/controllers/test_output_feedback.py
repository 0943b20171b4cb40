"""Inputs that read less than all states: the linear start, the networks, the options."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import control
import numpy as np
import onnx
import onnx.reference
import pytest
import torch

from certify.controllers.information import information_of
from certify.controllers.lqr import gain
from certify.controllers.lqr import train as train_linear
from certify.controllers.neural_lyapunov import train as train_neural
from certify.controllers.options import LqrOptions, QuadraticOptions, read_options
from certify.controllers.output_feedback import Pattern, cost_and_gradient, least_costly
from certify.controllers.policy_network import Policy
from certify.controllers.quadratic_lyapunov import train
from certify.controllers.task import task_of
from certify.controllers.tree_family import train as train_tree
from certify.errors import ProblemError
from certify.expression import const, directional, sin, substitute, var, variables
from certify.expression.evaluate import evaluate
from certify.io.toml import read_problem
from certify.pipeline import verify
from certify.problem import Problem, Stability, System, Training
from certify.training import train as train_problem
from certify.verifiers.interface import Options

CASES = Path(__file__).parents[2] / "case_studies"
H = Fraction(1, 20)
A, W, EA, EW = (var(x) for x in ("a", "w", "ea", "ew"))
U, FA, FW = (var(u) for u in ("u", "fa", "fw"))
STATES = ("a", "w", "ea", "ew")
READS = {"u": [A - EA, W - EW], "fa": [EA], "fw": [EA]}
QUICK = {
    "reads": READS,
    "limits": {"u": [-6, 6]},
    "policy_steps": 4,
    "horizon": 10,
    "batch": 64,
    "judged": 100,
    "samples": 2000,
    "rounds": 1,
    "steps": 10,
}


def push(angle, speed):
    return 20 * sin(angle) - 3 * speed + 26 * U


def pendulum(time="discrete"):
    """A pendulum, and the errors of an observer that copies it; fa and fw correct that."""
    error = push(A, W) - push(A - EA, W - EW)
    rates = {"a": W, "w": push(A, W), "ea": EW, "ew": error}
    fixes = {"ea": FA, "ew": FW}
    if time == "discrete":
        rates = {x: var(x) + const(H) * rate for x, rate in rates.items()}
    dynamics = {x: rate - fixes[x] if x in fixes else rate for x, rate in rates.items()}
    system = System(time, STATES, dynamics, ("u", "fa", "fw"))
    ends = {"a": 3, "w": 4, "ea": 1, "ew": 1}
    domain = {x: (Fraction(-b), Fraction(b)) for x, b in ends.items()}
    return Problem("pendulum", system, {}, domain, Stability(Training(), {}))


def trained(options=QUICK, problem=None, trainer=train):
    return trainer(problem or pendulum(), options, seed=3, progress=lambda _: None)


def content(candidate):
    functions = [candidate.lyapunov, *candidate.controller.values()]
    return dict(candidate.networks), [f.digest for f in functions], candidate.suggested_level


@pytest.fixture(scope="module")
def candidate():
    return trained()


def pattern(discrete, seed=0):
    """Four states, three inputs, three terms; some of what could be read is not."""
    rng = np.random.default_rng(seed)
    a, b, c = (rng.standard_normal(shape) for shape in ((4, 4), (4, 3), (3, 4)))
    a = a / 4 if discrete else a - 4 * np.eye(4)
    free = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 0]], dtype=bool)
    return Pattern(a, b, c, free, np.diag([1.0, 2, 3, 4]), np.diag([1.0, 0.5, 2]), discrete)


@pytest.mark.parametrize("discrete", [True, False])
def test_the_gradient_is_that_of_differences(discrete):
    some = pattern(discrete)
    k = np.zeros((3, 3))
    k[some.free] = 0.05 * np.arange(1, 6)
    _, slope, curvature = cost_and_gradient(some, k)
    for place, wanted in zip(np.argwhere(some.free), slope, strict=True):
        step = np.zeros((3, 3))
        step[tuple(place)] = 1e-6
        up, down = (cost_and_gradient(some, k + s * step)[0] for s in (1, -1))
        assert wanted == pytest.approx((up - down) / 2e-6, rel=1e-5)
    assert (np.linalg.eigvalsh(curvature) > 0).all()


def test_the_cost_is_what_trajectories_cost():
    some = pattern(discrete=True)
    k = 0.05 * some.free
    x, cost = np.eye(4), 0.0
    for _ in range(400):
        u = k @ some.c @ x
        cost += np.trace(x.T @ some.q @ x + u.T @ some.r @ u)
        x = some.loop(k) @ x
    assert cost_and_gradient(some, k)[0] == pytest.approx(cost)


@pytest.mark.parametrize("discrete", [True, False])
def test_of_all_states_it_is_the_linear_regulator(discrete):
    some = pattern(discrete)
    unstable = 3 * some.a if discrete else some.a + 5 * np.eye(4)
    some = replace(some, a=unstable, c=np.eye(4), free=np.ones((3, 4), dtype=bool))
    assert some.speed(some.a) > (1 if discrete else 0)
    solve = control.dlqr if discrete else control.lqr
    k, _, _ = solve(some.a, some.b, some.q, some.r)
    np.testing.assert_allclose(least_costly(some), -k, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("time", ["discrete", "continuous"])
@pytest.mark.parametrize("given", [READS, {**READS, "fa": [A, EA], "fw": [A, EA]}])
def test_an_observer_and_feedback_of_its_state_are_found_together(time, given):
    problem = pendulum(time)
    task, settings = task_of(problem), read_options(LqrOptions, {"reads": given}, problem)
    information = information_of(task, settings)
    k = gain(task, settings)
    assert (k[~information.seen] == 0).all()
    linear = trained({"reads": given, "samples": 1000}, problem, train_linear)
    for u, terms in given.items():
        assert set(variables([linear.controller[u]])) <= set(variables(terms))
    loop = [substitute(problem.system.dynamics[x], linear.controller) for x in STATES]
    rows = [[directional(f, {x: const(1)}) for x in STATES] for f in loop]
    matrix = np.array([evaluate(row, dict.fromkeys(STATES, 0.0)) for row in rows])
    poles = np.linalg.eigvals(matrix)
    assert (np.abs(poles) < 1 if time == "discrete" else poles.real < 0).all()


@pytest.mark.parametrize(
    ("reads", "message"),
    [
        ({"u": [A], "fa": [A], "fw": [A]}, "none of them moves the pole"),
        ({"u": [A - EA], "fa": [const(0) * EA], "fw": [EW]}, "read more"),
    ],
)
def test_what_cannot_stabilise_is_refused(reads, message):
    problem = pendulum("continuous")
    slow = {**problem.system.dynamics, "ea": EW - FA + EA}
    problem = replace(problem, system=replace(problem.system, dynamics=slow))
    with pytest.raises(ProblemError, match=message):
        trained({"reads": reads}, problem, train_linear)


def test_the_position_alone_does_not_stop_a_mass():
    system = System("continuous", ("a", "w"), {"a": W, "w": U}, ("u",))
    domain = {x: (Fraction(-1), Fraction(1)) for x in ("a", "w")}
    problem = Problem("mass", system, {}, domain, Stability(Training(), {}))
    with pytest.raises(ProblemError, match="let them read more"):
        trained({"reads": {"u": [A]}}, problem, train_linear)


@pytest.mark.parametrize("time", ["discrete", "continuous"])
def test_no_input_depends_on_what_it_does_not_read(time):
    problem = pendulum(time)
    found = trained(problem=problem)
    assert set(variables([found.controller["fa"]])) == {"ea"}
    assert set(found.networks) == {"policy_u", "policy_fa_fw"}
    rng = np.random.default_rng(5)
    point = dict(zip(STATES, rng.uniform(-1, 1, (4, 500)), strict=True))
    moved = {**point, "a": point["a"] + 0.3, "ea": point["ea"] + 0.3}
    before, after = (evaluate([found.controller["u"]], at)[0] for at in (point, moved))
    np.testing.assert_allclose(after, before, atol=1e-12)
    assert np.ptp(before) > 0.1
    assert all(float(v) == 0 for v in evaluate(list(found.controller.values()), rest()))


def rest():
    return dict.fromkeys(STATES, 0.0)


def test_the_expressions_are_the_networks_and_what_is_trained(candidate):
    problem = pendulum()
    task, settings = task_of(problem), read_options(QuadraticOptions, QUICK, problem)
    policy = Policy.of(task, settings)
    generator = torch.Generator().manual_seed(1)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    weights = {
        "W": policy.first * normal(*policy.first.shape),
        "b": normal(len(policy.first)),
        "O": policy.last * normal(*policy.last.shape) / 5,
    }
    functions, networks = policy.expressions({k: v.numpy() for k, v in weights.items()})
    rng = np.random.default_rng(6)
    y = rng.uniform(-1, 1, (50, 4))
    point = dict(zip(STATES, (y * task.scale).T, strict=True))
    exact = np.stack(evaluate(list(functions.values()), point), axis=-1)
    np.testing.assert_allclose(policy.control(weights, torch.tensor(y)), exact, atol=1e-5)
    model = onnx.load_from_string(networks["policy_fa_fw"])
    run = onnx.reference.ReferenceEvaluator(model).run
    read = point["ea"][:, None].astype(np.float32)
    (name,) = (one.name for one in model.graph.input)
    out = run(None, {name: read})[0] - run(None, {name: 0 * read})[0]
    np.testing.assert_allclose(out, exact[:, 1:], atol=1e-4)


def test_the_same_seed_gives_the_same_bytes(candidate):
    assert content(trained()) == content(candidate)


def test_a_neural_v_is_trained_with_it():
    options = {key: value for key, value in QUICK.items() if key not in ("rounds", "steps")}
    found = trained({**options, "rounds": 1, "steps": 5}, trainer=train_neural)
    assert set(found.networks) == {"policy_u", "policy_fa_fw", "features"}


def test_what_does_not_vanish_at_the_equilibrium_is_read_as_a_difference():
    problem = pendulum()
    reads = {**READS, "fa": [sin(EA + 1)], "fw": [sin(EA + 1)]}
    settings = read_options(LqrOptions, {"reads": reads}, problem)
    information = information_of(task_of(problem), settings)
    found = trained({**QUICK, "reads": reads}, problem)
    assert all(float(v) == 0 for v in evaluate(list(found.controller.values()), rest()))
    at = int(np.flatnonzero(information.seen[1])[0])
    assert information.slopes[at] == pytest.approx([0, 0, np.cos(1), 0])
    assert information.scale[at] >= 0.98 * (np.sin(1) - np.sin(0))


@pytest.mark.parametrize(
    ("reads", "message"),
    [
        ({"u": [A]}, 'write fa = ["a"], a list of what it reads'),
        ({**READS, "fa": []}, 'write fa = ["a"], a list of what it reads'),
        ({**READS, "fa": "ea"}, 'write fa = ["a"], a list of what it reads'),
        ({**READS, "fx": [EA]}, "'fx' is not an input; write one of: u, fa, fw"),
        ({**READS, "fa": ["ea"]}, "'ea' is not a scalar expression of the states"),
        ({**READS, "fa": [var("we")]}, "'we' is not a state; did you mean 'w'?"),
        ({**READS, "fa": [U]}, "'u' is not a state"),
        ("ea", "write a table"),
    ],
)
def test_wrong_reads_are_refused(reads, message):
    with pytest.raises(ProblemError, match=re.escape(message)):
        read_options(LqrOptions, {"reads": reads}, pendulum())


def test_what_is_read_has_a_value_and_a_derivative():
    for term, message in ((1 / (EA - Fraction(9, 8)), None), ((EA - 1) / EA, "the terms read")):
        options = {"reads": {**READS, "fa": [term]}, "samples": 100}
        if message is None:
            trained(options, trainer=train_linear)
        else:
            with pytest.raises(ProblemError, match=message):
                trained(options, trainer=train_linear)


def test_a_bearing_with_an_observer_is_proved_from_its_problem_file():
    problem = read_problem(CASES / "bearing_output_feedback" / "problem.toml")
    found, _ = train_problem(problem)
    assert set(variables(list(found.controller.values()))) <= {"x", "v", "e_x", "e_v"}
    assert variables([found.controller["fix_v"]]) == ["e_x"]
    claim = replace(found.property, level=Fraction(8))
    outcome = verify(replace(found, property=claim), Options(workers=1))
    assert outcome.verdict.word == "proved"


def test_families_that_read_all_states_say_so():
    with pytest.raises(ProblemError, match="a tree reads all states"):
        trained({"reads": READS}, trainer=train_tree)
    with pytest.raises(ProblemError, match="feedback of all states"):
        trained({**QUICK, "start": "ellipsoid"})
