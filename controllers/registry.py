"""What a controller family is, and where each one lives.

To add a family: write one module with a function ``train`` that is a :class:`Trainer`, and
add its line to ``_FAMILIES``.  Nothing a trainer says is trusted; its candidate is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeAlias, cast, runtime_checkable

from certify.errors import InputError, UnsupportedError
from certify.expression import Node
from certify.problem import Problem

__all__ = [
    "Boxes",
    "Candidate",
    "Counterexamples",
    "Trainer",
    "TrainingStep",
    "Verifying",
    "families",
    "trainer",
]

_FAMILIES: Mapping[str, str] = {
    "lqr": "certify.controllers.lqr",
    "neural": "certify.controllers.neural_lyapunov",
    "polynomial": "certify.controllers.polynomial_lyapunov",
    "quadratic": "certify.controllers.quadratic_lyapunov",
    "tree": "certify.controllers.tree_family",
}


@dataclass(frozen=True)
class TrainingStep:
    """How far a training is: ``level`` and ``volume`` are sampled, never proved."""

    phase: str
    step: int
    steps: int
    loss: float | None = None
    level: float | None = None
    volume: float | None = None


@dataclass(frozen=True)
class Candidate:
    """A controller and a Lyapunov function, over the exact reals, for a verifier to judge.

    ``networks`` maps file stems to ONNX files whose weights the expressions hold exactly, and
    ``trees`` file stems to decision trees as JSON;
    ``suggested_level`` is the largest level without a sampled violation, rounded down, and
    ``sampled_volume`` the volume of that set within the domain (both statistical).
    """

    controller: Mapping[str, Node]
    lyapunov: Node
    networks: Mapping[str, bytes] = field(default_factory=dict)
    trees: Mapping[str, str] = field(default_factory=dict)
    suggested_level: Fraction = Fraction(1)
    sampled_volume: float = 0.0
    history: tuple[TrainingStep, ...] = ()


Counterexamples: TypeAlias = Callable[[Candidate], Sequence[Sequence[float]]]
"""States (in the order of ``system.states``) at which a candidate fails its claim."""


@dataclass(frozen=True)
class Boxes:
    """Boxes that a verifier cannot decide, corners in rows: states, parameters, disturbances.

    ``bound`` is how far each is from proved, negative, relative to the width of what decides.
    """

    low: Sequence[Sequence[float]]
    high: Sequence[Sequence[float]]
    bound: Sequence[float]


@runtime_checkable
class Verifying(Protocol):
    """Counterexamples of a verifier that also says on which boxes it gets no further."""

    def __call__(self, candidate: Candidate) -> Sequence[Sequence[float]]:
        """As :data:`Counterexamples`."""

    def boxes(self, candidate: Candidate, effort: int) -> Boxes:
        """What a search for a proof leaves open after ``effort`` boxes, the worst first."""


class Trainer(Protocol):
    """Makes a candidate for a problem with a stability property.

    ``options`` belong to the family; ``seed`` determines the candidate to the bit on one
    machine; ``progress`` is told how far it is; ``counterexamples`` is asked between rounds,
    for open boxes too where it is :class:`Verifying`;
    ``checkpoint`` is a file to save to and to resume from, which does not change the result.
    """

    def __call__(
        self,
        problem: Problem,
        options: Mapping[str, object],
        *,
        seed: int,
        progress: Callable[[TrainingStep], None],
        counterexamples: Counterexamples | None = None,
        checkpoint: Path | None = None,
    ) -> Candidate:
        """The candidate; raises ``InputError`` for a problem or options it cannot take."""


def families() -> tuple[str, ...]:
    """The names of the families."""
    return tuple(_FAMILIES)


def trainer(family: str) -> Trainer:
    """The trainer of ``family``, imported only now.

    Raises ``InputError`` for an unknown family and ``UnsupportedError`` when the libraries
    that it trains with are not installed.
    """
    if family not in _FAMILIES:
        close = get_close_matches(family, families(), n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"write one of {', '.join(families())}"
        raise InputError(f"there is no controller family {family!r}; {advice}")
    try:
        module = import_module(_FAMILIES[family])
    except ModuleNotFoundError as error:
        advice = "install certify[train]"
        raise UnsupportedError(f"family {family!r} needs {error.name}; {advice}") from error
    return cast(Trainer, module.train)
