"""Trees in files: exact numbers, ties and leaf boxes, and one message for what is wrong."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from certify.decision_tree import DecisionTree, Leaf, Split
from certify.errors import NetworkError
from certify.expression import var
from certify.expression.exact import exact
from certify.io.sklearn import tree_of
from certify.io.toml import read_problem
from certify.io.tree_file import read_tree_file, tree_text

Q = Fraction
DOMAIN = [(Q(-8), Q(8)), (Q(-8), Q(8))]
SMALL = {
    "format": "certify-tree-1", "inputs": 2, "rounding": "none",
    "nodes": [
        {"feature": 0, "threshold": 0.1, "left": 1, "right": 2},
        {"value": ["1/3"]},
        {"value": [2], "weights": [[0, -0.5]]},
    ],
}  # fmt: skip


def fitted(seed: int, classes: bool = False) -> DecisionTreeRegressor | DecisionTreeClassifier:
    rng = np.random.default_rng(seed)
    points = rng.choice([0.1, 0.3, 1.0, 2.0], (80, 2)) * rng.normal(size=(80, 2))
    target = np.round(2 * np.sin(3 * points[:, 0]) + points[:, 1])
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    return kind(random_state=seed).fit(points, target)


def arrays(estimator: DecisionTreeRegressor | DecisionTreeClassifier) -> dict[str, np.ndarray]:
    tree = estimator.tree_
    found = {k: getattr(tree, k) for k in ("children_left", "children_right", "feature",
             "threshold", "value")}  # fmt: skip
    found["n_features"] = np.array(tree.n_features)
    if isinstance(estimator, DecisionTreeClassifier):
        found["classes"] = estimator.classes_
    return found


def saved(folder: Path, body: object, name: str = "tree.json") -> Path:
    (folder / name).write_text(body if isinstance(body, str) else json.dumps(body))
    return folder / name


def outputs(tree: DecisionTree, point: list[Fraction]) -> list[Fraction]:
    values = {f"x{i}": v for i, v in enumerate(point)}
    return [exact(e, values) for e in tree.body().args]


@pytest.mark.parametrize("classes", [False, True])
def test_three_ways_to_write_a_tree_of_scikit_learn(tmp_path: Path, classes: bool) -> None:
    estimator = fitted(1, classes)
    tree = tree_of(estimator)
    np.savez(tmp_path / "tree.npz", **arrays(estimator))
    lists = {k: v.tolist() for k, v in arrays(estimator).items()}
    files = [
        tmp_path / "tree.npz",
        saved(tmp_path, lists, "a.json"),
        saved(tmp_path, tree_text(tree)),
    ]
    assert [read_tree_file(f).body() for f in files] == [tree.body()] * 3
    assert tree.leaves == estimator.get_n_leaves()


def test_numbers_are_exact_and_leaves_may_be_linear(tmp_path: Path) -> None:
    tree = read_tree_file(saved(tmp_path, SMALL))
    assert outputs(tree, [Q(1, 10), Q(1)]) == [Q(1, 3)]
    assert outputs(tree, [Q(1, 10) + Q(1, 10**40), Q(1)]) == [Q(3, 2)]
    assert read_tree_file(saved(tmp_path, tree_text(tree), "b.json")) == tree


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5), st.tuples(*[st.floats(-8, 8)] * 2), st.booleans())
def test_leaf_boxes_are_disjoint_cover_the_domain_and_hold_what_reaches_the_leaf(
    seed: int, where: tuple[float, float], at_a_tie: bool
) -> None:
    estimator = fitted(seed)
    tree = tree_of(estimator)
    point = list(map(Q, where))
    if at_a_tie:
        split = next(i for i, n in enumerate(tree.nodes) if isinstance(n, Split))
        point[tree.nodes[split].feature] = tree.cut(split).bound
    holding = [
        leaf.node
        for leaf in tree.leaf_boxes(DOMAIN)
        if all(
            (s.low < x or (s.low == x and not s.open_low))
            and (x < s.high or (x == s.high and not s.open_high))
            for s, x in zip(leaf.box, point, strict=True)
        )
    ]
    assert holding == [tree.leaf_at(point)]
    node = tree.nodes[holding[0]]
    assert isinstance(node, Leaf)
    assert outputs(tree, point) == list(node.constants)
    if all(Q(float(x)) == x for x in point):
        assert holding == estimator.apply(np.array([point], dtype=float)).tolist()


def edited(**changes: object) -> dict[str, object]:
    return {**SMALL, **changes}


def nodes(i: int, **changes: object) -> dict[str, object]:
    rows = [dict(row) for row in SMALL["nodes"]]
    rows[i] |= changes
    return edited(nodes=rows)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not JSON"),
        ([], "not a tree"),
        (edited(more=1), "exactly the keys"),
        (edited(rounding="float16"), '"rounding" is'),
        (edited(nodes=[]), "node 0 is not a node"),
        (edited(inputs=0), "splits input 0 of 0"),
        (edited(inputs=True), "natural number"),
        (nodes(0, left=2), "two parents"),
        (nodes(0, left=0), "two parents"),
        (nodes(0, left=7), "node 7 is not a node"),
        (nodes(0, threshold="nan"), "not a decimal"),
        (nodes(0, threshold="1e-401"), "exponent"),
        (nodes(0, threshold="1/0"), "node 0"),
        (nodes(0, threshold=True), "a number is"),
        (nodes(0, feature=2), "splits input 2 of 2"),
        (nodes(0, missing="left"), "node 0: it has"),
        (nodes(1, value=[1, 2]), "same number of outputs"),
        (nodes(2, weights=[[0]]), "a weight for each"),
        (nodes(1, value=3), "lists"),
        (json.dumps(nodes(1, value=[1])).replace("[1]", "[NaN]"), "not a decimal"),
        ({"children_left": [-1], "n_features": 1}, "the arrays are"),
    ],
    ids=str,
)
def test_refusals(tmp_path: Path, body: object, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        read_tree_file(saved(tmp_path, body))


def test_pickles_are_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "tree.npz", children_left=np.array([{}], dtype=object))
    with pytest.raises(NetworkError, match="plain arrays"):
        read_tree_file(tmp_path / "tree.npz")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("threshold", [np.inf], "not finite"),
        ("feature", [0.5], "not a row of integers"),
        ("value", [[[1.0, 2.0]]], "needs the array classes"),
        ("value", [1.0], "of shape"),
        ("children_left", [1, 2], "different lengths"),
    ],
)
def test_arrays_that_are_no_tree(tmp_path: Path, name: str, value: object, message: str) -> None:
    given = {k: v[:1] for k, v in arrays(fitted(0)).items() if v.ndim}
    given |= {"n_features": np.array(2), name: np.array(value)}
    np.savez(tmp_path / "tree.npz", **given)
    with pytest.raises(NetworkError, match=message):
        read_tree_file(tmp_path / "tree.npz")


def test_a_problem_names_a_tree_like_any_network(tmp_path: Path) -> None:
    saved(tmp_path, SMALL)
    text = """
name = "tree"
[system]
time = "discrete"
states = ["a", "b"]
inputs = ["u"]
[networks]
tree = "tree.json"
[controller]
u = "tree(b, a)"
[domain]
a = [-1, 1]
b = [-1, 1]
[property]
kind = "output"
expression = "u"
upper = 3
"""
    problem = read_problem(saved(tmp_path, text, "problem.toml"))
    tree = read_tree_file(tmp_path / "tree.json")
    assert problem.controller["u"] is tree([var("b"), var("a")]).args[0]
