"""V as a sum of absolute values: ``|phi(y) - phi(0)|_1 + LEAST |y|_1``, piecewise linear.

``phi(y) = R y + C relu(F y + g)`` has as many outputs as units; with a second hidden layer its
last part is ``C relu(G relu(F y + g) + h)``.  At first V is close to the root of a quadratic, as
the mean of ``|u . z|`` over directions ``u`` is a multiple of ``|z|_2``.  Reference: Dai et al.,
Lyapunov-stable neural-network control, RSS 2021, where ``phi`` has one output and the rest is
``|(LEAST + R'R) y|_1``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from certify.controllers.affine_forms import AffineForm, increment
from certify.controllers.lyapunov_form import Draw, Form, Parameters
from certify.controllers.network_layers import deviation, difference, first_layer, layer
from certify.controllers.task import Floats, Task
from certify.expression import Node, absolute, affine, dot
from certify.io.export_onnx import onnx_bytes

__all__ = ["Absolute"]

_LEAST = 2.0**-7
_SMALL = 0.02


class Absolute(Form):
    """V is at least ``LEAST |y|_1`` whatever the parameters are."""

    order = 1
    names = ("R", "C", "F", "g", "G", "h")
    deepest = 2

    def fewest(self, n: int) -> int:
        """A direction for each state."""
        return n

    def parameters(self, n: int, features: int, layers: int, draw: Draw) -> Parameters:
        """Directions spread evenly as ``R``, and a small random network."""
        p = {"R": _directions(features, n), "C": _SMALL * draw(features, features)}
        p |= {"F": draw(features, n), "g": draw(features) / 2}
        if layers == 2:
            p |= {"G": draw(features, features) / features**0.5, "h": draw(features) / 2}
        return p

    def start(self, p: Parameters, root: torch.Tensor) -> None:
        """The directions are those of ``root y``."""
        p["R"].copy_(p["R"] @ root)

    def divide(self, p: Parameters, value: torch.Tensor) -> None:
        """``phi`` is divided."""
        p["R"].div_(value)
        p["C"].div_(value)

    def value(self, p: Parameters, y: torch.Tensor) -> torch.Tensor:
        """V at ``y``, of shape ``(N,)``."""
        phi = y @ p["R"].T + (_units(p, y) - _units(p, torch.zeros_like(y[:1]))) @ p["C"].T
        return phi.abs().sum(-1) + _LEAST * y.abs().sum(-1)

    def enclosed(self, p: Parameters, y: AffineForm) -> AffineForm:
        """As ``value``, over boxes."""
        return _phi(p, y).absolute().sum() + y.absolute().sum().times(_LEAST)

    def change(self, p: Parameters, y: AffineForm, d: AffineForm, flows: bool) -> AffineForm:
        """Layer by layer, through the slopes of the kinks."""
        before = y.linear(p["F"]).plus(p["g"])
        units = increment("relu", before, d.linear(p["F"]), flows)
        if "G" in p:
            inner = before.relu().linear(p["G"]).plus(p["h"])
            units = increment("relu", inner, units.linear(p["G"]), flows)
        moved = d.linear(p["R"]) + units.linear(p["C"])
        change = increment("abs", _phi(p, y), moved, flows).sum()
        return change + increment("abs", y, d, flows).sum().times(_LEAST)

    def expression(self, task: Task, p: Mapping[str, Floats]) -> tuple[Node, dict[str, bytes]]:
        """A matrix, and the nonlinear part of ``phi`` as a network called ``features``."""
        layers = [first_layer(task, p["F"], p["g"], "relu")]
        if "G" in p:
            layers.append(layer(p["G"], p["h"], "relu"))
        layers.append(layer(p["C"]))
        moved = deviation(task)
        straight = affine((p["R"] / task.scale).astype(np.float32).tolist(), None, moved)
        least = (_LEAST / task.scale).astype(np.float32).tolist()
        phi = absolute(straight + difference(task, layers))
        lyapunov = dot([1] * phi.size, phi) + dot(least, absolute(moved))
        return lyapunov, {"features": onnx_bytes(layers)}


def _units(p: Parameters, y: torch.Tensor) -> torch.Tensor:
    """The last hidden layer at ``y``."""
    units = torch.relu(y @ p["F"].T + p["g"])
    return torch.relu(units @ p["G"].T + p["h"]) if "G" in p else units


def _phi(p: Parameters, y: AffineForm) -> AffineForm:
    """``phi(y) - phi(0)`` over boxes."""
    units = y.linear(p["F"]).plus(p["g"]).relu()
    if "G" in p:
        units = units.linear(p["G"]).plus(p["h"]).relu()
    units = units.plus(-_units(p, torch.zeros_like(p["F"][:1])))
    return y.linear(p["R"]) + units.linear(p["C"])


def _directions(count: int, n: int) -> torch.Tensor:
    """``count`` vectors over ``n`` states whose mean ``|u . z|`` is near ``|z|_2``: (count, n).

    In the plane they are spread evenly over half a turn; else they are orthogonal in groups.
    """
    if n == 2:
        angle = torch.pi * torch.arange(count, dtype=torch.float64) / count
        return torch.stack([angle.cos(), angle.sin()], dim=-1) * (torch.pi / 2 / count)
    generator = torch.Generator().manual_seed(0)
    groups = -(-count // n)
    normal = torch.randn((groups, n, n), generator=generator, dtype=torch.float64)
    turned: torch.Tensor = torch.linalg.qr(normal)[0].reshape(-1, n)[:count]
    return turned * float((n / count) ** 0.5)
