"""Branch and bound: the search of one obligation, and closing every box of some."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from certify.proofs.checker.coordinates import Coordinates, transformed
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.tree import LEAF
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import State
from certify.verifiers.endings import BudgetSpentError, StuckError
from certify.verifiers.engine import DEGREES, Engine, compiled
from certify.verifiers.growth import Growth
from certify.verifiers.points import Array
from certify.verifiers.trees import (
    OPEN,
    accepted_positions,
    certified,
    grafted,
    has_marks,
    mark_accepted,
    pieces,
    root_of,
    split_leaf,
)

__all__ = ["ObligationSearch", "close", "closes_within"]

_SLICE, _TIME, _NODE = 1 << 18, 0.3, 2e-6  # boxes, seconds of a slice, more for a node to read
_REOPENED = bytes(OPEN if b - LEAF in DEGREES else b for b in range(256))


class ObligationSearch:
    """The tree of one obligation, grown in coordinates of its own."""

    def __init__(
        self,
        obligation: Obligation,
        coordinates: Coordinates | None = None,
        degrees: tuple[int, ...] = DEGREES,
        symbols: int | None = None,
    ) -> None:
        self.obligation, self.coordinates = obligation, coordinates
        self.degrees, self.symbols = degrees, symbols
        self.tree = bytes([OPEN])
        self._engine: Engine | None = None
        self.low, self.high = root_of(obligation, coordinates)

    def restated(self, obligation: Obligation) -> ObligationSearch:
        """The same tree for another formula; the leaves closed so far must imply it."""
        search = self.restarted(obligation)
        search.tree = self.tree
        return search

    def restarted(self, obligation: Obligation) -> ObligationSearch:
        """A new tree, if it is for another obligation, of the same variables and searched so."""
        same = obligation == self.obligation
        plan = self.coordinates, self.degrees, self.symbols
        return self if same else ObligationSearch(obligation, *plan)

    def reopened(self, obligation: Obligation) -> ObligationSearch:
        """The splits of this tree for another formula or box, with every leaf to be shown anew."""
        search = self.restated(obligation)
        search.tree = certified(self.tree).translate(_REOPENED)
        return search

    def with_degrees(self, degrees: tuple[int, ...]) -> ObligationSearch:
        """A new tree for the same formula, which is compiled once for both."""
        self.engine()
        search = copy(self)
        search.degrees, search.tree = degrees, bytes([OPEN])
        return search

    def with_symbols(self, symbols: int | None) -> ObligationSearch:
        """A new tree for the same formula, whose models have so many symbols."""
        return ObligationSearch(self.obligation, self.coordinates, self.degrees, symbols)

    @property
    def is_open(self) -> bool:
        """Whether a box is left."""
        return OPEN in self.tree

    @property
    def ties(self) -> bool:
        """Whether limits that boxes attain exactly count: where the kernel has refused nothing.

        On slanted axes a limit seems to be attained by luck of the rounding alone.
        """
        return self.coordinates is None and not has_marks(self.tree)

    def engine(self) -> Engine:
        """The compiled formula."""
        if self._engine is None:
            root = self.low, self.high
            self._engine = compiled(self.obligation, self.coordinates, self.symbols, root)
        return self._engine

    @property
    def stated(self) -> Obligation:
        """The obligation over the variables of the tree."""
        o, map_ = self.obligation, self.coordinates
        return o if map_ is None else transformed(o, map_)

    def grow(self, boxes: int, seconds: float = np.inf) -> Growth:
        """Grow the tree by at most ``boxes`` boxes."""
        if not has_marks(self.tree):
            growth = self.engine().grow(
                self.low, self.high, self.tree, boxes, self.degrees, seconds, self.ties
            )
            self.tree = growth.tree
            return growth
        return self._grow_pieces(boxes, seconds)

    def _grow_pieces(self, boxes: int, seconds: float) -> Growth:
        """The same, leaving alone what the kernel has accepted."""
        subtrees, last = {}, None
        for piece in pieces(self.tree, self.low, self.high):
            if boxes <= 0:
                break
            last = self.engine().grow(
                piece.low, piece.high, bytes([OPEN]), boxes, self.degrees, seconds, ties=False
            )
            subtrees[piece.position] = last.tree
            boxes -= last.boxes
            if last.stuck or len(last.suspects):
                break
        assert last is not None
        self.tree = grafted(self.tree, subtrees)
        return replace(last, tree=self.tree)

    def points(self, there: Array) -> Array:
        """Points of the tree's variables (k, n) in those of the obligation."""
        if self.coordinates is None:
            return there
        matrix = np.array(self.coordinates.matrix, dtype=float)
        result: Array = there @ matrix.T + np.array(self.coordinates.centre, dtype=float)
        return result

    def inverse_points(self, here: Array) -> Array:
        """Points of the obligation (k, n) in the variables of the tree."""
        if self.coordinates is None:
            return here
        matrix = np.array(self.coordinates.matrix, dtype=float)
        centre = np.array(self.coordinates.centre, dtype=float)
        result: Array = np.linalg.solve(matrix, (here - centre).T).T
        return result

    def volume(self) -> float:
        """The inverse volume of the root box, in the variables of the obligation.

        Relative to that of its own box: how many boxes, halved so often, fill as much of it.
        """
        if self.coordinates is None:
            return 1.0
        widths = np.where(self.high > self.low, self.high - self.low, 1.0)
        sides = [float(high - low) or 1.0 for low, high in self.obligation.box.values()]
        stretch = abs(np.linalg.det(np.array(self.coordinates.matrix, dtype=float)))
        return float(np.prod(sides) / (np.prod(widths) * stretch))

    def leaves(self) -> int:
        """How many leaves are closed."""
        return sum(self.proof_tree().count(LEAF + degree) for degree in DEGREES)

    def rejected(self, positions: Sequence[int]) -> None:
        """The kernel accepts every leaf but those: cut them, and keep the rest as it is."""
        self.tree = mark_accepted(self.tree, positions)
        found = pieces(self.tree, self.low, self.high, frozenset(positions))
        halves = {p.position: split_leaf(p, self.high - self.low) for p in found}
        if not all(halves.values()):
            raise StuckError(self.obligation.name)
        self.tree = grafted(self.tree, halves)

    def known(self) -> frozenset[int]:
        """The positions of leaves that the kernel has accepted before."""
        return accepted_positions(self.tree)

    def proof_tree(self) -> bytes:
        """The tree as the certificate has it."""
        return certified(self.tree)

    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint holds."""
        map_ = None if self.coordinates is None else self.coordinates.to_json()
        plan = json.dumps([self.obligation.name, map_, self.degrees, self.symbols])
        return {"tree": np.frombuffer(self.tree, np.uint8), "plan": np.array(plan)}

    @classmethod
    def restored(cls, obligation: Obligation, state: State) -> ObligationSearch:
        """Continue from a checkpoint.

        What a file says that the kernel has accepted it is asked again.
        """
        _, map_, degrees, symbols = json.loads(str(state["plan"]))
        coordinates = None if map_ is None else Coordinates.from_json(map_)
        search = cls(obligation, coordinates, tuple(degrees), symbols)
        search.tree = certified(state["tree"].tobytes())
        return search


def close(
    searches: Sequence[ObligationSearch],
    budget: Budget,
    save: Callable[[], None] = lambda: None,
    suspect: Callable[[Obligation, Array], None] = lambda _, __: None,
) -> None:
    """Close every open box of ``searches``; depth-first, so that memory stays small.

    ``suspect`` is told centres of boxes at which the formula looks false.
    """
    for search in searches:
        while search.is_open:
            growth = search.grow(min(_SLICE, budget.boxes_left()), _TIME + _NODE * len(search.tree))
            budget.spend(growth.boxes)
            if len(growth.suspects):
                suspect(search.obligation, search.points(growth.suspects))
            if growth.stuck:
                raise StuckError(search.obligation.name)
            if search.is_open and not budget.boxes_left():
                budget.spend(1)
            budget.tell(f"prove {search.obligation.name}", growth.closed)
            save()


def closes_within(
    searches: Sequence[ObligationSearch],
    budget: Budget,
    boxes: int,
    save: Callable[[], None] = lambda: None,
    suspect: Callable[[Obligation, Array], None] = lambda _, __: None,
) -> bool:
    """Whether :func:`close` succeeds with at most ``boxes`` of the ``budget``."""
    part = budget.part(boxes)
    try:
        close(searches, part, save, suspect)
    except (BudgetSpentError, StuckError):
        return False
    finally:
        budget.spend(min(part.boxes, boxes))
    return True
