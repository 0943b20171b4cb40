"""How likely the target is after one step from each leaf: bounds for a stated distribution.

Variables are independent, each uniform on the pieces of its interval with the probabilities given,
or on all of it.  The box of a leaf is cut by these pieces, so that what is left is uniform and each
halving halves its probability exactly.  Boxes that the checker's enclosures put into the target, or
out of it, count for the lower bound, or against the upper one; all others are halved while boxes
are left.  So the bounds hold without sampling, but they are in no certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product

import numpy as np

from certify.expression import substitute
from certify.proofs.checker.cases import Range, Ranges
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.images import Piece, pieces
from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.loops import stated_loop
from certify.verifiers.grid import Floats, Integers, Mask

__all__ = ["Chance", "Histogram", "chances"]

Histogram = Sequence[tuple[Fraction, Fraction, Fraction]]
"""Pieces ``(low, high, probability)`` of an interval, in order and without gaps."""

_DEGREE = 1


@dataclass
class Chance:
    """The inputs that reach a leaf, their probability, and bounds of that of the target there.

    ``lower`` and ``upper`` are for the step from the leaf, given that it is reached.
    """

    box: Ranges
    mass: Fraction
    lower: Fraction = Fraction(0)
    upper: Fraction = Fraction(1)


def chances(claim: Claim, given: Mapping[str, Histogram], boxes: int = 100_000) -> list[Chance]:
    """A :class:`Chance` for every leaf of the trees in the loop of ``claim``, of T-REACH-D.

    ``given`` are the distributions of some variables.  A state from which the next is not defined
    counts as one that misses the target.  About ``boxes`` boxes are bounded.
    """
    loop = stated_loop(claim)
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    goal = tuple(
        substitute(e, loop) for key, e in sorted(claim.functions.items()) if key[:7] == "target/"
    )
    found: list[Chance] = []
    whole = pieces(claim, goal)
    total = sum(len(piece.parts) for piece in whole)
    for piece in whole:
        search = _PieceSearch(names, claim, given, piece)
        search.run(boxes * len(piece.parts) // total)
        found += search.results()
    return found


class _PieceSearch:
    """The leaves of one piece; a root is a part of a leaf on which all inputs are uniform."""

    def __init__(
        self, names: Sequence[str], claim: Claim, given: Mapping[str, Histogram], piece: Piece
    ) -> None:
        self._names, self._piece = names, piece
        self._sides: list[list[tuple[Fraction, Fraction]]] = []
        self._leaf: list[int] = []
        self._share: list[Fraction] = []
        for leaf, part in enumerate(piece.parts):
            cuts = [_cut(part.box[x], claim.box[x], given.get(x)) for x in names]
            for choice in product(*cuts):
                self._sides.append([(low, high) for low, high, _ in choice])
                self._leaf.append(leaf)
                self._share.append(_product(mass for _, _, mass in choice))
        self._hit = [Fraction(0)] * len(self._sides)
        self._missed = [Fraction(0)] * len(self._sides)
        self._weights = self._influence()

    def run(self, boxes: int) -> None:
        """Halve what is undecided, while there are ``boxes`` left."""
        root = np.flatnonzero([share > 0 for share in self._share])
        levels: Integers = np.zeros((len(self._names), len(root)), dtype=np.int64)
        places = levels.copy()
        while len(root) and boxes >= len(root):
            boxes -= len(root)
            hit, missed = self._decided(root, levels, places)
            for known, counts in ((hit, self._hit), (missed, self._missed)):
                for i in np.flatnonzero(known).tolist():
                    counts[root[i]] += Fraction(1, 1 << int(levels[:, i].sum()))
            left = np.flatnonzero(~(hit | missed))
            root, levels, places = root[left], levels[:, left], places[:, left]
            axis = np.argmax(self._weights[:, root] * 0.5**levels, axis=0)
            columns = np.arange(len(root))
            levels[axis, columns] += 1
            places[axis, columns] *= 2
            upper = places.copy()
            upper[axis, columns] += 1
            root, levels = np.tile(root, 2), np.tile(levels, 2)
            places = np.concatenate([places, upper], axis=1)

    def results(self) -> Iterator[Chance]:
        """The leaves that can be reached, with what is known of them."""
        for leaf, part in enumerate(self._piece.parts):
            rows = [i for i, owner in enumerate(self._leaf) if owner == leaf]
            mass = sum((self._share[i] for i in rows), Fraction(0))
            if mass:
                hit = sum((self._share[i] * self._hit[i] for i in rows), Fraction(0))
                missed = sum((self._share[i] * self._missed[i] for i in rows), Fraction(0))
                yield Chance(part.box, mass, hit / mass, 1 - missed / mass)

    def _decided(self, root: Integers, levels: Integers, places: Integers) -> tuple[Mask, Mask]:
        """Which boxes are shown to go into the target, and which to miss it."""
        columns = list(zip(root.tolist(), levels.T.tolist(), places.T.tolist(), strict=True))
        ends = np.array([
            [_ends(*side, k, n) for side, k, n in zip(self._sides[r], level, place, strict=True)]
            for r, level, place in columns
        ])  # fmt: skip
        low, high = self._bounds(ends[:, :, 0].T, ends[:, :, 1].T, root)
        finite = np.all(np.isfinite(low) & np.isfinite(high), axis=0)
        return finite & np.all(high <= 0, axis=0), finite & np.any(low > 0, axis=0)

    def _bounds(self, low: Floats, high: Floats, root: Integers) -> tuple[Floats, Floats]:
        part = np.array(self._leaf)[root]
        found = self._piece.bounds(low, high, part, _DEGREE)
        return found[0], found[1]

    def _influence(self) -> Floats:
        """About how much the target's functions change across each side of each root."""
        count = len(self._sides)
        ends = np.array([[(float(a), float(b)) for a, b in sides] for sides in self._sides])
        ends = ends.reshape(count, -1, 2)
        middle, root = ends.mean(axis=2), np.arange(count)
        result = np.zeros((len(self._names), count))
        for i in range(len(self._names)):
            values = []
            for end in (0, 1):
                at = middle.copy()
                at[:, i] = ends[:, i, end]
                low, high = self._bounds(at.T.copy(), at.T.copy(), root)
                values.append(0.5 * low + 0.5 * high)
            change = np.abs(values[1] - values[0]).max(axis=0)
            moving = ends[:, i, 1] > ends[:, i, 0]
            result[i] = np.where(moving, np.nan_to_num(change) + 1e-9, 0.0)
        return result


def _cut(
    side: Range, whole: tuple[Fraction, Fraction], given: Histogram | None
) -> list[tuple[Fraction, Fraction, Fraction]]:
    """The parts of ``side`` on which the variable is uniform, with their probabilities."""
    if whole[0] == whole[1]:
        return [(*whole, Fraction(1))]
    found = []
    for low, high, mass in given or [(*whole, Fraction(1))]:
        a, b = max(low, side.low), min(high, side.high)
        if a < b:
            found.append((a, b, mass * (b - a) / (high - low)))
    return found


def _product(parts: Iterator[Fraction]) -> Fraction:
    result = Fraction(1)
    for part in parts:
        result *= part
    return result


@lru_cache(maxsize=1 << 18)
def _ends(low: Fraction, high: Fraction, level: int, place: int) -> tuple[float, float]:
    """The ends of one of ``2**level`` parts of an interval, rounded outward."""
    size = (high - low) / (1 << level)
    return below(low + place * size), above(low + (place + 1) * size)
