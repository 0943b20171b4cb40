"""The closed loop of a problem as one to extract trees from: its controller is the teacher."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.controllers.tree_extraction import Decisions, Labels
from certify.decision_tree import DecisionTree
from certify.errors import UnsupportedError
from certify.expression import Node, substitute
from certify.expression.evaluate import Program
from certify.problem import Problem

__all__ = ["PlantLoop"]

Floats: TypeAlias = npt.NDArray[np.float64]


class PlantLoop:
    """Runs of a discrete-time problem from ``starts`` states of the domain, ``steps`` steps each.

    Disturbances and uncertain parameters are drawn anew at every step, and states beyond the
    domain left out.  A tree may decide any number.  Where a Lyapunov function V is known a state
    ``x`` weighs ``max V(f(x, u)) - min V(f(x, u))``, with each input at the least and at the
    largest that the teacher takes.  What a tree costs is its mean squared distance from the teacher
    where it leads itself, each input in spans of the teacher's.

    Raises ``UnsupportedError`` for continuous time and for a problem without a controller.
    """

    def __init__(
        self,
        problem: Problem,
        lyapunov: Node | None = None,
        *,
        starts: int = 64,
        steps: int = 60,
        seed: int = 0,
    ) -> None:
        system = problem.system
        if system.time != "discrete":
            raise UnsupportedError("a tree is extracted from a loop in discrete time")
        if not problem.controller or set(system.dynamics) != set(system.states):
            raise UnsupportedError("a tree is extracted from a loop with dynamics and a controller")
        self._names, self._inputs = system.states, tuple(problem.controller)
        free = {**system.parameters, **{w: problem.domain[w] for w in system.disturbances}}
        self._free = {x: (float(a), float(b)) for x, (a, b) in free.items()}
        box = np.array([[float(v) for v in problem.domain[x]] for x in system.states])
        self._low, self._high, self._count, self._seed = box[:, 0], box[:, 1], steps, seed
        rng = np.random.default_rng(seed)
        self._starts = rng.uniform(self._low, self._high, (starts, len(box)))
        self._teacher = Program([problem.controller[u] for u in self._inputs])
        after = [system.dynamics[x] for x in system.states]
        self._next = Program(after)
        self._value = None
        if lyapunov is not None:
            self._value = Program(
                [substitute(lyapunov, dict(zip(self._names, after, strict=True)))]
            )
        self._past = self._walked(None)
        taken = self._decided(self._past)
        self._least, self._largest = taken.min(axis=0), taken.max(axis=0)

    @property
    def decisions(self) -> Decisions | None:
        """Any number."""
        return None

    def history(self) -> Floats:
        """Where the teacher goes."""
        return self._past

    def spread(self) -> Floats:
        """The deviation of each state there."""
        return np.asarray(self._past.std(axis=0), dtype=np.float64)

    def features(self, states: Floats) -> Floats:
        """All states."""
        return states

    def labels(self, states: Floats) -> Labels:
        """What the teacher decides."""
        return Labels(self._decided(states), self._weights(states))

    def run(self, tree: DecisionTree) -> tuple[Floats, float]:
        """Where ``tree`` goes, and how far it is from the teacher there."""
        states = self._walked(tree)
        span = np.maximum(self._largest - self._least, 1e-12)
        gaps = (tree.predict(states) - self._decided(states)) / span
        return states, float(np.mean(gaps**2))

    def _walked(self, tree: DecisionTree | None) -> Floats:
        rng, states, seen = np.random.default_rng(self._seed + 1), self._starts, []
        for _ in range(self._count):
            seen.append(states)
            chosen = self._decided(states) if tree is None else tree.predict(states)
            after = self._next(self._values(states, chosen, self._drawn(rng, len(states))))
            states = np.stack(after, axis=1)
            inside = ((self._low <= states) & (states <= self._high)).all(axis=1)
            states = states[inside]
            if not len(states):
                break
        return np.concatenate(seen)

    def _drawn(self, rng: np.random.Generator, count: int) -> dict[str, Floats]:
        return {x: rng.uniform(low, high, count) for x, (low, high) in self._free.items()}

    def _values(self, states: Floats, chosen: Floats, free: dict[str, Floats]) -> dict[str, Floats]:
        known = dict(zip(self._names, states.T, strict=True))
        return {**known, **dict(zip(self._inputs, chosen.T, strict=True)), **free}

    def _decided(self, states: Floats) -> Floats:
        values = dict(zip(self._names, states.T, strict=True))
        return np.stack(self._teacher(values), axis=1)

    def _weights(self, states: Floats) -> Floats:
        if self._value is None:
            return np.ones(len(states))
        middle = {x: np.full(len(states), (a + b) / 2) for x, (a, b) in self._free.items()}
        wanted, found = self._decided(states), []
        for k in range(len(self._inputs)):
            for end in (self._least[k], self._largest[k]):
                chosen = wanted.copy()
                chosen[:, k] = end
                found.append(self._value(self._values(states, chosen, middle))[0])
        return np.asarray(np.max(found, axis=0) - np.min(found, axis=0), dtype=np.float64)
