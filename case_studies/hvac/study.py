"""The whole study of one climate: models, baselines, extraction, verification, repair, results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.case_studies.hvac.learned import errors, fit_linear, fit_network, logged, stepper
from certify.case_studies.hvac.office import FOLDER, Month, Office, Policy, simulate
from certify.case_studies.hvac.planning import (
    planned_costs,
    shooting_policy,
    true_model,
)
from certify.case_studies.hvac.teaching import READ, Lessons, Published, tree_policy
from certify.case_studies.hvac.weather import DAYS, january
from certify.controllers.random_shooting import Shooting
from certify.controllers.tree_extraction import Extracted, Extraction, extract, sizes
from certify.decision_tree import DecisionTree
from certify.io.onnx import read_onnx
from certify.io.tree_file import read_tree_file
from certify.tree_decision import decider

__all__ = ["Row", "Size", "Study", "measured"]

Floats: TypeAlias = npt.NDArray[np.float64]
_TIMED = 20_000  # decisions of a tree


@dataclass(frozen=True)
class Size:
    """How much is done; the default is the study, less is for trying it out."""

    days: int = DAYS
    lessons: int = 3  # Januaries to learn from
    samples: int = 1000
    horizon: int = 20
    fitting: int = 4000  # updates of the neural model
    rows: int = 2000  # labels of the published procedure
    leaves: int = 64
    curve: tuple[int, ...] = (4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Row:
    """A line of the table; ``microseconds`` of processor time for a decision."""

    name: str
    kwh: float
    violations: float
    microseconds: float | None
    leaves: int | None = None


@dataclass
class Study:
    """One climate: the January number 0 is judged, the others are learnt from."""

    climate: str
    size: Size
    folder: Path
    office: Office = field(default_factory=Office)
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        days = self.size.days
        self.judged = january(self.climate, 0, days)
        self.lessons = [january(self.climate, 1 + i, days) for i in range(self.size.lessons)]
        self.default = read_tree_file(FOLDER / "default.json")
        costs = [planned_costs(self.office, weather) for weather in self.lessons]
        self.loop = Lessons(self.office, self.lessons, costs)

    def run(self, name: str, policy: Policy, leaves: int | None = None, each: bool = True) -> Month:
        """Judge ``policy`` and put it on the table; ``each``: the time of its decisions counts."""
        clock = _Clock(policy)
        (month,) = simulate(self.office, [self.judged], clock)
        spent = clock.seconds / len(self.judged) * 1e6 if each else None
        self.rows.append(Row(name, month.energy, month.violations, spent, leaves))
        told = f"{self.climate}: {name}: {month.energy:.1f} kWh, {month.violations:.4f} outside"
        print(told, flush=True)
        return month

    def tree(self, name: str, tree: DecisionTree) -> Month:
        """Judge ``tree``, whose decisions are timed one by one."""
        month = self.run(name, tree_policy(tree), tree.leaves, each=False)
        spent = measured(tree, month.states[:, READ])
        self.rows[-1] = replace(self.rows[-1], microseconds=spent)
        return month

    def models(self) -> dict[str, dict[str, float]]:
        """Learn both models from a log, keep them as ONNX, and judge them on another January."""
        days = self.size.days
        log = logged(self.office, self.climate, range(100, 100 + self.size.lessons), days)
        other = logged(self.office, self.climate, [99], days)
        (self.folder / "linear.onnx").write_bytes(fit_linear(log))
        (self.folder / "thermal.onnx").write_bytes(fit_network(log, 0, steps=self.size.fitting))
        found = {}
        for name in ("linear", "thermal"):
            air, kwh = errors(read_onnx(self.folder / f"{name}.onnx"), other)
            found[name] = {"kelvin": air, "kwh": kwh}
        return found

    def baselines(self) -> None:
        """The default, random shooting through the office and the network, and foresight."""
        shooting = Shooting(len(self.office.decisions), self.size.samples, self.size.horizon)
        thermal = stepper(read_onnx(self.folder / "thermal.onnx"))
        self.tree("default", self.default)
        for name, step in (("MPC", true_model(self.office)), ("MBRL", thermal)):
            self.run(name, shooting_policy(step, self.office, self.judged, shooting, 0))
        costs = planned_costs(self.office, self.judged)

        def best(k: int, states: Floats) -> Floats:
            steps = np.full(len(states), k)
            return np.asarray(self.office.decisions[costs(steps, states).argmin(axis=1)])

        self.run("dynamic programming", best, each=False)

    def extraction(self) -> tuple[Extracted, Sequence[tuple[int, float, float, float]]]:
        """The tree, and size against performance: leaves, cost where learnt, kWh, violations."""
        setting = Extraction(leaves=self.size.leaves)
        found = extract(self.loop, setting, 0)
        curve = []
        for tree, cost in sizes(found, self.loop, setting, self.size.curve):
            (month,) = simulate(self.office, [self.judged], tree_policy(tree))
            curve.append((tree.leaves, cost, month.energy, month.violations))
        return found, curve

    def published(self) -> DecisionTree:
        """The tree of the published procedure, through the network."""
        shooting = Shooting(len(self.office.decisions), self.size.samples, self.size.horizon)
        step = stepper(read_onnx(self.folder / "thermal.onnx"))
        planners = [shooting_policy(step, self.office, w, shooting, 1) for w in self.lessons]
        loop = Published(self.office, self.lessons, tree_policy(self.default), planners)
        return extract(loop, Extraction.published(self.size.rows), 0).tree


class _Clock:
    """A policy, and the processor time it has taken."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self.seconds = policy, 0.0

    def __call__(self, k: int, states: Floats) -> Floats:
        start = time.process_time()
        chosen = self._policy(k, states)
        self.seconds += time.process_time() - start
        return chosen


def measured(tree: DecisionTree, points: Floats) -> float:
    """Microseconds of processor time for a decision, in Python, over many at ``points``."""
    decide, rows = decider(tree), [tuple(row) for row in points.tolist()]
    many = (rows * (_TIMED // len(rows) + 1))[:_TIMED]
    start = time.process_time()
    for row in many:
        decide(row)
    return (time.process_time() - start) / len(many) * 1e6
