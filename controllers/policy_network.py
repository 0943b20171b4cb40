"""The policies that are trained, in torch and as expressions over the exact reals.

In coordinates ``y = (x - x*) / scale``, with ``z`` the terms that the inputs read,

    ``u = clip(u* + half (net(z) - net(0)), low, high)``,  ``net(z) = O relu(W z + b)``.

Inputs that read the same share a network: W and O are in blocks, one for each such group, and zero
elsewhere.  As expressions the differences are ``net(r(x)) - net(r(x*))``, which vanish at the
equilibrium identically.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from certify.controllers.information import Information, information_of
from certify.controllers.lqr import limited
from certify.controllers.network_layers import difference_of, layer, layer_in
from certify.controllers.options import PolicyOptions
from certify.controllers.task import Floats, Task
from certify.expression import Node, const, index
from certify.expression.evaluate import evaluate
from certify.expression.torch import to_torch
from certify.io.export_onnx import onnx_bytes

__all__ = ["Policy", "half_ranges"]

_SPREAD, _SMALL = 0.7, 0.02


@dataclass(frozen=True)
class Policy:
    """Everything about a policy but its weights ``W b O``.

    ``low``, ``high`` and ``middle`` bound and centre the inputs, ``half`` scales them; all of
    shape ``(m,)``.  ``read`` takes y to z; ``first`` and ``last`` are 1 in the blocks of W and O
    and 0 elsewhere.
    """

    task: Task
    settings: PolicyOptions
    information: Information
    low: torch.Tensor
    high: torch.Tensor
    middle: torch.Tensor
    half: torch.Tensor
    read: Callable[[torch.Tensor], torch.Tensor]
    first: torch.Tensor
    last: torch.Tensor

    @classmethod
    def of(cls, task: Task, settings: PolicyOptions) -> Policy:
        """The policy with the limits of ``settings``, and what its inputs read there."""
        inputs = task.problem.system.inputs
        bounds = [settings.limits.get(u) for u in inputs]
        low = [float(b[0]) if b else -np.inf for b in bounds]
        high = [float(b[1]) if b else np.inf for b in bounds]
        middle = [float(settings.u_equilibrium.get(u, 0)) for u in inputs]
        information = information_of(task, settings)
        first, last = _blocks(information, settings.hidden)
        return cls(
            task,
            settings,
            information,
            low=torch.tensor(low, dtype=torch.float64),
            high=torch.tensor(high, dtype=torch.float64),
            middle=torch.tensor(middle, dtype=torch.float64),
            half=torch.tensor(half_ranges(task, settings)),
            read=_reader(task, information) if settings.reads else lambda y: y,
            first=first,
            last=last,
        )

    def control(self, p: Mapping[str, torch.Tensor], y: torch.Tensor) -> torch.Tensor:
        """The inputs at ``y`` of shape ``(N, n)``: shape ``(N, m)``.

        Gradients see a slope of ``leak`` beyond the bounds.
        """
        weight, out = self.first * p["W"], self.last * p["O"]
        hidden = torch.relu(self.read(y) @ weight.T + p["b"]) - torch.relu(p["b"])
        wanted = self.middle + self.half * (hidden @ out.T)
        clipped = torch.maximum(torch.minimum(wanted, self.high), self.low)
        leak = float(self.settings.leak)
        if not leak:
            return clipped
        beyond = leak * (wanted - clipped)
        return clipped + (beyond - beyond.detach())

    def start(
        self, gain: Floats, normal: Callable[..., torch.Tensor], *, saturated: bool
    ) -> dict[str, torch.Tensor]:
        """Weights at the start: the linear ``gain`` of the terms, and small random units.

        Each input is a pair ``relu(1 + k z) - relu(1 - k z)`` with ``|k z| <= 1`` on the domain,
        so the policy starts linear and without a kink at the equilibrium.  If ``saturated`` it is
        ``relu(k z - low) - relu(k z - high)``, within its limits everywhere: what is small can
        change an input that would be far beyond them otherwise.
        """
        units = len(self.first)
        w, b = _SPREAD * normal(*self.first.shape), normal(units) / 2
        o = _SMALL * normal(*self.last.shape)
        self.hold({"W": w, "b": b, "O": o}, gain, saturated=saturated)
        return {"W": self.first * w, "b": b, "O": self.last * o}

    @torch.no_grad()
    def hold(self, p: Mapping[str, torch.Tensor], gain: Floats, *, saturated: bool) -> None:
        """Make the first units of ``p`` the linear ``gain`` of the terms, as ``start`` says."""
        w, b, o = p["W"], p["b"], p["O"]
        wanted = torch.tensor(-gain * self.information.scale / self.half.numpy()[:, None])
        reach = wanted.abs().sum(1).clamp_min(1e-9)
        low, high = ((end - self.middle) / self.half for end in (self.low, self.high))
        between = saturated & torch.isfinite(low) & torch.isfinite(high)
        for i, plus, minus in _pairs(self.information, self.settings.hidden):
            w[plus], w[minus] = wanted[i] / reach[i], -wanted[i] / reach[i]
            b[plus], b[minus], o[:, plus], o[:, minus] = 1, 1, 0, 0
            o[i, plus], o[i, minus] = reach[i] / 2, -reach[i] / 2
            if between[i]:
                w[plus], w[minus] = wanted[i], wanted[i]
                b[plus], b[minus] = -low[i], -high[i]
                o[i, plus], o[i, minus] = 1, -1

    def expressions(self, p: Mapping[str, Floats]) -> tuple[dict[str, Node], dict[str, bytes]]:
        """Every input over the states, with weights rounded to float32, and ONNX files by stem."""
        names = self.task.problem.system.inputs
        controller: dict[str, Node] = {}
        networks: dict[str, bytes] = {}
        for k, (stem, (inputs, _)) in enumerate(
            zip(self.stems(), self.information.groups, strict=True)
        ):
            networks[stem], difference = self._network(p, k)
            for j, i in enumerate(inputs):
                u = names[i]
                wanted = index(difference, j) + const(self.settings.u_equilibrium.get(u, 0))
                controller[u] = limited(self.settings, u, wanted)
        return {u: controller[u] for u in names}, networks

    def stems(self) -> list[str]:
        """The name of each group's network: ``policy``, with its inputs where there are several."""
        names, groups = self.task.problem.system.inputs, self.information.groups
        if len(groups) == 1:
            return ["policy"]
        return ["_".join(["policy", *(names[i] for i in inputs)]) for inputs, _ in groups]

    def _network(self, p: Mapping[str, Floats], group: int) -> tuple[bytes, Node]:
        """The network of a group over what it reads, and ``net(r(x)) - net(r(x*))``."""
        information = self.information
        inputs, terms = (list(places) for places in information.groups[group])
        own = slice(group * self.settings.hidden, (group + 1) * self.settings.hidden)
        read, rest = ([nodes[j] for j in terms] for nodes in (information.terms, information.rest))
        centre, scale = np.array(evaluate(rest, {})), information.scale[terms]
        layers = [
            layer_in(centre, scale, p["W"][own][:, terms], p["b"][own], "relu"),
            layer(self.half.numpy()[inputs, None] * p["O"][inputs, own]),
        ]
        return onnx_bytes(layers), difference_of(layers, read, rest)


