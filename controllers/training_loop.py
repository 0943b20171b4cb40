"""What every loop of training does: descend, judge now and then, keep the best, report, save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from certify.controllers.losses import Plant
from certify.controllers.neural_model import Model
from certify.controllers.options import PolicyOptions
from certify.controllers.registry import TrainingStep
from certify.controllers.task import Task
from certify.controllers.training_state import TrainingState, restored, save

__all__ = ["Training", "chosen", "normal"]

_WARM_UP = 20


@dataclass
class Training:
    """A training in progress: its ``state``, and what stays the same in all of it."""

    task: Task
    settings: PolicyOptions
    state: TrainingState
    progress: Callable[[TrainingStep], None]
    checkpoint: Path | None
    identity: str

    def __post_init__(self) -> None:
        self.plant = Plant.of(self.task, self.settings)
        self.model = Model.of(self.task, self.settings, self.state.parameters)

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one of this very training."""
        if self.checkpoint is not None and self.checkpoint.exists():
            restored(self.checkpoint, self.state, self.identity)

    def descend(
        self, loss: torch.Tensor, names: tuple[str, ...], done: float, rate: float, most: float = 1
    ) -> None:
        """One step of Adam on the parameters ``names``; skipped if its gradient is not finite.

        ``done`` is the part of the steps behind, ``most`` the norm to which gradients are cut.
        """
        state = self.state
        pace = rate * min(1.0, 0.05 + state.step / _WARM_UP) * (1 - done) ** 0.7
        for group in state.optimizer.param_groups:
            group["lr"] = pace
        state.optimizer.zero_grad()
        torch.autograd.backward(loss)
        trained = [state.parameters[name] for name in names]
        norm = torch.nn.utils.clip_grad_norm_(trained, most)
        if torch.isfinite(norm):
            state.optimizer.step()
        state.step += 1

    def after_step(
        self,
        loss: torch.Tensor,
        steps: int,
        every: int,
        judge: Callable[[], tuple[float | None, float]],
    ) -> None:
        """Every so many steps, and at the end: judge, keep the best, report, save."""
        state = self.state
        if state.step % every and state.step < steps:
            return
        level, volume = judge()
        self.keep(volume)
        report = TrainingStep(state.phase, state.step, steps, loss.item(), level, volume)
        state.history.append(report)
        if self.checkpoint is not None:
            save(self.checkpoint, state, self.identity)
        self.progress(report)

    def keep(self, score: float) -> None:
        """Keep the parameters if their ``score`` is the largest so far, or none is above 0."""
        state = self.state
        if score > state.score or score == state.score == 0:
            state.score = score
            state.best = {k: v.detach().clone() for k, v in state.parameters.items()}

    def take_best(self, phase: str) -> None:
        """Go on from the best parameters, in another ``phase``."""
        state = self.state
        with torch.no_grad():
            for name, value in state.best.items():
                state.parameters[name].copy_(value)
        self.enter(phase)

    def enter(self, phase: str) -> None:
        """Go on in another ``phase``, from the parameters as they are."""
        state = self.state
        state.optimizer.state.clear()
        state.phase, state.step, state.score, state.best = phase, 0, -1.0, {}


def chosen(rows: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """``count`` of the ``rows``, at random."""
    return rows[torch.randint(len(rows), (count,), generator=generator)]


def normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Normal deviates in the shape of ``like``."""
    return torch.randn(like.shape, generator=generator, dtype=torch.float64)
