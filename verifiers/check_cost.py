"""How long the kernel will take with some trees: measured on a few of their leaves."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import atoms, proved
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.tree import LEAF
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import pieces

__all__ = ["CheckCost"]

_SAMPLE = 1024  # leaves of one tree, bounded together as the kernel does


class CheckCost:
    """Estimates; an obligation is measured when it is first seen."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._seconds: dict[str, float] = {}  # for a leaf of each obligation

    def seconds(self, searches: Sequence[ObligationSearch]) -> float:
        """What re-checking every leaf of the trees will take, with all the workers."""
        return sum(self._of_leaf(s) * s.leaves() for s in searches) / self._workers

    def _of_leaf(self, search: ObligationSearch) -> float:
        name = search.obligation.name
        if name not in self._seconds:
            self._seconds[name] = _measured(search)
        return self._seconds[name]


def _measured(search: ObligationSearch) -> float:
    codes = np.frombuffer(search.proof_tree(), np.uint8)
    positions = np.flatnonzero(codes >= LEAF)
    positions = positions[:: max(1, len(positions) // _SAMPLE)]
    wanted = frozenset(positions.tolist())
    found = pieces(search.proof_tree(), search.low, search.high, wanted)
    low, high = (np.array([p[k] for p in found]).T for k in (1, 2))
    formula, names = search.stated.formula, tuple(search.stated.box)
    symbols = allocate([a.node for a in atoms(formula)], search.symbols)
    degrees = codes[[p.position for p in found]] - LEAF
    start = time.monotonic()  # not processor time: other processes slow the kernel down too
    for degree in np.unique(degrees).tolist():
        rows = degrees == degree
        proved(formula, Block(names, low[:, rows], high[:, rows], degree, symbols))
    return (time.monotonic() - start) / len(found)
