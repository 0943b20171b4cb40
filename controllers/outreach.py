"""How far a certified core reaches: the starts of roll-outs that come to ``{V <= 1}``.

What T-EXT-D adds to a core depends on the policy alone.  Its gradient is taken now and then beside
the training of policy and V, and used until it is taken again.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from certify.controllers.losses import Plant, nearly_escaped
from certify.controllers.neural_model import Model
from certify.controllers.policy_stage import starts
from certify.controllers.training_loop import Training

__all__ = ["outreach_gradient"]

_SATURATED = 5.0  # widths beyond the faces from where nothing is learned
_LOOK = 8  # steps from one look at which roll-outs have ended to the next
_WIDEST, _NARROWEST = 0.15, 0.02
_BORDERLINE, _LEAST_MOVE = 0.05, 1e-3
_LARGEST = 1.0

Value = Callable[[torch.Tensor], torch.Tensor]


def outreach_gradient(
    training: Training, value: Value, horizon: int, count: int, done: float
) -> dict[str, torch.Tensor]:
    """The gradient of what part of ``count`` roll-outs does not come to ``value <= 1`` inside.

    Of the policy's parameters, its norm cut to 1.  ``done`` is the part of the training behind:
    the faces get sharper with it.
    """
    state, plant = training.state, training.plant
    y = starts(training, count)
    width = _WIDEST * (_NARROWEST / _WIDEST) ** done
    loss, furthest = _loss(plant, training.model, y, value, horizon, width, state.generator)
    near = (furthest - 1).abs() < _BORDERLINE
    state.borderline = y[near & (furthest > plant.gauge(y) + _LEAST_MOVE)]
    names = ("W", "b", "O")
    found = torch.autograd.grad(loss, [state.parameters[name] for name in names])
    norm = float(torch.stack([g.norm() for g in found]).norm())
    if not norm < float("inf"):
        return {}
    shrink = min(1.0, _LARGEST / max(norm, 1e-12))
    return {name: shrink * g for name, g in zip(names, found, strict=True)}


def _loss(
    plant: Plant,
    model: Model,
    start: torch.Tensor,
    value: Value,
    horizon: int,
    width: float,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean failure of roll-outs, and the largest gauge along each, shape ``(N,)``.

    A roll-out ends where it comes to the core, or is too far out for a gradient.
    """
    y, rows = start, torch.arange(len(start))
    far = torch.zeros(len(start), dtype=torch.float64)
    ended: list[tuple[torch.Tensor, torch.Tensor]] = []
    for step in range(horizon):
        y = plant.step(model, y, generator)
        far = torch.maximum(far, plant.gauge(y))
        if (step + 1) % _LOOK == 0:
            ends = ((value(y) <= 1) | (far > 1 + _SATURATED * width)).detach()
            ended.append((rows[ends], far[ends]))
            y, rows, far = y[~ends], rows[~ends], far[~ends]
            if not len(y):
                break
    left = nearly_escaped(far, width)
    late = torch.sigmoid(torch.log(value(y).clamp_min(1e-9))) * (1 - left.detach())
    ended.append((rows, far))
    order = torch.cat([r for r, _ in ended])
    gauges = torch.cat([f for _, f in ended])
    total = nearly_escaped(gauges, width).sum() + 0.5 * late.sum()
    furthest = torch.empty(len(start), dtype=torch.float64)
    furthest[order] = gauges.detach()
    return total / len(start), furthest
