"""The native engine: branch and bound in C++, eight boxes at a time, where it was built.

Its answers are guesses in plain float64 with a margin (:data:`SLACK`); the kernel re-checks
every leaf.  A decision on a box depends on nothing but the box and the obligation, so a tree
is the same however the work on it is divided, and on every processor.

The environment variable ``CERTIFY_ENGINE`` forces a path: ``python`` (no native engine),
``plain``, ``avx2`` or ``avx512``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.tree import root_box
from certify.verifiers.growth import Growth
from certify.verifiers.points import Array
from certify.verifiers.tape import Tape, lower

_native: Any
try:
    _native = import_module("certify.verifiers._native")
except ImportError:  # installed without a compiler
    _native = None

__all__ = ["SLACK", "NativeEngine", "available", "instruction_set", "instruction_sets"]

SLACK = 1e-11
"""A bound counts if it clears this part of the sum of all coefficients behind it.

That is far above the rounding errors on both sides, and far below what a margin is worth.
"""


def available() -> bool:
    """Whether the native engine was built and is not switched off."""
    return _native is not None and os.environ.get("CERTIFY_ENGINE") != "python"


def instruction_sets() -> list[str]:
    """What this processor can run, the fastest first."""
    return [str(name) for name in _native.engines()]


def instruction_set() -> str:
    """The fastest instruction set that this processor has, or the one that is forced."""
    forced = os.environ.get("CERTIFY_ENGINE", "")
    return forced if forced not in ("", "python") else instruction_sets()[0]


class NativeEngine:
    """See :class:`certify.verifiers.engine.Engine`; threads may share one."""

    def __init__(self, obligation: Obligation) -> None:
        self._problem = _problem(lower(obligation))
        low, high = root_box(obligation)
        self._scale = 0.5 * high - 0.5 * low

    def grow(
        self,
        low: Array,
        high: Array,
        tree: bytes,
        boxes: int,
        degrees: Sequence[int],
        seconds: float = np.inf,
        ties: bool = True,
        stop_at_suspects: bool = True,
        cancel: object = None,
    ) -> Growth:
        """Go on with ``tree`` over the box, depth first, for at most ``boxes`` boxes."""
        slack = SLACK if ties else -SLACK
        found = self._problem.grow(
            low, high, tree, list(degrees), slack, boxes, seconds, stop_at_suspects, self._scale,
            cancel,
        )  # fmt: skip
        return Growth(
            tree=found["tree"],
            boxes=found["boxes"],
            open=found["open"],
            closed=found["closed_volume"],
            work=found["work"],
            stuck=found["stuck"],
            suspects=found["suspects"],
        )


def _problem(tape: Tape) -> Any:
    if _native is None:
        raise RuntimeError("the native engine was not built")
    return _native.Problem(tape.arrays(), instruction_set())
