"""V as a sum of squares: ``|R y|**2 + |D (tanh(F y + g) - tanh(g))|**2``, D diagonal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from certify.controllers.affine_forms import AffineForm, increment, square_change
from certify.controllers.lyapunov_form import Draw, Form, Parameters
from certify.controllers.network_layers import (
    deviation,
    difference,
    first_layer,
    layer,
    squared_norm,
)
from certify.controllers.task import Floats, Task
from certify.expression import Node, affine
from certify.io.export_onnx import onnx_bytes

__all__ = ["Squares"]

_FIRST_FEATURES = 0.1


class Squares(Form):
    """V and its gradient vanish at the equilibrium whatever the parameters are."""

    order = 2
    names = ("R", "F", "g", "D")
    deepest = 1

    def parameters(self, n: int, features: int, layers: int, draw: Draw) -> Parameters:
        """The identity as ``R``, and small random features."""
        del layers
        drawn = {"F": draw(features, n), "g": draw(features) / 2}
        first = torch.full((features,), _FIRST_FEATURES, dtype=torch.float64)
        return {"R": torch.eye(n, dtype=torch.float64), **drawn, "D": first}

    def value(self, p: Parameters, y: torch.Tensor) -> torch.Tensor:
        """V at ``y``, of shape ``(N,)``."""
        value = ((y @ p["R"].T) ** 2).sum(-1)
        features = torch.tanh(y @ p["F"].T + p["g"]) - torch.tanh(p["g"])
        return value + ((p["D"] * features) ** 2).sum(-1)

    def root(self, p: Parameters) -> torch.Tensor:
        """The matrix and the slopes of the features."""
        slopes = p["D"] * (1 - torch.tanh(p["g"]) ** 2)
        return torch.cat([p["R"], slopes[:, None] * p["F"]])

    def enclosed(self, p: Parameters, y: AffineForm) -> AffineForm:
        """As ``value``, over boxes."""
        value = y.linear(p["R"]).square().sum()
        return value + _features(p, y).square().sum() if len(p["D"]) else value

    def change(self, p: Parameters, y: AffineForm, d: AffineForm, flows: bool) -> AffineForm:
        """Square by square."""
        change = square_change(y.linear(p["R"]), d.linear(p["R"]), flows).sum()
        if not len(p["D"]):
            return change
        moved = increment("tanh", y.linear(p["F"]).plus(p["g"]), d.linear(p["F"]), flows)
        return change + square_change(_features(p, y), moved.times(p["D"]), flows).sum()

    def expression(self, task: Task, p: Mapping[str, Floats]) -> tuple[Node, dict[str, bytes]]:
        """The squares of a matrix and of a network called ``features``."""
        root = (p["R"] / task.scale).astype(np.float32)
        lyapunov = squared_norm(affine(root.tolist(), None, deviation(task)))
        if not len(p["D"]):
            return lyapunov, {}
        layers = [first_layer(task, p["F"], p["g"], "tanh"), layer(np.diag(p["D"]))]
        lyapunov = lyapunov + squared_norm(difference(task, layers))
        return lyapunov, {"features": onnx_bytes(layers)}


def _features(p: Parameters, y: AffineForm) -> AffineForm:
    return y.linear(p["F"]).plus(p["g"]).tanh().plus(-torch.tanh(p["g"])).times(p["D"])
