from fractions import Fraction

import numpy as np
import onnx
import onnx.reference
import pytest
import torch

from certify import verify
from certify.controllers.lyapunov_forms import FORMS
from certify.controllers.neural_lyapunov import train
from certify.controllers.task import task_of
from certify.errors import ProblemError
from certify.expression import clip, const, substitute, var
from certify.expression.evaluate import evaluate
from certify.problem import Problem, Stability, System, Training
from certify.proofs.checker.blowup import vanishes
from certify.verifiers.interface import Options

SMALL = {"rounds": 1, "steps": 100, "batch": 128, "samples": 50_000, "margin": Fraction(1, 100)}
X, V, U = var("x"), var("v"), var("u")
STEP = const(Fraction(1, 10))
BOX = {"x": (Fraction(-8), Fraction(8)), "v": (Fraction(-4), Fraction(4))}
GIVEN = {"u": clip(const(Fraction("-0.303")) * X - const(Fraction("0.8353")) * V, -1, 1)}
SHAPES = [(name, layers) for name, form in FORMS.items() for layers in range(1, form.deepest + 1)]


def mass(equilibrium=Fraction(0), lyapunov=None, level=None):
    moved = {"x": X - equilibrium, "v": V}
    dynamics = {"x": X + STEP * V + STEP**2 * U * const(Fraction(1, 2)), "v": V + STEP * U}
    given = {"u": substitute(GIVEN["u"], moved)}
    claim = Stability(lyapunov or Training(), {"x": equilibrium}, Fraction(1, 1000), level)
    return Problem("mass", System("discrete", ("x", "v"), dynamics, ("u",)), given, BOX, claim)


def made(form, layers, equilibrium=Fraction(1, 3), features=5):
    """The parameters of a form at random, and what it says that they are as an expression."""
    generator = torch.Generator().manual_seed(4)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    p = FORMS[form].parameters(2, features, layers, draw)
    p |= {name: value + 0.1 * draw(*value.shape) for name, value in p.items()}
    task = task_of(mass(equilibrium))
    node, files = FORMS[form].expression(task, {k: v.numpy() for k, v in p.items()})
    return p, task, node, files


@pytest.mark.parametrize(("form", "layers"), SHAPES)
def test_the_expression_is_the_function_that_is_trained(form, layers):
    p, task, node, _ = made(form, layers)
    y = torch.tensor(np.random.default_rng(0).uniform(-1, 1, (200, 2)))
    x = y.numpy() * task.scale + task.centre
    (exact,) = evaluate([node], {"x": x[:, 0], "v": x[:, 1]})
    np.testing.assert_allclose(exact, FORMS[form].value(p, y), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("form", "layers"), SHAPES)
def test_it_is_zero_at_the_equilibrium_and_positive_elsewhere_for_any_parameters(form, layers):
    p, _, node, _ = made(form, layers)
    assert vanishes(substitute(node, {"x": const(Fraction(1, 3)), "v": const(0)}))
    rng = np.random.default_rng(1)
    y = torch.tensor(rng.uniform(-1, 1, (2000, 2)) * 10.0 ** rng.uniform(-6, 0, (2000, 1)))
    if form != "squares":  # whose matrix has to be regular
        p = {name: torch.zeros_like(value) for name, value in p.items()}
    assert (FORMS[form].value(p, y) > 0).all()


@pytest.mark.parametrize(("form", "layers"), SHAPES)
def test_start_and_division_are_what_they_say(form, layers):
    p, *_ = made(form, layers, features=16)
    f, root = FORMS[form], torch.tensor([[2.0, 0.5], [0.0, 1.0]], dtype=torch.float64)
    drawn = torch.Generator().manual_seed(1)
    p = f.parameters(2, 16, layers, lambda *s: torch.randn(*s, generator=drawn).double())
    for name in ("C", "D"):
        if name in p:
            p[name].zero_()
    f.start(p, root)
    y = torch.tensor(np.random.default_rng(2).uniform(-1, 1, (200, 2)))
    before = f.value(p, y)
    torch.testing.assert_close(before, (y @ root.T).norm(dim=-1) ** f.order, rtol=0.03, atol=0)
    f.divide(p, torch.tensor(4.0))
    torch.testing.assert_close(f.value(p, y), before / 4, rtol=0.05, atol=0)


@pytest.mark.parametrize(("form", "layers"), SHAPES)
def test_the_root_is_that_of_the_quadratic_part(form, layers):
    p, *_ = made(form, layers)
    root = FORMS[form].root(p)
    assert (root is None) == (FORMS[form].order == 1)
    if root is not None:
        y = 1e-5 * torch.tensor(np.random.default_rng(3).normal(size=(200, 2)))
        torch.testing.assert_close(
            FORMS[form].value(p, y), ((y @ root.T) ** 2).sum(-1), rtol=1e-3, atol=0
        )


@pytest.mark.parametrize("layers", [1, 2])
def test_the_convex_form_is_convex(layers):
    p, *_ = made("convex", layers)
    a, b = (torch.tensor(np.random.default_rng(k).uniform(-2, 2, (3000, 2))) for k in (5, 6))
    value = FORMS["convex"].value
    assert (value(p, (a + b) / 2) <= (value(p, a) + value(p, b)) / 2 + 1e-12).all()
    assert (value(p, a / 2) < value(p, a)).all()


@pytest.mark.parametrize(("form", "layers"), SHAPES)
def test_the_onnx_file_has_the_same_features(form, layers):
    _, _, node, files = made(form, layers, equilibrium=Fraction(0))
    run = onnx.reference.ReferenceEvaluator(onnx.load_from_string(files["features"])).run
    x = np.random.default_rng(0).uniform(-3, 3, (50, 2)).astype(np.float32)
    at = run(None, {"x": x})[0] - run(None, {"x": np.zeros((1, 2), np.float32)})[0]
    quadratic = node.args[0]
    (whole, rest) = evaluate([node, quadratic], {"x": x[:, 0], "v": x[:, 1]})
    if form != "absolute":
        np.testing.assert_allclose((at**2).sum(-1), whole - rest, atol=1e-4)
    assert at.shape == (50, 5)


@pytest.mark.parametrize(
    ("options", "volume"),
    [
        ({"form": "squares"}, 40),
        ({"form": "absolute", "features": 24, "penalty": 1000}, 1),
        ({"form": "convex", "layers": 2}, 40),
    ],
)
def test_each_form_is_trained_and_proved(options, volume):
    candidate = train(mass(), {**SMALL, **options}, seed=0, progress=lambda _: None)
    level = candidate.suggested_level * Fraction(9, 10)
    assert candidate.sampled_volume > volume
    outcome = verify(mass(Fraction(0), candidate.lyapunov, level), Options(workers=1))
    assert outcome.verdict.word == "proved"
    too_high = mass(Fraction(0), candidate.lyapunov, 4 * level)
    assert verify(too_high, Options(workers=1)).verdict.word == "refuted"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "convx"}, "did you mean 'convex'"),
        ({"form": 3}, "a name in quotes"),
        ({"form": "absolute", "features": 1}, "at least 2"),
        ({"form": "squares", "layers": 2}, "1 at most"),
        ({"form": "convex", "layers": 3}, "2 at most"),
    ],
)
def test_forms_that_are_not_there_are_refused(options, message):
    with pytest.raises(ProblemError, match=message):
        train(mass(), {**SMALL, **options}, seed=0, progress=lambda _: None)
