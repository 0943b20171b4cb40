"""Policy and quadratic V together: the largest ellipsoid within the domain on which V decreases.

Points of ``{V <= 1}`` are ``y = R^-1 z`` with ``|z| <= 1``, so that samples and attacks never leave
the set, whatever R is.  The ellipsoid is kept within the domain: then the next state is within the
domain wherever V decreases, and nothing grazes a face.
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
_LEAST_VALUE = 1e-12
_NEAR = 1e-6  # where the loop is as good as linear
_EXTENT = 0.99  # of the domain, that the ellipsoid may reach
_LEAST_SLOWNESS = 0.02
_PENALTIES = (5.0, 1.0, 3.0)  # samples, states under attack, counterexamples
_OUTWARD = 5.0
_LINEAR = 0.5


def train_quadratic(
    training: Training, settings: QuadraticOptions, counterexamples: Counterexamples | None
) -> None:
    """Optimise policy and R in rounds; keeps the largest ellipsoid without a sampled failure."""
    state = training.state
    if not state.best:
        training.keep(_level(training)[1])
        slow = 1 - _contraction(training).detach() ** 2
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
    ratio = _ratio(training, torch.cat(parts))
    wanted = float(settings.margin) * slowness
    failure = torch.relu((ratio - 1 + training.task.decay + wanted) / slowness)
    n = settings.batch
    split = [failure[:n], failure[n : 2 * n], failure[2 * n :]][: len(parts)]
    worst = torch.stack([w * f.mean() for w, f in zip(_PENALTIES, split, strict=False)]).sum()
    linear = torch.relu(_contraction(training) ** 2 - 1 + training.task.decay + wanted) / slowness
    outward = torch.relu(_reach(training) - _EXTENT).sum()
    volume = -torch.linalg.slogdet(root)[1]
    penalty = float(settings.penalty) * (worst + _LINEAR * linear + _OUTWARD * outward)
    loss: torch.Tensor = penalty - volume
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


def _ratio(training: Training, z: torch.Tensor) -> torch.Tensor:
    """``V(x+) / V(x)`` at the points ``z``, at most 2; counterexamples outside count as 0."""
    root = root_of(training.state.parameters)
    y = torch.linalg.solve(root, z.T).T
    after = training.plant.step(training.model, y, training.state.generator)
    value = (z**2).sum(-1)
    next_value: torch.Tensor = ((after @ root.T) ** 2).sum(-1)
    ratio: torch.Tensor = (next_value / value.clamp_min(_LEAST_VALUE)).clamp_max(2.0)
    return ratio * (value <= 1 + 1e-6).double()


def _contraction(training: Training) -> torch.Tensor:
    """The largest factor by which a step near the equilibrium stretches ``|R y|``."""
    root = root_of(training.state.parameters)
    unit = torch.linalg.solve(root, torch.eye(len(root), dtype=torch.float64)).T
    after = training.plant.step(training.model, _NEAR * unit, training.state.generator) / _NEAR
    norm: torch.Tensor = torch.linalg.matrix_norm(after @ root.T, 2)
    return norm


def _reach(training: Training) -> torch.Tensor:
    """How far the ellipsoid goes along each state, relative to the nearer face."""
    inverse = torch.linalg.inv(root_of(training.state.parameters))
    nearer = torch.minimum(-training.plant.low, training.plant.high)
    reach: torch.Tensor = (inverse**2).sum(1).sqrt() / nearer
    return reach


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
    z = torch.cat([_ball(training, _JUDGED, generator), state.pool, state.found @ root.T])
    value = (z**2).sum(-1)
    fails = ~(_ratio(training, z) < 1 - training.task.decay)
    level = min(1.0, float(value[fails].min())) if fails.any() else 1.0
    level = min(level, 1 / float(_reach(training).max()) ** 2)
    n = len(root)
    ball = math.pi ** (n / 2) / math.gamma(n / 2 + 1)
    scale = float(training.task.scale.prod())
    return level, level ** (n / 2) * ball * scale / float(torch.linalg.det(root).abs())
