"""The trained functions: their parameters in torch and, rounded to float32, as expressions.

A policy as in ``policy_network.py``, and V in one of the forms of ``lyapunov_forms.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from certify.controllers.lyapunov_form import Form
from certify.controllers.lyapunov_forms import form_of
from certify.controllers.options import NeuralOptions, PolicyOptions
from certify.controllers.policy_network import Policy
from certify.controllers.registry import Candidate
from certify.controllers.task import Floats, Task

__all__ = ["Model", "candidate_of", "new_parameters"]


@dataclass(frozen=True)
class Model:
    """Controller and V over states ``y`` of shape ``(N, n)``, in float64.

    ``parameters`` has ``W b O`` of the ``policy`` (absent when the problem gives the controller)
    and those of the ``form`` of V.
    """

    parameters: dict[str, torch.Tensor]
    policy: Policy
    form: Form

    @classmethod
    def of(cls, task: Task, settings: PolicyOptions, parameters: dict[str, torch.Tensor]) -> Model:
        """The model of ``parameters`` with the limits of ``settings``."""
        return cls(parameters, Policy.of(task, settings), form_of(settings))

    def control(self, y: torch.Tensor) -> torch.Tensor:
        """The inputs at ``y``, of shape ``(N, m)``."""
        return self.policy.control(self.parameters, y)

    def lyapunov(self, y: torch.Tensor) -> torch.Tensor:
        """V at ``y``, of shape ``(N,)``."""
        return self.form.value(self.parameters, y)


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

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    parameters: dict[str, torch.Tensor] = {}
    if gain is not None:
        parameters |= Policy.of(task, settings).start(gain, normal, saturated=saturated)
    layers = settings.layers if isinstance(settings, NeuralOptions) else 1
    n = len(task.states)
    return parameters | form_of(settings).parameters(n, features, layers, normal)


def candidate_of(
    task: Task, settings: PolicyOptions, parameters: Mapping[str, torch.Tensor]
) -> Candidate:
    """The functions over the exact reals, with weights rounded to float32, and ONNX files."""
    p = {name: value.detach().numpy() for name, value in parameters.items()}
    networks: dict[str, bytes] = {}
    controller = dict(task.problem.controller)
    if "W" in p:
        controller, networks = Policy.of(task, settings).expressions(p)
    lyapunov, features = form_of(settings).expression(task, p)
    return Candidate(controller=controller, lyapunov=lyapunov, networks=networks | features)
