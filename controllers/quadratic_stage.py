"""Policy and quadratic V together: the largest ellipsoid on which V decreases.

Points of ``{V <= 1}`` are ``y = R^-1 z`` with ``|z| <= 1``, so that samples and attacks never leave
the ellipsoid, whatever R is.  The domain may cut it: what counts is their common volume, and the
next state has to be in the domain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from certify.controllers.neural_stage import ask
from certify.controllers.options import QuadraticOptions
from certify.controllers.registry import Counterexamples
from certify.controllers.training_loop import Training, chosen, normal

__all__ = ["root_of", "train_quadratic"]

_RATE = 3e-3
_REPORT = 200
_JUDGED = 65_536
_SMALLEST = 1e-2
_NEAR = 1e-6  # where the loop is as good as linear
_FACE_MARGIN = 0.005
_SOFTNESS = 0.02  # of the faces, for the volume
_FAR = 3.0
_LEAST_SLOWNESS = 0.02
_PENALTIES = (5.0, 1.0, 3.0)  # samples, states under attack, counterexamples
_OUTWARD = 20.0
_LINEAR = 0.5


def train_quadratic(
    training: Training, settings: QuadraticOptions, counterexamples: Counterexamples | None
) -> None:
    """Optimise policy and R in rounds; keeps the largest ellipsoid without a sampled failure."""
    state = training.state
    if not state.best:
        training.keep(_level(training)[1])
        slow = 1 - _contraction(training).detach()
        state.parameters["slowness"].copy_(slow.clamp_min(_LEAST_SLOWNESS))
        state.pool = _ball(training, settings.batch, state.generator)
    steps = settings.rounds * settings.steps
    slowness = state.parameters["slowness"].item()
    while state.step < steps:
        loss = _step(training, settings, slowness, state.step / steps)
        at_end_of_round = state.step % settings.steps == 0
        if at_end_of_round and counterexamples is not None and state.step < steps:
            root = root_of(state.parameters)
            ask(training, counterexamples, {**state.parameters, "R": root})
        training.after_step(loss, steps, _REPORT, lambda: _level(training))


def root_of(parameters: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The root of V: a trained factor, the identity at first, times the root where V started."""
    return parameters["M"] @ parameters["R"].detach()


