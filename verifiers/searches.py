"""Several searches together: what checkpoints hold of them, and certificates beside their trees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.obligations import Obligation
from certify.verifiers.checkpoint import State
from certify.verifiers.search import ObligationSearch

__all__ = ["maps_of", "restore_searches", "search_state", "symbols_of"]


def maps_of(searches: Sequence[ObligationSearch]) -> dict[str, Coordinates]:
    """The coordinates of the trees that have some of their own, by the names of obligations."""
    maps = ((s.obligation.name, s.coordinates) for s in searches)
    return {name: c for name, c in maps if c is not None}


def symbols_of(searches: Sequence[ObligationSearch]) -> dict[str, int]:
    """The numbers of symbols that are to be stated, by the names of obligations."""
    return {s.obligation.name: s.symbols for s in searches if s.symbols is not None}


def search_state(searches: Sequence[ObligationSearch]) -> dict[str, np.ndarray]:
    """All searches for a checkpoint."""
    return {f"{i}/{k}": v for i, s in enumerate(searches) for k, v in s.state().items()}


def restore_searches(obligations: Sequence[Obligation], state: State) -> list[ObligationSearch]:
    """The searches of ``obligations`` as a checkpoint has them."""
    return [
        ObligationSearch.restored(o, {k: state[f"{i}/{k}"] for k in ("tree", "plan")})
        for i, o in enumerate(obligations)
    ]
