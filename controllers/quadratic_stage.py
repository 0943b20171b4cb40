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
from certify.controllers.outreach import outreach_gradient
from certify.controllers.registry import Counterexamples
from certify.controllers.tied_policy import Tie
from certify.controllers.training_loop import Training, chosen, normal

__all__ = ["root_of", "train_quadratic"]

_RATE = 3e-3
_REPORT = 200
_ROLL_OUTS = 5  # steps for which a gradient of roll-outs is used
_JUDGED = 65_536
_SMALLEST = 1e-2
_LEAST_MOVE = 1e-9
_SOFTNESS = 0.02  # of the faces, for the volume
_FAR = 3.0
_LEAST_SLOWNESS = 0.02
_PENALTIES = (5.0, 1.0, 3.0)  # samples, states under attack, counterexamples
_LINEAR = 0.5
_BEYOND, _FITS = 5.0, 1.02
_GROWN, _STIFFER = 0.65, 9.0  # from when on violations weigh more and more, at the end
_HINT = 1e-4  # tells attacks the way where nothing fails
_EXCUSE, _SLACK = 50.0, 0.02  # V may rise above 1 at a counterexample instead


def train_quadratic(
    training: Training, settings: QuadraticOptions, counterexamples: Counterexamples | None
) -> None:
    """Optimise policy and R in rounds; keeps the largest ellipsoid without a sampled failure."""
    state = training.state
    tied = 0 if training.task.problem.controller else settings.tied * settings.steps
    tie = Tie(training.task, settings, training.model.policy) if tied else None
    if not state.best:
        if tie:
            tie.hold(state.parameters, root_of(state.parameters))
        training.keep(_level(training, settings)[1])
        root = root_of(state.parameters)
        slow = 1 - training.plant.contraction(training.model, root, state.generator).detach()
        state.parameters["slowness"].copy_(slow.clamp_min(_LEAST_SLOWNESS))
        state.pool = _ball(training, settings.batch, state.generator)
    steps = settings.rounds * settings.steps
    slowness = state.parameters["slowness"].item()
    while state.step < steps:
        loss = _step(training, settings, slowness, state.step / steps)
        if tie and state.step <= tied:
            tie.hold(state.parameters, root_of(state.parameters))
        at_end_of_round = state.step % settings.steps == 0
        if at_end_of_round and counterexamples is not None and state.step < steps:
            root = root_of(state.parameters)
            ask(training, counterexamples, {**state.parameters, "R": root})
        training.after_step(loss, steps, _REPORT, lambda: _level(training, settings))


