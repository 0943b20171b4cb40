"""The loop of neural training after the policy's own: policy and V together, in rounds."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from certify.controllers.box_bounds import BoxBounds
from certify.controllers.losses import violation
from certify.controllers.neural_model import candidate_of
from certify.controllers.options import NeuralOptions
from certify.controllers.registry import Counterexamples, Verifying
from certify.controllers.training_loop import Training, chosen, normal

__all__ = ["ask", "train_neural", "weight_of_violations"]

_RATE = 5e-3
_REPORT = 200
_SMALLEST = 1e-3
_JUDGED = 32_768
_SOFTNESS = 0.1
_MOST_FOUND = 20_000
_PACE, _NOISE = 0.02, 0.003  # of an attack, of the domain
_NEAR_PACE, _NEAR_NOISE = 0.05, 0.01  # of the distance from the equilibrium
_MILD = 0.7  # of the steps: then violations weigh all that they are to, at the equilibrium too
_MOST = 2.0
_FEW = 0.01  # of the samples may fail when the domain grows: gradients are what mends them


def train_neural(
    training: Training, settings: NeuralOptions, counterexamples: Counterexamples | None
) -> None:
    """Optimise policy and V in rounds; keeps the largest sampled set with half the margin."""
    state = training.state
    bounds = BoxBounds.of(training.task, settings) if settings.boxes else None
    if not state.step:
        state.share = float(settings.first)
    if not len(state.pool):
        state.pool = training.plant.uniform(settings.batch, state.generator)
        state.near = training.plant.uniform(settings.near, state.generator, _SMALLEST)
    steps = settings.rounds * settings.steps
    while state.step < steps:
        loss = _step(training, settings, bounds, state.step / steps)
        at_end_of_round = state.step % settings.steps == 0
        if at_end_of_round and counterexamples is not None and state.step < steps:
            ask(training, counterexamples, state.parameters, most=1)
            if settings.boxes and isinstance(counterexamples, Verifying):
                _ask_for_boxes(training, counterexamples, settings.boxes)
        training.after_step(loss, steps, _REPORT, lambda: _level(training, settings))


def _step(
    training: Training, settings: NeuralOptions, bounds: BoxBounds | None, done: float
) -> torch.Tensor:
    state, plant = training.state, training.plant
    quarter = settings.batch // 4
    wide = plant.uniform(settings.batch - quarter, state.generator) * state.share
    small = plant.uniform(quarter, state.generator, _SMALLEST) * state.share
    if plant.flows:
        small[: quarter // 2] = plant.on_faces(wide[: quarter // 2])
    attacked, near = state.pool.clone().requires_grad_(), state.near.clone().requires_grad_()
    parts = [wide, small, attacked]
    if len(state.found):
        parts.append(chosen(state.found, settings.batch // 2, state.generator))
    y = torch.cat([*parts, near])
    needed = plant.decay + float(settings.margin)
    value, failure = violation(plant, training.model, y, needed, state.generator)
    n, last = settings.batch, len(y) - len(near)
    volume = torch.sigmoid((1 - value[: len(wide)]) / _SOFTNESS).mean()
    worst = 2 * failure[:n].mean() + failure[n : 2 * n].mean()
    if len(state.found):
        worst = worst + failure[2 * n : last].mean()
    if len(near):
        worst = worst + failure[last:].mean() / 2
        if done >= _MILD:
            worst = worst + _at_equilibrium(training, needed)
    if bounds is not None and state.boxes.shape[1]:
        worst = worst + _on_boxes(training, bounds, needed, settings.batch // 4)
    loss = weight_of_violations(settings, done) * worst
    if done < 1 - settings.settle:
        loss = loss - volume
    trained = [name for name in state.parameters if len(state.parameters[name])]
    training.descend(loss, tuple(trained), done, _RATE)
    if attacked.grad is not None:
        state.pool = _attack(training, state.pool, attacked.grad, failure[n : 2 * n].detach())
    if near.grad is not None and len(near):
        state.near = _attack(training, state.near, near.grad, failure[last:].detach(), _SMALLEST)
    if state.share < 1:
        _grow(training, settings, failure[: 2 * n].detach())
    return loss


def _at_equilibrium(training: Training, needed: float) -> torch.Tensor:
    """By how much V's quadratic part fails to fall along the linear loop; 0 if V has none."""
    model = training.model
    root = model.form.root(model.parameters)
    if root is None:
        return torch.zeros((), dtype=torch.float64)
    root = torch.linalg.qr(root)[1]
    left = training.plant.contraction(model, root, training.state.generator)
    return torch.relu(left - 1 + needed).clamp_max(_MOST)


