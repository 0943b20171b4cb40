"""Branch and bound: close every box of some obligations, or find the level that allows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from certify.expression import Node
from certify.proofs.checker.obligations import Any, Formula, Obligation
from certify.proofs.checker.tree import LEAF
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import State
from certify.verifiers.endings import BudgetSpentError, StuckError, UnprovedError
from certify.verifiers.formulas import blame, margin, prove
from certify.verifiers.ranges import Array
from certify.verifiers.taylor import Block
from certify.verifiers.tree import GrowingTree, OpenBoxes

__all__ = [
    "ObligationSearch",
    "close",
    "closes_within",
    "raise_level",
    "restore_searches",
    "search_state",
]

_BATCH = 2048


class ObligationSearch:
    """The tree of one obligation and its open boxes."""

    def __init__(self, obligation: Obligation) -> None:
        self.obligation = obligation
        self.tree = GrowingTree(obligation)
        self.open = self.tree.root()
        self._accepted = np.zeros(0, dtype=bool)  # by node: leaves that the kernel proved

    def restate(self, obligation: Obligation) -> None:
        """The same box under another formula; leaves closed so far must imply it."""
        self.obligation = self.tree.obligation = obligation

    def pop(self, rows: np.ndarray) -> OpenBoxes:
        """Take the open boxes ``rows`` out."""
        taken = self.open.take(rows)
        rest = np.ones(len(self.open), dtype=bool)
        rest[rows] = False
        self.open = self.open.take(np.flatnonzero(rest))
        return taken

    def attempt(self, formula: Formula, boxes: OpenBoxes) -> tuple[OpenBoxes, Block]:
        """Close what degree 0 or 1 proves; the rest with its degree 1 block."""
        names = self.tree.names
        for degree in (0, 1):
            block = Block(names, *self.tree.bounds(boxes), degree)
            proved = prove(formula, block)
            self.tree.close(boxes.take(np.flatnonzero(proved)), degree)
            rows = np.flatnonzero(~proved)
            boxes, block = boxes.take(rows), block.take(rows)
            if not len(rows):
                break
        return boxes, block

    def divide(self, formula: Formula, boxes: OpenBoxes, block: Block) -> None:
        """Split ``boxes`` where their bounds suggest, and keep the halves open."""
        if self.tree.exhausted(boxes).any():
            raise StuckError(self.obligation.name)
        self.open = self.open + self.tree.split(boxes, blame(formula, block)[1])

    def accepted_positions(self, order: np.ndarray) -> frozenset[int]:
        """The positions in the preorder ``order`` of leaves that the kernel proved before."""
        known = np.zeros(len(self.tree.rule), dtype=bool)
        known[: len(self._accepted)] = self._accepted
        return frozenset(np.flatnonzero(known[order]).tolist())

    def accept_leaves(self, except_for: set[int]) -> None:
        """Remember that the kernel proved every leaf of the tree but those."""
        self._accepted = self.tree.rule >= LEAF
        self._accepted[list(except_for)] = False

    def refine(self, nodes: set[int]) -> None:
        """Take the leaves ``nodes`` back and split them along their widest variables."""
        boxes = self.tree.boxes_of(nodes)
        self.tree.reopen(boxes)
        if self.tree.exhausted(boxes).any():
            raise StuckError(self.obligation.name)
        self.open = self.open + self.tree.split(boxes, np.ldexp(1.0, -boxes.level))

    def state(self, prefix: str) -> dict[str, np.ndarray]:
        """What a checkpoint holds."""
        parts = {**self.tree.state(), "node": self.open.node, "corner": self.open.corner,
                 "level": self.open.level, "key": self.open.key}  # fmt: skip
        return {f"{prefix}{name}": array for name, array in parts.items()}

    def restore(self, state: State, prefix: str) -> None:
        """Continue from a checkpoint."""
        part = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
        self.tree.restore(part)
        self.open = OpenBoxes(part["node"], part["corner"], part["level"], part["key"])


def close(
    searches: Sequence[ObligationSearch],
    budget: Budget,
    save: Callable[[], None] = lambda: None,
    suspect: Callable[[Obligation, Array], None] = lambda _, __: None,
) -> None:
    """Close every open box of ``searches``; depth-first, so that memory stays small.

    ``suspect`` is told the centres of open boxes at which the formula looks false.
    """
    for search in searches:
        formula = search.obligation.formula
        while len(search.open):
            count = len(search.open)
            budget.spend(min(count, _BATCH))
            boxes = search.pop(np.arange(max(0, count - _BATCH), count))
            rest, block = search.attempt(formula, boxes)
            if len(rest):
                suspect(search.obligation, _false_centres(search, formula, rest))
                search.divide(formula, rest, block)
            budget.tell(f"prove {search.obligation.name}", _volume_closed(search))
            save()


def _false_centres(search: ObligationSearch, formula: Formula, boxes: OpenBoxes) -> Array:
    low, high = search.tree.bounds(boxes)
    middle: Array = (low + high) / 2
    return middle[margin(formula, Block(search.tree.names, middle, middle, 0)) <= 0]


def closes_within(searches: Sequence[ObligationSearch], budget: Budget, boxes: int) -> bool:
    """Whether :func:`close` succeeds with at most ``boxes`` of the ``budget``."""
    part = budget.part(boxes)
    try:
        close(searches, part)
    except (BudgetSpentError, StuckError):
        return False
    finally:
        budget.spend(part.boxes)
    return True


def _volume_closed(search: ObligationSearch) -> float:
    return float(1 - np.ldexp(1.0, -search.open.level.sum(axis=1, dtype=int)).sum())


def raise_level(
    searches: Sequence[ObligationSearch],
    v: Node,
    ceiling: float,
    budget: Budget,
    refuted: Callable[[Mapping[str, Fraction]], bool],
    save: Callable[[float, float], None] = lambda _, __: None,
    highest: float = 0.0,
    tolerance: float = 1e-3,
) -> tuple[float, float]:
    """The largest level whose obligations look provable, best first in the value of V.

    Every obligation of ``searches`` has the form ``V > level or body``.  Boxes whose body is
    proved become leaves; of the others the one with the least V limits the level.  Points
    where ``refuted`` confirms that the body is false lower ``ceiling``.  Returns the level
    and the final ceiling; the open boxes are left for :func:`close`.  If no box limits the
    level the whole domain is in the set, and the level is an upper bound of V, of which
    ``highest`` is what is known so far.  ``save`` is told ceiling and highest.
    """
    while True:
        if not ceiling > 0:
            raise UnprovedError("V is not positive at a point where the conditions fail")
        active = [s for s in searches if len(s.open) and s.open.key.min() < ceiling]
        floor = min((float(s.open.key.min()) for s in active), default=ceiling)
        if floor >= (1 - tolerance) * ceiling:
            break
        search = min(active, key=lambda s: float(s.open.key.min()))
        size = min(_BATCH, int((search.open.key < ceiling).sum()))
        budget.spend(size)
        boxes = search.pop(np.argpartition(search.open.key, size - 1)[:size])
        body = _body(search.obligation)
        boxes, highest = _with_values(search, boxes, v, highest)
        above = boxes.key >= ceiling
        search.open = search.open + boxes.take(np.flatnonzero(above))
        boxes = boxes.take(np.flatnonzero(~above))
        rest, block = search.attempt(body, boxes) if len(boxes) else (boxes, None)
        if block is not None and len(rest):
            ceiling = min(ceiling, _lowest_violation(search, body, rest, v, ceiling, refuted))
            search.divide(body, rest, block)
        budget.tell("largest level", min(1.0, floor / ceiling) if np.isfinite(ceiling) else 0.0)
        save(ceiling, highest)
    if np.isinf(floor):
        return highest, ceiling
    return floor, ceiling


def _body(obligation: Obligation) -> Formula:
    """``V > level or body`` without its guard."""
    assert isinstance(obligation.formula, Any)
    return obligation.formula.parts[1]


def _with_values(
    search: ObligationSearch, boxes: OpenBoxes, v: Node, highest: float
) -> tuple[OpenBoxes, float]:
    """``boxes`` keyed by their least value of V, and the largest value seen anywhere."""
    model = Block(search.tree.names, *search.tree.bounds(boxes), 1).model(v)
    boxes.key = np.fmax(boxes.key, model.low[:, 0])
    return boxes, float(np.nanmax(model.high, initial=highest))


def _lowest_violation(
    search: ObligationSearch,
    body: Formula,
    boxes: OpenBoxes,
    v: Node,
    ceiling: float,
    refuted: Callable[[Mapping[str, Fraction]], bool],
) -> float:
    """The least V at a box centre where the body is false, confirmed rigorously."""
    low, high = search.tree.bounds(boxes)
    middle: Array = (low + high) / 2
    points = Block(search.tree.names, middle, middle, 0)
    values = np.where(margin(body, points) <= 0, points.model(v).c[:, 0], np.inf)
    best = int(values.argmin())
    if not values[best] < (1 - 1e-4) * ceiling:
        return ceiling
    point = {x: Fraction(float(p)) for x, p in zip(search.tree.names, middle[best], strict=True)}
    return float(values[best]) if refuted(point) else ceiling


def search_state(searches: Sequence[ObligationSearch]) -> dict[str, np.ndarray]:
    """All searches for a checkpoint."""
    state: dict[str, np.ndarray] = {}
    for i, search in enumerate(searches):
        state |= search.state(f"{i}/")
    return state


def restore_searches(searches: Sequence[ObligationSearch], state: State) -> None:
    """Put a checkpoint's state back."""
    for i, search in enumerate(searches):
        search.restore(state, f"{i}/")
