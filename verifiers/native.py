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
from functools import lru_cache
from importlib import import_module
from typing import Any as Module

import numpy as np

from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.obligations import All, Any, Atom, Formula, Obligation, atoms
from certify.proofs.checker.symbols import without_sums
from certify.verifiers.graph import Graph, Limits, graph_of, limits_of, map_of
from certify.verifiers.growth import Growth, Paths
from certify.verifiers.points import Array
from certify.verifiers.trees import root_of

_native: Module
try:
    _native = import_module("certify.verifiers._native")
except ImportError:  # installed without a compiler
    _native = None

__all__ = [
    "SLACK",
    "NativeEngine",
    "available",
    "instruction_set",
    "instruction_sets",
    "ranges",
]

SLACK = 1e-11
"""A bound counts if it clears this part of the sum of all coefficients behind it.

That is far above the rounding errors on both sides, and far below what a margin is worth.
"""


def available() -> bool:
    """Whether the native engine was built and is not switched off."""
    return _native is not None and os.environ.get("CERTIFY_ENGINE") != "python"


@lru_cache(maxsize=1)
def instruction_sets() -> tuple[str, ...]:
    """What this processor can run, the fastest first."""
    return tuple(str(name) for name in _native.engines())


def instruction_set() -> str:
    """The fastest instruction set that this processor has, or the one that is forced."""
    if _native is None:
        raise RuntimeError("the native engine was not built")
    forced = os.environ.get("CERTIFY_ENGINE", "")
    return forced if forced not in ("", "python") else instruction_sets()[0]


class NativeEngine:
    """See :class:`certify.verifiers.engine.Engine`; threads may share one.

    With ``coordinates`` the boxes are those of :func:`transformed`; ``root`` is that of a tree, if
    it is known.
    """

    def __init__(
        self, obligation: Obligation, coordinates: Coordinates | None = None,
        symbols: int | None = None, root: tuple[Array, Array] | None = None,
    ) -> None:  # fmt: skip
        limits = None if coordinates is None else limits_of(obligation.box, coordinates)
        formula, names = obligation.formula, tuple(obligation.box)
        self._problem = _compiled(formula, names, coordinates, limits, symbols, instruction_set())
        low, high = root_of(obligation, coordinates) if root is None else root
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

    def follow(
        self, low: Array, high: Array, points: Array, degrees: Sequence[int], deepest: int
    ) -> Paths:
        """The ways of ``points`` (k, n) from the box down to the leaves of its tree."""
        found = self._problem.follow(low, high, points, list(degrees), SLACK, deepest, self._scale)
        return Paths(*found)


@lru_cache(maxsize=64)
def _compiled(
    formula: Formula,
    names: tuple[str, ...],
    coordinates: Coordinates | None,
    limits: Limits | None,
    symbols: int | None,
    engine: str,
) -> Module:
    """The formula in code, which is the same for every box over the same variables."""
    map_ = None if coordinates is None or limits is None else map_of(coordinates, limits)
    return _native.Problem(_graph(formula, names, symbols).arrays(), engine, False, map_)


@lru_cache(maxsize=64)
def _graph(formula: Formula, names: tuple[str, ...], symbols: int | None) -> Graph:
    roles = without_sums((a.node for a in atoms(formula)), symbols)
    return graph_of(_hardest_first(formula), names, roles)


@lru_cache(maxsize=64)
def ranges(formula: All, names: tuple[str, ...], engine: str) -> Module:
    """The code whose ``evaluate`` bounds the atoms of ``formula``, in their order."""
    roles = without_sums(a.node for a in atoms(formula))
    return _native.Problem(graph_of(formula, names, roles).arrays(), engine, False, None)


def _hardest_first(formula: Formula) -> Formula:
    """The same with the parts of every ``All`` backwards: theorems name the decrease last.

    A box on which that is open need not be tried for the others.
    """
    if isinstance(formula, Atom):
        return formula
    parts = tuple(_hardest_first(p) for p in formula.parts)
    return All(parts[::-1]) if isinstance(formula, All) else Any(parts)
