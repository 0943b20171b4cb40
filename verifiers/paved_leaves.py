"""From the cells that a search has found to a paving as the checker reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.extension import Extension
from certify.proofs.checker.paving import NEVER, Cells, Paving
from certify.proofs.checker.tree import LEAF
from certify.verifiers.grid import Floats, Integers, Mask
from certify.verifiers.paving import FoundCells

__all__ = ["PavedLeaves"]

_DEGREE = 1


@dataclass
class PavedLeaves:
    """All leaves in the order of the tree, as :class:`FoundCells` has them."""

    path: Integers
    depth: Integers
    hops: Integers
    round: Integers
    ends: Floats

    @classmethod
    def in_order(cls, parts: Sequence[FoundCells]) -> PavedLeaves:
        """The leaves of all ``parts``."""
        path = np.concatenate([p.path for p in parts])
        depth = np.concatenate([np.full_like(p.path, p.depth) for p in parts])
        number = np.concatenate([np.full_like(p.path, p.round) for p in parts])
        path <<= depth.max() - depth
        order = np.argsort(path)
        hops = np.concatenate([p.hops for p in parts])[order]
        ends = np.concatenate([p.ends for p in parts], axis=2)[:, :, order]
        return cls(path[order], depth[order], hops, number[order], ends)

    def paving(self, claim: Claim, most: int) -> Paving:
        """The cells with the least times; not kept are those later than ``most``, or that depend
        on others that are not.
        """
        tree, kept = self._tree(len(claim.states)), self.round >= 0
        hops = np.where(kept, self.hops, 0).astype(np.uint8).tobytes()
        blank = np.full(len(kept), NEVER, dtype="<u2").tobytes()
        cells = Extension(claim, Paving(tree, hops, blank)).cells
        for number in range(int(self.round.max(initial=-1)) + 1):
            self._set_times(cells, np.flatnonzero(self.round == number), most)
        self.round[cells.times == NEVER] = -1
        return Paving(tree, hops, cells.times.astype("<u2").tobytes())

    def _set_times(self, cells: Cells, rows: Integers, most: int) -> None:
        low, high = self.ends[:, :, rows]
        after = np.zeros(len(rows), dtype=np.int64)
        passing: Mask = ~np.isnan(low).any(axis=0)
        after[passing] = cells.latest(low[:, passing], high[:, passing])
        after += self.hops[rows]
        cells.times[rows] = np.where(after <= most, after, NEVER)

    def _tree(self, states: int) -> bytes:
        """The splits, one axis after the other, and the leaves."""
        result, deepest = bytearray(), int(self.depth.max())
        before = None
        for path, depth in zip(self.path.tolist(), self.depth.tolist(), strict=True):
            first = 0 if before is None else deepest - (path ^ before).bit_length() + 1
            result += bytes(i % states for i in range(first, depth))
            result.append(LEAF + _DEGREE)
            before = path
        return bytes(result)
