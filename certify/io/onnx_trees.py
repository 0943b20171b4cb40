"""Tree ensembles of ONNX (``ai.onnx.ml``, versions 1 to 3) as exact expressions.

Reference: https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html.

Where a feature is an input of the graph of type float32, a claim is about reals that are rounded
to binary32 once, as by whoever fills the tensor; so a tree of scikit-learn and its conversion are
the same function.  What a graph has computed itself is compared as it is, over the reals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from certify.decision_tree import cut_at
from certify.errors import NetworkError
from certify.expression import Node, const, index, maximum, minimum, select, stack

from .onnx_values import Array, Call, Features, Value, features

__all__ = ["TREES"]

_FIELDS = ("nodeids", "featureids", "modes", "truenodeids", "falsenodeids")


@dataclass(frozen=True)
class _Rows:
    """The nodes of all trees, row by row, and the weights of their leaves."""

    columns: Mapping[str, Sequence[Any]]
    thresholds: Sequence[Fraction]
    row_of: Mapping[tuple[int, int], int]
    weights: Mapping[tuple[int, int], Mapping[int, Fraction]]


def _regressor(call: Call) -> Value:
    targets = call.attribute("n_targets", int, 1)
    scores, size = _scores(call, "target", targets), targets
    if call.attribute("post_transform", bytes, b"NONE") != b"NONE":
        raise NetworkError("post_transform is read as NONE only")
    return Features(stack(scores), (1, size), np.dtype(np.float32))


def _classifier(call: Call) -> Value:
    """The label; scores are not read."""
    labels = call.attribute("classlabels_int64s", list, [])
    if not labels:
        raise NetworkError("labels must be integers: fit the classifier on numbers")
    if any(abs(label) >= 1 << 24 for label in labels):
        raise NetworkError("a label is not below 2**24")
    transform = call.attribute("post_transform", bytes, b"NONE")
    if transform not in (b"NONE", b"SOFTMAX", b"LOGISTIC"):
        raise NetworkError(f"post_transform {transform!r} is not read")
    ids = {*call.attribute("class_ids", list, [])}
    if len(labels) < 2 or (len(labels) == 2 and len(ids) < 2):
        raise NetworkError("two classes that share a score are not read: write the tree as JSON")
    scores = _scores(call, "class", len(labels))
    return Features(stack([_best(scores, labels)]), (1,), np.dtype(np.int64))


def _best(scores: Sequence[Node], labels: Sequence[int]) -> Node:
    """The label of the largest score, the first of several."""
    best, label = scores[0], const(labels[0])
    for score, value in zip(scores[1:], labels[1:], strict=True):
        label = select(score - best, value, label)
        best = maximum(best, score)
    return label


def _scores(call: Call, kind: str, size: int) -> list[Node]:
    """The sum of all trees for each of ``size`` targets or classes."""
    given = features(call.value(0))
    if size < 1 or given.shape != (1, given.node.size):
        raise NetworkError("trees are read for one row of features, with at least one output")
    rows = _rows(call, kind)
    if any(not 0 <= i < size for row in rows.weights.values() for i in row):
        raise NetworkError(f"an output beyond {size} is given a weight")
    aggregate = call.attribute("aggregate_function", bytes, b"SUM")
    trees = sorted({tree for tree, _ in rows.row_of})
    base = _numbers(call, "base_values") or [Fraction(0)] * size
    if len(base) != size or aggregate not in (b"SUM", b"AVERAGE", b"MIN", b"MAX"):
        raise NetworkError("base_values or aggregate_function is not read")
    result = []
    for k in range(size):
        parts = [_tree(rows, tree, k, given) for tree in trees]
        total = parts[0]
        for part in parts[1:]:
            if aggregate in (b"MIN", b"MAX"):
                total = (minimum if aggregate == b"MIN" else maximum)(total, part)
            else:
                total = total + part
        if aggregate == b"AVERAGE":
            total = Fraction(1, len(trees)) * total
        result.append(total + base[k])
    return result


def _rows(call: Call, kind: str) -> _Rows:
    columns = {f: call.attribute(f"nodes_{f}", list, []) for f in ("treeids", *_FIELDS)}
    thresholds = _numbers(call, "nodes_values")
    if len({len(thresholds), *map(len, columns.values())}) != 1 or not thresholds:
        raise NetworkError("the attributes nodes_* have different lengths, or none")
    keys = list(zip(columns["treeids"], columns["nodeids"], strict=True))
    row_of = {key: row for row, key in enumerate(keys)}
    if len(row_of) != len(keys):
        raise NetworkError("a node is given twice")
    weights: dict[tuple[int, int], dict[int, Fraction]] = {}
    names = [call.attribute(f"{kind}_{f}", list, []) for f in ("treeids", "nodeids", "ids")]
    values = _numbers(call, f"{kind}_weights")
    if len({len(values), *map(len, names)}) != 1:
        raise NetworkError(f"the attributes {kind}_* have different lengths")
    for tree, node, k, value in zip(*names, values, strict=True):
        leaf = weights.setdefault((tree, node), {})
        leaf[k] = leaf.get(k, Fraction(0)) + value
    if set(weights) - set(row_of):
        raise NetworkError("a weight belongs to no node")
    return _Rows(columns, thresholds, row_of, weights)


def _numbers(call: Call, name: str) -> list[Fraction]:
    """Float attributes, or the tensor of doubles that may stand for them."""
    array: Array | None = call.attribute(f"{name}_as_tensor", np.ndarray, None)
    values = call.attribute(name, list, []) if array is None else array.ravel().tolist()
    if not all(math.isfinite(v) for v in values):
        raise NetworkError(f"{name} must be finite")
    return [Fraction(v) for v in values]


def _tree(rows: _Rows, tree: int, k: int, given: Features) -> Node:
    """Output ``k`` of one tree."""
    mine = {row for (t, _), row in rows.row_of.items() if t == tree}
    inner = [row for row in mine if rows.columns["modes"][row] != b"LEAF"]
    roots = mine - {child for row in inner for child in _children(rows, tree, row)}
    if len(roots) != 1:
        raise NetworkError(f"the nodes of tree {tree} are not one tree")
    (root,) = roots
    order, pending, seen = [], [root], set[int]()
    while pending:
        row = pending.pop()
        if row in seen:
            raise NetworkError(f"node {rows.columns['nodeids'][row]} has two parents")
        seen.add(row)
        order.append(row)
        if rows.columns["modes"][row] != b"LEAF":
            pending += _children(rows, tree, row)
    if seen != mine:
        raise NetworkError(f"the nodes of tree {tree} are not one tree")
    built: dict[int, Node] = {}
    for row in reversed(order):
        if rows.columns["modes"][row] == b"LEAF":
            key = (tree, rows.columns["nodeids"][row])
            built[row] = const(rows.weights.get(key, {}).get(k, Fraction(0)))
        else:
            yes, no = (built[child] for child in _children(rows, tree, row))
            built[row] = _split(rows, row, given, yes, no)
    return built[root]


def _children(rows: _Rows, tree: int, row: int) -> list[int]:
    """The rows of the true and of the false branch."""
    nodes = [rows.columns[f][row] for f in ("truenodeids", "falsenodeids")]
    if any((tree, node) not in rows.row_of for node in nodes):
        raise NetworkError(f"node {rows.columns['nodeids'][row]} has a child that is not there")
    return [rows.row_of[tree, node] for node in nodes]


def _split(rows: _Rows, row: int, given: Features, yes: Node, no: Node) -> Node:
    feature, threshold = rows.columns["featureids"][row], rows.thresholds[row]
    if not 0 <= feature < given.node.size:
        raise NetworkError(f"a split of feature {feature}, of {given.node.size}")
    x = index(given.node, feature)
    mode = rows.columns["modes"][row]
    if x.op != "var" or given.dtype != np.float32:
        above, from_ = select(x - threshold, yes, no), select(threshold - x, no, yes)
        below, up_to = select(threshold - x, yes, no), select(x - threshold, no, yes)
        chosen = {b"BRANCH_LEQ": up_to, b"BRANCH_LT": below, b"BRANCH_GTE": from_,
                  b"BRANCH_GT": above}  # fmt: skip
        if mode in chosen:
            return chosen[mode]
    elif mode in (b"BRANCH_LEQ", b"BRANCH_GT"):
        low, high = (yes, no) if mode == b"BRANCH_LEQ" else (no, yes)
        return _rounded(x, threshold, low, high)
    elif mode in (b"BRANCH_LT", b"BRANCH_GTE"):
        # rounded(x) < t is rounded(x) <= the number before t
        before = np.float32(float(threshold))
        if Fraction(float(before)) >= threshold:
            before = np.nextafter(before, np.float32(-np.inf))
        low, high = (yes, no) if mode == b"BRANCH_LT" else (no, yes)
        return _rounded(x, Fraction(float(before)), low, high)
    raise NetworkError(f"the mode {mode!r} is not read")


def _rounded(x: Node, threshold: Fraction, low: Node, high: Node) -> Node:
    """``low`` where ``float32(x) <= threshold``."""
    bound, closed = cut_at(threshold, "float32")
    return select(x - bound, high, low) if closed else select(bound - x, low, high)


TREES = {"TreeEnsembleRegressor": _regressor, "TreeEnsembleClassifier": _classifier}
