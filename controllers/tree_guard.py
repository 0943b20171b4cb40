"""Whether decisions take boxes into a target, by the enclosures of the checker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.controllers.tree_setting import Decision
from certify.expression import Node, const, substitute, var
from certify.proofs.checker.cases import Range, with_choices
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.differences import rewritten
from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.loops import stated_loop
from certify.proofs.checker.models import Block
from certify.proofs.checker.symbols import allocate

__all__ = ["Guard"]

Floats: TypeAlias = npt.NDArray[np.float64]
_DEGREE = 1


class Guard:
    """The loop of ``claim``, of T-REACH-D, in which ``outputs`` are those of a decision tree.

    The tree reads ``features``, states and disturbances of the claim.
    """

    def __init__(self, claim: Claim, outputs: Sequence[Node], features: Sequence[str]) -> None:
        loop = stated_loop(claim)
        target = [e for key, e in sorted(claim.functions.items()) if key.split("/")[0] == "target"]
        goals = [substitute(e, loop) for e in target]
        for x, after in loop.items():
            low, high = claim.box[x]
            goals += [const(low) - after, after - const(high)]
        decided = {e: var(f"_decision{k}") for k, e in enumerate(outputs)}
        self._goals = [rewritten(with_choices(goal, decided)) for goal in goals]
        self._roles = allocate(self._goals)
        names = (*claim.states, *claim.parameters, *claim.disturbances)
        self._features = tuple(features)
        self._box = {x: claim.box[x] for x in names}
        self._names = (*names, *(f"_decision{k}" for k in range(len(outputs))))

    def excess(self, boxes: Sequence[Sequence[Range]], decisions: Sequence[Decision]) -> Floats:
        """How far the next state may be from where it is to be, (boxes, decisions); 0: nowhere.

        A box has a side for each feature.
        """
        named = [dict(zip(self._features, box, strict=True)) for box in boxes]
        sides = np.array([[self._side(box, x) for x in self._box] for box in named])
        chosen = np.array([[(below(v), above(v)) for v in d] for d in decisions])
        rows = np.concatenate(
            [
                np.repeat(sides, len(decisions), axis=0),
                np.tile(chosen, (len(boxes), 1, 1)),
            ],
            axis=1,
        )
        block = Block(self._names, rows[:, :, 0].T, rows[:, :, 1].T, _DEGREE, self._roles)
        ends = np.array([block.range(goal).high for goal in self._goals])
        worst = np.where(np.isnan(ends), np.inf, ends).max(axis=0)
        empty = np.any(sides[:, :, 0] > sides[:, :, 1], axis=1)  # outside of the claim's domain
        return np.where(empty[:, None], 0.0, np.maximum(worst, 0).reshape(len(boxes), -1))

    def _side(self, box: Mapping[str, Range], name: str) -> tuple[float, float]:
        low, high = self._box[name]
        if name in box:
            low, high = max(low, box[name].low), min(high, box[name].high)
        return below(low), above(high)
