from fractions import Fraction

import numpy as np
import pytest
import torch

from certify.controllers.affine_forms import AffineForm, increment, square_change
from certify.controllers.box_bounds import BoxBounds, enclosed
from certify.controllers.lyapunov_forms import FORMS
from certify.controllers.neural_lyapunov import first_state
from certify.controllers.neural_model import Model
from certify.controllers.options import NeuralOptions
from certify.controllers.task import task_of
from certify.controllers.training_state import deterministic
from certify.errors import UnsupportedError
from certify.expression import (
    absolute,
    affine,
    clip,
    const,
    cos,
    exp,
    index,
    maximum,
    recip,
    relu,
    sin,
    stack,
    tanh,
    var,
)  # fmt: skip
from certify.expression.torch import to_torch
from certify.problem import Problem, Stability, System, Training

A, B, W, U, P = (var(name) for name in ("a", "b", "w", "u", "p"))
SHAPES = [(name, layers) for name, form in FORMS.items() for layers in range(1, form.deepest + 1)]
TIMES = ("discrete", "continuous", "discrete", "discrete", "continuous")
LOOPS = [(*shape, time) for shape, time in zip(SHAPES, TIMES, strict=True)]
EXPRESSIONS = [
    A * B - B**3 + A**2,
    sin(3 * A) - sin(A + B) * cos(B),
    tanh(2 * A - B) * relu(A - B) + absolute(B),
    recip(2 + A) * (B - 1) - recip(A - 3),
    clip(A + 2 * B, -0.5, 0.75) - maximum(A, B),
    index(tanh(affine([[1, 2], [-1, 3]], [0.5, 0], stack([A, B]))), 1),
]


@pytest.fixture(autouse=True)
def one_thread():
    with deterministic():
        yield


def boxes(count=120, n=2, seed=0):
    rng = np.random.default_rng(seed)
    middle = rng.uniform(-1, 1, (count, n))
    half = rng.uniform(0, 0.5, (count, n)) * rng.choice([1, 0.1, 0.01], (count, 1))
    return torch.tensor(middle - half), torch.tensor(middle + half)


def points(low, high, count=32):
    unit = torch.rand((count, *low.shape), generator=torch.Generator().manual_seed(1)).double()
    return torch.cat([low + (high - low) * unit, low[None], high[None]])


@pytest.mark.parametrize("node", EXPRESSIONS)
def test_bounds_of_expressions_hold_at_every_sample_and_are_tight_on_small_boxes(node):
    low, high = boxes()
    whole = AffineForm.over(low, high)
    (found,) = enclosed([node], {"a": whole.index(0), "b": whole.index(1)})
    below, above = found.bounds()
    at = points(low, high)
    (value,) = to_torch([node])({"a": at[..., 0], "b": at[..., 1]})
    assert found.space.valid.all()
    assert (below <= value.amin(0) + 1e-12).all()
    assert (above >= value.amax(0) - 1e-12).all()
    small = (high - low).amax(-1) < 0.02
    assert small.sum() > 20
    assert ((above - below)[small] < 0.5).all()


def test_a_quotient_around_zero_is_not_valid_and_has_no_nan():
    low = torch.tensor([[-1.0], [1.0]], dtype=torch.float64, requires_grad=True)
    form = AffineForm.over(low, low + 2.0)
    result = form.index(0).reciprocal()
    assert form.space.valid.tolist() == [False, True]
    torch.autograd.backward(result.bounds()[0].sum())
    assert torch.isfinite(low.grad).all()


@pytest.mark.parametrize("flows", [False, True])
@pytest.mark.parametrize(("name", "g"), [("tanh", torch.tanh), ("relu", torch.relu)])
def test_increments_enclose_differences_and_derivatives(name, g, flows):
    low, high = boxes()
    whole = AffineForm.over(low, high)
    s, d = whole.index(0), whole.index(1)
    below, above = increment(name, s, d, flows).bounds()
    at = points(low, high).requires_grad_()
    x, dx = at[..., 0], at[..., 1]
    if flows:
        (slope,) = torch.autograd.grad(g(x).sum(), at)
        value = slope[..., 0] * dx
    else:
        value = g(x + dx) - g(x)
    assert (below <= value.amin(0) + 1e-12).all()
    assert (above >= value.amax(0) - 1e-12).all()
    squares = square_change(s, d, flows).bounds()[0]
    assert (squares <= (2 * x * dx + (0 if flows else 1) * dx**2).amin(0) + 1e-12).all()


