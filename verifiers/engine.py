"""What grows proof trees: one interface, a native engine and one in Python.

An engine is fast and untrusted: the native one works in plain float64 with the rules of the
kernel and leaves a small margin, and whatever it closes the kernel re-checks.  It is used
where it was built; the other needs numpy alone and gives the same verdicts, slower.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from certify.errors import InputError
from certify.proofs.checker.coordinates import Coordinates, transformed
from certify.proofs.checker.obligations import Obligation
from certify.verifiers import native
from certify.verifiers.growth import Growth, Paths
from certify.verifiers.points import Array
from certify.verifiers.python_engine import PythonEngine

__all__ = ["DEGREES", "Engine", "compiled", "engine_name"]

DEGREES = (0, 1, 2)


class Engine(Protocol):
    """Grows the trees of one formula over boxes of its variables."""

    def grow(
        self, low: Array, high: Array, tree: bytes, boxes: int, degrees: Sequence[int],
        seconds: float, ties: bool = True,
    ) -> Growth:  # fmt: skip
        """Go on with ``tree`` over the box, depth first, for at most ``boxes`` boxes.

        ``ties`` says whether a limit that is attained exactly counts as proved: where the
        kernel's rounding has spoilt one it must not, or the same leaf comes back for ever.
        """
        ...

    def follow(
        self, low: Array, high: Array, points: Array, degrees: Sequence[int], deepest: int
    ) -> Paths:
        """The ways of ``points`` (k, n) down to the leaves, to depth ``deepest`` at most."""
        ...


def engine_name() -> str:
    """Which engine is used: ``python``, or the native one with its instruction set.

    Raises InputError if the environment variable ``CERTIFY_ENGINE`` names none of this machine.
    """
    here = ["python", *(native.instruction_sets() if native.available() else ())]
    forced = os.environ.get("CERTIFY_ENGINE", "")
    if forced and forced not in here:
        raise InputError(f"CERTIFY_ENGINE={forced[:40]}: this machine has {', '.join(here)}")
    return forced or native.instruction_set() if native.available() else "python"


def compiled(
    obligation: Obligation, coordinates: Coordinates | None = None, symbols: int | None = None,
    root: tuple[Array, Array] | None = None,
) -> Engine:  # fmt: skip
    """The engine for ``obligation`` with so many symbols, and boxes in ``coordinates`` if any.

    ``root`` is the box at the root of its trees, if it is known.
    """
    if engine_name() != "python":
        return native.NativeEngine(obligation, coordinates, symbols, root)
    stated = obligation if coordinates is None else transformed(obligation, coordinates)
    return PythonEngine(stated, symbols)
