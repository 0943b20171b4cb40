"""The office as a loop to extract trees from; the teacher knows the weather to come.

A row of states is the number of a January and of its step, then T, mass, out, sun, people, hour.
Noise moves T, mass, the sun and the outdoor temperature; the rest is what the hour says.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.case_studies.hvac.office import COMFORT, Month, Office, Policy, simulate
from certify.case_studies.hvac.planning import Costs, cost
from certify.case_studies.hvac.weather import Weather
from certify.controllers.tree_extraction import Labels
from certify.decision_tree import DecisionTree

__all__ = ["READ", "Lessons", "Published", "tree_policy"]

Floats: TypeAlias = npt.NDArray[np.float64]

READ = [0, 2, 3, 4, 5]  # of T, mass, out, sun, people, hour


def tree_policy(tree: DecisionTree) -> Policy:
    """``tree`` as a policy of the office."""
    return lambda _, states: tree.predict(states[:, READ])


class Lessons:
    """Januaries to learn from, each with the ``costs`` of a teacher's decisions."""

    def __init__(self, office: Office, months: Sequence[Weather], costs: Sequence[Costs]) -> None:
        self._office, self._months, self._costs = office, months, costs

    @property
    def decisions(self) -> list[tuple[Fraction, ...]]:
        """The pairs of set-points."""
        return [tuple(map(Fraction, row)) for row in self._office.decisions.tolist()]

    def history(self) -> Floats:
        """What the teacher itself comes to."""
        numbers = np.arange(len(self._months), dtype=np.float64)[:, None]

        def teacher(k: int, states: Floats) -> Floats:
            steps = np.full((len(states), 1), float(k))
            return self.labels(np.concatenate([numbers, steps, states], axis=1)).outputs

        return _numbered(simulate(self._office, self._months, teacher))

    def spread(self) -> Floats:
        """Deviations of T, mass, out and sun over the Januaries."""
        out = np.concatenate([w.out for w in self._months]).std()
        sun = np.concatenate([w.sun for w in self._months]).std()
        return np.array([0, 0, 1.5, 1.5, out, sun, 0, 0])

    def features(self, states: Floats) -> Floats:
        """T, out, sun, people, hour."""
        return states[:, 2:][:, READ]

    def labels(self, states: Floats) -> Labels:
        """The teacher's decisions and the costs of all of them."""
        costs = np.empty((len(states), len(self._office.decisions)))
        for number, teacher in enumerate(self._costs):
            mine = states[:, 0] == number
            if mine.any():
                costs[mine] = teacher(states[mine, 1].astype(np.intp), states[mine, 2:])
        outputs = self._office.decisions[costs.argmin(axis=1)]
        least = costs.min(axis=1, keepdims=True)
        return Labels(outputs, (costs - least).max(axis=1), costs - least)

    def run(self, tree: DecisionTree) -> tuple[Floats, float]:
        """What ``tree`` comes to, and what a January costs in the mean."""
        months = simulate(self._office, self._months, tree_policy(tree))
        spent = [float(cost(m.kwh, m.after, m.states[:, 4]).sum()) for m in months]
        return _numbered(months), sum(spent) / len(spent)


class Published(Lessons):
    """The published procedure: rows of a log, labelled by random shooting through a learnt model.

    Of the log, states within comfort from 7:45 to 21:00 are taken; ``log`` is what the rule-based
    default comes to.  No costs are known, so all rows weigh the same.
    """

    def __init__(
        self, office: Office, months: Sequence[Weather], log: Policy, planners: Sequence[Policy]
    ) -> None:
        super().__init__(office, months, ())
        self._log, self._planners = log, planners

    def history(self) -> Floats:
        """The rows of the log to draw from."""
        states = _numbered(simulate(self._office, self._months, self._log))
        (low, high), quarter = COMFORT, 4 * states[:, 7]
        comfortable = (low <= states[:, 2]) & (states[:, 2] <= high)
        return states[comfortable & (quarter >= 31) & (quarter <= 84)]

    def labels(self, states: Floats) -> Labels:
        """What shooting decides."""
        rows = [self._planners[int(row[0])](int(row[1]), row[None, 2:])[0] for row in states]
        return Labels(np.array(rows), np.ones(len(rows)))


def _numbered(months: Sequence[Month]) -> Floats:
    rows = []
    for number, month in enumerate(months):
        steps = np.arange(len(month.states), dtype=np.float64)
        place = np.stack([np.full(len(steps), float(number)), steps], axis=1)
        rows.append(np.concatenate([place, month.states], axis=1))
    return np.concatenate(rows)
