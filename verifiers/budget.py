"""How much a search may still spend, and who is told how far it is."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from certify.verifiers.endings import BudgetSpentError
from certify.verifiers.interface import Options

__all__ = ["Budget"]


class Budget:
    """Counts boxes and seconds against :class:`Options`."""

    def __init__(self, options: Options, boxes: int | None = None) -> None:
        self._options = options
        self._start = time.monotonic()
        self._cpu = time.process_time()
        self._limit = options.boxes if boxes is None else boxes
        self._timeout = options.timeout
        self.boxes = 0
        self.accounts = {"derive": 0.0, "search": 0.0, "check": 0.0}
        self._open: list[str] = []  # accounts, the innermost last
        self._charged = self._cpu

    @contextmanager
    def account(self, name: str) -> Iterator[None]:
        """Add the processor time of the block to ``accounts[name]`` and to no other account."""
        self._charge()
        self._open.append(name)
        try:
            yield
        finally:
            self._charge()
            self._open.pop()

    def _charge(self) -> None:
        now = time.process_time()
        if self._open:
            self.accounts[self._open[-1]] += now - self._charged
        self._charged = now

    def part(self, boxes: int, seconds: float = 0.0) -> Budget:
        """A smaller budget that ends no later than this one, or ``seconds`` before it."""
        part = Budget(self._options, min(boxes, self._limit - self.boxes))
        part._start, part._cpu = self._start, self._cpu
        if self._timeout is not None:
            part._timeout = self._timeout - seconds
        return part

    def seconds_left(self) -> float:
        """How much of the time allowed is left."""
        return math.inf if self._timeout is None else self._timeout - self.seconds()

    def spend(self, boxes: int) -> None:
        """Account for ``boxes``; raises :class:`BudgetSpentError` when there is no more."""
        self.boxes += boxes
        if self.boxes > self._limit:
            raise BudgetSpentError(f"{self._options.boxes:,} boxes were not enough")
        if self._timeout is not None and self.seconds() > self._timeout:
            raise BudgetSpentError(f"{self._options.timeout:g} seconds were not enough")

    def boxes_left(self) -> int:
        """How many boxes may still be spent."""
        return max(0, self._limit - self.boxes)

    def tell(self, phase: str, fraction: float) -> None:
        """Report progress."""
        if self._options.progress is not None:
            self._options.progress(phase, fraction)

    def seconds(self) -> float:
        """Wall time so far."""
        return time.monotonic() - self._start

    def cpu_seconds(self) -> float:
        """Processor time of this process so far."""
        return time.process_time() - self._cpu
