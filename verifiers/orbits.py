"""Bounds and simulations of many steps of a closed loop: one program for all states on the way.

Bounds are guesses, in float64 with a margin where the native engine makes them; the checker makes
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.extension import Orbit, in_core
from certify.proofs.checker.language import Node
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import All, Atom
from certify.proofs.checker.symbols import allocate
from certify.verifiers import native

__all__ = ["Hulls", "OrbitBounds"]

_TOGETHER = 4096  # boxes
_DEGREE = 1
_STRIDE = 16  # steps that are simulated together
_MARGIN = 1e-10  # of the domain: what the checker, which rounds outward, may add to a bound

Floats = NDArray[np.float64]
Hulls = tuple[Floats, Floats]


class OrbitBounds:
    """Where trajectories of ``claim`` go, a discrete-time claim with a level."""

    def __init__(self, claim: Claim) -> None:
        self._orbit, self._states = Orbit(claim), claim.states
        self._core = All((in_core(claim),))
        ends = np.array([[float(end) for end in claim.box[x]] for x in claim.states])
        self.low, self.high = ends[:, 0], ends[:, 1]
        self._margin = (_MARGIN * (self.high - self.low))[:, None]

    def hulls(self, low: Floats, high: Floats, steps: int) -> Hulls:
        """Boxes that contain all states after 1, ..., ``steps`` steps from the boxes (n, k).

        The ends have the shape (steps, n, k).  They are NaN from where no bound is known or the
        domain is left.
        """
        shape = (steps, len(self._states), low.shape[1])
        ends = np.empty(shape), np.empty(shape)
        nodes = [self._orbit.after(i + 1)[x] for i in range(steps) for x in self._states]
        for first in range(0, low.shape[1], _TOGETHER):
            part = slice(first, first + _TOGETHER)
            box = self._orbit.box(low[:, part], high[:, part], steps)
            found = _ranges(_defined(nodes), self._orbit.names(steps), *box, _DEGREE)
            for end, values in zip(ends, found, strict=True):
                end[:, :, part] = values.reshape(steps, shape[1], -1)
        return self._within(ends[0] - self._margin, ends[1] + self._margin)

    def _within(self, low: Floats, high: Floats) -> Hulls:
        """Nothing from the first step on for which it is not known that the domain is not left."""
        inside = np.all((low >= self.low[:, None]) & (high <= self.high[:, None]), axis=1)
        gone = ~np.logical_and.accumulate(inside, axis=0)[:, None, :]
        return np.where(gone, np.nan, low), np.where(gone, np.nan, high)

    def in_core(self, low: Floats, high: Floats) -> NDArray[np.bool_]:
        """Whether ``V <= level`` on each of the boxes (n, k)."""
        result = np.zeros(low.shape[1], dtype=bool)
        for first in range(0, low.shape[1], _TOGETHER):
            part = slice(first, first + _TOGETHER)
            box = low[:, part], high[:, part]
            least = _ranges(self._core, self._states, *box, _DEGREE)[0][0]
            result[part] = least > 0
        return result

    def arrives(
        self, points: Floats, most: int, goal: Callable[[Floats], NDArray[np.bool_]]
    ) -> NDArray[np.bool_]:
        """Whether the points (n, k) are in the ``goal`` after at most ``most`` steps.

        Simulated, with parameters and disturbances in the middle; not those that leave the domain
        before.
        """
        result: NDArray[np.bool_] = goal(points)
        here = np.flatnonzero(~result)
        at = points[:, here]
        for _ in range(0, most, _STRIDE):
            if not len(here):
                break
            path = self._simulated(at, _STRIDE)
            inside = np.all((path >= self.low[:, None]) & (path <= self.high[:, None]), axis=1)
            inside = np.logical_and.accumulate(inside, axis=0)
            flat = path.transpose(1, 0, 2).reshape(len(self._states), -1)
            found = (goal(flat).reshape(inside.shape) & inside).any(axis=0)
            result[here[found]] = True
            go_on = ~found & inside[-1]
            here, at = here[go_on], path[-1][:, go_on]
        return result

    def _simulated(self, points: Floats, steps: int) -> Floats:
        """The states after 1, ..., ``steps`` steps, (steps, n, k)."""
        nodes = [self._orbit.after(i + 1)[x] for i in range(steps) for x in self._states]
        low, high = self._orbit.box(points, points, steps)
        middle = 0.5 * low + 0.5 * high
        low, high = _ranges(_defined(nodes), self._orbit.names(steps), middle, middle, 0)
        result: Floats = (0.5 * low + 0.5 * high).reshape(steps, len(self._states), -1)
        return result


def _defined(nodes: Sequence[Node]) -> All:
    return All(tuple(Atom("defined", e) for e in nodes))


def _ranges(formula: All, names: tuple[str, ...], low: Floats, high: Floats, degree: int) -> Hulls:
    """The ends (atoms, boxes) of the ranges of the atoms of an ``All`` on boxes (names, boxes)."""
    if native.available():
        program = native.ranges(formula, names, native.instruction_set())
        least, largest, _ = program.evaluate(low, high, degree, -1)
        return least.T, largest.T
    nodes = [part.node for part in formula.parts if isinstance(part, Atom)]
    block = Block(names, low, high, degree, allocate(nodes))
    found = [block.range(e) for e in nodes]
    return np.array([r.low for r in found]), np.array([r.high for r in found])
