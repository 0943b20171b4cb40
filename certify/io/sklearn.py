"""scikit-learn decision trees as exact piecewise constant functions.

scikit-learn rounds an input to binary32 and goes left when ``float32(x) <= threshold``, with a
binary64 threshold: :mod:`certify.decision_tree` says which reals those are.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from sklearn.tree import BaseDecisionTree, DecisionTreeClassifier, DecisionTreeRegressor

from certify.decision_tree import DecisionTree, cut_at
from certify.errors import NetworkError
from certify.expression import Node, select

from .network import Network
from .tree_file import from_arrays

__all__ = ["read_tree", "split", "tree_of"]


def read_tree(estimator: BaseDecisionTree, name: str = "tree") -> Network:
    """``predict`` of a fitted ``estimator`` as a network: one input for every feature.

    See :func:`tree_of`, whose errors it raises.
    """
    tree = tree_of(estimator, name)
    return Network(tree.inputs, tree.outputs, name, tree.body())


def tree_of(estimator: BaseDecisionTree, name: str = "tree") -> DecisionTree:
    """``predict`` of a fitted ``estimator`` as a tree.

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
    if not np.isfinite(tree.value).all():
        raise NetworkError(f"{name} predicts a value that is not finite")
    arrays = {
        "children_left": tree.children_left,
        "children_right": tree.children_right,
        "feature": tree.feature,
        "threshold": tree.threshold,
        "value": tree.value,
        "n_features": np.array([tree.n_features]),
    }
    if isinstance(estimator, DecisionTreeClassifier):
        labels = np.asarray(estimator.classes_)
        if estimator.n_outputs_ != 1 or labels.dtype.kind not in "iufb":
            raise NetworkError(
                "a classifier needs one output with numeric class labels: fit it on numbers"
            )
        arrays["classes"] = labels
    return from_arrays(arrays)


def split(x: Node, threshold: float, left: Node, right: Node) -> Node:
    """``left`` where ``float32(x) <= threshold``, else ``right``, for real ``x``."""
    if not math.isfinite(threshold):
        raise NetworkError(f"the threshold {threshold} is not within the range of float32")
    bound, closed = cut_at(Fraction(threshold), "float32")
    return select(x - bound, right, left) if closed else select(bound - x, left, right)
