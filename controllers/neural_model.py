"""The trained functions: their parameters in torch and, rounded to float32, as expressions.

The policy is that of ``policy_network.py``; in coordinates ``y = (x - x*) / scale``

    ``V = |R y|**2 + |D (tanh(F y + g) - tanh(g))|**2``,  D diagonal.

V and its gradient vanish at the equilibrium whatever the parameters are.  As expressions the
differences are ``net(x) - net(x*)`` of one network, so they vanish there identically.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from certify.controllers.options import PolicyOptions
from certify.controllers.policy_network import Policy
from certify.controllers.registry import Candidate
from certify.controllers.task import Floats, Task
from certify.expression import Node, affine, const, dot, relu, stack, tanh, var
from certify.io.export_onnx import onnx_bytes

__all__ = ["Model", "candidate_of", "new_parameters"]

_Single = npt.NDArray[np.float32]
_FIRST_FEATURES = 0.1


@dataclass(frozen=True)
class Model:
    """Controller and V over states ``y`` of shape ``(N, n)``, in float64.

    ``parameters`` has ``W b O`` of the policy (absent when the problem gives the controller) and
    ``R F g D``.
    """

    parameters: dict[str, torch.Tensor]
    policy: Policy

    @classmethod
    def of(cls, task: Task, settings: PolicyOptions, parameters: dict[str, torch.Tensor]) -> Model:
        """The model of ``parameters`` with the limits of ``settings``."""
        return cls(parameters, Policy.of(task, settings))

    def control(self, y: torch.Tensor) -> torch.Tensor:
        """The inputs at ``y``, of shape ``(N, m)``."""
        return self.policy.control(self.parameters, y)

    def lyapunov(self, y: torch.Tensor) -> torch.Tensor:
        """V at ``y``, of shape ``(N,)``."""
        p = self.parameters
        value = ((y @ p["R"].T) ** 2).sum(-1)
        features = torch.tanh(y @ p["F"].T + p["g"]) - torch.tanh(p["g"])
        return value + ((p["D"] * features) ** 2).sum(-1)


def new_parameters(
    task: Task,
    settings: PolicyOptions,
    gain: Floats | None,
    generator: torch.Generator,
    features: int = 0,
    *,
    saturated: bool = False,
) -> dict[str, torch.Tensor]:
    """Parameters at the start: the linear ``gain`` as a policy, small random ``features``."""
    n = len(task.states)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    parameters: dict[str, torch.Tensor] = {}
    if gain is not None:
        parameters |= Policy.of(task, settings).start(gain, normal, saturated=saturated)
    drawn = {"F": normal(features, n), "g": normal(features) / 2}
    first = torch.full((features,), _FIRST_FEATURES, dtype=torch.float64)
    return parameters | {"R": torch.eye(n, dtype=torch.float64)} | drawn | {"D": first}


def candidate_of(
    task: Task, settings: PolicyOptions, parameters: Mapping[str, torch.Tensor]
) -> Candidate:
    """The functions over the exact reals, with weights rounded to float32, and ONNX files."""
    p = {name: value.detach().numpy() for name, value in parameters.items()}
    networks: dict[str, bytes] = {}
    controller = dict(task.problem.controller)
    if "W" in p:
        controller, networks = Policy.of(task, settings).expressions(p)
    deviation = stack(var(x) - const(v) for x, v in task.equilibrium.items())
    root = (p["R"] / task.scale).astype(np.float32)
    lyapunov = _squared_norm(affine(root.tolist(), None, deviation))
    if len(p["D"]):
        layers = [_first(task, p["F"], p["g"], "tanh"), _last(np.diag(p["D"]))]
        networks["features"] = onnx_bytes(layers)
        lyapunov = lyapunov + _squared_norm(_difference(task, layers))
    return Candidate(controller=controller, lyapunov=lyapunov, networks=networks)


_Layer = tuple[_Single, _Single | None, str | None]


def _first(task: Task, weight: Floats, bias: Floats, activation: str) -> _Layer:
    """The layer over ``y`` as one over ``x``, rounded."""
    rounded = (weight / task.scale).astype(np.float32)
    return rounded, (bias - rounded.astype(np.float64) @ task.centre).astype(np.float32), activation


def _last(weight: Floats) -> _Layer:
    return weight.astype(np.float32), None, None


def _difference(task: Task, layers: list[_Layer]) -> Node:
    """``net(x) - net(x*)``, built twice by the same steps: identically zero at ``x*``."""
    state = stack(var(x) for x in task.states)
    rest = stack(const(v) for v in task.equilibrium.values())
    return _network(layers, state) - _network(layers, rest)


def _network(layers: list[_Layer], value: Node) -> Node:
    for weight, bias, activation in layers:
        value = affine(weight.tolist(), None if bias is None else bias.tolist(), value)
        if activation is not None:
            value = relu(value) if activation == "relu" else tanh(value)
    return value


def _squared_norm(vector: Node) -> Node:
    return dot([1] * vector.size, vector**2)
