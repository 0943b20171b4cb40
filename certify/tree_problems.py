"""Problems whose controller is a decision tree: the tree, how it is used, and its repair."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from certify.decision_tree import DecisionTree, Leaf
from certify.errors import InputError, UnsupportedError
from certify.expression import Node, var
from certify.io.toml import NetworkFunction, read_problem
from certify.io.tree_file import read_tree_file, tree_text
from certify.magnitude import check_magnitudes
from certify.problem import Problem, Rules
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import stated_rules
from certify.theorems import claim_of

if TYPE_CHECKING:
    from certify.controllers.tree_repair import Repair
    from certify.controllers.tree_setting import Setting
    from certify.controllers.tree_visits import Visits

__all__ = ["TreeProblem", "UsedTree", "read_costs", "read_log", "read_tree_problem"]

_MOST_DECISIONS = 1000


class UsedTree:
    """A tree that remembers what it is applied to."""

    def __init__(self, path: Path, tree: DecisionTree) -> None:
        self.path, self.tree = path, tree
        self.inputs, self.outputs = tree.inputs, tree.outputs
        self.calls: list[tuple[tuple[Node, ...], Node]] = []

    def __call__(self, args: Sequence[Node], /) -> Node:
        """The outputs of the tree, which are remembered."""
        result = self.tree(args)
        self.calls.append((tuple(args), result))
        return result


@dataclass(frozen=True)
class TreeProblem:
    """``inputs`` are decided by ``tree``, its outputs in this order, of the states ``features``."""

    problem: Problem
    file: Path
    tree: DecisionTree
    features: tuple[str, ...]
    inputs: tuple[str, ...]

    def claim(self) -> Claim:
        """What the problem claims; ``InputError`` for numbers beyond 1e100."""
        claim = claim_of(self.problem)
        check_magnitudes(claim)
        return claim

    def decisions(self) -> list[tuple[Fraction, ...]]:
        """What may be decided, in the order of ``inputs``: as stated, or by any leaf."""
        prop = self.problem.property
        assert isinstance(prop, Rules)
        if prop.decisions is not None:
            places = [list(self.problem.system.inputs).index(u) for u in self.inputs]
            return [tuple(row[i] for i in places) for row in prop.decisions]
        leaves = {leaf.constants for leaf in self.tree.nodes if isinstance(leaf, Leaf)}
        if any(isinstance(n, Leaf) and n.weights for n in self.tree.nodes):
            raise InputError("state the decisions that may be taken: decisions = [15, 22]")
        if len(leaves) > _MOST_DECISIONS:
            raise InputError(
                f"the tree takes {len(leaves)} different decisions: state those that may be "
                "taken, decisions = [15, 22]"
            )
        return sorted(leaves)

    def repaired(self, splits: bool, log: Visits | None = None) -> Repair:
        """The least change that keeps the rules; see ``certify.controllers.tree_repair``."""
        from certify.controllers.tree_repair import repair

        return repair(self.tree, self.setting(log), splits=splits)

    def setting(self, log: Visits | None = None) -> Setting:
        """What the tree stands in."""
        from certify.controllers.tree_setting import Setting

        claim = self.claim()
        rules = stated_rules(claim)
        return Setting(self.features, self.inputs, claim.box, rules, self.decisions(), log)

    def using(self, tree: DecisionTree, name: str) -> Problem:
        """The problem with another ``tree``, which is written to a file of that name."""
        outputs = tree([var(x) for x in self.features])
        controller = {**self.problem.controller}
        controller |= {u: outputs.args[k] for k, u in enumerate(self.inputs)}
        sources = {k: v for k, v in self.problem.sources.items() if Path(k).name != self.file.name}
        sources[name] = hashlib.sha256(tree_text(tree).encode()).hexdigest()
        return replace(self.problem, controller=controller, sources=sources)


def read_tree_problem(path: Path) -> TreeProblem:
    """The problem at ``path``, whose property is of kind tree and whose inputs one tree decides.

    Raises ``InputError`` for another property, and ``UnsupportedError`` if an input is not an
    output of the one tree (JSON or npz) as it is, or that tree is not a function of states.
    """
    used: list[UsedTree] = []

    def read(file: Path) -> NetworkFunction:
        if file.suffix not in (".json", ".npz"):
            raise UnsupportedError(f"{file}: write the tree as JSON or npz, to repair it")
        used.append(UsedTree(file, read_tree_file(file)))
        return used[-1]

    problem = read_problem(path, networks=read)
    if not isinstance(problem.property, Rules):
        raise InputError(f'{path}: there are no rules; write kind = "tree" under [property]')
    found = [
        (tree, args, result)
        for tree in used
        for args, result in tree.calls
        if any(
            result.args[k] is e for k in range(tree.outputs) for e in problem.controller.values()
        )
    ]
    problems = f"{path}: every input is to be an output of one tree as it is, u = policy(x, y)"
    if not found:
        raise UnsupportedError(problems)
    tree, args, result = found[0]
    if any(a.op != "var" for a in args) or len(set(args)) != len(args):
        raise UnsupportedError(f"{path}: the tree is to be a function of different states")
    inputs: list[str] = []
    for part in result.args:
        names = [u for u, e in problem.controller.items() if e is part and u not in inputs]
        if not names:
            raise UnsupportedError(problems)
        inputs.append(names[0])
    if set(inputs) != set(problem.controller):
        raise UnsupportedError(problems)
    return TreeProblem(
        problem, tree.path, tree.tree, tuple(str(a.data) for a in args), tuple(inputs)
    )


def read_costs(path: Path, count: int) -> npt.NDArray[np.float64] | None:
    """The columns ``cost0, cost1, ...`` of ``count`` decisions in the CSV file, if it has any."""
    names = [f"cost{i}" for i in range(count + 1)]
    with path.open(newline="", encoding="utf-8") as file:
        head = next(csv.reader(file), [])
    if names[0] not in head:
        return None
    if names[-1] in head:
        raise InputError(f"{path}: it has costs of more than the {count} decisions of the problem")
    return read_log(path, names[:-1])


def read_log(path: Path, features: Sequence[str]) -> npt.NDArray[np.float64]:
    """The columns ``features`` of the CSV file at ``path``, which has a line with their names."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        places = [rows[0].index(x) for x in features]
        return np.array([[float(row[i]) for i in places] for row in rows[1:]], dtype=float).reshape(
            -1, len(features)
        )
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (ValueError, IndexError, csv.Error) as error:
        raise InputError(
            f"{path}: a table with the columns {', '.join(features)} is needed: {error}"
        ) from None
