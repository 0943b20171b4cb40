"""Closing every open box of some searches, here or on workers that are kept for the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from certify.proofs.checker.claim import Claim
from certify.verifiers.budget import Budget
from certify.verifiers.engine import engine_name
from certify.verifiers.interface import Options
from certify.verifiers.parallel import Suspect, close_in_parallel
from certify.verifiers.search import ObligationSearch, close

if TYPE_CHECKING:
    from certify.verifiers.executors import Executor

__all__ = ["Closing"]


class Closing:
    """How boxes are closed under ``options``; a context that gives the workers back."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._executor: Executor | None = None

    def close(
        self,
        searches: Sequence[ObligationSearch],
        claim: Claim,
        radius: Fraction | None,
        budget: Budget,
        save: Callable[[], None],
        suspect: Suspect,
        *,
        alone: bool = False,
    ) -> None:
        """Close every open box of ``searches``, which are of ``claim`` with ``radius``.

        The trees are the same whatever the workers; ``alone`` leaves them out.
        """
        executor = None if alone else self._workers()
        if executor is None:
            close(searches, budget, save, suspect)
            return
        for search in searches:
            close_in_parallel(search, claim, radius, executor, budget, save, suspect)

    def _workers(self) -> Executor | None:
        workers, cluster = self._options.workers, self._options.cluster
        if self._executor is None and (workers, cluster) != (1, "local"):
            from certify.verifiers.executors import executor_for  # slow to import

            native = engine_name() != "python"
            self._executor = executor_for(cluster, workers, releases_interpreter=native)
        return self._executor

    def end(self) -> None:
        """Give the workers back."""
        if self._executor is not None:
            self._executor.close()
        self._executor = None
