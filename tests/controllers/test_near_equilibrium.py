"""Training where V is nearly 0: attacks at every distance, the linear loop, and volume last."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from certify.controllers.neural_lyapunov import first_state
from certify.controllers.neural_stage import train_neural, weight_of_violations
from certify.controllers.options import NeuralOptions, read_options
from certify.controllers.task import task_of
from certify.controllers.training_loop import Training as Run
from certify.controllers.training_state import deterministic
from certify.errors import ProblemError
from certify.expression import clip, var
from certify.problem import Problem, Stability, System, Training

X, V, U = var("x"), var("v"), var("u")
BOX = {"x": (Fraction(-4), Fraction(4)), "v": (Fraction(-3), Fraction(3))}
GOOD = torch.tensor([[1.0, 0.5], [0.0, 0.7]], dtype=torch.float64)
STEEP = torch.tensor([[0.0, 3000.0]], dtype=torch.float64)
TINY = 1e-3


def cart():
    system = System("continuous", ("x", "v"), {"x": V, "v": U}, ("u",))
    given = {"u": clip(-X - 2 * V, -1, 1)}
    return Problem("cart", system, given, BOX, Stability(Training(), {}))


def run(size=1.0, **options):
    """A training that starts from a V that falls, but for distances of about 1e-4; and how much
    of V is left after a period at the equilibrium at first.
    """
    settings = NeuralOptions(
        rounds=1, steps=60, batch=32, features=1, period=Fraction(1, 10), **options
    )
    task = task_of(cart())
    state = first_state(task, settings, 0, 1)
    with torch.no_grad():
        for name, value in {"R": size * GOOD, "F": STEEP, "g": 0.0, "D": TINY}.items():
            state.parameters[name].copy_(torch.as_tensor(value))
    training = Run(task, settings, state, lambda _: None, None, "")
    before = contraction(training)
    with deterministic():
        train_neural(training, settings, None)
    return training, before


def contraction(training):
    root = torch.linalg.qr(training.model.form.root(training.model.parameters))[1]
    return training.plant.contraction(training.model, root, torch.Generator()).item()


def test_v_comes_to_fall_at_the_equilibrium():
    unseen, before = run(near=0, settle=Fraction(3, 10))
    assert before > 1.01
    assert contraction(unseen) > 1.01
    assert contraction(run(near=32, settle=Fraction(3, 10))[0]) < 1


def test_states_under_attack_stay_at_their_distances_and_in_the_domain():
    training, _ = run(near=64)
    distance = training.plant.gauge(training.state.near)
    assert len(distance) == 64
    assert distance.max() <= 1
    assert distance.min() > 0
    assert (distance < 0.03).double().mean() > 0.2
    assert (training.plant.gauge(training.state.pool) < 0.03).double().mean() < 0.2


@pytest.mark.parametrize("settle", [0, 1])
def test_volume_counts_unless_everything_is_to_settle(settle):
    training, _ = run(5.0, settle=Fraction(settle))
    moved = not torch.equal(training.state.parameters["R"].detach(), 5.0 * GOOD)
    assert moved == (settle == 0)


def test_violations_weigh_less_at_first():
    settings = NeuralOptions(penalty=Fraction(300), penalty_start=Fraction(1, 100))
    weights = [weight_of_violations(settings, done) for done in (0.0, 0.35, 0.7, 1.0)]
    assert weights == pytest.approx([3, 30, 300, 300])
    assert weight_of_violations(replace(settings, penalty_start=Fraction(1)), 0.0) == 300


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"near": -1}, "at least 0"),
        ({"settle": "1.5"}, "between 0 and 1"),
        ({"penalty_start": 0}, "above 0"),
    ],
)
def test_options_without_sense_are_refused(options, message):
    with pytest.raises(ProblemError, match=message):
        read_options(NeuralOptions, options, cart())
