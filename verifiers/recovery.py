"""T-REACH-D: a grid over the domain, finer and finer, and which of its cells come back in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from certify.errors import UnsupportedError
from certify.outcome import OpenBox, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.images import Steps
from certify.proofs.checker.paving import NEVER, Paving, cells_of, inner_ends
from certify.proofs.checker.recovery import Recovery, holds, in_target, not_initial
from certify.proofs.checker.theorems import applicable
from certify.proofs.checker.tree import LEAF
from certify.verifiers.budget import Budget
from certify.verifiers.endings import BudgetSpentError
from certify.verifiers.grid import Floats, Grid, Integers, Mask
from certify.verifiers.interface import Options
from certify.verifiers.proof_run import NAME
from certify.verifiers.recovery_times import Arrivals, Touched, arrivals
from certify.verifiers.recovery_trials import simulated_failure

__all__ = ["recover"]

_COARSEST = 6  # halvings with which the search begins
_DEGREE = 1
_TOGETHER = 2048  # cells
_MOST_STEPS = NEVER - 1
_SHOWN = 20  # open boxes


def recover(claim: Claim, options: Options) -> Outcome:
    """Decide a claim of T-REACH-D, of which ``volume`` and ``steps`` are found where not given.

    With an initial set, or a volume, grids are made finer until that is proved; else all that the
    finest one shows is.
    """
    if options.largest_box:
        raise UnsupportedError(f"{NAME}: it does not look for the largest box of a recovery")
    return _RecoveryRun(claim, options).outcome()


class _Found(NamedTuple):
    """What a grid shows: a paving, with the claim that it proves, and the cells that fail."""

    claim: Claim
    paving: Paving
    boxes: tuple[Floats, Floats]  # of cells with initial states that are not kept
    kept: float  # of all cells


class _RecoveryRun:
    def __init__(self, claim: Claim, options: Options) -> None:
        every = {"steps": Fraction(_MOST_STEPS), "volume": Fraction(0), **claim.numbers}
        self._theorem = applicable(replace(claim, numbers=every))
        self._theorem.derive(claim, Fraction(0))
        self._claim, self._options, self._budget = claim, options, Budget(options)
        self._asked = "volume" in claim.numbers or any("initial" in f for f in claim.functions)

    def outcome(self) -> Outcome:
        """Try finer and finer grids, or but the finest where as much as possible is asked for."""
        failure = simulated_failure(self._claim, self._options.seed)
        if failure is not None:
            return self._open(None, Verdict.UNKNOWN, f"{failure}, so that this was not searched")
        finest, best = self._options.extend_depth, None
        verdict = Verdict.UNKNOWN
        try:
            for depth in range(min(_COARSEST, finest), finest + 2, 2) if self._asked else [finest]:
                search = _GridSearch(self._claim, min(depth, finest), self._options, self._budget)
                for found in search.run():
                    best = found
                    if self._is_enough(found):
                        return self._proved(found)
            if best is not None and not self._asked and best.kept:
                return self._proved(best)
        except BudgetSpentError:
            verdict = Verdict.TIMED_OUT
        return self._open(best, verdict)

    def _is_enough(self, found: _Found) -> bool:
        volume = self._claim.numbers.get("volume")
        if not self._asked:
            return found.kept == 1.0
        if found.boxes[0].shape[1]:
            return False
        return found.kept > 0 and (volume is None or volume <= found.claim.numbers["volume"])

    def _proved(self, found: _Found) -> Outcome:
        claim = replace(found.claim, numbers={**found.claim.numbers, **self._claim.numbers})
        proof = Proof(None, {}, {}, paving=found.paving)
        certificate = Certificate(claim, self._theorem.assumptions, "kernel", proof)
        return Outcome(
            Verdict.PROVED, claim, NAME, certificate=certificate, statistics=self._statistics()
        )

    def _open(
        self,
        best: _Found | None,
        verdict: Verdict,
        advice: str = "no cell was kept; allow more steps, or a larger depth",
    ) -> Outcome:
        boxes: tuple[OpenBox, ...] = ()
        if best is not None:
            boxes = tuple(
                OpenBox("paving", dict(zip(self._claim.states, ends, strict=True)))
                for ends in np.array(best.boxes)[:, :, :_SHOWN].T.tolist()
            )
        if best is not None and best.kept:
            numbers = best.claim.numbers
            advice = (
                f"a volume of {float(numbers['volume']):g} within {numbers['steps']} steps was "
                "proved; a larger depth shows more, and so do more steps at a time"
            )
        return Outcome(
            verdict, self._claim, NAME, open_boxes=boxes, advice=advice,
            statistics=self._statistics(),
        )  # fmt: skip

    def _statistics(self) -> dict[str, float]:
        spent = self._budget
        return {
            "boxes": spent.boxes,
            "leaves": 0,
            "seconds": spent.seconds(),
            "cpu_seconds": spent.cpu_seconds(),
        }


class _GridSearch:
    """The search on one grid, the domain halved ``depth`` times."""

    def __init__(self, claim: Claim, depth: int, options: Options, budget: Budget) -> None:
        self._claim, self._budget, self._most_hops = claim, budget, options.extend_steps
        self._depth = depth
        self._loop, self._domain = Steps(claim), inner_ends(claim)
        self._steps = min(int(claim.numbers.get("steps", _MOST_STEPS)), _MOST_STEPS)
        away = claim.numbers.get("away")
        self._away = None if away is None else min(int(away), _MOST_STEPS)
        empty = Paving(bytes([LEAF]), b"\0", b"\0\0")
        whole = cells_of(claim, empty)
        self._grid = Grid(whole.low[:, 0], whole.high[:, 0])
        for _ in range(depth):
            self._grid.halve(np.empty((len(claim.states), 0), dtype=np.int64))
        self._places = self._grid.places(np.arange(1 << depth))
        self._low, self._high = self._grid.boxes(self._places)
        self._target = holds(in_target(claim), claim.states, self._low, self._high, _DEGREE)
        self._left_out = holds(not_initial(claim), claim.states, self._low, self._high, _DEGREE)

    def run(self) -> Iterator[_Found]:
        """What is shown with more and more steps at a time."""
        low, high, hops = self._low, self._high, 0
        touched: dict[int, Touched] = {}
        while hops < self._most_hops:
            more = max(hops, 1)
            touched[hops + more], low, high = self._touched(low, high, more)
            hops += more
            yield self._checked(touched)
            if not np.isfinite(low).any():
                return

    def _touched(self, low: Floats, high: Floats, hops: int) -> tuple[Touched, Floats, Floats]:
        """What the boxes (states, cells) touch after ``hops`` more steps, and where they are."""
        parts, ends = [], np.full((2, *low.shape), np.nan)
        alive = np.flatnonzero(np.isfinite(low[0]))
        for first in range(0, len(alive), _TOGETHER):
            rows = alive[first : first + _TOGETHER]
            found, inside = self._loop.followed(
                low[:, rows], high[:, rows], hops, _DEGREE, self._domain
            )
            self._budget.spend(len(found.owner) * hops)
            self._budget.tell(f"follow {1 << self._depth} cells", first / len(alive))
            ends[:, :, rows[inside]] = np.array(found.around(len(rows)))[:, :, inside]
            here = inside[found.owner]
            places = self._grid.touched(found.low[:, here], found.high[:, here])
            parts.append(_distinct(rows[found.owner[here]], *places))
        if not parts:
            parts = [Touched(np.empty(0, dtype=np.int64), *np.empty((2, len(low), 0), np.int64))]
        owner, starts, stops = (np.concatenate(p, axis=-1) for p in zip(*parts, strict=True))
        return Touched(owner, starts, stops), ends[0], ends[1]

    def _checked(self, touched: dict[int, Touched]) -> _Found:
        """What the kernel accepts: cells that it does not are taken away, and all is done again."""
        shape = tuple(self._places.max(axis=1) + 1)
        banned: Mask = np.zeros(len(self._target), dtype=bool)
        while True:
            known = {h: _without(t, banned) for h, t in touched.items()}
            target = self._target & ~banned
            found = arrivals(target, self._places, shape, known, self._steps, self._away)
            paving = self._paving(found)
            recovery = Recovery(self._claim, paving)
            kept = np.flatnonzero(recovery.cells.kept)
            shown = recovery.shown(kept, lambda d: self._budget.tell("re-check every cell", d))
            if shown.all():
                break
            banned[kept[~shown]] = True
        left = np.flatnonzero(~recovery.cells.kept & ~self._left_out)
        box = {x: self._claim.box[x] for x in self._claim.states}
        latest = int(found.times[kept].max(initial=0))
        numbers = {"volume": recovery.cells.volume(box), "steps": Fraction(latest)}
        claim = replace(self._claim, numbers={**self._claim.numbers, **numbers})
        boxes = self._low[:, left], self._high[:, left]
        return _Found(claim, paving, boxes, float(np.mean(recovery.cells.kept)))

    def _paving(self, found: Arrivals) -> Paving:
        tree = bytes([LEAF + _DEGREE])
        for level in reversed(range(self._depth)):
            tree = bytes([level % len(self._low)]) + tree + tree
        hops = found.hops.astype(np.uint8).tobytes()
        return Paving(tree, hops, found.times.astype("<u2").tobytes())


def _distinct(owner: Integers, first: Integers, last: Integers) -> Touched:
    """The same without repetitions, in rising order."""
    rows = np.unique(np.concatenate([owner[None], first, last]), axis=1)
    return Touched(rows[0], rows[1 : 1 + len(first)], rows[1 + len(first) :])


def _without(touched: Touched, banned: Mask) -> Touched:
    """The same without the images of the cells ``banned``."""
    rows = np.flatnonzero(~banned[touched.owner])
    return Touched(touched.owner[rows], touched.first[:, rows], touched.last[:, rows])
