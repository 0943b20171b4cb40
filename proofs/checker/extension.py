"""T-EXT-D: the core extended backwards, cell by cell.

Trajectories from a cell that is kept are followed for its hops, by the composed loop as one
expression, and must end in the core or in cells with earlier times.  Statement and proof:
``proofs/theory/T-EXT-D.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .calculus import substitute
from .claim import Claim
from .errors import Rejected
from .intervals import Array, Mask, above, below
from .language import Node, const, topological, var
from .loops import closed_loop
from .models import Block
from .obligations import Atom, proved
from .paving import Paving, cells_of, check_numbers, inner_ends, named
from .symbols import MOST_SYMBOLS, allocate

__all__ = ["Extension", "Orbit", "check_extension", "in_core", "span_of"]

_BATCH = 1024  # cells that are evaluated together, at most
_ROOM = 1 << 24  # coefficients that are held together
_Rows = NDArray[np.intp]


def check_extension(
    claim: Claim, paving: Paving, progress: Callable[[float], None] | None = None
) -> int:
    """The number of cells that ``paving`` keeps; raises Rejected unless it proves ``claim``."""
    extension = Extension(claim, paving)
    cells, kept = extension.cells, np.flatnonzero(extension.cells.kept)
    check_numbers(claim, cells)
    shown = extension.shown(kept, progress)
    if not shown.all():
        cell = named(claim, cells, int(kept[~shown][0]))
        raise Rejected(f"paving: {cell} is not proved")
    return len(kept)


def in_core(claim: Claim) -> Atom:
    """That a state of the domain is in the core."""
    return Atom(">=", const(claim.numbers["level"]) - claim.functions["lyapunov"])


def span_of(hops: int) -> int:
    """The number of steps, a power of two, among whose operations the symbols are shared out."""
    return int(1 << max(hops - 1, 0).bit_length())


class Orbit:
    """The states of ``claim`` after 0, 1, 2, ... steps, as expressions of the first.

    Parameters are the same in every step; the disturbance ``w`` of step ``i`` is ``_i_w``.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim, self._loop = claim, closed_loop(claim)
        self._states: list[dict[str, Node]] = [{x: var(x) for x in claim.states}]

    def after(self, steps: int) -> dict[str, Node]:
        """The states after ``steps`` steps."""
        while len(self._states) <= steps:
            number = len(self._states) - 1
            values = dict(self._states[-1])
            values |= {w: var(f"_{number}_{w}") for w in self._claim.disturbances}
            done: dict[Node, Node] = {}
            self._states.append({x: substitute(f, values, done) for x, f in self._loop.items()})
        return self._states[steps]

    def names(self, steps: int) -> tuple[str, ...]:
        """The variables of the states after ``steps`` steps, those of the domain first."""
        moved = [f"_{i}_{w}" for i in range(steps) for w in self._claim.disturbances]
        return (*self._claim.states, *self._claim.parameters, *moved)

    def box(self, low: Array, high: Array, steps: int) -> tuple[Array, Array]:
        """The ends (states, boxes) with rows for all other :meth:`names`, rounded outward."""
        claim = self._claim
        others = [*claim.parameters, *(claim.disturbances * steps)]
        ends = [(below(claim.box[x][0]), above(claim.box[x][1])) for x in others]
        rows = np.array(ends).reshape(len(ends), 2, 1) + np.zeros((1, 1, low.shape[1]))
        return np.concatenate([low, rows[:, 0]]), np.concatenate([high, rows[:, 1]])


class Extension:
    """The cells of ``paving`` over the domain of ``claim``, and which of them are proved."""

    def __init__(self, claim: Claim, paving: Paving) -> None:
        self.cells, self._inside = cells_of(claim, paving), inner_ends(claim)
        self._orbit, self._states = Orbit(claim), claim.states
        self._core = in_core(claim)
        self._core_roles = allocate([self._core.node])
        self._roles = cache(lambda span: allocate(self._images(span)))

    def shown(self, rows: _Rows, progress: Callable[[float], None] | None = None) -> Mask:
        """Which of the cells with the numbers ``rows``, which are kept, are proved."""
        result: Mask = np.zeros(len(rows), dtype=bool)
        spans = np.array([span_of(hops) for hops in self.cells.hops[rows].tolist()], dtype=np.int64)
        degree, done = self.cells.degree[rows], 0
        for rule, span in sorted(set(zip(degree.tolist(), spans.tolist(), strict=True))):
            group = np.flatnonzero((degree == rule) & (spans == span))
            size = self._together(rule, span)
            for first in range(0, len(group), size):
                part = group[first : first + size]
                result[part] = self._proved(rule, span, rows[part])
                done += len(part)
                if progress is not None:
                    progress(done / len(rows))
        return result

    def _proved(self, rule: int, span: int, rows: _Rows) -> Mask:
        """The same for cells of one degree and span."""
        hops, left = self.cells.hops[rows], self.cells.times[rows] - self.cells.hops[rows]
        low, high, inside = self._ends(rule, span, rows)
        result: Mask = np.zeros(len(rows), dtype=bool)
        here = np.flatnonzero(inside & (hops > 0))
        latest = self.cells.latest(low[:, here], high[:, here])
        result[here] = (latest >= 0) & (latest <= left[here])
        rest = np.flatnonzero(inside & ~result & (left >= 0))
        if len(rest):
            ends = low[:, rest], high[:, rest]
            result[rest] = proved(self._core, Block(self._states, *ends, rule, self._core_roles))
        return result

    def _ends(self, rule: int, span: int, rows: _Rows) -> tuple[Array, Array, Mask]:
        """The boxes (states, cells) that the cells reach after their hops, and whether all boxes
        on the way there are in the domain.
        """
        hops, low, high = self.cells.hops[rows], self.cells.low[:, rows], self.cells.high[:, rows]
        inside: Mask = np.ones(len(rows), dtype=bool)
        start = self._orbit.box(low, high, span)
        block = Block(self._orbit.names(span), *start, rule, self._roles(span))
        here = np.arange(len(rows))
        for i in range(1, int(hops.max()) + 1):
            going = np.flatnonzero(hops[here] >= i)
            if len(going) < len(here):
                block, here = block.take(going), here[going]
            reach = [block.range(self._orbit.after(i)[x]) for x in self._states]
            low[:, here], high[:, here] = [r.low for r in reach], [r.high for r in reach]
            # an end that is not a number is within nothing
            proper = (self._inside[0] <= low) & (low <= high) & (high <= self._inside[1])
            inside[here] &= np.all(proper, axis=0)[here]
        return low, high, inside

    def _images(self, span: int) -> list[Node]:
        return [e for i in range(1, span + 1) for e in self._orbit.after(i).values()]

    def _together(self, rule: int, span: int) -> int:
        """How many cells are evaluated at a time, by the coefficients of one at most."""
        size = len(self._orbit.names(span)) + MOST_SYMBOLS
        each = (1, 1 + size, 1 + size + size * (size + 1) // 2)[rule]
        nodes = topological([*self._images(span), self._core.node])
        return max(1, min(_BATCH, _ROOM // (each * sum(max(e.size, 1) for e in nodes))))
