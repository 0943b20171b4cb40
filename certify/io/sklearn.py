"""scikit-learn decision trees as exact piecewise constant functions.

scikit-learn rounds an input to binary32 and goes left when ``float32(x) <= threshold``, with
a binary64 threshold.  Let ``f`` be the largest binary32 number ``<= threshold`` and ``g`` the
next one above.  Then left is ``float32(x) <= f``, and since rounding to nearest is monotone
and maps every real below the midpoint ``m = (f + g)/2`` to at most ``f`` and every one above
to at least ``g``, left is ``x < m``, or ``x <= m`` where the tie ``m`` goes to ``f``.  Ties go
to the even significand; of two neighbours exactly one is even, so the tie goes to ``f`` just
if the last bit of ``f`` is 0.  (This holds across binades, at zero and for subnormals: the
bit patterns of neighbours differ by one, and that of zero is even.)  ``m`` is rational, so
the condition is exact.  IEEE 754-2019, section 4.3.1.

A claim is about real ``x``, rounded once.  It is about every binary64 input as it is run.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.tree import BaseDecisionTree, DecisionTreeClassifier, DecisionTreeRegressor

from certify.errors import NetworkError
from certify.expression import Node, const, select, stack, var

from .network import Network, placeholder

__all__ = ["read_tree", "split"]

_FLOAT32 = np.finfo(np.float32)


def read_tree(estimator: BaseDecisionTree, name: str = "tree") -> Network:
    """``predict`` of a fitted ``estimator`` as a network: one input for every feature.

    A ``DecisionTreeRegressor`` has its (one or more) predicted values as outputs, a
    ``DecisionTreeClassifier`` the label of the class that it predicts, which must be a number.

    Raises ``NetworkError`` for other estimators, for one that is not fitted, for subclasses
    with their own ``predict``, labels that are not numbers, and thresholds or values that are
    not finite.
    """
    kinds = (DecisionTreeRegressor, DecisionTreeClassifier)
    if not isinstance(estimator, kinds) or type(estimator).predict is not BaseDecisionTree.predict:
        raise NetworkError(
            f"{type(estimator).__name__} is not read: give a DecisionTreeRegressor or a "
            "DecisionTreeClassifier, or export the model to a file that is"
        )
    if not hasattr(estimator, "tree_"):
        raise NetworkError(f"{name} is not fitted: call fit first")
    tree = estimator.tree_
    outputs = _leaf_values(estimator)
    if not np.isfinite(outputs).all():
        raise NetworkError(f"{name} predicts a value that is not finite")
    body = stack(_tree_node(tree, outputs[:, k].tolist()) for k in range(outputs.shape[1]))
    return Network(int(tree.n_features), body.size, name, body)


def _leaf_values(estimator: BaseDecisionTree) -> npt.NDArray[np.float64]:
    """What would be predicted at every node of the tree, one column for every output."""
    value = np.asarray(estimator.tree_.value, dtype=np.float64)
    if isinstance(estimator, DecisionTreeRegressor):
        return np.ascontiguousarray(value[:, :, 0])
    labels = np.asarray(estimator.classes_)
    if estimator.n_outputs_ != 1 or labels.dtype.kind not in "iufb":
        raise NetworkError(
            "a classifier needs one output with numeric class labels: fit it on numbers"
        )
    exact = labels.astype(np.float64)
    if exact.tolist() != labels.tolist():
        raise NetworkError("a class label is too large to be a float64")
    predicted: npt.NDArray[np.float64] = exact[np.argmax(value[:, 0, :], axis=1)]
    return predicted.reshape(-1, 1)


def _tree_node(tree: Any, values: list[float]) -> Node:
    left, right = tree.children_left.tolist(), tree.children_right.tolist()
    features, thresholds = tree.feature.tolist(), tree.threshold.tolist()
    nodes: dict[int, Node] = {}
    # scikit-learn numbers children after their parents
    for i in reversed(range(len(values))):
        if left[i] == right[i]:
            nodes[i] = const(values[i])
        elif i < left[i] in nodes and i < right[i] in nodes:
            x = var(placeholder(features[i]))
            try:
                nodes[i] = split(x, thresholds[i], nodes[left[i]], nodes[right[i]])
            except NetworkError as error:
                raise NetworkError(f"node {i}: {error}") from None
        else:
            raise NetworkError(f"node {i} of the tree has children {left[i]} and {right[i]}")
    return nodes[0]


def split(x: Node, threshold: float, left: Node, right: Node) -> Node:
    """``left`` where ``float32(x) <= threshold``, else ``right``, for real ``x``."""
    if not float(_FLOAT32.min) <= threshold < float(_FLOAT32.max):
        raise NetworkError(f"the threshold {threshold} is not within the range of float32")
    below = np.float32(threshold)
    if float(below) > threshold:
        below = np.nextafter(below, np.float32(-np.inf))
    above = np.nextafter(below, np.float32(np.inf))
    middle = (Fraction(float(below)) + Fraction(float(above))) / 2
    if below.view(np.uint32) % 2 == 0:
        return select(x - middle, right, left)
    return select(middle - x, left, right)