def weight_of_violations(settings: NeuralOptions, done: float) -> float:
    """What violations weigh against volume when the part ``done`` of the steps is behind."""
    rest = max(0.0, 1 - done / _MILD)
    weight: float = float(settings.penalty) * float(settings.penalty_start) ** rest
    return weight


def _on_boxes(training: Training, bounds: BoxBounds, needed: float, count: int) -> torch.Tensor:
    """The mean failure of the bounds on some of the open boxes."""
    low, high = training.state.boxes
    rows = torch.arange(len(low))
    if len(low) > count:
        rows = chosen(rows, count, training.state.generator)
    return bounds.failure(training.model, low[rows], high[rows], needed).mean()


def _grow(training: Training, settings: NeuralOptions, failure: torch.Tensor) -> None:
    """Train for more of the domain once hardly a sample fails."""
    state = training.state
    if float((failure > 0).double().mean()) <= _FEW:
        state.share = min(1.0, state.share * float(settings.growth))


def _attack(
    training: Training,
    pool: torch.Tensor,
    gradient: torch.Tensor,
    failure: torch.Tensor,
    smallest: float = 1.0,
) -> torch.Tensor:
    """The ``pool`` one noisy step uphill, its least failing quarter drawn anew.

    Where states as near as ``smallest`` are attacked, steps are parts of the distance.
    """
    state, plant = training.state, training.plant
    pace, noise, unit = _PACE, _NOISE, torch.ones((len(pool), 1), dtype=torch.float64)
    if smallest < 1:
        pace, noise, unit = _NEAR_PACE, _NEAR_NOISE, plant.gauge(pool)[:, None]
    length = gradient.norm(dim=1, keepdim=True).clamp_min(1e-12)
    paces = pace * torch.rand((len(length), 1), generator=state.generator, dtype=torch.float64)
    moved = pool + unit * (paces * gradient / length)
    moved = moved + unit * (noise * normal(moved, state.generator))
    moved = torch.maximum(torch.minimum(moved, state.share * plant.high), state.share * plant.low)
    least = failure.argsort(stable=True)[: len(moved) // 4]
    moved[least] = plant.uniform(len(least), state.generator, smallest) * state.share
    return moved


@torch.no_grad()
def _level(training: Training, settings: NeuralOptions) -> tuple[float, float]:
    """The largest level at most 1 without a sampled failure of half the margin."""
    state, plant, model = training.state, training.plant, training.model
    generator = torch.Generator().manual_seed(2)
    wide = plant.uniform(_JUDGED, generator)
    small = plant.uniform(_JUDGED // 4, generator, _SMALLEST)
    faces = plant.on_faces(wide) if plant.flows else wide[:0]
    y = torch.cat([wide, small, faces, state.pool, state.near, state.found])
    value = model.lyapunov(y)
    ratio, after = plant.judged(model, model.lyapunov, value, y, generator)
    needed = plant.decay + float(settings.margin) / 2
    decreases = ratio <= 1 - needed
    fails = ~(decreases & (plant.gauge(after) <= 1) & (value > 0))
    level = min(1.0, float(value[fails].min())) if fails.any() else 1.0
    inside = float((value[: len(wide)] < level).double().mean())
    return level, inside * training.task.volume


def ask(
    training: Training,
    counterexamples: Counterexamples,
    parameters: Mapping[str, torch.Tensor],
    most: int | None = None,
) -> None:
    """Add the verifier's counterexamples to the candidate of ``parameters``, at ``most`` so many.

    What was the best before may fail them.
    """
    state, task = training.state, training.task
    states = counterexamples(candidate_of(task, training.settings, parameters))[:most]
    if len(states):
        found = torch.tensor(states, dtype=torch.float64) - torch.tensor(task.centre)
        state.found = torch.cat([state.found, found / torch.tensor(task.scale)])[-_MOST_FOUND:]
        state.score = -1.0


def _ask_for_boxes(training: Training, verifying: Verifying, effort: int) -> None:
    """Replace the boxes by those that the verifier leaves open for the parameters as they are."""
    state, task = training.state, training.task
    found = verifying.boxes(candidate_of(task, training.settings, state.parameters), effort)
    corners = torch.tensor([found.low, found.high], dtype=torch.float64)
    if not corners.shape[1]:
        state.boxes = corners.reshape(2, 0, 0)
        return
    n = len(task.states)
    corners[:, :, :n] = (corners[:, :, :n] - torch.tensor(task.centre)) / torch.tensor(task.scale)
    state.boxes = corners
