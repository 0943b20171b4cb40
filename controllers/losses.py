"""What training minimises: escapes of roll-outs, then violations of the Lyapunov condition.

Distances are in the gauge of the domain: below 1 inside, 1 on its faces, 0 at the equilibrium.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import torch

from certify.controllers.neural_model import Model
from certify.controllers.task import Task
from certify.expression.torch import to_torch

__all__ = ["Plant", "policy_loss", "violation"]

_FAR = 2.0
_CONVERGED = 0.25
_CONTRACTION = 0.2
_SLACK = 0.02
_FACE_WEIGHT = 20.0
_FACE_MARGIN = 0.005
_LEAST_VALUE = 1e-12


@dataclass(frozen=True)
class Plant:
    """One step of the closed loop in the coordinates ``y = (x - x*) / scale``."""

    low: torch.Tensor
    high: torch.Tensor
    step: Callable[[Model, torch.Tensor, torch.Generator], torch.Tensor]

    @classmethod
    def of(cls, task: Task) -> Plant:
        """The plant of ``task``, with free parameters and disturbances drawn at random."""
        system = task.problem.system
        given = task.problem.controller
        dynamics = task.closed(given)
        program = to_torch([dynamics[x] for x in task.states])
        centre, scale = torch.tensor(task.centre), torch.tensor(task.scale)

        def step(model: Model, y: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
            values = dict(zip(system.states, (centre + scale * y).unbind(-1), strict=True))
            if not given:
                values |= dict(zip(system.inputs, model.control(y).unbind(-1), strict=True))
            for name, bounds in task.free.items():
                values[name] = _drawn(bounds, y, generator)
            return (torch.stack(program(values), dim=-1) - centre) / scale

        return cls(torch.tensor(task.low), torch.tensor(task.high), step)

    def gauge(self, y: torch.Tensor) -> torch.Tensor:
        """How far out ``y`` is: 1 on the faces of the domain."""
        return torch.maximum(y / self.high, y / self.low).amax(-1)

    def uniform(
        self, count: int, generator: torch.Generator, smallest: float = 1.0
    ) -> torch.Tensor:
        """States in the domain, scaled by a factor whose logarithm is uniform."""
        shape = (count, len(self.low))
        unit = torch.rand(shape, generator=generator, dtype=torch.float64)
        y = self.low + (self.high - self.low) * unit
        if smallest == 1.0:
            return y
        exponent = torch.rand((count, 1), generator=generator, dtype=torch.float64)
        return y * smallest**exponent


def _drawn(
    bounds: tuple[Fraction, Fraction], y: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    low, high = (float(b) for b in bounds)
    return low + (high - low) * torch.rand(len(y), generator=generator, dtype=torch.float64)


def policy_loss(
    plant: Plant,
    model: Model,
    start: torch.Tensor,
    *,
    near: int,
    horizon: int,
    width: float,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """How badly roll-outs from ``start`` leave the domain or fail to converge.

    The last ``near`` states must contract relative to where they start, which rules out
    a dead zone at the equilibrium.  ``width`` smooths the faces.  Also returns the largest
    gauge along each roll-out, shape ``(N,)``.
    """
    y = start
    furthest = torch.zeros(len(start), dtype=torch.float64)
    for _ in range(horizon):
        y = plant.step(model, y, generator)
        furthest = torch.maximum(furthest, plant.gauge(y))
        y = torch.maximum(torch.minimum(y, _FAR * plant.high), _FAR * plant.low)
    final = plant.gauge(y)
    escaped = torch.sigmoid((furthest - 1 + _FACE_MARGIN) / width)
    stayed = 1 - escaped.detach()
    away = torch.sigmoid((final - _CONVERGED) / 0.1)
    first = plant.gauge(start[-near:]).clamp_min(1e-6)
    slow = torch.relu(final[-near:] / first - _CONTRACTION).clamp_max(3.0)
    loss = (escaped + (0.5 * away + 0.05 * final) * stayed).mean()
    return loss + (slow * stayed[-near:]).mean(), furthest.detach()


def violation(
    plant: Plant, model: Model, y: torch.Tensor, needed: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """V, and by how much ``V <= 1`` fails to imply decrease and staying in the domain.

    ``needed`` is the relative decrease.  A failure counts at most as much as ``1 - V``, with
    some slack, because raising V above 1 is another way to mend it.
    """
    value = model.lyapunov(y)
    after = plant.step(model, y, generator)
    ratio = model.lyapunov(after) / value.clamp_min(_LEAST_VALUE)
    decrease = torch.relu(ratio - 1 + needed).clamp_max(2.0)
    leaving = _FACE_WEIGHT * torch.relu(plant.gauge(after) - 1 + _FACE_MARGIN)
    excuse = torch.relu(1 + _SLACK - value)
    return value, torch.minimum(decrease, excuse) + torch.minimum(leaving, excuse)
