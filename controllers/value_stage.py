"""V alone, fitted to what roll-outs cost: the Lyapunov function of a policy where that works.

Along a trajectory the sum of ``|y|**2`` from a state on falls by what each step adds to it.  Where
roll-outs come to the equilibrium V is to be that sum, as a part of the largest one; where they do
not, above 1.  References: Zubov, Methods of A. M. Lyapunov and their application, 1964; Kang, Sun
and Xu, Data-driven computational methods for the domain of attraction and Zubov's equation, 2023.
"""

from __future__ import annotations

import torch

from certify.controllers.options import NeuralOptions
from certify.controllers.training_loop import Training

__all__ = ["fit_value"]

_STARTS = 16_384
_SMALLEST = 1e-3
_LONGEST = 8  # horizons
_FAR = 2.0
_ARRIVED = 1e-2  # of the domain
_MOST = 0.98  # of the costs, that are below that of the level 1
_ABOVE = 1.25
_LEAST = 1e-5  # V that is told from 0
_WORST = 4.0
_RATE = 1e-2
_REPORT = 200


def fit_value(training: Training, settings: NeuralOptions) -> None:
    """Fit the logarithm of V to that of the costs of roll-outs under the policy as it is."""
    state, plant = training.state, training.plant
    generator = torch.Generator().manual_seed(3)
    starts = plant.uniform(_STARTS, generator)
    starts[: _STARTS // 4] = plant.uniform(_STARTS // 4, generator, _SMALLEST)
    cost, arrives = _costs(training, starts, generator)
    if not arrives.any():
        return
    cost = (cost / torch.quantile(cost[arrives], _MOST)).clamp_max(1.0)
    form = training.model.form
    wanted = (torch.where(arrives, cost, _ABOVE) + _LEAST).log() * (form.order / 2)
    names = tuple(x for x in form.names if len(state.parameters.get(x, ())))

    @torch.no_grad()
    def volume() -> tuple[None, float]:
        held = arrives & (training.model.lyapunov(starts) < 1)
        return None, float(held[_STARTS // 4 :].double().mean()) * training.task.volume

    steps = settings.value_steps
    while state.step < steps:
        at = torch.randint(_STARTS, (settings.batch,), generator=state.generator)
        error = (training.model.lyapunov(starts[at]) + _LEAST).log() - wanted[at]
        error = torch.where(arrives[at], error, torch.relu(-error))
        loss = (error**2).clamp_max(_WORST).mean()
        training.descend(loss, names, state.step / steps, _RATE, 5.0)
        training.after_step(loss, steps, _REPORT, volume)


@torch.no_grad()
def _costs(
    training: Training, y: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The sum of ``|y|**2`` along roll-outs, and which stay in the domain and arrive."""
    plant = training.plant
    cost = torch.zeros(len(y), dtype=torch.float64)
    inside = torch.ones(len(y), dtype=torch.bool)
    for _ in range(_LONGEST * training.settings.horizon):
        cost += (y**2).sum(-1)
        y = plant.step(training.model, y, generator)
        inside &= plant.gauge(y) <= 1
        y = torch.maximum(torch.minimum(y, _FAR * plant.high), _FAR * plant.low)
    return cost, inside & (plant.gauge(y) < _ARRIVED)
