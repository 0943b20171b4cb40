"""torch modules as exact functions over the reals.

Weights are the exact numbers that they are, and activations the functions that torch
documents, over the reals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import torch
from torch import nn

from certify.errors import NetworkError
from certify.expression import Node, relu, stack, tanh, var

from .activations import (
    bounded,
    chosen,
    elu,
    exact_list,
    filled,
    leaky_relu,
    linear,
    sigmoid,
    softplus,
)
from .network import Network, placeholder

__all__ = ["read_torch"]

_ADVICE = "export the module with torch.onnx.export and read the file"
_Reader: TypeAlias = Callable[[Any, Node, torch.dtype], Node]


def read_torch(module: nn.Module, name: str = "network") -> Network:
    """The function of ``module``: an ``nn.Linear``, or an ``nn.Sequential`` (nested, too) of
    Linear, ReLU, LeakyReLU, Tanh, Sigmoid, Softplus, ELU, Hardtanh, SiLU, Identity and Flatten.

    Parameters such as a slope are rounded to the type of the weights, as torch does when it
    runs the module.  Softplus has torch's linear branch beyond ``threshold``, where it jumps
    by 2e-9, so it is not continuous; ``nn.Softplus(threshold=math.inf)`` is smooth.

    Raises ``NetworkError`` for other modules, subclasses, hooks, mixed types of weights, and
    NaN or infinity, naming the submodule.
    """
    parts = list(_flattened(module, ""))
    first = next((m for _, m in parts if type(m) is nn.Linear), None)
    if first is None:
        raise NetworkError(f"{name} has no Linear layer, so its number of inputs is not known")
    inputs, dtype = first.in_features, first.weight.dtype
    body = stack(var(placeholder(i)) for i in range(inputs))
    for path, part in parts:
        try:
            body = _READERS[type(part)](part, body, dtype)
        except NetworkError as error:
            raise NetworkError(f"{name}{path} ({type(part).__name__}): {error}") from None
    return Network(inputs, body.size, name, body)


def _flattened(module: nn.Module, path: str) -> Iterator[tuple[str, nn.Module]]:
    where = f"{path} ({type(module).__name__})".strip()
    if module._forward_hooks or module._forward_pre_hooks:
        raise NetworkError(f"{where} has forward hooks, which cannot be read; {_ADVICE}")
    if type(module) is nn.Sequential:
        for key, child in module.named_children():
            yield from _flattened(child, f"{path}.{key}")
    elif type(module) in _READERS:
        yield path, module
    else:
        known = ", ".join(sorted(m.__name__ for m in _READERS))
        raise NetworkError(f"{where} is not read; those that are: {known}; or {_ADVICE}")


def _linear(module: nn.Linear, v: Node, dtype: torch.dtype) -> Node:
    tensors = [module.weight] if module.bias is None else [module.weight, module.bias]
    if any(t.dtype != dtype or not t.is_floating_point() for t in tensors):
        raise NetworkError("the weights of a module must have one floating-point type")
    weight, *bias = (t.detach().cpu().to(torch.float64).numpy() for t in tensors)
    return linear(weight, exact_list(bias[0]) if bias else None, v)


def _scalar(value: float, dtype: torch.dtype) -> Fraction:
    rounded = float(torch.tensor(value, dtype=dtype).item())
    if not math.isfinite(rounded):
        raise NetworkError(f"the parameter {value} is not a finite number")
    return Fraction(rounded)


def _softplus(module: nn.Softplus, v: Node, dtype: torch.dtype) -> Node:
    beta = _scalar(module.beta, dtype)
    if beta <= 0:
        raise NetworkError("beta must be positive")
    scaled = v if beta == 1 else filled(v, beta) * v
    smooth = softplus(scaled) if beta == 1 else softplus(scaled) * filled(v, 1 / beta)
    if module.threshold == math.inf:
        return smooth
    return chosen(scaled - filled(v, _scalar(module.threshold, dtype)), v, smooth)


def _hardtanh(module: nn.Hardtanh, v: Node, dtype: torch.dtype) -> Node:
    low = None if module.min_val == -math.inf else _scalar(module.min_val, dtype)
    high = None if module.max_val == math.inf else _scalar(module.max_val, dtype)
    return bounded(v, low, high)


def _flatten(module: nn.Flatten, v: Node, dtype: torch.dtype) -> Node:
    if module.start_dim != 1 or module.end_dim != -1:
        raise NetworkError("only Flatten(1, -1), which keeps a row of features, is read")
    return v


_READERS: Mapping[type[nn.Module], _Reader] = {
    nn.ELU: lambda m, v, dtype: elu(v, _scalar(m.alpha, dtype)),
    nn.Flatten: _flatten,
    nn.Hardtanh: _hardtanh,
    nn.Identity: lambda m, v, dtype: v,
    nn.LeakyReLU: lambda m, v, dtype: leaky_relu(v, _scalar(m.negative_slope, dtype)),
    nn.Linear: _linear,
    nn.ReLU: lambda m, v, dtype: relu(v),
    nn.SiLU: lambda m, v, dtype: v * sigmoid(v),
    nn.Sigmoid: lambda m, v, dtype: sigmoid(v),
    nn.Softplus: _softplus,
    nn.Tanh: lambda m, v, dtype: tanh(v),
}
