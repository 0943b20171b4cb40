"""A convex V: ``|R y|**2 + LEAST |y|**2 + |D z(y)|**2`` with an input-convex network ``z``.

``z = relu(F y - t**2)``; with a second hidden layer ``z = relu(U**2 relu(F y - t**2) - s**2)``,
where the entries of ``U**2`` are squares.  So every unit is convex, not negative, and 0 at the
equilibrium: V is convex and has its minimum there without a tangent that would have to be
subtracted.  At first V is close to a quadratic.  References: Amos, Xu and Kolter, Input convex
neural networks, ICML 2017; Kolter and Manek, Learning stable deep dynamics models, NeurIPS 2019.
"""

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

__all__ = ["Convex"]

_LEAST = 2.0**-7  # in the root of the quadratic part
_FIRST = 0.1


class Convex(Form):
    """V is at least ``LEAST**2 |y|**2`` whatever the parameters are."""

    order = 2
    names = ("R", "F", "t", "U", "s", "D")
    deepest = 2

    def parameters(self, n: int, features: int, layers: int, draw: Draw) -> Parameters:
        """The identity as ``R``, and a small random network."""
        p = {"R": torch.eye(n, dtype=torch.float64), "F": draw(features, n)}
        p["t"] = (draw(features) / 2).abs()
        if layers == 2:
            p["U"] = torch.eye(features, dtype=torch.float64) + 0.1 * draw(features, features)
            p["s"] = (draw(features) / 4).abs()
        return p | {"D": torch.full((features,), _FIRST, dtype=torch.float64)}

    def value(self, p: Parameters, y: torch.Tensor) -> torch.Tensor:
        """V at ``y``, of shape ``(N,)``."""
        units = torch.relu(y @ p["F"].T - p["t"] ** 2)
        if "U" in p:
            units = torch.relu(units @ (p["U"] ** 2).T - p["s"] ** 2)
        smooth = ((y @ p["R"].T) ** 2).sum(-1) + ((_LEAST * y) ** 2).sum(-1)
        return smooth + ((p["D"] * units) ** 2).sum(-1)

    def root(self, p: Parameters) -> torch.Tensor:
        """The matrix alone: no unit is active near 0."""
        return _root(p)

    def enclosed(self, p: Parameters, y: AffineForm) -> AffineForm:
        """As ``value``, over boxes."""
        smooth = y.linear(_root(p)).square().sum()
        return smooth + _units(p, y).square().sum() if len(p["D"]) else smooth

    def change(self, p: Parameters, y: AffineForm, d: AffineForm, flows: bool) -> AffineForm:
        """Square by square, layer by layer, through the slopes of the kinks."""
        root = _root(p)
        change = square_change(y.linear(root), d.linear(root), flows).sum()
        if not len(p["D"]):
            return change
        before = y.linear(p["F"]).plus(-(p["t"] ** 2))
        moved = increment("relu", before, d.linear(p["F"]), flows)
        if "U" in p:
            inner = before.relu().linear(p["U"] ** 2).plus(-(p["s"] ** 2))
            moved = increment("relu", inner, moved.linear(p["U"] ** 2), flows)
        return change + square_change(_units(p, y), moved.times(p["D"]), flows).sum()

    def expression(self, task: Task, p: Mapping[str, Floats]) -> tuple[Node, dict[str, bytes]]:
        """The squares of a matrix and of a network called ``features``."""
        root = np.concatenate([p["R"], _LEAST * np.eye(len(task.states))]) / task.scale
        lyapunov = squared_norm(affine(root.astype(np.float32).tolist(), None, deviation(task)))
        if not len(p["D"]):
            return lyapunov, {}
        layers = [first_layer(task, p["F"], -(p["t"] ** 2), "relu")]
        if "U" in p:
            layers.append(layer(p["U"] ** 2, -(p["s"] ** 2), "relu"))
        layers.append(layer(np.diag(p["D"])))
        lyapunov = lyapunov + squared_norm(difference(task, layers))
        return lyapunov, {"features": onnx_bytes(layers)}


def _root(p: Parameters) -> torch.Tensor:
    """The root of the quadratic part, with that which is always there."""
    return torch.cat([p["R"], _LEAST * torch.eye(p["R"].shape[1], dtype=p["R"].dtype)])


def _units(p: Parameters, y: AffineForm) -> AffineForm:
    """``D z(y)`` over boxes."""
    units = y.linear(p["F"]).plus(-(p["t"] ** 2)).relu()
    if "U" in p:
        units = units.linear(p["U"] ** 2).plus(-(p["s"] ** 2)).relu()
    return units.times(p["D"])
