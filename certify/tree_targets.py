"""Repairs that keep targets: after every step of stated loops the state is in a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from certify.errors import InputError, UnsupportedError
from certify.io.onnx import read_onnx
from certify.io.toml import NetworkFunction, read_problem
from certify.io.tree_file import read_tree_file
from certify.problem import Recovery
from certify.theorems import claim_of
from certify.tree_problems import TreeProblem, UsedTree

if TYPE_CHECKING:
    from certify.controllers.tree_guard import Guard
    from certify.controllers.tree_repair import Repair
    from certify.controllers.tree_visits import Visits

__all__ = ["keeping", "read_guard"]


def read_guard(path: Path) -> Guard:
    """The guard for the loop of the problem at ``path``, of kind recovery, that calls one tree.

    Raises ``InputError`` for another kind, and ``UnsupportedError`` unless one tree is called once,
    with different states and disturbances.
    """
    from certify.controllers.tree_guard import Guard

    used: list[UsedTree] = []

    def read(file: Path) -> NetworkFunction:
        if file.suffix not in (".json", ".npz"):
            return read_onnx(file)
        used.append(UsedTree(file, read_tree_file(file)))
        return used[-1]

    problem = read_problem(path, networks=read)
    if not isinstance(problem.property, Recovery):
        raise InputError(f'{path}: a target is needed: write kind = "recovery" under [property]')
    calls = {(args, result) for tree in used for args, result in tree.calls}
    if len(calls) != 1:
        raise UnsupportedError(f"{path}: {len(calls)} calls of trees, where there is to be one")
    ((args, result),) = calls
    if any(a.op != "var" for a in args) or len(set(args)) != len(args):
        raise UnsupportedError(f"{path}: the tree is to be a function of different variables")
    return Guard(claim_of(problem), result.args, [str(a.data) for a in args])


def keeping(
    stated: TreeProblem, fixed: Repair, targets: Sequence[Path], log: Visits | None, worth: float
) -> Repair:
    """``fixed``, a repair of the tree of ``stated``, changed until it keeps the ``targets`` too.

    Rules hold in all of the domain, and targets in those of their problems: what a change for a
    target does outside of these is repaired again.
    """
    from certify.controllers.tree_repair import Repair
    from certify.controllers.tree_shield import shielded

    guards = [read_guard(path) for path in targets]
    kept = shielded(fixed.tree, stated.setting(log), guards, worth=worth)
    last = replace(stated, tree=kept.tree).repaired(splits=True, log=log)
    changes = (*fixed.changes, *kept.changes, *last.changes)
    return Repair(last.tree, changes, (*fixed.impossible, *kept.impossible, *last.impossible))
