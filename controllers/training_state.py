"""Everything that a training in progress depends on, and the file that keeps it."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from certify.controllers.registry import TrainingStep
from certify.controllers.task import Task

__all__ = ["TrainingState", "deterministic", "fingerprint", "restored", "save"]

_FORMAT = 4


def _no_boxes() -> torch.Tensor:
    return torch.zeros((2, 0, 0), dtype=torch.float64)


@dataclass
class TrainingState:
    """What the next step needs; the same state and seed give the same steps to the bit.

    ``pool`` holds states under attack, ``near`` others near the equilibrium, ``borderline`` starts
    of roll-outs that grazed the domain, ``found`` the verifier's counterexamples; each of shape
    ``(N, n)``.  ``boxes`` are what it left open, the same coordinates and what is uncertain: lower
    and upper corners, ``(2, N, variables)``.  ``share`` is the part of the
    domain that is trained for.  ``best`` are the parameters with the largest sampled ``score`` so
    far.
    """

    parameters: dict[str, torch.Tensor]
    optimizer: torch.optim.Adam
    generator: torch.Generator
    pool: torch.Tensor
    near: torch.Tensor
    borderline: torch.Tensor
    found: torch.Tensor
    phase: str = "policy"
    step: int = 0
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    score: float = -1.0
    boxes: torch.Tensor = field(default_factory=_no_boxes)
    share: float = 1.0
    toward: dict[str, torch.Tensor] = field(default_factory=dict)
    history: list[TrainingStep] = field(default_factory=list)


_TENSORS = ("pool", "near", "borderline", "found", "boxes")
_PLAIN = ("phase", "step", "best", "score", "share")


def fingerprint(task: Task, options: object, seed: int) -> str:
    """A digest of all that determines a training."""
    problem = task.problem
    parts = [
        repr([(x, f.digest) for x, f in sorted(problem.system.dynamics.items())]),
        repr([(u, f.digest) for u, f in sorted(problem.controller.items())]),
        repr((sorted(problem.domain.items()), sorted(task.free.items()))),
        repr((sorted(task.equilibrium.items()), task.decay, task.level, problem.system.time)),
        repr((options, seed, _FORMAT, torch.__version__)),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def save(path: Path, state: TrainingState, identity: str) -> None:
    """Replace the file ``path`` by ``state``, all or nothing."""
    content = {name: getattr(state, name) for name in (*_TENSORS, *_PLAIN)}
    content |= {
        "identity": identity,
        "parameters": {name: value.detach() for name, value in state.parameters.items()},
        "optimizer": state.optimizer.state_dict(),
        "generator": state.generator.get_state(),
        "history": [asdict(step) for step in state.history],
    }
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def restored(path: Path, state: TrainingState, identity: str) -> bool:
    """Bring ``state`` to where ``path`` was saved; False if it belongs to another training."""
    try:
        content = torch.load(path, weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError):
        return False
    if not isinstance(content, Mapping) or content.get("identity") != identity:
        return False
    with torch.no_grad():
        for name, value in content["parameters"].items():
            state.parameters[name].copy_(value)
    state.optimizer.load_state_dict(content["optimizer"])
    state.generator.set_state(content["generator"])
    for name in (*_TENSORS, *_PLAIN):
        setattr(state, name, content[name])
    state.history = [TrainingStep(**step) for step in content["history"]]
    return True


@contextmanager
def deterministic() -> Iterator[None]:
    """One thread and deterministic algorithms, put back afterwards."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict)
        torch.set_num_threads(threads)