def half_ranges(task: Task, settings: PolicyOptions) -> Floats:
    """Half the width of the limits of each input, 1 where it has none."""
    limits = [settings.limits.get(u) for u in task.problem.system.inputs]
    return np.array([float(b[1] - b[0]) / 2 if b else 1.0 for b in limits])


def _reader(task: Task, information: Information) -> Callable[[torch.Tensor], torch.Tensor]:
    """From ``y`` to the terms that are read, of shape ``(N, p)``."""
    program = to_torch(information.deviations())
    centre, scale = torch.tensor(task.centre), torch.tensor(task.scale)
    units = torch.tensor(information.scale)

    def read(y: torch.Tensor) -> torch.Tensor:
        values = dict(zip(task.states, (centre + scale * y).unbind(-1), strict=True))
        return torch.stack(program(values), dim=-1) / units

    return read


def _blocks(information: Information, hidden: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ones where W and O may have weights, with ``hidden`` units for each group."""
    seen = torch.tensor(information.seen).double()
    first = torch.zeros((hidden * len(information.groups), seen.shape[1]), dtype=torch.float64)
    last = torch.zeros((seen.shape[0], len(first)), dtype=torch.float64)
    for k, (inputs, _) in enumerate(information.groups):
        own = slice(k * hidden, (k + 1) * hidden)
        first[own] = seen[inputs[0]]
        last[list(inputs), own] = 1
    return first, last


def _pairs(information: Information, hidden: int) -> Iterator[tuple[int, int, int]]:
    """Each input, and the two units of its group that it starts from."""
    for k, (inputs, _) in enumerate(information.groups):
        for j, i in enumerate(inputs):
            yield i, k * hidden + j, k * hidden + len(inputs) + j
