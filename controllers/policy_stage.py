"""A policy alone, through roll-outs: trained to come to the equilibrium from as far as it can."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from certify.controllers.losses import policy_loss
from certify.controllers.training_loop import Training, chosen, normal

__all__ = ["Pace", "starts", "train_policy"]

_SMALLEST = 1e-3
_LEAST_MOVE = 1e-3
_ARRIVED, _CLOSE = 1e-3, 1e-2  # of the domain, on the way and at the end


@dataclass(frozen=True)
class Pace:
    """How a policy is trained: the ``rate`` of Adam, steps from one ``report`` to the next, and
    how near to the faces of the domain a roll-out's furthest point is for its start to be
    ``borderline``, to be drawn from again; only if it is further out than the start where
    ``outward``.
    """

    rate: float = 3e-3
    report: int = 20
    borderline: float = 0.25
    outward: bool = False


def train_policy(training: Training, next_phase: str, pace: Pace | None = None) -> None:
    """Optimise the policy alone; keeps the parameters with the largest sampled basin."""
    pace = pace or Pace()
    state, settings = training.state, training.settings
    steps = settings.policy_steps
    if state.step == 0:
        training.keep(_basin(training)[1])
    while state.step < steps:
        done = state.step / steps
        count = settings.batch // 2
        start = starts(training, count)
        _shrink_some(start, count // 8, state.generator)
        loss, furthest = policy_loss(
            training.plant,
            training.model,
            start,
            near=count // 8,
            horizon=settings.horizon,
            width=0.15 * (0.02 / 0.15) ** done,
            generator=state.generator,
        )
        near = (furthest - 1).abs() < pace.borderline
        if pace.outward:
            near &= furthest > training.plant.gauge(start) + _LEAST_MOVE
        state.borderline = start[near]
        training.descend(loss, ("W", "b", "O"), done, pace.rate)
        training.after_step(loss, steps, pace.report, lambda: _basin(training))
    training.take_best(next_phase)


def starts(training: Training, count: int) -> torch.Tensor:
    """``count`` states of the domain, half of them near the last borderline starts."""
    state, plant = training.state, training.plant
    y = plant.uniform(count, state.generator)
    if len(state.borderline):
        some = chosen(state.borderline, count // 2, state.generator)
        near = some + 0.02 * normal(some, state.generator)
        y[: count // 2] = torch.maximum(torch.minimum(near, plant.high), plant.low)
    return y


def _shrink_some(y: torch.Tensor, count: int, generator: torch.Generator) -> None:
    """Scale the last ``count`` of the states ``y`` down."""
    exponent = torch.rand((count, 1), generator=generator, dtype=torch.float64)
    y[-count:] *= _SMALLEST**exponent


@torch.no_grad()
def _basin(training: Training) -> tuple[None, float]:
    """The sampled volume from which roll-outs stay and converge."""
    plant, settings = training.plant, training.settings
    generator = torch.Generator().manual_seed(1)
    y = plant.uniform(settings.judged, generator)
    good = 0
    for _ in range(4 * settings.horizon):
        y = plant.step(training.model, y, generator)
        gauge = plant.gauge(y)
        good += int((gauge < _ARRIVED).sum())
        y = y[(gauge <= 1) & (gauge >= _ARRIVED)]
        if not len(y):
            break
    good += int((plant.gauge(y) < _CLOSE).sum())
    return None, good / settings.judged * training.task.volume
