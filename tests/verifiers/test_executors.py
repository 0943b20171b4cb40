"""Threads, processes and a Dask cluster find the proof that one worker finds, to the byte."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from certify.errors import InputError, UnsupportedError
from certify.expression import Node, const, sin, var
from certify.outcome import Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import write_certificate
from certify.proofs.checker.kernel import check
from certify.verifiers import cluster as clusters
from certify.verifiers import executors, native, parallel, proof_run
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.executors import Executor, executor_for
from certify.verifiers.interface import Options
from certify.verifiers.jobs import Job, Statement, perform_stated
from certify.verifiers.search import ObligationSearch

NATIVE = pytest.mark.skipif(
    not native.available() and "CI" not in os.environ, reason="the native engine was not built"
)

NAMES = tuple(f"z{i}" for i in range(5))
Z = [var(name) for name in NAMES]
WAVE = sum((Z[i] * Z[i - 4] * sin(2 * Z[i] + Z[i - 3]) for i in range(5)), start=const(0))


def bounded(output: Node, upper: str) -> Claim:
    """``output`` is at most ``upper`` on [-1, 1] in every variable."""
    return Claim(
        theorem="T-OUT",
        name="wave",
        time="discrete",
        states=NAMES,
        parameters=(),
        disturbances=(),
        box=dict.fromkeys(NAMES, (Fraction(-1), Fraction(1))),
        plant={},
        controller={},
        functions={"output": output},
        numbers={"upper": Fraction(upper)},
        equilibrium={},
    )


LONG, SHORT = bounded(WAVE, "2.3"), bounded(WAVE, "3.2")


def prove(claim: Claim, **options: Any) -> Outcome:
    return BranchAndBound().verify(claim, Options(**options))


def certificate(outcome: Outcome) -> bytes:
    assert outcome.verdict is Verdict.PROVED, outcome.advice
    assert outcome.certificate is not None
    return write_certificate(outcome.certificate)


@pytest.fixture(autouse=True)
def _unplanned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans take long in Python, and spend boxes before anything is shared."""
    monkeypatch.setattr(proof_run, "plans", lambda wanted, *_: [*map(ObligationSearch, wanted)])