@pytest.mark.parametrize(("form", "layers"), SHAPES)
def test_v_and_its_change_are_enclosed(form, layers):
    f, drawn = FORMS[form], torch.Generator().manual_seed(2)
    p = f.parameters(2, 6, layers, lambda *s: torch.randn(*s, generator=drawn).double())
    low, high = boxes(n=4)
    whole = AffineForm.over(low, high)
    y = AffineForm(whole.centre[:, :2], whole.parts[:, :2], whole.space)
    d = AffineForm(whole.centre[:, 2:], whole.parts[:, 2:], whole.space)
    at = points(low, high)
    here, there = (f.value(p, z.reshape(-1, 2)).reshape(at.shape[:2])
                   for z in (at[..., :2], at[..., :2] + at[..., 2:]))  # fmt: skip
    for found, value in ((f.enclosed(p, y), here), (f.change(p, y, d, False), there - here)):
        below, above = found.bounds()
        assert (below <= value.amin(0) + 1e-9).all()
        assert (above >= value.amax(0) - 1e-9).all()
    moving = at[..., :2].reshape(-1, 2).clone().requires_grad_()
    (slope,) = torch.autograd.grad(f.value(p, moving).sum(), moving)
    rate = (slope.reshape(*at.shape[:2], 2) * at[..., 2:]).sum(-1)
    below, above = f.change(p, y, d, True).bounds()
    assert (below <= rate.amin(0) + 1e-9).all()
    assert (above >= rate.amax(0) - 1e-9).all()


def pendulum(time, settings, f=None):
    moved = (20 * sin(A) - 3 * P * W + 26 * U) / 20
    step = const(Fraction(1, 20))
    dynamics = {"a": W, "w": moved} if time == "continuous" else {"a": A + W * step, "w": W + moved}
    box = {"a": (Fraction(-3), Fraction(3)), "w": (Fraction(-4), Fraction(5))}
    parameters = {"p": (Fraction(1), Fraction(5, 4))}
    system = System(time, ("a", "w"), {**dynamics, **(f or {})}, ("u",), parameters=parameters)
    claim = Stability(Training(), {}, Fraction(1, 1000))
    task = task_of(Problem("pendulum", system, {}, box, claim))
    state = first_state(task, settings, 3, settings.features)
    return task, state.parameters, Model.of(task, settings, state.parameters)


def settings_of(form, layers):
    limits = {"u": (Fraction(-6), Fraction(6))}
    return NeuralOptions(form=form, layers=layers, features=4, limits=limits)


@pytest.mark.parametrize(("form", "layers", "time"), LOOPS)
def test_a_box_without_failure_has_no_sample_that_fails(form, layers, time):
    settings = settings_of(form, layers)
    task, p, model = pendulum(time, settings)
    low, high = boxes(n=3)
    low[:, 2], high[:, 2] = 1.0, 1.25
    needed = 0.05 * (task.decay + 0.01)
    for scale in (1.0, 0.2):  # the farther from the level the fewer excuses
        with torch.no_grad():
            p["R"].mul_(scale)
        bounds = BoxBounds.of(task, settings)
        failure = bounds.failure(model, low, high, needed).detach()
        at = points(low, high, 8)
        whole = AffineForm.over(low, high)
        y = AffineForm(whole.centre[:, :2], whole.parts[:, :2], whole.space)
        step = bounds.change(model, y, [whole.index(2)])
        below, above = step.bounds()
        u = model.control(at[..., :2].reshape(-1, 2)).reshape(at.shape[:2])
        x = at[..., :2] * torch.tensor(task.scale)
        closed = to_torch([task.problem.system.dynamics[n] for n in ("a", "w")])
        after = torch.stack(
            closed({"a": x[..., 0], "w": x[..., 1], "u": u, "p": at[..., 2]}), -1
        ) / torch.tensor(task.scale)
        move = after * bounds.period if time == "continuous" else after - at[..., :2]
        assert (below <= move.amin(0) + 1e-9).all()
        assert (above >= move.amax(0) - 1e-9).all()
        if time == "continuous":
            continue
        value = model.lyapunov(at[..., :2].reshape(-1, 2)).reshape(at.shape[:2])
        there = model.lyapunov(after.reshape(-1, 2)).reshape(at.shape[:2])
        falls = (there < (1 - task.decay) * value) | (value > 1)
        assert falls[:, failure == 0].all()


@pytest.mark.parametrize(("form", "layers", "time"), LOOPS)
def test_the_gradient_is_that_of_finite_differences(form, layers, time):
    settings = settings_of(form, layers)
    task, p, model = pendulum(time, settings)
    low, high = boxes(40, 3, 5)
    low[:, 2], high[:, 2] = 1.0, 1.25
    bounds = BoxBounds.of(task, settings)

    def loss():
        return bounds.failure(model, low, high, 0.05).mean()

    assert loss().item() > 0
    torch.autograd.backward(loss())
    rng, step = np.random.default_rng(7), 1e-6
    with torch.no_grad():
        for name, value in p.items():
            where = tuple(rng.integers(0, s) for s in value.shape)
            kept = float(value[where])
            ends = []
            for sign in (1, -1):
                value[where] = kept + sign * step
                ends.append(loss().item())
            value[where] = kept
            slope = (ends[0] - ends[1]) / (2 * step)
            assert float(value.grad[where]) == pytest.approx(slope, rel=0.02, abs=1e-5), name


def test_an_operator_without_a_bound_is_refused_by_name():
    settings = settings_of("squares", 1)
    task, *_ = pendulum("discrete", settings, {"w": W + exp(A) - 1 + U})
    with pytest.raises(UnsupportedError, match="'exp'"):
        BoxBounds.of(task, settings)
