"""The trained functions: their parameters in torch and, rounded to float32, as expressions.

In coordinates ``y = (x - x*) / scale``,

    ``u = clip(u* + half (net(y) - net(0)), low, high)``,  ``net(y) = O relu(W y + b)``,

and V in one of the forms of ``lyapunov_forms.py``.  As expressions the differences are
``net(x) - net(x*)`` of one network, so they vanish at the equilibrium identically.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from certify.controllers.lqr import limited
from certify.controllers.lyapunov_form import Form
from certify.controllers.lyapunov_forms import form_of
from certify.controllers.network_layers import difference, first_layer, layer
from certify.controllers.options import NeuralOptions, PolicyOptions
from certify.controllers.registry import Candidate
from certify.controllers.task import Floats, Task
from certify.expression import const, index
from certify.io.export_onnx import onnx_bytes

__all__ = ["Model", "candidate_of", "half_ranges", "new_parameters"]

_SPREAD, _SMALL = 0.7, 0.02


@dataclass(frozen=True)
class Model:
    """Controller and V over states ``y`` of shape ``(N, n)``, in float64.

    ``parameters`` has ``W b O`` (absent when the problem gives the controller) and those of the
    ``form`` of V; ``low``, ``high`` and ``middle`` bound and centre the inputs, ``half`` scales
    them; all of shape ``(m,)``.  ``leak`` is the slope that gradients see beyond the bounds.
    """

    parameters: dict[str, torch.Tensor]
    low: torch.Tensor
    high: torch.Tensor
    middle: torch.Tensor
    half: torch.Tensor
    form: Form
    leak: float = 0.0

    @classmethod
    def of(cls, task: Task, settings: PolicyOptions, parameters: dict[str, torch.Tensor]) -> Model:
        """The model of ``parameters`` with the limits of ``settings``."""
        inputs = task.problem.system.inputs
        bounds = [settings.limits.get(u) for u in inputs]
        low = [float(b[0]) if b else -np.inf for b in bounds]
        high = [float(b[1]) if b else np.inf for b in bounds]
        middle = [float(settings.u_equilibrium.get(u, 0)) for u in inputs]
        return cls(
            parameters,
            low=torch.tensor(low, dtype=torch.float64),
            high=torch.tensor(high, dtype=torch.float64),
            middle=torch.tensor(middle, dtype=torch.float64),
            half=torch.tensor(half_ranges(task, settings)),
            form=form_of(settings),
            leak=float(settings.leak),
        )

    def control(self, y: torch.Tensor) -> torch.Tensor:
        """The inputs at ``y``, of shape ``(N, m)``."""
        p = self.parameters
        hidden = torch.relu(y @ p["W"].T + p["b"]) - torch.relu(p["b"])
        wanted = self.middle + self.half * (hidden @ p["O"].T)
        clipped = torch.maximum(torch.minimum(wanted, self.high), self.low)
        if not self.leak:
            return clipped
        beyond = self.leak * (wanted - clipped)
        return clipped + (beyond - beyond.detach())

    def lyapunov(self, y: torch.Tensor) -> torch.Tensor:
        """V at ``y``, of shape ``(N,)``."""
        return self.form.value(self.parameters, y)


def half_ranges(task: Task, settings: PolicyOptions) -> Floats:
    """Half the width of the limits of each input, 1 where it has none."""
    limits = [settings.limits.get(u) for u in task.problem.system.inputs]
    return np.array([float(b[1] - b[0]) / 2 if b else 1.0 for b in limits])


def new_parameters(
    task: Task,
    settings: PolicyOptions,
    gain: Floats | None,
    generator: torch.Generator,
    features: int = 0,
    *,
    saturated: bool = False,
) -> dict[str, torch.Tensor]:
    """Parameters at the start: the linear ``gain`` as a policy, small random ``features``.

    Each input is a pair ``relu(1 + k y) - relu(1 - k y)`` with ``|k y| <= 1`` on the domain,
    so the policy starts linear and without a kink at the equilibrium.  If ``saturated`` it is
    ``relu(k y - low) - relu(k y - high)``, within its limits everywhere: what is small can change
    an input that would be far beyond them otherwise.
    """
    n = len(task.states)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    parameters: dict[str, torch.Tensor] = {}
    if gain is not None:
        wanted = torch.tensor(-gain * task.scale / half_ranges(task, settings)[:, None])
        reach = wanted.abs().sum(1).clamp_min(1e-9)
        m = len(gain)
        w, b = _SPREAD * normal(settings.hidden, n), normal(settings.hidden) / 2
        o = _SMALL * normal(m, settings.hidden)
        w[:m], w[m : 2 * m], b[: 2 * m], o[:, : 2 * m] = wanted / reach[:, None], 0, 1, 0
        w[m : 2 * m] = -w[:m]
        o[:, :m], o[:, m : 2 * m] = torch.diag(reach / 2), -torch.diag(reach / 2)
        if saturated:
            model = Model.of(task, settings, {})
            low, high = ((end - model.middle) / model.half for end in (model.low, model.high))
            for i in torch.nonzero(torch.isfinite(low) & torch.isfinite(high)).flatten():
                w[i], w[m + i] = wanted[i], wanted[i]
                b[i], b[m + i] = -low[i], -high[i]
                o[i, i], o[i, m + i] = 1, -1
        parameters |= {"W": w, "b": b, "O": o}
    layers = settings.layers if isinstance(settings, NeuralOptions) else 1
    return parameters | form_of(settings).parameters(n, features, layers, normal)


def candidate_of(
    task: Task, settings: PolicyOptions, parameters: Mapping[str, torch.Tensor]
) -> Candidate:
    """The functions over the exact reals, with weights rounded to float32, and ONNX files."""
    p = {name: value.detach().numpy() for name, value in parameters.items()}
    networks: dict[str, bytes] = {}
    controller = dict(task.problem.controller)
    if "W" in p:
        layers = [
            first_layer(task, p["W"], p["b"], "relu"),
            layer(half_ranges(task, settings)[:, None] * p["O"]),
        ]
        networks["policy"] = onnx_bytes(layers)
        net = difference(task, layers)
        for i, u in enumerate(task.problem.system.inputs):
            wanted = index(net, i) + const(settings.u_equilibrium.get(u, 0))
            controller[u] = limited(settings, u, wanted)
    lyapunov, features = form_of(settings).expression(task, p)
    return Candidate(controller=controller, lyapunov=lyapunov, networks=networks | features)
