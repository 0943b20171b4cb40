"""Where subtrees grow: in threads or processes of this machine, or on a Dask cluster.

The certificate is the same to the byte.  A job whose worker dies is run again: nothing is lost
but its time.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from certify.errors import InputError, UnsupportedError
from certify.verifiers.cluster import DaskCluster
from certify.verifiers.engine import Engine
from certify.verifiers.growth import Grown
from certify.verifiers.jobs import Job, Statement, perform, perform_stated

__all__ = ["Executor", "executor_for"]

_ATTEMPTS = 5  # at jobs whose worker died, before the search gives up


class Executor(Protocol):
    """Runs jobs."""

    @property
    def slots(self) -> int:
        """How many jobs run at a time."""

    def run(
        self, statement: Statement, engine: Engine, jobs: Sequence[Job]
    ) -> Iterator[tuple[int, Grown]]:
        """The results with their positions in ``jobs``, as they come.

        ``engine`` is that of ``statement``, for use in this process.
        """

    def close(self) -> None:
        """Give the workers back."""


class _Threads:
    """Threads: the native engine releases the interpreter."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._pool = ThreadPoolExecutor(slots)

    def run(
        self, statement: Statement, engine: Engine, jobs: Sequence[Job]
    ) -> Iterator[tuple[int, Grown]]:
        futures = {self._pool.submit(perform, engine, job): i for i, job in enumerate(jobs)}
        for future in as_completed(futures):
            yield futures[future], future.result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


class _Processes:
    """Processes of this machine, started when they are first needed."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._pool: Pool | None = None

    def run(
        self, statement: Statement, engine: Engine, jobs: Sequence[Job]
    ) -> Iterator[tuple[int, Grown]]:
        waiting = dict(enumerate(jobs))
        for _ in range(_ATTEMPTS):
            pool = self._pool = self._pool or self._started()
            try:
                futures = {
                    pool.submit(perform_stated, statement, job): i for i, job in waiting.items()
                }
                for future in as_completed(futures):
                    result = future.result()
                    del waiting[futures[future]]
                    yield futures[future], result
            except BrokenProcessPool:
                self.close()
            if not waiting:
                return
        raise UnsupportedError("workers died again and again in the same jobs: out of memory?")

    def _started(self) -> Pool:
        context = multiprocessing.get_context("forkserver")
        return ProcessPoolExecutor(self.slots, context, _begin)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool = None


def _begin() -> None:
    """First in a worker process: an interrupt is the parent's to handle, and its end ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def executor_for(engine: str, workers: int, *, releases_interpreter: bool) -> Executor | None:
    """The executor for ``--engine`` and ``--workers``; None to stay in this thread.

    ``engine`` is ``"local"`` or ``dask://host:port``.
    """
    if engine.startswith("dask://"):
        return DaskCluster(engine.removeprefix("dask://"))
    if engine != "local":
        raise InputError(f"--engine is local or dask://host:port, not {engine[:60]!r}")
    if workers == 1:
        return None
    return _Threads(workers) if releases_interpreter else _Processes(workers)
