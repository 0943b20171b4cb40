"""torch modules are read as what they compute, and as their ONNX exports are."""

import io
import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from certify.errors import NetworkError
from certify.expression import is_continuous, var
from certify.expression.evaluate import evaluate
from certify.expression.exact import exact
from certify.io.onnx import parse_onnx
from certify.io.torch import read_torch

ACTIVATIONS = [
    nn.ReLU(),
    nn.ReLU(inplace=True),
    nn.LeakyReLU(0.3),
    nn.Tanh(),
    nn.Sigmoid(),
    nn.Softplus(),
    nn.Softplus(beta=2.5, threshold=3),
    nn.Softplus(threshold=math.inf),
    nn.ELU(1.7),
    nn.Hardtanh(-0.5, 0.75),
    nn.Hardtanh(-math.inf, 0.75),
    nn.Identity(),
    nn.Flatten(),
    nn.SiLU(),
]


def network(activation: nn.Module) -> nn.Sequential:
    torch.manual_seed(4)
    inner = nn.Sequential(nn.Linear(6, 5, bias=False), activation)
    return nn.Sequential(nn.Linear(2, 6), activation, inner, nn.Linear(5, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_values(activation: nn.Module, dtype: torch.dtype) -> None:
    module = network(activation).to(dtype)
    points = torch.tensor(np.random.default_rng(0).normal(size=(50, 2)) * 4, dtype=dtype)
    read = read_torch(module)
    assert (read.inputs, read.outputs) == (2, 3)
    values = {name: points[:, i].double().numpy() for i, name in enumerate("ab")}
    (found,) = evaluate([read([var("a"), var("b")])], values)
    with torch.no_grad():
        wanted = module(points).double().numpy()
    bound = 1e-4 if dtype == torch.float32 else 1e-13
    np.testing.assert_allclose(found, wanted, rtol=bound, atol=bound)


@pytest.mark.parametrize(
    "activation",
    [
        a
        for a in ACTIVATIONS
        if not isinstance(a, (nn.Softplus, nn.SiLU)) and str(a)[:-1][-3:] != "inf"
    ],
    ids=str,
)
def test_the_export_is_the_same_expression(activation: nn.Module) -> None:
    module = network(activation)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 2),), buffer, dynamo=False)
    assert parse_onnx(buffer.getvalue(), "net").body is read_torch(module).body


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_weights_and_slopes_are_exact(dtype: torch.dtype) -> None:
    module = nn.Sequential(nn.Linear(1, 1, bias=False), nn.LeakyReLU(0.1)).to(dtype)
    with torch.no_grad():
        module[0].weight.fill_(1 / 3)
    slope = Fraction(torch.tensor(0.1, dtype=dtype).item())
    weight = Fraction(torch.tensor(1 / 3, dtype=dtype).item())
    found = exact(read_torch(module)([var("a")])[0], {"a": Fraction(-1)})
    assert found == -slope * weight


def test_softplus_is_continuous_only_without_its_threshold() -> None:
    plain, smooth = (
        read_torch(nn.Sequential(nn.Linear(1, 1), nn.Softplus(threshold=t))) for t in (20, math.inf)
    )
    assert not is_continuous(plain.body)
    assert is_continuous(smooth.body)


def test_a_single_linear_layer() -> None:
    assert read_torch(nn.Linear(4, 2)).body.op == "affine"


class Mine(nn.ReLU):
    pass


def hooked() -> nn.Module:
    module = nn.Sequential(nn.Linear(1, 1))
    module[0].register_forward_hook(lambda *_: None)
    return module


def mixed() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1).double())


def infinite() -> nn.Module:
    module = nn.Linear(2, 1)
    with torch.no_grad():
        module.weight[0, 1] = math.nan
    return nn.Sequential(nn.Sequential(module))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            nn.Sequential(nn.Linear(1, 1), nn.GELU()),
            r"\.1 \(GELU\) is not read; those that are: ELU",
        ),
        (nn.Sequential(nn.Linear(1, 1), nn.GELU()), "export the module with torch.onnx.export"),
        (nn.Sequential(nn.Linear(1, 1), Mine()), r"\.1 \(Mine\) is not read"),
        (nn.TransformerEncoderLayer(4, 1, batch_first=True), "TransformerEncoderLayer"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(1, 1)), "ParametrizedLinear"),
        (hooked(), r"\.0 \(Linear\) has forward hooks"),
        (mixed(), r"network\.1 \(Linear\): the weights of a module must have one"),
        (infinite(), r"network\.0\.0 \(Linear\): the value at \[0, 1\] is nan"),
        (nn.Sequential(nn.ReLU()), "network has no Linear layer"),
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 1)), r"\.1 .*1 x 2 does not apply to 3"),
        (nn.Sequential(nn.Linear(1, 1), nn.Flatten(0)), "only Flatten"),
        (nn.Sequential(nn.Linear(1, 1), nn.Softplus(beta=-1)), "beta must be positive"),
        (nn.Sequential(nn.Linear(1, 1), nn.ELU(math.inf)), "the parameter inf is not a finite"),
    ],
)
def test_refusals(module: nn.Module, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        read_torch(module)
