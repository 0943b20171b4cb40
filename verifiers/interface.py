"""What a verifier is: a name, declared capabilities, and one method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from certify.outcome import Outcome
from certify.proofs.checker.claim import Claim

__all__ = ["Capabilities", "Options", "Progress", "Verifier"]

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Capabilities:
    """What a verifier can decide, declared so that tests can hold it to it.

    ``operators`` are those of the expression language, ``evidence`` the grade of what it
    proves (``kernel`` or ``solver``); ``finds_level`` says whether it can look for
    what a claim leaves open: the largest level, decay or box, the residual level and its bounds.
    """

    theorems: frozenset[str]
    operators: frozenset[str]
    evidence: str
    finds_level: bool
    refutes: bool


@dataclass(frozen=True)
class Options:
    """How long and how hard to try.

    ``timeout`` in seconds of wall time; ``boxes`` bounds the search; ``workers`` is how many
    boxes or leaves are worked on at a time, ``cluster`` where: ``"local"`` or
    ``dask://host:port``;
    ``largest_box`` asks for the largest part of the claim's box, scaled about its centre, for
    which the claim can be proved; to extend a core trajectories are followed for
    ``extend_steps`` steps at a time, from cells that are ``extend_depth`` halvings of the domain;
    ``checkpoint`` is a file to resume from and to save to, every ``checkpoint_seconds``;
    ``progress`` is told a phase and the fraction of it done.
    """

    timeout: float | None = None
    boxes: int = 50_000_000
    workers: int = 1
    cluster: str = "local"
    seed: int = 0
    largest_box: bool = False
    extend_steps: int = 32
    extend_depth: int = 18
    checkpoint: Path | None = None
    checkpoint_seconds: float = 2.0
    progress: Progress | None = None


class Verifier(Protocol):
    """Decides claims.

    A claim whose ``numbers`` lack ``level`` or ``decay`` (``residual``, ``residual/<state>``)
    asks for the best one.  :meth:`verify` raises ``UnsupportedError`` for what :meth:`unsupported`
    refuses, and never answers on anything but positive evidence.
    """

    name: str
    capabilities: Capabilities

    def unsupported(self, claim: Claim) -> str | None:
        """Why ``claim`` is outside the capabilities, or None."""

    def verify(self, claim: Claim, options: Options) -> Outcome:
        """Decide ``claim``."""
