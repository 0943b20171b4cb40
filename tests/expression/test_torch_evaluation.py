"""torch evaluates what numpy evaluates, and differentiates it."""

import numpy as np
import pytest
import torch

from certify.expression import (
    Node,
    absolute,
    affine,
    atan,
    cos,
    exp,
    log,
    maximum,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    tanh,
    var,
)
from certify.expression.evaluate import evaluate
from certify.expression.torch import to_torch
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import increment, quotient, quotient2, step

x, y = var("x"), var("y")
NAMES = ("sin", "cos", "tanh", "exp", "atan", "log", "sqrt", "recip", "abs", "relu")


def everything() -> list[Node]:
    hidden = tanh(affine([[1, -2], [0.5, 3]], [0.1, -1], stack([x, y])))
    plain = [
        sin(x),
        cos(x),
        tanh(x),
        exp(x),
        atan(x),
        log(x),
        sqrt(x),
        recip(y),
        relu(x),
        absolute(y),
    ]
    plain += [step(x), maximum(x, y), x**5 - y * 3, select(x - y, log(x), y), hidden, stack([1, 2])]
    first = [quotient(n, 0, x, y) for n in NAMES] + [quotient("pow", 4, x, y)]
    second = [quotient2(n, 0, x, y) for n in NAMES] + [quotient2("pow", 4, x, y)]
    steps = [increment(n, 0, x, y) for n in NAMES] + [increment("pow", 4, x, y)]
    return plain + first + second + steps


def test_agrees_with_numpy() -> None:
    nodes = everything()
    grid = np.array([-3.0, -0.5, 0.0, 1e-7, 0.2, 0.21, 1.0, 4.0])
    a, b = (m.ravel() for m in np.meshgrid(grid, grid))
    program = to_torch(nodes)
    wanted = evaluate(nodes, {"x": a, "y": b})
    for _ in range(2):
        found = program({"x": torch.tensor(a), "y": torch.tensor(b)})
        for node, f, w in zip(nodes, found, wanted, strict=True):
            assert f.dtype == torch.float64
            np.testing.assert_allclose(f.numpy(), w, rtol=1e-9, atol=1e-12, err_msg=repr(node))


def test_gradients_are_those_of_autograd() -> None:
    def plain(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.tanh(a * b) + torch.relu(a) * torch.sin(b) + (a - b) ** 3

    program = to_torch([tanh(x * y) + relu(x) * sin(y) + (x - y) ** 3])
    a, b = (torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True) for _ in "ab")
    (found,) = program({"x": a, "y": b})
    mine = torch.autograd.grad(found.sum(), (a, b))
    theirs = torch.autograd.grad(plain(a, b).sum(), (a, b))
    for m, t in zip(mine, theirs, strict=True):
        torch.testing.assert_close(m, t)


@pytest.mark.parametrize("name", ["sin", "cos", "tanh", "exp", "atan", "log", "sqrt", "recip"])
def test_divided_differences_have_finite_gradients_where_the_points_meet(name: str) -> None:
    a = torch.tensor([1.0, 1.0, 1.0], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([1.0, 1.0 + 1e-9, 2.0], dtype=torch.float64)
    for total in to_torch([quotient(name, 0, x, y), quotient2(name, 0, x, y)])({"x": a, "y": b}):
        (gradient,) = torch.autograd.grad(total.sum(), a, retain_graph=True)
        assert torch.isfinite(gradient).all()


def test_float32_points_are_widened() -> None:
    (found,) = to_torch([x / 3])({"x": torch.ones(2, dtype=torch.float32)})
    assert torch.equal(found, torch.full((2,), 1 / 3, dtype=torch.float64))


def test_missing_variable_is_named() -> None:
    with pytest.raises(LanguageError, match="no value for the variable y"):
        to_torch([x + y])({"x": torch.ones(1)})
