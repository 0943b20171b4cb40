"""What one problem takes: ``certify verify`` in a process of its own, then the checker in another.

CPU-seconds and peak memory are what the operating system charges to the process, from its start
to its end; what the command itself says of its parts stands beside them.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

__all__ = ["PEER", "Peer", "Row", "Usage", "measured", "row"]

_ENDED = (0, 1, 2, 3, 4, 5)  # the exit codes that come with an answer


@dataclass(frozen=True)
class Peer:
    """CPU-seconds of the peer, and whether it had an answer by then."""

    cpu: float
    finished: bool = True


# alpha-beta-CROWN 2025-12 at the published levels; see README.md for what it verified
PEER: Mapping[str, Peer] = {
    "pendulum_state_feedback": Peer(8.5),
    "path_tracking_state_feedback": Peer(10.9),
    "pendulum_output_feedback": Peer(19.6),
    "pendulum_output_feedback_nn": Peer(284, finished=False),
    "quadrotor2d_state_feedback": Peer(183),
    "quadrotor2d_output_feedback": Peer(697, finished=False),
}


@dataclass(frozen=True)
class Usage:
    """What a process took: CPU and wall time in seconds, peak memory in MB, and its answer."""

    cpu: float
    wall: float
    memory: float
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One line of the table; None where something does not apply or was not said."""

    problem: str
    group: str
    dimension: int
    time: str
    function: str
    asked: str
    verdict: str
    theorem: str | None
    level: float | None
    boxes: int | None
    leaves: int | None
    derive_cpu: float | None
    search_cpu: float | None
    kernel_cpu: float | None
    verify_cpu: float
    verify_wall: float
    verify_mb: float
    check_cpu: float | None
    certificate_kb: float | None
    peer_cpu: float | None
    peer_finished: bool | None
    width: int | None = None

    @property
    def ratio(self) -> float | None:
        """The peer's CPU-seconds over those of the whole command, if this proved something."""
        proved = self.verdict == "proved" and self.peer_cpu is not None
        return (self.peer_cpu or 0) / self.verify_cpu if proved else None


def measured(command: Sequence[str], limit: float | None = None) -> Usage:
    """Run ``command``, which prints one JSON object, and kill it after ``limit`` seconds."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    start = time.monotonic()
    with Popen(command, stdout=PIPE, stderr=DEVNULL, env=env) as process:
        assert process.stdout is not None
        guard = threading.Timer(limit or 3600.0, process.kill)
        guard.daemon = True
        guard.start()
        text = process.stdout.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        guard.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    unit = 1024 if sys.platform != "darwin" else 1024**2
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / unit
    if process.returncode in _ENDED and text:
        return Usage(cpu, wall, memory, json.loads(text))
    what = "killed" if process.returncode < 0 else f"failed ({process.returncode})"
    return Usage(cpu, wall, memory, {"verdict": what})


def row(
    name: str, group: str, problem: Path, out: Path, timeout: float, width: int | None = None
) -> Row:
    """Verify the problem within ``timeout`` seconds and have its certificate checked.

    ``out`` is a folder for the certificate, emptied first: a search that was stopped before
    would go on there.
    """
    stated = tomllib.loads(problem.read_text(encoding="utf-8"))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    certificate = out / "certificate.json"
    command = [sys.executable, "-m", "certify.cli", "verify", str(problem), "--json"]
    command += ["--workers", "1", "--timeout", f"{timeout:g}", "--out", str(certificate)]
    done = measured(command, 1.2 * timeout + 60)
    answer, prop = done.answer, stated["property"]
    verdict = str(answer["verdict"])
    if "error" in answer:
        verdict = f"error: {str(answer['error']).splitlines()[0][:80]}"
    check = None
    if verdict == "proved":
        checker = [sys.executable, "-m", "certify.proofs.checker", str(certificate), "1"]
        checked = measured(checker)
        check = checked.cpu
        if checked.answer.get("verdict") != "accepted":
            verdict = f"REJECTED: {checked.answer.get('reason')}"
    largest = "largest" if prop["kind"] == "stability" else "-"
    peer = PEER.get(name) if prop.get("level", "largest") != "largest" else None
    return Row(
        problem=name,
        group=group,
        dimension=len(stated["system"]["states"]),
        time=stated["system"]["time"],
        function=_function(stated),
        asked=str(prop.get("level", largest)),
        verdict=verdict,
        theorem=answer.get("theorem"),
        level=_number(answer.get("level")),
        boxes=_count(answer.get("boxes")),
        leaves=_count(answer.get("leaves")),
        derive_cpu=_number(answer.get("derive_seconds")),
        search_cpu=_number(answer.get("search_seconds")),
        kernel_cpu=_number(answer.get("check_seconds")),
        verify_cpu=done.cpu,
        verify_wall=done.wall,
        verify_mb=done.memory,
        check_cpu=check,
        certificate_kb=certificate.stat().st_size / 1000 if certificate.exists() else None,
        peer_cpu=peer.cpu if peer else None,
        peer_finished=peer.finished if peer else None,
        width=width,
    )


def _function(stated: Mapping[str, Any]) -> str:
    """The kind of V: quadratic, neural (a network is in it), barrier, or another expression."""
    prop = stated["property"]
    if "lyapunov" not in prop:
        return "barrier" if "barrier" in prop else "-"
    given = prop["lyapunov"]
    text = given.get("expression", "")
    if "network" in given or any(f"{name}(" in text for name in stated.get("networks", ())):
        return "neural"
    return "quadratic" if "quadratic" in given else "expression"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) else None
