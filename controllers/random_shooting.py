"""Random-shooting model predictive control: the best of many random sequences of decisions.

From a state ``s`` draw ``samples`` sequences of ``horizon`` decisions, each uniform among the
``choices``, follow a model, and take the first decision of the cheapest.  The cheapest sequence
that begins with a decision estimates what that decision costs from now on, from above where the
model is right.  Reference: Nagabandi, Kahn, Fearing and Levine, Neural network dynamics for
model-based deep reinforcement learning with model-free fine-tuning, ICRA 2018, section IV.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.errors import InputError

__all__ = ["Model", "Shooting"]

Floats: TypeAlias = npt.NDArray[np.float64]
Model: TypeAlias = Callable[[int, Floats, npt.NDArray[np.intp]], tuple[Floats, Floats]]
"""``model(k, states, decisions)``, ``k`` steps from now, is ``(next states, costs of the step)``,
of shapes ``(n, s)`` and ``(n,)``; ``decisions`` are numbers below ``choices``, shape ``(n,)``."""


@dataclass(frozen=True)
class Shooting:
    """How much is tried: ``samples`` sequences of ``horizon`` steps, ``repeats`` times."""

    choices: int
    samples: int = 1000
    horizon: int = 20
    repeats: int = 1

    def __post_init__(self) -> None:
        if min(self.choices, self.samples, self.horizon, self.repeats) < 1:
            raise InputError("choices, samples, horizon and repeats are at least 1")

    def costs(self, model: Model, state: Floats, rng: np.random.Generator) -> Floats:
        """For each first decision the cost of the cheapest sequence, the mean over repeats.

        Infinite for one that was never drawn, or whose costs are not numbers.  Shape
        ``(choices,)``.
        """
        found = [self._costs(model, state, rng) for _ in range(self.repeats)]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)

    def decide(self, model: Model, state: Floats, rng: np.random.Generator) -> int:
        """The first decision of the cheapest sequence."""
        return int(np.argmin(self.costs(model, state, rng)))

    def _costs(self, model: Model, state: Floats, rng: np.random.Generator) -> Floats:
        plans = rng.integers(0, self.choices, (self.horizon, self.samples))
        states = np.repeat(state.reshape(1, -1), self.samples, axis=0)
        total = np.zeros(self.samples)
        for k, plan in enumerate(plans):
            states, spent = model(k, states, plan)
            total += spent
        best = np.full(self.choices, np.inf)
        np.minimum.at(best, plans[0], np.where(np.isnan(total), np.inf, total))
        return best
