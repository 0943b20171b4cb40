"""The loops of neural training: policy through roll-outs, then policy and V together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from certify.controllers.losses import Plant, policy_loss, violation
from certify.controllers.neural_model import Model, candidate_of
from certify.controllers.options import NeuralOptions
from certify.controllers.registry import Counterexamples, TrainingStep
from certify.controllers.task import Task
from certify.controllers.training_state import TrainingState, restored, save

__all__ = ["Stages"]

_RATE = {"policy": 3e-3, "lyapunov": 5e-3}
_REPORT = {"policy": 20, "lyapunov": 200}
_WARM_UP = 20
_SMALLEST = 1e-3
_JUDGED = 32_768
_SOFTNESS = 0.1
_MOST_FOUND = 20_000


class Stages:
    """The loops over one :class:`TrainingState`, each step a function of it alone."""

    def __init__(
        self,
        task: Task,
        settings: NeuralOptions,
        state: TrainingState,
        progress: Callable[[TrainingStep], None],
        checkpoint: Path | None,
        identity: str,
    ) -> None:
        self._task, self._settings, self._state = task, settings, state
        self._progress, self._checkpoint, self._identity = progress, checkpoint, identity
        self._plant = Plant.of(task)
        self._model = Model.of(task, settings, state.parameters)
        self._needed = task.decay + float(settings.margin)

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one of this very training."""
        if self._checkpoint is not None and self._checkpoint.exists():
            restored(self._checkpoint, self._state, self._identity)

    def policy(self) -> None:
        """Optimise the policy alone; keeps the parameters with the largest sampled basin."""
        state, steps = self._state, self._settings.policy_steps
        if state.step == 0:
            self._keep(self._basin()[1])
        while state.step < steps:
            done = state.step / steps
            count = self._settings.batch // 2
            start = self._starts(count)
            loss, furthest = policy_loss(
                self._plant,
                self._model,
                start,
                near=count // 8,
                horizon=self._settings.horizon,
                width=0.15 * (0.02 / 0.15) ** done,
                generator=state.generator,
            )
            state.borderline = start[(furthest - 1).abs() < 0.25]
            self._descend(loss, ("W", "b", "O"), done)
            self._after_step(loss, steps, self._basin)
        self._take_best("lyapunov")

    def lyapunov(self, counterexamples: Counterexamples | None) -> None:
        """Optimise policy and V in rounds; keeps the largest sampled set with half the margin."""
        state, settings = self._state, self._settings
        if state.phase == "policy":
            state.phase = "lyapunov"
        if not len(state.pool):
            state.pool = self._plant.uniform(settings.batch, state.generator)
        steps = settings.rounds * settings.steps
        while state.step < steps:
            loss = self._lyapunov_step(state.step / steps)
            at_end_of_round = state.step % settings.steps == 0
            if at_end_of_round and counterexamples is not None and state.step < steps:
                self._ask(counterexamples)
            self._after_step(loss, steps, self._level)

    def _starts(self, count: int) -> torch.Tensor:
        """Half uniform, half near the last borderline starts; the last eighth scaled down."""
        state, plant = self._state, self._plant
        y = plant.uniform(count, state.generator)
        if len(state.borderline):
            chosen = _chosen(state.borderline, count // 2, state.generator)
            near = chosen + 0.02 * _normal(chosen, state.generator)
            y[: count // 2] = torch.maximum(torch.minimum(near, plant.high), plant.low)
        small = count // 8
        exponent = torch.rand((small, 1), generator=state.generator, dtype=torch.float64)
        y[-small:] *= _SMALLEST**exponent
        return y

    def _lyapunov_step(self, done: float) -> torch.Tensor:
        state, settings, plant = self._state, self._settings, self._plant
        quarter = settings.batch // 4
        wide = plant.uniform(settings.batch - quarter, state.generator)
        small = plant.uniform(quarter, state.generator, _SMALLEST)
        attacked = state.pool.clone().requires_grad_()
        parts = [wide, small, attacked]
        if len(state.found):
            parts.append(_chosen(state.found, settings.batch // 2, state.generator))
        y = torch.cat(parts)
        value, failure = violation(plant, self._model, y, self._needed, state.generator)
        n = settings.batch
        volume = torch.sigmoid((1 - value[: len(wide)]) / _SOFTNESS).mean()
        worst = 2 * failure[:n].mean() + failure[n : 2 * n].mean()
        if len(state.found):
            worst = worst + failure[2 * n :].mean()
        loss = float(settings.penalty) * worst - volume
        trained = [name for name in state.parameters if len(state.parameters[name])]
        self._descend(loss, tuple(trained), done)
        if attacked.grad is not None:
            state.pool = self._attack(attacked.grad, failure[n : 2 * n].detach())
        return loss

    def _attack(self, gradient: torch.Tensor, failure: torch.Tensor) -> torch.Tensor:
        """The pool one noisy step uphill, its least failing quarter drawn anew."""
        state, plant = self._state, self._plant
        length = gradient.norm(dim=1, keepdim=True).clamp_min(1e-12)
        pace = 0.02 * torch.rand((len(length), 1), generator=state.generator, dtype=torch.float64)
        moved = state.pool + pace * gradient / length
        moved = moved + 0.003 * _normal(moved, state.generator)
        moved = torch.maximum(torch.minimum(moved, plant.high), plant.low)
        least = failure.argsort(stable=True)[: len(moved) // 4]
        moved[least] = plant.uniform(len(least), state.generator)
        return moved

    def _descend(self, loss: torch.Tensor, names: tuple[str, ...], done: float) -> None:
        """One step of Adam on ``names``, with clipped gradients; skipped if not finite."""
        state = self._state
        rate = _RATE[state.phase] * min(1.0, 0.05 + state.step / _WARM_UP) * (1 - done) ** 0.7
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        state.optimizer.zero_grad()
        torch.autograd.backward(loss)
        chosen = [state.parameters[name] for name in names]
        norm = torch.nn.utils.clip_grad_norm_(chosen, 1.0)
        if torch.isfinite(norm):
            state.optimizer.step()
        state.step += 1

    def _after_step(
        self, loss: torch.Tensor, steps: int, judge: Callable[[], tuple[float | None, float]]
    ) -> None:
        """Now and then: judge, keep the best, report, save."""
        state = self._state
        if state.step % _REPORT[state.phase] and state.step < steps:
            return
        level, volume = judge()
        self._keep(volume)
        report = TrainingStep(state.phase, state.step, steps, loss.item(), level, volume)
        state.history.append(report)
        if self._checkpoint is not None:
            save(self._checkpoint, state, self._identity)
        self._progress(report)

    def _keep(self, score: float) -> None:
        state = self._state
        if score > state.score:
            state.score = score
            state.best = {k: v.detach().clone() for k, v in state.parameters.items()}

    def _take_best(self, phase: str) -> None:
        state = self._state
        with torch.no_grad():
            for name, value in state.best.items():
                state.parameters[name].copy_(value)
        state.optimizer.state.clear()
        state.phase, state.step, state.score, state.best = phase, 0, -1.0, {}

    @torch.no_grad()
    def _basin(self) -> tuple[None, float]:
        """The sampled volume from which roll-outs stay and converge."""
        generator = torch.Generator().manual_seed(1)
        y = self._plant.uniform(_JUDGED // 16, generator)
        stayed = torch.ones(len(y), dtype=torch.bool)
        for _ in range(4 * self._settings.horizon):
            y = self._plant.step(self._model, y, generator)
            stayed &= self._plant.gauge(y) <= 1
            y = torch.maximum(torch.minimum(y, 2 * self._plant.high), 2 * self._plant.low)
        good = stayed & (self._plant.gauge(y) < 0.01)
        return None, float(good.double().mean()) * self._task.volume

    @torch.no_grad()
    def _level(self) -> tuple[float, float]:
        """The largest level at most 1 without a sampled failure of half the margin."""
        generator = torch.Generator().manual_seed(2)
        wide = self._plant.uniform(_JUDGED, generator)
        small = self._plant.uniform(_JUDGED // 4, generator, _SMALLEST)
        y = torch.cat([wide, small, self._state.pool, self._state.found])
        value = self._model.lyapunov(y)
        after = self._plant.step(self._model, y, generator)
        needed = self._task.decay + float(self._settings.margin) / 2
        decreases = self._model.lyapunov(after) <= (1 - needed) * value
        fails = ~(decreases & (self._plant.gauge(after) <= 1) & (value > 0))
        level = min(1.0, float(value[fails].min())) if fails.any() else 1.0
        inside = float((value[: len(wide)] < level).double().mean())
        return level, inside * self._task.volume

    def _ask(self, counterexamples: Counterexamples) -> None:
        """Add the verifier's counterexamples; what was best before may fail them."""
        state, task = self._state, self._task
        states = counterexamples(candidate_of(task, self._settings, state.parameters))
        if len(states):
            found = torch.tensor(states, dtype=torch.float64) - torch.tensor(task.centre)
            state.found = torch.cat([state.found, found / torch.tensor(task.scale)])[-_MOST_FOUND:]
            state.score = -1.0


def _chosen(rows: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    return rows[torch.randint(len(rows), (count,), generator=generator)]


def _normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(like.shape, generator=generator, dtype=torch.float64)
