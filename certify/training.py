"""From a problem that asks for training to one whose functions are all there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from certify.certificate import open_folder, write_file
from certify.errors import InputError
from certify.problem import Problem, Safety, Stability, Training
from certify.theorems import claim_of

if TYPE_CHECKING:
    from certify.controllers.registry import Candidate, TrainingStep

__all__ = ["asks_for_training", "saved_as", "train", "train_into"]


def asks_for_training(problem: Problem) -> bool:
    """Whether something that a proof needs is still to be trained."""
    return _request(problem) is not None


def _request(problem: Problem) -> Training | None:
    prop = problem.property
    if not isinstance(prop, Stability | Safety):
        return None
    certificate = prop.lyapunov if isinstance(prop, Stability) else prop.barrier
    return certificate if isinstance(certificate, Training) else None


def train(
    problem: Problem,
    *,
    seed: int = 0,
    progress: Callable[[TrainingStep], None] = lambda _: None,
    checkpoint: Path | None = None,
) -> tuple[Problem, Candidate]:
    """The problem with the trained controller and certificate function in place.

    Counterexamples of the falsifier are fed back between the rounds of training.
    Raises ``InputError`` for options that the family does not have.
    """
    from certify.controllers.registry import trainer

    training = _request(problem)
    if training is None:
        raise InputError(f"{problem.name}: nothing is to be trained: use `certify verify`")

    def counterexamples(candidate: Candidate) -> Sequence[Sequence[float]]:
        return _counterexamples(_trained(problem, candidate), candidate, seed)

    candidate = trainer(training.family)(
        problem,
        training.options,
        seed=seed,
        progress=progress,
        counterexamples=counterexamples,
        checkpoint=checkpoint,
    )
    return _trained(problem, candidate), candidate


def train_into(
    directory: Path,
    problem: Problem,
    seed: int = 0,
    progress: Callable[[TrainingStep], None] = lambda _: None,
) -> tuple[Problem, Candidate, dict[str, Path]]:
    """:func:`train`, with the networks and trees written to files and named as sources.

    A killed training goes on from its checkpoint in ``directory``.
    """
    open_folder(directory)
    saved = saved_as("training", problem, seed, directory)
    trained, candidate = train(problem, seed=seed, progress=progress, checkpoint=saved)
    sources, files = dict(problem.sources), {}
    made = {f"{name}.onnx": data for name, data in candidate.networks.items()}
    made |= {f"{name}.json": text.encode() for name, text in candidate.trees.items()}
    for name, data in made.items():
        files[Path(name).stem] = directory / name
        write_file(directory / name, data)
        sources[name] = hashlib.sha256(data).hexdigest()
    return replace(trained, sources=sources), candidate, files


def saved_as(what: str, problem: Problem, seed: int, directory: Path) -> Path:
    """The checkpoint file in ``directory`` of ``what`` is done for this problem."""
    key = hashlib.sha256(json.dumps([dict(problem.sources), seed]).encode()).hexdigest()
    return directory / f"{what}-{key[:12]}.checkpoint"


def _trained(problem: Problem, candidate: Candidate) -> Problem:
    if not isinstance(problem.property, Stability):
        raise InputError(f"{problem.name}: only Lyapunov functions can be trained")
    prop = replace(problem.property, lyapunov=candidate.lyapunov)
    return replace(problem, controller=candidate.controller, property=prop)


def _counterexamples(
    problem: Problem, candidate: Candidate, seed: int
) -> Sequence[Sequence[float]]:
    from certify.verifiers.extend import core_of
    from certify.verifiers.falsifier import falsify

    claim = core_of(claim_of(problem))
    if not claim.theorem.startswith("T-STAB"):
        return []
    claim = replace(claim, numbers={**claim.numbers, "level": candidate.suggested_level})
    found = falsify(claim, seed)
    return [] if found is None else [[float(found.point[x]) for x in claim.states]]
