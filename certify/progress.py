"""Progress on stderr, only where a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from certify.controllers.registry import TrainingStep

__all__ = ["Watch", "watching"]


@dataclass
class Watch:
    """Callbacks for a search and a training; they do nothing when nobody is watching."""

    bar: Progress | None = None
    task: TaskID | None = None

    @property
    def visible(self) -> bool:
        """Whether there is somebody to show progress to."""
        return self.bar is not None

    def search(self, phase: str, fraction: float) -> None:
        """Show a phase of a search and how much of it is done."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description=phase, completed=_percent(fraction))

    def training(self, step: TrainingStep) -> None:
        """Show a step of a training with its sampled figures."""
        if self.bar is None or self.task is None:
            return
        parts = [step.phase]
        for name in ("loss", "level", "volume"):
            value = getattr(step, name)
            if value is not None:
                parts.append(f"{name} {value:.4g}")
        done = _percent(step.step / max(step.steps, 1))
        self.bar.update(self.task, description="  ".join(parts), completed=done)


def _percent(fraction: float) -> float:
    """Never quite done: a phase that ends must not stop the clock of the whole."""
    return min(100 * fraction, 99.9)


@contextmanager
def watching() -> Iterator[Watch]:
    """A progress bar on a terminal, nothing anywhere else."""
    if not sys.stderr.isatty():
        yield Watch()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Watch(bar, bar.add_task("read", total=100))