@pytest.fixture(scope="module")
def alone() -> Callable[[Claim], bytes]:
    """The certificate that one worker finds."""
    known: dict[tuple[str, Fraction], bytes] = {}

    def found(claim: Claim) -> bytes:
        key = os.environ.get("CERTIFY_ENGINE", ""), claim.numbers["upper"]
        if key not in known:
            known[key] = certificate(prove(claim))
        return known[key]

    return found


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Many rounds of small jobs; how many jobs each of them had."""
    seen: list[int] = []
    share = parallel._Growing.share

    def counted(self: Any, executor: Executor, statement: Statement) -> None:
        seen.append(len(self.open))
        share(self, executor, statement)

    monkeypatch.setattr(parallel, "_BOXES_PER_JOB", 16)
    monkeypatch.setattr(parallel, "_JOBS_PER_SLOT", 4)
    monkeypatch.setattr(parallel._Growing, "share", counted)
    return seen


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes with a scheduler, on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        processes=True, n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as running:
        yield running


def address(cluster: Any) -> str:
    return str(cluster.scheduler_address).replace("tcp://", "dask://")


class Killing:
    """Progress that kills a process once, when the search is on its way."""

    def __init__(self, victims: Callable[[], list[int]]) -> None:
        self._victims, self.killed = victims, 0

    def __call__(self, phase: str, done: float) -> None:
        victims = [] if self.killed or not phase.startswith("prove") else self._victims()
        if victims:
            self.killed = victims[0]
            os.kill(self.killed, signal.SIGKILL)


@NATIVE
def test_threads_find_the_same_bytes(alone: Callable[[Claim], bytes], rounds: list[int]) -> None:
    told: list[float] = []
    outcome = prove(LONG, workers=2, progress=lambda phase, done: told.append(done))
    assert outcome.certificate is not None
    assert outcome.statistics["boxes"] > 1000
    assert certificate(outcome) == alone(LONG)
    assert len(rounds) > 5
    assert all(0 <= done <= 1 for done in told)
    assert check(certificate(outcome)).leaves["output"] > 500


@NATIVE
@pytest.mark.parametrize("workers", [3, 40])
def test_so_do_more_workers_than_there_are_boxes(
    workers: int, alone: Callable[[Claim], bytes]
) -> None:
    assert certificate(prove(SHORT, workers=workers)) == alone(SHORT)


def test_processes_find_the_same_bytes_and_lose_nothing_when_one_is_killed(
    alone: Callable[[Claim], bytes], rounds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CERTIFY_ENGINE", "python")
    started: list[Any] = []
    start = executors._Processes._started
    monkeypatch.setattr(
        executors._Processes, "_started", lambda self: started.append(start(self)) or started[-1]
    )
    killing = Killing(lambda: list(started[-1]._processes) if started else [])
    assert certificate(prove(SHORT, workers=2, progress=killing)) == alone(SHORT)
    assert killing.killed
    assert len(started) == 2
    assert len(rounds) > 2
    assert not [p for p in multiprocessing.active_children() if p.pid == killing.killed]


class _Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (1,)


def test_processes_that_die_again_and_again_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_ATTEMPTS", 2)
    search, claim = search_of(SHORT)
    statement, job = Statement.of(search, claim, None), job_of(search)
    pool = executors._Processes(1)
    deadly: Any = _Deadly()
    with pytest.raises(UnsupportedError, match="memory"):
        list(pool.run(statement, search.engine(), [replace(job, seconds=deadly)]))
    assert [i for i, _ in pool.run(statement, search.engine(), [job, job])] in ([0, 1], [1, 0])
    assert pool._pool is not None
    (worker,) = pool._pool._processes  # dies while there is nothing to do
    os.kill(worker, signal.SIGKILL)
    assert len(list(pool.run(statement, search.engine(), [job]))) == 1
    pool.close()


def search_of(claim: Claim) -> tuple[ObligationSearch, Claim]:
    from certify.proofs.checker.theorems import obligations

    (obligation,) = obligations(claim, None)
    return ObligationSearch(obligation), claim


def job_of(search: ObligationSearch) -> Job:
    low, high = np.array([search.low]), np.array([search.high])
    return Job(low, high, search.degrees, 5, 1.0, True)


@NATIVE
def test_a_cluster_finds_the_same_bytes(
    cluster: Any, alone: Callable[[Claim], bytes], rounds: list[int]
) -> None:
    assert certificate(prove(LONG, cluster=address(cluster))) == alone(LONG)
    assert len(rounds) > 5


@NATIVE
def test_a_worker_of_the_cluster_that_is_killed_loses_nothing(
    cluster: Any, alone: Callable[[Claim], bytes], rounds: list[int]
) -> None:
    killing = Killing(lambda: [nanny.pid for nanny in cluster.workers.values()])
    outcome = prove(LONG, cluster=address(cluster), progress=killing)
    assert killing.killed
    assert certificate(outcome) == alone(LONG)


@NATIVE
def test_workers_follow_the_engine_of_the_search(
    cluster: Any, alone: Callable[[Claim], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CERTIFY_ENGINE", "python")
    assert certificate(prove(SHORT, cluster=address(cluster))) == alone(SHORT)


def test_a_worker_with_another_version_is_refused() -> None:
    search, claim = search_of(SHORT)
    statement = Statement.of(search, claim, None)
    assert perform_stated(statement, job_of(search)).boxes
    for other in (replace(statement, digest="0" * 64), replace(statement, name="decrease")):
        with pytest.raises(UnsupportedError, match="same one"):
            perform_stated(other, job_of(search))


def test_a_worker_without_the_native_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    search, claim = search_of(bounded(WAVE, "2.91"))
    statement = replace(Statement.of(search, claim, None), native=True)
    monkeypatch.setattr(native, "_native", None)
    with pytest.raises(UnsupportedError, match="compiler"):
        perform_stated(statement, job_of(search))


def test_no_scheduler_is_said_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(clusters, "_PATIENCE", 0.3)
    with socket.socket() as unused:  # bound, so that nobody else listens there
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        for place in (host, "127.0.0.1:port"):
            with pytest.raises(InputError, match=place):
                prove(LONG, cluster=f"dask://{place}")


def test_a_missing_package_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'certify\[cluster\]'"):
        executor_for("dask://127.0.0.1:8786", 1, releases_interpreter=True)


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="dask://host:port"):
        prove(LONG, cluster="mars")


def test_an_engine_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTIFY_ENGINE", "nonsense")
    with pytest.raises(InputError, match=r"CERTIFY_ENGINE=nonsense.*python"):
        prove(SHORT)


class _StopError(Exception):
    """In the middle of a search."""


@NATIVE
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_search_with_two_workers_goes_on_from_its_checkpoint(
    share: float, alone: Callable[[Claim], bytes], rounds: list[int], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(parallel, "_SECONDS_BETWEEN_SAVES", 0.0)
    told: list[str] = []

    def count(phase: str, done: float) -> None:
        told.extend([phase] if phase.startswith("prove") else [])

    prove(LONG, workers=2, progress=count)
    last = 1 + share * len(told)
    told.clear()

    def stop(phase: str, done: float) -> None:
        count(phase, done)
        if len(told) > last:
            raise _StopError

    file = tmp_path / "state"
    options = {"workers": 2, "checkpoint": file, "checkpoint_seconds": 0.0}
    with pytest.raises(_StopError):
        prove(LONG, **options, progress=stop)
    assert file.exists()
    whole = prove(LONG).statistics["boxes"]
    outcome = prove(LONG, **options)
    assert certificate(outcome) == alone(LONG)
    assert outcome.statistics["boxes"] < whole
    assert not file.exists()


@NATIVE
def test_boxes_and_time_are_kept_to(rounds: list[int]) -> None:
    few = prove(LONG, workers=2, boxes=1000)
    assert few.verdict is Verdict.TIMED_OUT
    assert few.open_boxes
    assert prove(LONG, workers=2, timeout=0.01).verdict is Verdict.TIMED_OUT
    needed = int(prove(LONG).statistics["boxes"])
    assert prove(LONG, workers=2, boxes=needed).verdict is Verdict.PROVED
    assert prove(LONG, workers=2, boxes=needed - 1).verdict is Verdict.TIMED_OUT


@NATIVE
def test_two_workers_refute_and_get_stuck_as_one_does() -> None:
    barely = bounded(Z[0] ** 2 * Z[1] ** 2 * Z[2] * Z[3] * Z[4], "1")  # attained in corners
    for claim in (barely, replace(barely, numbers={"upper": Fraction("0.999999")})):
        found = [prove(claim, workers=workers, boxes=20_000).verdict for workers in (1, 2)]
        assert found[0] is found[1]
