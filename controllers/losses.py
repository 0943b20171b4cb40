"""What training minimises: escapes of roll-outs, then violations of the Lyapunov condition.

Distances are in the gauge of the domain: below 1 inside, 1 on its faces, 0 at the equilibrium.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from certify.controllers.flow import advanced, slope
from certify.controllers.neural_model import Model
from certify.controllers.options import PolicyOptions
from certify.controllers.task import Task
from certify.expression.torch import to_torch
from certify.problem import Interval

__all__ = ["Plant", "nearly_escaped", "policy_loss", "violation"]

_FAR = 2.0
_CONVERGED = 0.25
_CONTRACTION = 0.2
_SLACK = 0.02
_FACE_WEIGHT = 20.0
_FACE_MARGIN = 0.005
_LEAST_VALUE = 1e-12
_NEAR = 1e-6  # where the loop is as good as linear


@dataclass(frozen=True)
class Plant:
    """The closed loop in the coordinates ``y = (x - x*) / scale``, step by step.

    ``move`` gives the next state, or, where ``flows``, the derivative times the period of a step.
    ``decay`` is the relative decrease of V that is claimed, per step.
    """

    low: torch.Tensor
    high: torch.Tensor
    decay: float
    flows: bool
    move: Callable[[Model, torch.Tensor, Mapping[str, torch.Tensor]], torch.Tensor]
    free: Mapping[str, Interval]

    @classmethod
    def of(cls, task: Task, settings: PolicyOptions) -> Plant:
        """The plant of ``task``; its parameters and disturbances are drawn anew in every step."""
        system = task.problem.system
        given = task.problem.controller
        dynamics = task.closed(given)
        program = to_torch([dynamics[x] for x in task.states])
        centre, scale = torch.tensor(task.centre), torch.tensor(task.scale)
        flows = system.time == "continuous"
        period = float(settings.period) if flows else 1.0

        def move(model: Model, y: torch.Tensor, drawn: Mapping[str, torch.Tensor]) -> torch.Tensor:
            values = dict(zip(system.states, (centre + scale * y).unbind(-1), strict=True))
            if not given:
                values |= dict(zip(system.inputs, model.control(y).unbind(-1), strict=True))
            moved = torch.stack(program(values | dict(drawn)), dim=-1)
            return period * moved / scale if flows else (moved - centre) / scale

        low, high = torch.tensor(task.low), torch.tensor(task.high)
        return cls(low, high, period * task.decay, flows, move, task.free)

    def step(self, model: Model, y: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The states after one step from ``y``."""
        drawn = self.drawn(y, generator)
        if self.flows:
            return advanced(lambda z: self.move(model, z, drawn), y)
        return self.move(model, y, drawn)

    def judged(
        self,
        model: Model,
        value: Callable[[torch.Tensor], torch.Tensor],
        here: torch.Tensor,
        y: torch.Tensor,
        generator: torch.Generator,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What part of ``here``, the ``value`` at ``y``, is left a step later, and where that is.

        Of a flow both are along the tangent, which is out of the domain where a face is crossed.
        """
        moved = self.move(model, y, self.drawn(y, generator))
        if self.flows:
            return 1 + slope(value, y, moved) / here.clamp_min(_LEAST_VALUE), y + moved
        return value(moved) / here.clamp_min(_LEAST_VALUE), moved

    def contraction(
        self, model: Model, root: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """The largest factor by which ``|root y|**2`` of a state y near the equilibrium changes in
        a step, for an invertible ``root``; of a flow along the tangent.
        """
        unit = torch.linalg.solve(root, torch.eye(len(root), dtype=torch.float64)).T
        drawn = self.drawn(unit, generator)
        after = self.move(model, _NEAR * unit, drawn) / _NEAR @ root.T
        if self.flows:
            growth: torch.Tensor = torch.linalg.eigvalsh(after + after.T)[-1]
            return 1 + growth
        norm: torch.Tensor = torch.linalg.matrix_norm(after, 2)
        return norm**2

    def drawn(self, y: torch.Tensor, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Parameters and disturbances for the rows of ``y``, at random."""
        return {name: _uniform(bounds, y, generator) for name, bounds in self.free.items()}

    def gauge(self, y: torch.Tensor) -> torch.Tensor:
        """How far out ``y`` is: 1 on the faces of the domain."""
        return torch.maximum(y / self.high, y / self.low).amax(-1)

    def on_faces(self, y: torch.Tensor) -> torch.Tensor:
        """``y`` moved outward, or inward, to the faces of the domain."""
        return y / self.gauge(y)[:, None].clamp_min(_LEAST_VALUE)

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


def _uniform(bounds: Interval, y: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
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
    escaped = nearly_escaped(furthest, width)
    stayed = 1 - escaped.detach()
    away = torch.sigmoid((final - _CONVERGED) / 0.1)
    first = plant.gauge(start[-near:]).clamp_min(1e-6)
    slow = torch.relu(final[-near:] / first - _CONTRACTION).clamp_max(3.0)
    loss = (escaped + (0.5 * away + 0.05 * final) * stayed).mean()
    return loss + (slow * stayed[-near:]).mean(), furthest.detach()


def nearly_escaped(furthest: torch.Tensor, width: float) -> torch.Tensor:
    """Whether roll-outs left the domain, from 0 to 1, by the largest gauge along each."""
    return torch.sigmoid((furthest - 1 + _FACE_MARGIN) / width)


def violation(
    plant: Plant, model: Model, y: torch.Tensor, needed: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """V, and by how much ``V <= 1`` fails to imply decrease and staying in the domain.

    ``needed`` is the relative decrease.  A failure counts at most as much as ``1 - V``, with
    some slack, because raising V above 1 is another way to mend it.
    """
    value = model.lyapunov(y)
    ratio, after = plant.judged(model, model.lyapunov, value, y, generator)
    decrease = torch.relu(ratio - 1 + needed).clamp_max(2.0)
    leaving = _FACE_WEIGHT * torch.relu(plant.gauge(after) - 1 + _FACE_MARGIN)
    excuse = torch.relu(1 + _SLACK - value)
    return value, torch.minimum(decrease, excuse) + torch.minimum(leaving, excuse)
