from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from certify.controllers.box_bounds import BoxBounds
from certify.controllers.neural_lyapunov import first_state
from certify.controllers.neural_stage import train_neural
from certify.controllers.options import NeuralOptions
from certify.controllers.registry import Boxes
from certify.controllers.task import task_of
from certify.controllers.training_loop import Training as Run
from certify.controllers.training_state import deterministic, restored, save
from certify.errors import ProblemError
from certify.expression import clip, const, var
from certify.problem import Problem, Stability, System, Training
from certify.proofs.checker.obligations import Any
from certify.proofs.checker.theorems import obligations
from certify.theorems import claim_of
from certify.training import train
from certify.verifiers.hard_boxes import hard_boxes
from certify.verifiers.points import margin

OPTIONS = {"rounds": 2, "steps": 20, "batch": 64, "samples": 2000, "features": 3, "boxes": 64}
X, V, U = var("x"), var("v"), var("u")
STEP = const(Fraction(1, 10))
BOX = {"x": (Fraction(-8), Fraction(8)), "v": (Fraction(-4), Fraction(4))}
QUADRATIC = (const(Fraction("27.57")) * X + 2 * const(Fraction("31.627")) * V) * X
QUADRATIC = QUADRATIC + const(Fraction("86.114")) * V**2


def mass(lyapunov=None, level=None, options=None):
    dynamics = {"x": X + STEP * V + STEP**2 * U * const(Fraction(1, 2)), "v": V + STEP * U}
    given = {"u": clip(const(Fraction("-0.303")) * X - const(Fraction("0.8353")) * V, -1, 1)}
    lyapunov = lyapunov or Training("neural", options or OPTIONS)
    claim = Stability(lyapunov, {}, Fraction(1, 1000), level)
    return Problem("mass", System("discrete", ("x", "v"), dynamics, ("u",)), given, BOX, claim)


def test_the_hard_boxes_are_open_and_the_worst_come_first():
    claim = claim_of(mass(QUADRATIC, Fraction(200)))
    found = hard_boxes(claim, 30)
    assert found.names == ("x", "v")
    assert len(found.low) == len(found.high) == len(found.bound) > 3
    assert (found.low < found.high).all()
    assert (np.diff(found.bound) >= 0).all()
    assert (found.bound < 0).all()
    formula = next(o for o in obligations(claim, Fraction(1, 64)) if o.name == "descent").formula
    assert isinstance(formula, Any)
    middle = (found.low + found.high) / 2
    assert (margin(formula, found.names, middle) > 0).all()


def test_what_is_proved_soon_has_no_hard_box():
    assert not len(hard_boxes(claim_of(mass(QUADRATIC, Fraction(150))), 20_000).low)


def test_boxes_change_what_is_trained(monkeypatch):
    monkeypatch.setattr("certify.verifiers.falsifier.falsify", lambda *_: None)  # to save time
    _, sampled = train(mass(options={**OPTIONS, "boxes": 0}))
    _, certified = train(mass(options={**OPTIONS, "boxes": 24}))
    _, again = train(mass(options={**OPTIONS, "boxes": 24}))
    assert certified.lyapunov is again.lyapunov
    assert certified.lyapunov is not sampled.lyapunov


def test_a_checkpoint_has_the_boxes_and_the_share(tmp_path):
    training, _ = run()
    training.state.boxes, training.state.share = torch.rand((2, 3, 2)).double(), 0.5
    save(tmp_path / "state", training.state, "id")
    other, _ = run()
    assert restored(tmp_path / "state", other.state, "id")
    torch.testing.assert_close(other.state.boxes, training.state.boxes)
    assert other.state.share == 0.5


def run(**options):
    settings = NeuralOptions(rounds=2, steps=20, batch=64, features=3, **options)
    task = task_of(mass())
    state = first_state(task, settings, 0, settings.features)
    return Run(task, settings, state, lambda _: None, None, ""), settings


def test_descending_the_bounds_closes_boxes():
    training, settings = run(boxes=64)
    low = torch.rand((64, 2), generator=torch.Generator().manual_seed(0)).double() - 0.5
    bounds, high = BoxBounds.of(training.task, settings), low + 0.02
    names = ("R", "F", "g", "D")
    with deterministic():
        before = bounds.failure(training.model, low, high, 0.01)
        for _ in range(40):
            loss = bounds.failure(training.model, low, high, 0.01).mean()
            training.descend(loss, names, 0.0, 2e-2)
        after = bounds.failure(training.model, low, high, 0.01)
    assert after.mean().item() < 0.5 * before.mean().item()


def test_the_verifiers_boxes_are_in_the_coordinates_of_training():
    class Fixed:
        def __call__(self, candidate):
            return []

        def boxes(self, candidate, most):
            asked.append(most)
            return Boxes([[-4.0, -1.0]], [[0.0, 2.0]], [-0.5])

    asked = []
    training, settings = run(boxes=5)
    with deterministic():
        train_neural(training, settings, Fixed())
    assert asked == [5]
    assert training.state.boxes.tolist() == [[[-0.5, -0.25]], [[0.0, 0.5]]]


def test_the_domain_grows_where_nothing_fails_and_only_there():
    training, settings = run(first=Fraction(1, 10), growth=Fraction(2))
    with deterministic():
        train_neural(training, settings, None)
    share = training.state.share
    assert share in [0.1 * 2**k for k in range(4)] + [1.0]
    assert float(training.plant.gauge(training.state.pool).max()) <= 1.0
    stiff = replace(settings, margin=Fraction(9, 10))  # which nothing satisfies
    failing, _ = run(first=Fraction(1, 10))
    with deterministic():
        train_neural(failing, stiff, None)
    assert failing.state.share == 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [({"first": 0}, "above 0"), ({"first": 2}, "at most 1"), ({"growth": 1}, "above 1")],
)
def test_options_without_sense_are_refused(options, message):
    with pytest.raises(ProblemError, match=message):
        train(mass(options={**OPTIONS, **options}))
