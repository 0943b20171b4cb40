"""From a problem that asks for training to one whose functions are all there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from certify.certificate import open_folder, write_file
from certify.errors import InputError
from certify.problem import Problem, Safety, Stability, Training
from certify.proofs.checker.claim import Claim
from certify.theorems import claim_of

if TYPE_CHECKING:
    from certify.controllers.registry import Boxes, Candidate, TrainingStep

__all__ = ["asks_for_training", "saved_as", "train", "train_into"]

_MOST_LOW = 128  # counterexamples of low V for each condition


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

    candidate = trainer(training.family)(
        problem,
        training.options,
        seed=seed,
        progress=progress,
        counterexamples=_Verifier(problem, seed),
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


@dataclass(frozen=True)
class _Verifier:
    """What the trainer of ``problem`` is told about its candidates."""

    problem: Problem
    seed: int

    def __call__(self, candidate: Candidate) -> Sequence[Sequence[float]]:
        """One that the kernel confirms, if there is one, others of low V that only samples show."""
        from certify.verifiers.falsifier import falsify
        from certify.verifiers.lowest import QUICK, descents, without_level

        claim = self._claim(candidate)
        found = None if claim is None else falsify(claim, self.seed)
        if claim is None or found is None:
            return []
        states = [[float(found.point[x]) for x in claim.states]]
        beyond = without_level(claim)
        for obligation, _, points in descents(
            beyond, candidate.lyapunov, self.seed, lambda: None, True, QUICK
        ):
            if set(claim.states) <= set(obligation.box):
                columns = [list(obligation.box).index(x) for x in claim.states]
                states += points[:_MOST_LOW, columns].tolist()
        return states

    def boxes(self, candidate: Candidate, effort: int) -> Boxes:
        """Those that a search for a proof leaves open after ``effort`` boxes."""
        from certify.controllers.registry import Boxes
        from certify.verifiers.hard_boxes import hard_boxes

        claim = self._claim(candidate)
        if claim is None:
            return Boxes((), (), ())
        found = hard_boxes(claim, effort)
        columns = [
            found.names.index(x) for x in claim.states + claim.parameters + claim.disturbances
        ]
        low, high = found.low[:, columns], found.high[:, columns]
        return Boxes(low.tolist(), high.tolist(), found.bound.tolist())

    def _claim(self, candidate: Candidate) -> Claim | None:
        """The claim at the suggested level, if it is one of stability."""
        from certify.verifiers.extend import core_of

        claim = core_of(claim_of(_trained(self.problem, candidate)))
        if not claim.theorem.startswith("T-STAB"):
            return None
        return replace(claim, numbers={**claim.numbers, "level": candidate.suggested_level})
