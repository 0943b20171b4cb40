"""The boxes that a short search leaves open: what a training against bounds works on.

The box of the states is halved in waves, every open box once, until so many have been bounded.
Boxes on which the condition looks false at the centre are left out: no bound can mend them.
Nothing here is evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import atoms
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.verifiers.blame import blame
from certify.verifiers.points import Array
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import OPEN, Piece, pieces

__all__ = ["HardBoxes", "hard_boxes"]

_RADIUS = Fraction(1, 64)  # what is nearer to the equilibrium is for the rays
_DEGREES = (0, 1)
_BLOCK = 512


@dataclass(frozen=True, eq=False)
class HardBoxes:
    """Boxes with corners ``low`` and ``high`` (k, variables), the worst first.

    ``names`` has the variables: states, parameters and disturbances.  ``bound`` (k,) is the bound
    that keeps a box open, relative to the width of its range: near 0 it is nearly proved.
    """

    names: tuple[str, ...]
    low: Array
    high: Array
    bound: Array


def hard_boxes(claim: Claim, boxes: int) -> HardBoxes:
    """Those that are open after at most so many ``boxes``; ``claim`` has a level."""
    radius = _RADIUS if THEOREMS[claim.theorem].has_radius else None
    descent = next(o for o in obligations(claim, radius) if o.name == "descent")
    search = ObligationSearch(descent, None, _DEGREES)
    waiting, spent = [Piece(0, search.low, search.high)], 0
    while waiting and spent + len(waiting) <= boxes:
        spent += len(waiting)
        waiting = [half for piece in waiting for half in _halves(search, piece)]
    names = tuple(descent.box)
    shape = (len(waiting), len(names))
    low, high = (np.array([p[k] for p in waiting]).reshape(shape) for k in (1, 2))
    nodes = [a.node for a in atoms(descent.formula)]
    roles, bounds = allocate(nodes), [np.zeros(0)]
    for first in range(0, len(waiting), _BLOCK):
        rows = slice(first, first + _BLOCK)
        block = Block(names, low[rows].T, high[rows].T, max(_DEGREES), roles)
        bounds.append(blame(descent.formula, block, np.ones((len(block), len(names))))[0])
    bound = np.concatenate(bounds)
    worst = np.argsort(bound, kind="stable")
    worst = worst[bound[worst] < np.inf]  # of the last halves some are proved
    return HardBoxes(names, low[worst], high[worst], bound[worst])


def _halves(search: ObligationSearch, piece: Piece) -> list[Piece]:
    """What one look leaves open of a box, in parts; nothing if it is false at its centre."""
    tree = bytes([OPEN])
    grown = search.engine().grow(piece.low, piece.high, tree, 1, _DEGREES, np.inf)
    return [] if len(grown.suspects) else pieces(grown.tree, piece.low, piece.high)
