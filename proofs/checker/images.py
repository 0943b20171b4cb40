"""Where one step takes boxes of states, leaf by leaf of the trees that decide in the loop.

On a box that holds both sides of a threshold a tree is known to be in the hull of its leaves.  So
each box is cut along the thresholds first (``cases.py``), and what a tree decides on a part is a
variable with one value, so that all parts of all boxes are bounded by one expression at a time.
Proof: ``proofs/theory/T-REACH-D.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .cases import Range, Ranges, affine_form, choices, with_choices
from .claim import Claim
from .differences import rewritten
from .intervals import Array, Mask, above, below
from .language import Node, var
from .loops import stated_loop
from .models import Block
from .symbols import Roles, allocate

__all__ = ["Images", "Part", "Piece", "Steps", "pieces"]

_Rows = NDArray[np.intp]
_PAIRS = 4096  # boxes that are evaluated together, at most
_ROOM = 1 << 24  # coefficients that are held together


class Images(NamedTuple):
    """Boxes with the corners ``low`` and ``high`` (states, images); ``owner`` (images,) says of
    which box each is one, in rising order.  A box has at least one if it has a point.
    """

    owner: _Rows
    low: Array
    high: Array

    def around(self, boxes: int) -> tuple[Array, Array]:
        """The corners (states, boxes) of the smallest box around the images of each, or NaN."""
        low, high = np.full((2, len(self.low), boxes), np.nan)
        there, first = np.unique(self.owner, return_index=True)
        if len(there):
            low[:, there] = np.minimum.reduceat(self.low, first, axis=1)
            high[:, there] = np.maximum.reduceat(self.high, first, axis=1)
        return low, high


class Steps:
    """The steps of the closed loop of ``claim``, a discrete-time claim."""

    def __init__(self, claim: Claim) -> None:
        self._pieces = pieces(claim, tuple(stated_loop(claim).values()))

    def images(self, low: Array, high: Array, degree: int) -> Images:
        """Boxes that contain all states after a step from the boxes (states, k), for all
        parameters and disturbances.  An end that is not a number says that nothing is known.
        """
        found = [piece.images(low, high, degree) for piece in self._pieces]
        owner = np.concatenate([f.owner for f in found])
        order = np.argsort(owner, kind="stable")
        ends = [np.concatenate([f[i] for f in found], axis=1)[:, order] for i in (1, 2)]
        return Images(owner[order], *ends)

    def followed(
        self, low: Array, high: Array, hops: int, degree: int, domain: tuple[Array, Array]
    ) -> tuple[Images, Mask]:
        """The :meth:`images` after ``hops`` steps, one at least, from the boxes, and for which of
        them all on the way are within ``domain``, its ends (states, 1).

        After each step but the last a box goes on as the smallest around all its images.
        """
        inside: Mask = np.ones(low.shape[1], dtype=bool)
        while True:
            found = self.images(low, high, degree)
            # an end that is not a number is within nothing
            proper = (
                (domain[0] <= found.low) & (found.low <= found.high) & (found.high <= domain[1])
            )
            inside[found.owner[~np.all(proper, axis=0)]] = False
            inside &= np.isin(np.arange(len(inside)), found.owner)
            hops -= 1
            if hops <= 0:
                return found, inside
            low, high = found.around(len(inside))
            low[:, ~inside], high[:, ~inside] = np.nan, np.nan


class Part(NamedTuple):
    """A part of the domain, and the numbers of the leaves there, by the names of new variables."""

    box: Ranges
    values: dict[str, Fraction]


def pieces(claim: Claim, nodes: tuple[Node, ...]) -> list[Piece]:
    """``nodes`` over the domain of ``claim``, leaf by leaf of the trees of ``select`` in them."""
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    trees, parts = choices(nodes, {x: Range(*claim.box[x]) for x in names})
    forms = [_Form(i, [leaves[i] for leaves, _ in parts]) for i in range(len(trees))]
    grouped: dict[tuple[Node, ...], list[Part]] = defaultdict(list)
    for leaves, part in parts:
        chosen = [form.of(leaf) for form, leaf in zip(forms, leaves, strict=True)]
        values = {name: v for _, known in chosen for name, v in known.items()}
        grouped[tuple(node for node, _ in chosen)].append(Part(part, values))
    return [
        Piece(len(claim.states), names, nodes, dict(zip(trees, key, strict=True)), found)
        for key, found in grouped.items()
    ]


class _Form:
    """Tree ``i``, whose ``leaves`` are ``_i + sum of _i_x x`` with numbers for ``_i`` and ``_i_x``.

    Only leaves that are plainly affine are; others are as they are.
    """

    def __init__(self, i: int, leaves: Iterable[Node]) -> None:
        forms = [form for leaf in leaves if (form := affine_form(leaf)) is not None]
        self._constant = f"_{i}"
        self._slopes = {x: f"_{i}_{x}" for form in forms for x in form.slopes}
        terms = [var(name) * var(x) for x, name in sorted(self._slopes.items())]
        self._node = sum(terms, var(self._constant))

    def of(self, leaf: Node) -> tuple[Node, dict[str, Fraction]]:
        """An expression for ``leaf``, and the values of the variables in it that are new."""
        form = affine_form(leaf)
        if form is None:
            return leaf, {}
        slopes = {name: form.slopes.get(x, Fraction(0)) for x, name in self._slopes.items()}
        return self._node, {self._constant: form.constant, **slopes}


class Piece:
    """The ``parts`` of the domain on which ``nodes`` are the same but for numbers."""

    def __init__(
        self,
        states: int,
        names: tuple[str, ...],
        nodes: Sequence[Node],
        key: Mapping[Node, Node],
        parts: Sequence[Part],
    ) -> None:
        self.parts, self._states = parts, states
        self._nodes = [rewritten(with_choices(f, key)) for f in nodes]
        self._names = (*names, *parts[0].values)
        self._roles: Roles = allocate(self._nodes)
        rows = [
            [*(part.box[x] for x in names), *(Range(v, v) for v in part.values.values())]
            for part in parts
        ]
        self._low = np.array([[below(r.low) for r in row] for row in rows]).T
        self._high = np.array([[above(r.high) for r in row] for row in rows]).T
        # an end that is left out, and is what its binary64 is, is in no box that ends there
        sides = [row[:states] for row in rows]
        self._open_low = np.array([[_left_out(r.open_low, r.low) for r in row] for row in sides]).T
        self._open_high = np.array(
            [[_left_out(r.open_high, r.high) for r in row] for row in sides]
        ).T

    def bounds(self, low: Array, high: Array, part: _Rows, degree: int) -> Array:
        """The ends (2, nodes, k) of the nodes on boxes (n, k) within the parts of these numbers.

        ``low`` and ``high`` bound the first ``n`` variables; others have all of the part.
        """
        ends = np.empty((2, len(self._nodes), len(part)))
        size = self._together(degree)
        for first in range(0, len(part), size):
            here = slice(first, first + size)
            a, b = self._low[:, part[here]], self._high[:, part[here]]
            a[: len(low)] = np.maximum(a[: len(low)], low[:, here])
            b[: len(low)] = np.minimum(b[: len(low)], high[:, here])
            block = Block(self._names, a, b, degree, self._roles)
            reach = [block.range(f) for f in self._nodes]
            ends[:, :, here] = [[r.low for r in reach], [r.high for r in reach]]
        return ends

    def images(self, low: Array, high: Array, degree: int) -> Images:
        """As :meth:`Steps.images`, of the parts of the boxes that are in this piece."""
        box, part = np.nonzero(self._meets(low, high))
        ends = self.bounds(low[:, box], high[:, box], part, degree)
        return Images(box, ends[0], ends[1])

    def _meets(self, low: Array, high: Array) -> Mask:
        """Whether box ``i`` has a point of part ``j``, or may have one: (boxes, parts)."""
        result: Mask = np.ones((low.shape[1], self._low.shape[1]), dtype=bool)
        for i in range(self._states):
            a, b = low[i][:, None], high[i][:, None]
            least, largest = self._low[i], self._high[i]
            result &= (b > least) | ((b == least) & ~self._open_low[i])
            result &= (a < largest) | ((a == largest) & ~self._open_high[i])
        return result

    def _together(self, degree: int) -> int:
        each = self._roles.coefficients(self._nodes, len(self._names), degree) + 1
        return max(1, min(_PAIRS, _ROOM // each))


def _left_out(is_open: bool, end: Fraction) -> bool:
    return is_open and below(end) == above(end)
