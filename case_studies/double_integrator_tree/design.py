"""Distil saturated linear-quadratic regulators into decision trees by CART (scikit-learn).

Writes ``steps.json``, with constant leaves, and ``lines.json`` of ``double_integrator_model_tree``,
with linear ones: the regulator itself where it is not saturated, its limit where it is, and on
leaves that hold both a fit by least squares.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import control
import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeRegressor

HERE = Path(__file__).parent
SAMPLES = 100_000
Floats: TypeAlias = npt.NDArray[np.float64]
LeafOf: TypeAlias = Callable[[Floats, Floats], dict[str, object]]


def regulator(step: float, effort: float) -> Floats:
    """The gain for Q = I and R = ``effort``, three decimals of it."""
    plant, force = np.array([[1.0, step], [0.0, 1.0]]), np.array([[step**2 / 2], [step]])
    gain, _, _ = control.dlqr(plant, force, np.eye(2), np.array([[effort]]))
    rounded: Floats = np.round(np.asarray(gain)[0], 3)
    return rounded


def distilled(states: Floats, forces: Floats, leaves: int, leaf_of: LeafOf) -> str:
    """The file of a tree with at most so many ``leaves``, each made of the samples in it."""
    fitted = DecisionTreeRegressor(max_leaf_nodes=leaves, min_samples_leaf=10)
    fitted.fit(states.astype(np.float32), forces)
    tree, where = fitted.tree_, fitted.apply(states.astype(np.float32))
    nodes: list[dict[str, object]] = []
    for i in range(tree.node_count):
        if tree.children_left[i] < 0:
            nodes.append(leaf_of(states[where == i], forces[where == i]))
            continue
        threshold = round(float(tree.threshold[i]), 3)
        children = {"left": int(tree.children_left[i]), "right": int(tree.children_right[i])}
        nodes.append({"feature": int(tree.feature[i]), "threshold": threshold, **children})
    rows = ",\n ".join(json.dumps(node) for node in nodes)
    head = '{"format": "certify-tree-1", "inputs": 2, "rounding": "none", "nodes": [\n '
    return f"{head}{rows}\n]}}\n"


def constant(states: Floats, forces: Floats) -> dict[str, object]:
    """The mean, two decimals of it."""
    return {"value": [round(float(forces.mean()), 2)]}


def linear(gain: Floats, limit: float) -> LeafOf:
    """The regulator, its limit, or between them a fit with four decimals."""

    def leaf(states: Floats, forces: Floats) -> dict[str, object]:
        if (np.abs(states @ gain) <= limit).all():
            return {"value": [0], "weights": [(-gain).tolist()]}
        if (forces == forces[0]).all():
            return {"value": [float(forces[0])]}
        columns = np.column_stack([np.ones(len(states)), states])
        row = np.linalg.lstsq(columns, forces, rcond=None)[0]
        value, *weights = np.round(row, 4).tolist()
        return {"value": [value], "weights": [weights]}

    return leaf


def main() -> None:
    """Write both trees."""
    rng = np.random.default_rng(0)
    share = rng.uniform(-1, 1, (SAMPLES, 2))
    gain, limit = regulator(0.25, 0.5), 2.0
    states = share * [3, 2] * np.sqrt(rng.random((SAMPLES, 1)))  # more of them near the origin
    forces = np.clip(-states @ gain, -limit, limit)
    steps = distilled(states, forces, 120, constant)
    (HERE / "steps.json").write_text(steps, encoding="utf-8")
    gain, limit = regulator(0.1, 10), 1.0
    states = share * [8, 4]
    forces = np.clip(-states @ gain, -limit, limit)
    lines = distilled(states, forces, 40, linear(gain, limit))
    (HERE.with_name("double_integrator_model_tree") / "lines.json").write_text(
        lines, encoding="utf-8"
    )


if __name__ == "__main__":
    main()
