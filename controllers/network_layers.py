"""Trained layers as expressions and ONNX files: rounded to float32, differences that vanish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.controllers.task import Floats, Task
from certify.expression import Node, affine, const, dot, relu, stack, tanh, var

__all__ = [
    "Layer",
    "deviation",
    "difference",
    "difference_of",
    "first_layer",
    "layer",
    "layer_in",
    "squared_norm",
]

Single: TypeAlias = npt.NDArray[np.float32]
Layer: TypeAlias = tuple[Single, Single | None, str | None]


def first_layer(task: Task, weight: Floats, bias: Floats, activation: str) -> Layer:
    """The layer over ``y = (x - x*) / scale`` as one over ``x``, rounded."""
    return layer_in(task.centre, task.scale, weight, bias, activation)


def layer_in(centre: Floats, scale: Floats, weight: Floats, bias: Floats, activation: str) -> Layer:
    """The layer over ``(z - centre) / scale`` as one over ``z``, rounded."""
    rounded = (weight / scale).astype(np.float32)
    return rounded, (bias - rounded.astype(np.float64) @ centre).astype(np.float32), activation


def layer(weight: Floats, bias: Floats | None = None, activation: str | None = None) -> Layer:
    """A layer over the outputs of another, rounded."""
    return weight.astype(np.float32), None if bias is None else bias.astype(np.float32), activation


def difference(task: Task, layers: Sequence[Layer]) -> Node:
    """``net(x) - net(x*)``, identically zero at ``x*``."""
    rest = [const(v) for v in task.equilibrium.values()]
    return difference_of(layers, [var(x) for x in task.states], rest)


def difference_of(layers: Sequence[Layer], terms: Sequence[Node], rest: Sequence[Node]) -> Node:
    """``net(terms) - net(rest)``, built twice by the same steps."""
    return _network(layers, stack(terms)) - _network(layers, stack(rest))


def _network(layers: Sequence[Layer], value: Node) -> Node:
    for weight, bias, activation in layers:
        value = affine(weight.tolist(), None if bias is None else bias.tolist(), value)
        if activation is not None:
            value = relu(value) if activation == "relu" else tanh(value)
    return value


def deviation(task: Task) -> Node:
    """The vector ``x - x*``."""
    return stack(var(x) - const(v) for x, v in task.equilibrium.items())


def squared_norm(vector: Node) -> Node:
    """The sum of the squares of the components."""
    return dot([1] * vector.size, vector**2)