def _outreach(training: Training, settings: QuadraticOptions, done: float) -> torch.Tensor:
    """A linear stand-in for what part of the roll-outs does not come to the core."""
    state = training.state
    if not settings.outreach or training.task.problem.controller:
        return torch.zeros(())
    if state.step % _ROLL_OUTS == 0:
        root = root_of(state.parameters).detach()
        state.toward = outreach_gradient(
            training,
            lambda y: ((y @ root.T) ** 2).sum(-1),
            settings.horizon,
            2 * settings.batch,
            done,
        )
    terms = [(gradient * state.parameters[x]).sum() for x, gradient in state.toward.items()]
    return torch.stack([torch.zeros((), dtype=torch.float64), *terms]).sum()


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
    value, ratio, leaving = _worst(training, z)
    wanted = float(settings.margin) * slowness
    grows = (ratio - 1 + training.plant.decay + wanted) / slowness
    leaves = float(settings.face_weight) * (leaving + float(settings.face_margin))
    failure = torch.relu(grows) + torch.relu(leaves)
    n = settings.batch
    near = torch.maximum(grows, leaves)[: 2 * n]
    excuse = _EXCUSE * torch.relu(1 + _SLACK - value[2 * n :])
    split = [
        failure[:n],
        failure[n : 2 * n] + _HINT * near[n:],
        torch.minimum(failure[2 * n :], excuse),
    ][: len(parts)]
    worst = torch.stack([w * f.mean() for w, f in zip(_PENALTIES, split, strict=False)]).sum()
    beyond = torch.linalg.inv(root).norm(dim=1) - _furthest(training, settings)
    worst = worst + _BEYOND * torch.relu(beyond).sum()
    rate = training.plant.contraction(training.model, root, state.generator) - 1
    linear = torch.relu(rate + training.plant.decay + wanted) / slowness
    gauge = training.plant.gauge(torch.linalg.solve(root, fresh[n // 4 :].T).T)
    within = torch.sigmoid((1 - gauge.clamp_max(_FAR)) / _SOFTNESS).mean()
    volume = torch.log(within + 1e-4) - torch.linalg.slogdet(root)[1]
    stiff = float(settings.penalty) * (1 + _STIFFER * max(0.0, done - _GROWN) / (1 - _GROWN))
    loss: torch.Tensor = stiff * (worst + _LINEAR * linear) - volume
    loss = loss + float(settings.outreach) * _outreach(training, settings, done)
    names = tuple(name for name in ("W", "b", "O", "M") if name in state.parameters)
    training.descend(loss, names, done, _RATE, 5.0)
    if attacked.grad is not None:
        state.pool = _attack(training, attacked.grad, fresh, near.detach())
    return loss


def _furthest(training: Training, settings: QuadraticOptions) -> torch.Tensor:
    """How far the ellipsoid may go in each state, in multiples of the distance to the face."""
    plant = training.plant
    most = [float(settings.reach.get(x, math.inf)) for x in training.task.states]
    return torch.tensor(most, dtype=torch.float64) * torch.minimum(plant.high, -plant.low)


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


def _worst(training: Training, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """V at the points ``z``, moved to the faces where they are out of the domain; V(x+) / V(x), in
    the logarithm where V grows; and by how much ``x+`` is out of the domain, relative to how far
    a step goes in that state on average, as a slow state leaves by little in one step.

    The last two are 0 and -1 where V is above 1, as at old counterexamples.
    """
    root, plant = root_of(training.state.parameters), training.plant
    y = _clipped(training, torch.linalg.solve(root, z.T).T)
    value = ((y @ root.T) ** 2).sum(-1)
    growth, after = plant.judged(
        training.model, lambda at: ((at @ root.T) ** 2).sum(-1), value, y, training.state.generator
    )
    counts = value <= 1 + 1e-6
    ratio = torch.where(growth > 1, 1 + torch.log(growth.clamp_min(1.0)), growth)
    move = (after - y)[counts].detach().abs().mean(0).clamp_min(_LEAST_MOVE)
    over = ((torch.maximum(after / plant.high, after / plant.low) - 1) / move).amax(-1)
    leaving = torch.where(over > 0, torch.log1p(over.clamp_min(0.0)), over)
    return value, torch.where(counts, ratio, 0.0), torch.where(counts, leaving, -1.0)


def _clipped(training: Training, y: torch.Tensor) -> torch.Tensor:
    """``y`` moved into the domain: many points of a cut ellipsoid come to lie on the faces."""
    return torch.maximum(torch.minimum(y, training.plant.high), training.plant.low)


def _attack(
    training: Training, gradient: torch.Tensor, fresh: torch.Tensor, near: torch.Tensor
) -> torch.Tensor:
    """The pool one noisy step uphill, its eighth that is least near to fail the nearest samples."""
    state = training.state
    length = gradient.norm(dim=1, keepdim=True).clamp_min(1e-12)
    pace = 0.03 * torch.rand((len(length), 1), generator=state.generator, dtype=torch.float64)
    moved = state.pool + pace * gradient / length + 0.003 * normal(gradient, state.generator)
    count = len(moved) // 8
    samples, pool = near[: len(moved)], near[len(moved) :]
    least = pool.argsort(stable=True)[:count]
    moved[least] = fresh[samples.argsort(descending=True, stable=True)[:count]]
    result: torch.Tensor = moved / moved.norm(dim=1, keepdim=True).clamp_min(1.0)
    return result


@torch.no_grad()
def _level(training: Training, settings: QuadraticOptions) -> tuple[float, float]:
    """The largest level at most 1 without a sampled failure, and its volume: none if the ellipsoid
    goes further than it may.
    """
    generator = torch.Generator().manual_seed(2)
    state = training.state
    root = root_of(state.parameters)
    wide = _ball(training, _JUDGED, generator)
    z = torch.cat([wide, state.pool, state.found @ root.T])
    value, ratio, leaving = _worst(training, z)
    holds = (ratio < 1 - training.plant.decay) & (leaving <= 0)
    level = float(value[~holds].min()) if not holds.all() else 1.0
    level = min(1.0, level)
    n = len(root)
    ball = math.pi ** (n / 2) / math.gamma(n / 2 + 1)
    size = level ** (n / 2) * ball / float(torch.linalg.det(root).abs())
    y = torch.linalg.solve(root, level**0.5 * wide[_JUDGED // 4 :].T).T
    within = float((training.plant.gauge(y) <= 1).double().mean())
    if (torch.linalg.inv(root).norm(dim=1) > _FITS * _furthest(training, settings)).any():
        within = 0.0
    return level, within * size * float(training.task.scale.prod())
