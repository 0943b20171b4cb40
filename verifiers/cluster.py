"""A Dask cluster whose workers grow subtrees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any

from certify.errors import InputError, UnsupportedError
from certify.verifiers.engine import Engine
from certify.verifiers.growth import Grown
from certify.verifiers.jobs import Job, Statement, perform_stated

__all__ = ["DaskCluster"]

_PATIENCE = 10.0  # seconds for a cluster to answer


class DaskCluster:
    """Workers of a ``dask.distributed`` cluster that have this package installed."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise InputError(
                f"dask://{address} needs dask.distributed: pip install 'certify[cluster]'"
            ) from error
        self._address = address
        try:
            self._client = Client(f"tcp://{address}", timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(f"no Dask scheduler answers at {address}: {error}") from error
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError as error:
            self.close()
            raise InputError(f"the Dask scheduler at {address} has no workers") from error

    @property
    def slots(self) -> int:
        """The threads of all workers."""
        threads: dict[str, int] = self._client.nthreads()  # changes as workers come and go
        return max(1, sum(threads.values()))

    def run(
        self, statement: Statement, engine: Engine, jobs: Sequence[Job]
    ) -> Iterator[tuple[int, Grown]]:
        """See :class:`certify.verifiers.executors.Executor`."""
        from distributed import KilledWorker
        from distributed import as_completed as completed

        try:
            # a task of its own: sent once, and made anew where the worker that has it dies
            shared = self._client.submit(_same, statement, pure=False)
            futures = self._client.map(
                _perform_for, jobs, statement=shared, pure=False, batch_size=None
            )
            position = {future.key: i for i, future in enumerate(futures)}
            for future in completed(futures, loop=self._client.loop):
                yield position[future.key], future.result()
        except KilledWorker as error:
            raise UnsupportedError(
                "workers died again and again in the same jobs: out of memory?"
            ) from error
        except (CancelledError, ImportError, OSError) as error:
            raise InputError(
                f"the Dask cluster at {self._address} failed: {error}; the same command goes on "
                "where this one was, once scheduler and workers run with certify installed"
            ) from error

    def close(self) -> None:
        """Leave the cluster to itself."""
        self._client.close(timeout=_PATIENCE)


def _same(value: Any) -> Any:
    return value


def _perform_for(job: Job, statement: Statement) -> Grown:
    return perform_stated(statement, job)
