"""One tree grown by several workers: open boxes go out as jobs and come back as subtrees."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import Obligation
from certify.verifiers.budget import Budget
from certify.verifiers.endings import StuckError
from certify.verifiers.growth import Grown
from certify.verifiers.jobs import Job, Statement, perform
from certify.verifiers.points import Array
from certify.verifiers.python_engine import PythonEngine
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import OPEN, Piece, branches, grafted, pieces, regrown

if TYPE_CHECKING:
    from certify.verifiers.executors import Executor

__all__ = ["close_in_parallel"]

_JOBS_PER_SLOT = 16  # in a round, which waits for its last job
_JOBS_TOGETHER = 2  # of an engine that looks at many boxes at a time
_BOXES_PER_JOB, _FEWEST_BOXES = 1 << 15, 64
_SECONDS_PER_JOB = 1.0  # where engines or formulas are slow
_FIRST_SPREAD = 8  # boxes on each open box, doubled until there are enough to share
_MANY = 2048  # open leaves, which are not dealt out one by one
_SECONDS_BETWEEN_SAVES = 1.0

Suspect = Callable[[Obligation, Array], None]


def close_in_parallel(
    search: ObligationSearch,
    claim: Claim,
    radius: Fraction | None,
    executor: Executor,
    budget: Budget,
    save: Callable[[], None],
    suspect: Suspect,
) -> None:
    """Close every open box of ``search``, round by round; the tree is that of one worker."""
    if not search.is_open:
        return
    statement: Statement | None = None
    if not isinstance(search.engine(), PythonEngine):
        while search.tree.count(OPEN) > _MANY:
            statement = statement or Statement.of(search, claim, radius)
            _share_branches(search, statement, executor, budget, save, suspect)
    growing = _Growing(search, budget, save, suspect)
    while growing.open:
        if not budget.boxes_left():
            budget.spend(1)
        wanted = _JOBS_PER_SLOT * executor.slots
        growing.spread(wanted)
        if growing.open:
            statement = statement or Statement.of(search, claim, radius)
            growing.share(executor, statement)


def _share_branches(
    search: ObligationSearch, statement: Statement, executor: Executor, budget: Budget,
    save: Callable[[], None], suspect: Suspect,
) -> None:  # fmt: skip
    """One round of jobs on whole parts of a tree with many open leaves."""
    if not budget.boxes_left():
        budget.spend(1)
    tree, count = search.tree, _JOBS_PER_SLOT * executor.slots
    parts = branches(tree, search.low, search.high, count)
    parts = [b for b in parts if OPEN in tree[b.start : b.end]]
    each = min(_BOXES_PER_JOB, max(_FEWEST_BOXES, -(-budget.boxes_left() // len(parts))))
    ties = search.ties
    jobs = [
        Job(b.low[None], b.high[None], search.degrees, each, _SECONDS_PER_JOB, ties,
            (tree[b.start : b.end],))
        for b in parts
    ]  # fmt: skip
    done: dict[int, bytes] = {}
    try:
        for position, grown in executor.run(statement, search.engine(), jobs):
            done[position] = grown.trees[0]
            budget.tell(f"prove {search.obligation.name}", 0.0)
            if len(grown.suspects):
                suspect(search.obligation, search.points(grown.suspects))
            if grown.stuck:
                raise StuckError(search.obligation.name)
            budget.spend(grown.boxes)
    finally:
        rest, last = [], 0
        for i, b in enumerate(parts):
            rest += [tree[last : b.start], done.get(i, tree[b.start : b.end])]
            last = b.end
        search.tree = b"".join([*rest, tree[last:]])
    save()


class _Growing:
    """A search with the boxes of its open leaves at hand."""

    def __init__(
        self,
        search: ObligationSearch,
        budget: Budget,
        save: Callable[[], None],
        suspect: Suspect,
    ) -> None:
        self._search, self._budget, self._save, self._suspect = search, budget, save, suspect
        self._ties = search.ties
        self._together = isinstance(search.engine(), PythonEngine)
        self._wide = search.high > search.low
        self._width = (search.high - search.low)[self._wide]
        self.open = pieces(search.tree, search.low, search.high)
        self._before, self._subtrees = search.tree, dict[int, bytes]()
        self._phase, self._done = f"prove {search.obligation.name}", self._closed()

    def spread(self, wanted: int) -> None:
        """Grow every open box a little, here, until there are enough of them to share."""
        engine, boxes = self._search.engine(), _FIRST_SPREAD
        while 0 < len(self.open) < wanted:
            # depth first would keep few boxes open
            hands = [self.open] if self._together else [[piece] for piece in self.open]
            limit = wanted if self._together else boxes
            jobs = self._jobs(hands, min(limit, max(1, self._budget.boxes_left())))
            self._collect(hands, ((i, perform(engine, job)) for i, job in enumerate(jobs)))
            boxes = min(2 * boxes, _BOXES_PER_JOB)

    def share(self, executor: Executor, statement: Statement) -> None:
        """One round of jobs."""
        count = _JOBS_TOGETHER if self._together else _JOBS_PER_SLOT
        count = min(count * executor.slots, len(self.open))
        # every so many, as boxes that lie together are of the same difficulty
        hands = [self.open[k::count] for k in range(count)]
        each = max(_FEWEST_BOXES, -(-self._budget.boxes_left() // count))
        jobs = self._jobs(hands, min(_BOXES_PER_JOB, each))
        self._collect(hands, executor.run(statement, self._search.engine(), jobs))

    def _jobs(self, hands: Sequence[Sequence[Piece]], boxes: int) -> list[Job]:
        return [
            Job(
                low=np.array([piece.low for piece in hand]),
                high=np.array([piece.high for piece in hand]),
                degrees=self._search.degrees,
                boxes=boxes,
                seconds=_SECONDS_PER_JOB,
                ties=self._ties,
            )
            for hand in hands
        ]

    def _collect(
        self, hands: Sequence[Sequence[Piece]], results: Iterable[tuple[int, Grown]]
    ) -> None:
        """Put results in their places as they come; also if the search ends among them."""
        saved = time.monotonic()
        try:
            for position, grown in results:
                for piece, tree in zip(hands[position], grown.trees, strict=True):
                    self._subtrees[piece.position] = tree
                self._budget.tell(self._phase, self._done)
                self._note(grown)
                if time.monotonic() - saved > _SECONDS_BETWEEN_SAVES:
                    self._graft()
                    self._save()
                    saved = time.monotonic()
        finally:
            self._graft()
            self.open = regrown(self.open, self._subtrees)
            self._before, self._subtrees = self._search.tree, {}
        self._done = self._closed()
        self._budget.tell(self._phase, self._done)
        self._save()

    def _graft(self) -> None:
        self._search.tree = grafted(self._before, self._subtrees)

    def _closed(self) -> float:
        """The part of the volume that is closed."""
        shares = [np.prod((p.high - p.low)[self._wide] / self._width) for p in self.open]
        return min(max(0.0, 1.0 - float(sum(shares))), 1.0)

    def _note(self, found: Grown) -> None:
        if len(found.suspects):
            self._suspect(self._search.obligation, self._search.points(found.suspects))
        if found.stuck:
            raise StuckError(self._search.obligation.name)
        self._budget.spend(found.boxes)