def _step(
    training: Training, settings: QuadraticOptions, slowness: float, done: float
) -> torch.Tensor:
    state = training.state
    root = root_of(state.parameters)
    fresh = _ball(training, settings.batch, state.generator)
    attacked = state.pool.clone().requires_grad_()
    parts = [fresh, attacked]
    if len(state.found):
        parts.append(chosen(state.found, settings.batch // 2, state.generator) @ root.T)
    z = torch.cat(parts)
    ratio, leaving = _worst(training, z)
    wanted = float(settings.margin) * slowness
    failure = torch.relu((ratio - 1 + training.plant.decay + wanted) / slowness)
    failure = failure + _OUTWARD * torch.relu(leaving + _FACE_MARGIN)
    n = settings.batch
    split = [failure[:n], failure[n : 2 * n], failure[2 * n :]][: len(parts)]
    worst = torch.stack([w * f.mean() for w, f in zip(_PENALTIES, split, strict=False)]).sum()
    linear = torch.relu(_contraction(training) - 1 + training.plant.decay + wanted) / slowness
    gauge = training.plant.gauge(torch.linalg.solve(root, fresh[n // 4 :].T).T)
    within = torch.sigmoid((1 - gauge.clamp_max(_FAR)) / _SOFTNESS).mean()
    volume = torch.log(within + 1e-4) - torch.linalg.slogdet(root)[1]
    loss: torch.Tensor = float(settings.penalty) * (worst + _LINEAR * linear) - volume
    names = tuple(name for name in ("W", "b", "O", "M") if name in state.parameters)
    training.descend(loss, names, done, _RATE, 5.0)
    if attacked.grad is not None:
        state.pool = _attack(training, attacked.grad, fresh, [f.detach() for f in split])
    return loss


def _ball(training: Training, count: int, generator: torch.Generator) -> torch.Tensor:
    """Points of the unit ball, a quarter of them at radii spread in the logarithm."""
    n = len(training.task.states)
    z = torch.randn((count, n), generator=generator, dtype=torch.float64)
    radius = torch.rand((count, 1), generator=generator, dtype=torch.float64) ** (1 / n)
    small = count // 4
    exponent = torch.rand((small, 1), generator=generator, dtype=torch.float64)
    radius[:small] *= _SMALLEST**exponent
    ball: torch.Tensor = z / z.norm(dim=1, keepdim=True) * radius
    return ball


def _worst(training: Training, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """``V(x+) / V(x)`` at the points ``z``, at most 2, and by how much ``x+`` is out of the domain.

    They are 0 and -1 for points that are not in the domain or, as old counterexamples, not in the
    ellipsoid any more.
    """
    root, plant = root_of(training.state.parameters), training.plant
    y = torch.linalg.solve(root, z.T).T
    value = (z**2).sum(-1)
    ratio, after = plant.judged(
        training.model, lambda at: ((at @ root.T) ** 2).sum(-1), value, y, training.state.generator
    )
    counts = (value <= 1 + 1e-6) & (plant.gauge(y) <= 1)
    leaving = (plant.gauge(after) - 1).clamp_max(1.0)
    return torch.where(counts, ratio.clamp_max(2.0), 0.0), torch.where(counts, leaving, -1.0)


def _contraction(training: Training) -> torch.Tensor:
    """The largest factor by which V of a state near the equilibrium changes in a step."""
    root = root_of(training.state.parameters)
    unit = torch.linalg.solve(root, torch.eye(len(root), dtype=torch.float64)).T
    drawn = training.plant.drawn(unit, training.state.generator)
    after = training.plant.move(training.model, _NEAR * unit, drawn) / _NEAR @ root.T
    if training.plant.flows:
        growth: torch.Tensor = torch.linalg.eigvalsh(after + after.T)[-1]
        return 1 + growth
    norm: torch.Tensor = torch.linalg.matrix_norm(after, 2)
    return norm**2


def _attack(
    training: Training, gradient: torch.Tensor, fresh: torch.Tensor, failure: list[torch.Tensor]
) -> torch.Tensor:
    """The pool one noisy step uphill, its least failing eighth the worst of the samples."""
    state = training.state
    length = gradient.norm(dim=1, keepdim=True).clamp_min(1e-12)
    pace = 0.03 * torch.rand((len(length), 1), generator=state.generator, dtype=torch.float64)
    moved = state.pool + pace * gradient / length + 0.003 * normal(gradient, state.generator)
    count = len(moved) // 8
    least = failure[1].argsort(stable=True)[:count]
    moved[least] = fresh[failure[0].argsort(descending=True, stable=True)[:count]]
    result: torch.Tensor = moved / moved.norm(dim=1, keepdim=True).clamp_min(1.0)
    return result


@torch.no_grad()
def _level(training: Training) -> tuple[float, float]:
    """The largest level at most 1 without a sampled failure, and its volume."""
    generator = torch.Generator().manual_seed(2)
    state = training.state
    root = root_of(state.parameters)
    wide = _ball(training, _JUDGED, generator)
    z = torch.cat([wide, state.pool, state.found @ root.T])
    ratio, leaving = _worst(training, z)
    holds = (ratio < 1 - training.plant.decay) & (leaving <= 0)
    value = (z**2).sum(-1)
    level = float(value[~holds].min()) if not holds.all() else 1.0
    level = min(1.0, level)
    n = len(root)
    ball = math.pi ** (n / 2) / math.gamma(n / 2 + 1)
    size = level ** (n / 2) * ball / float(torch.linalg.det(root).abs())
    y = torch.linalg.solve(root, level**0.5 * wide[_JUDGED // 4 :].T).T
    within = float((training.plant.gauge(y) <= 1).double().mean())
    return level, within * size * float(training.task.scale.prod())
