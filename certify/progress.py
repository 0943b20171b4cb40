"""Progress on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certify.controllers.registry import TrainingStep

__all__ = ["Log", "Watch", "watching"]

Show = Callable[[str, float], None]  # what is done, and the percentage


@dataclass
class Watch:
    """Callbacks for a search and a training, which tell ``show`` what they do."""

    show: Show

    def search(self, phase: str, fraction: float) -> None:
        """Show a phase of a search and how much of it is done."""
        self.show(phase, _percent(fraction))

    def training(self, step: TrainingStep) -> None:
        """Show a step of a training with its sampled figures."""
        parts = [step.phase]
        for name in ("loss", "level", "volume"):
            value = getattr(step, name)
            if value is not None:
                parts.append(f"{name} {value:.4g}")
        self.show("  ".join(parts), _percent(step.step / max(step.steps, 1)))


def _percent(fraction: float) -> float:
    """Never quite done: a phase that ends must not stop the clock of the whole."""
    return min(100 * fraction, 99.9)


@dataclass
class Log:
    """Lines on stderr, ``every`` so many seconds at most, and none of what is done before."""

    every: float = 30.0
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self._last = self.clock()

    def __call__(self, what: str, percent: float) -> None:
        """Write a line if the last one is long ago."""
        now = self.clock()
        if now - self._last >= self.every:
            self._last = now
            seconds = now - self._start
            sys.stderr.write(f"{seconds:.0f} s: {what} ({percent:.0f} %)\n")
            sys.stderr.flush()


@contextmanager
def watching() -> Iterator[Watch]:
    """A progress bar on a terminal, elsewhere a line each half minute."""
    if not sys.stderr.isatty():
        yield Watch(Log())
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("read", total=100)
        yield Watch(lambda what, percent: bar.update(task, description=what, completed=percent))
