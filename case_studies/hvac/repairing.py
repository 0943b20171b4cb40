"""A tree of the office as a problem: its rules decided leaf by leaf, repaired, proved, checked."""

from __future__ import annotations

import csv
import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from certify import check, pipeline
from certify.case_studies.hvac.drawings import draw_decisions
from certify.case_studies.hvac.office import FEATURES, FOLDER
from certify.case_studies.hvac.study import Study
from certify.case_studies.hvac.teaching import READ
from certify.certificate import save
from certify.controllers.tree_repair import Repair
from certify.controllers.tree_visits import Visits
from certify.decision_tree import DecisionTree
from certify.io.tree_file import tree_text
from certify.tree_problems import TreeProblem, read_tree_problem
from certify.verifiers.tree_rules import examined

__all__ = ["Repaired", "repaired", "stated"]

_DEFAULT = re.compile(r'policy = "default\.json".*')


@dataclass(frozen=True)
class Repaired:
    """What was broken and what was done about it; ``seconds`` of processor time to decide all."""

    broken: dict[str, int]
    repair: Repair
    verdict: str
    accepted: bool
    seconds: float

    def summary(self, tree: DecisionTree) -> dict[str, object]:
        """The numbers, for ``results``."""
        changes = self.repair.changes
        return {
            "leaves": tree.leaves,
            "broken": self.broken,
            "leaves_changed": len({c.node for c in changes}),
            "leaves_after": self.repair.tree.leaves,
            "visits_changed": sum(c.visits for c in changes),
            "loss": sum(c.loss or 0.0 for c in changes),
            "verdict": self.verdict,
            "accepted": self.accepted,
            "verification_seconds": self.seconds,
        }


def stated(folder: Path, tree: DecisionTree) -> TreeProblem:
    """``building.toml`` with ``tree`` as its controller, written to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (FOLDER / "building.toml").read_text(encoding="utf-8")
    text, count = _DEFAULT.subn('policy = "tree.json"', text)
    if count != 1:
        raise ValueError("building.toml does not name its controller as expected")
    (folder / "tree.json").write_text(tree_text(tree), encoding="utf-8")
    (folder / "problem.toml").write_text(text, encoding="utf-8")
    return read_tree_problem(folder / "problem.toml")


def repaired(study: Study, folder: Path, tree: DecisionTree, *, draw: bool) -> Repaired:
    """Decide the rules for ``tree``, repair it at least cost where it was run, and prove that."""
    problem = stated(folder, tree)
    start = time.process_time()
    found = examined(problem.claim())
    spent = time.process_time() - start
    log = _visits(study, tree)
    _write_log(folder / "log.csv", log)
    fixed = problem.repaired(splits=True, log=log)
    outcome = pipeline.verify(problem.using(fixed.tree, "repaired.json"))
    if draw:
        draw_decisions(pipeline.verify(problem.problem), folder, "before-")
        draw_decisions(outcome, folder, "after-")
    (folder / "repaired.json").write_text(tree_text(fixed.tree), encoding="utf-8")
    accepted = False
    if outcome.certificate is not None:
        save(outcome.certificate, folder / "certificate.json")
        check(folder / "certificate.json")  # raises if it is not accepted
        accepted = True
    names = sorted({v.rule for v in found.violations} | {"cold", "warm"})
    broken = {name: found.count(name) for name in names}
    return Repaired(broken, fixed, outcome.verdict.word, accepted, spent)


def _visits(study: Study, tree: DecisionTree) -> Visits:
    """Where ``tree`` comes to in the Januaries learnt from, and what all decisions cost there."""
    states, _ = study.loop.run(tree)
    return Visits(states[:, 2:][:, READ], study.loop.labels(states).costs)


def _write_log(path: Path, log: Visits) -> None:
    assert log.costs is not None
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*FEATURES, *(f"cost{i}" for i in range(log.costs.shape[1]))])
        writer.writerows(np.concatenate([log.points, log.costs], axis=1).tolist())
