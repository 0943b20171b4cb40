"""Tree ensembles of ONNX mean what the reference evaluator computes."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import onnx
import onnx.reference
import pytest
from onnx import TensorProto, helper
from sklearn.tree import DecisionTreeRegressor

from certify.errors import NetworkError
from certify.expression.exact import exact
from certify.io.network import Network
from certify.io.onnx import parse_onnx
from certify.io.sklearn import read_tree

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT")
THRESHOLDS = [np.float32(v) for v in (0.1, -1.5, 2.0)]


def attributes(mode: str, kind: str, **changes: object) -> dict[str, object]:
    """Two trees of 5 and 3 nodes over two features."""
    rows = [
        (0, 0, 1, mode, 1, 2, THRESHOLDS[0]), (0, 1, 0, mode, 3, 4, THRESHOLDS[1]),
        (0, 2, 0, "LEAF", 0, 0, 0.0), (0, 3, 0, "LEAF", 0, 0, 0.0), (0, 4, 0, "LEAF", 0, 0, 0.0),
        (1, 0, 0, mode, 1, 2, THRESHOLDS[2]), (1, 1, 0, "LEAF", 0, 0, 0.0),
        (1, 2, 0, "LEAF", 0, 0, 0.0),
    ]  # fmt: skip
    names = ("treeids", "nodeids", "featureids", "modes", "truenodeids", "falsenodeids", "values")
    found = {f"nodes_{n}": list(c) for n, c in zip(names, zip(*rows, strict=True), strict=True)}
    found["nodes_values"] = [float(v) for v in found["nodes_values"]]
    leaves = [(0, 2, 0, 1.5), (0, 3, 1, -2.0), (0, 4, 0, 0.25), (1, 1, 1, 4.0), (1, 2, 0, 0.125)]
    columns = zip(("treeids", "nodeids", "ids", "weights"), zip(*leaves, strict=True), strict=True)
    found |= {f"{kind}_{n}": list(c) for n, c in columns}
    extra = {"n_targets": 2} if kind == "target" else {"classlabels_int64s": [15, 22]}
    return {**found, **extra, **changes}


def bytes_of(op: str, given: dict[str, object], outputs: Sequence[str] = ("y",)) -> bytes:
    node = helper.make_node(op, ["x"], list(outputs), domain="ai.onnx.ml", **given)
    kinds = [TensorProto.INT64 if o == "label" else TensorProto.FLOAT for o in outputs]
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [
            helper.make_tensor_value_info(o, k, [1] if o == "label" else [1, 2])
            for o, k in zip(outputs, kinds, strict=True)
        ],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return model.SerializeToString()


def points() -> np.ndarray:
    near = [np.nextafter(v, d) for v in THRESHOLDS for d in (v, np.float32(9), np.float32(-9))]
    values = [*near, np.float32(0), np.float32(7)]
    return np.array([[a, b] for a in values for b in values], dtype=np.float32)


def at(network: Network, point: np.ndarray) -> list[Fraction]:
    values = {f"x{i}": Fraction(float(v)) for i, v in enumerate(point)}
    return [exact(network.body[k], values) for k in range(network.outputs)]


@pytest.mark.parametrize("mode", MODES)
def test_a_sum_of_trees(mode: str) -> None:
    given = attributes(mode, "target", base_values=[0.5, -1.0])
    data = bytes_of("TreeEnsembleRegressor", given)
    network, evaluator = parse_onnx(data, "net"), onnx.reference.ReferenceEvaluator(data)
    for point in points():
        (wanted,) = evaluator.run(None, {"x": point[None]})
        assert at(network, point) == [Fraction(float(v)) for v in wanted[0]]


@pytest.mark.parametrize("how", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_other_ways_to_join_trees(how: str) -> None:
    given = attributes("BRANCH_LEQ", "target", aggregate_function=how)
    network = parse_onnx(bytes_of("TreeEnsembleRegressor", given), "net")
    found = at(network, np.array([0.0, 9.0]))  # trees say (1.5, 0) and (0, 4)
    wanted = {"SUM": (1.5, 4), "AVERAGE": (0.75, 2), "MIN": (0, 0), "MAX": (1.5, 4)}
    assert [found, at(network, np.array([9.0, 9.0]))[0]] == [
        list(map(Fraction, wanted[how])),
        {"SUM": Fraction(13, 8), "AVERAGE": Fraction(13, 16), "MIN": Fraction(1, 8)}.get(
            how, Fraction(3, 2)
        ),
    ]


@pytest.mark.parametrize("transform", ["NONE", "SOFTMAX"])
def test_the_label_of_a_classifier(transform: str) -> None:
    given = attributes("BRANCH_LEQ", "class", post_transform=transform)
    data = bytes_of("TreeEnsembleClassifier", given, ("label", "scores"))
    network, evaluator = parse_onnx(data, "net"), onnx.reference.ReferenceEvaluator(data)
    labels = set()
    for point in points():
        wanted = evaluator.run(["label"], {"x": point[None]})[0]
        assert at(network, point) == [Fraction(int(wanted[0]))]
        labels.add(int(wanted[0]))
    assert labels == {15, 22}


def test_a_tree_of_scikit_learn_and_its_conversion_are_one_function() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)).astype(np.float32)
    tree = DecisionTreeRegressor(max_depth=4, criterion="absolute_error").fit(
        x, np.round(4 * x[:, 0] + x[:, 1]) / 4
    )
    t = tree.tree_
    leaf = t.children_left < 0
    ids = list(range(t.node_count))
    # thresholds as converters write them: the largest binary32 number below
    down = t.threshold.astype(np.float32)
    down = np.where(down > t.threshold, np.nextafter(down, np.float32(-np.inf)), down)
    given = {
        "nodes_treeids": [0] * len(ids), "nodes_nodeids": ids,
        "nodes_featureids": np.maximum(t.feature, 0).tolist(),
        "nodes_modes": ["LEAF" if end else "BRANCH_LEQ" for end in leaf],
        "nodes_truenodeids": np.maximum(t.children_left, 0).tolist(),
        "nodes_falsenodeids": np.maximum(t.children_right, 0).tolist(),
        "nodes_values": [float(v) for v in down],
        "target_treeids": [0] * int(leaf.sum()), "target_nodeids": np.flatnonzero(leaf).tolist(),
        "target_ids": [0] * int(leaf.sum()), "target_weights": t.value[leaf, 0, 0].tolist(),
        "n_targets": 1,
    }  # fmt: skip
    data = bytes_of("TreeEnsembleRegressor", given)
    model = onnx.load_model_from_string(data)
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1
    network, wanted = parse_onnx(model.SerializeToString(), "net"), read_tree(tree)
    rows = np.vstack([x, np.array([[v, v] for v in t.threshold[~leaf]])])
    assert all(at(network, row) == at(wanted, row) for row in rows)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"post_transform": "SOFTMAX"}, "post_transform"),
        ({"nodes_modes": ["BRANCH_NEQ", *["LEAF"] * 7]}, "not one tree|BRANCH_NEQ"),
        ({"nodes_featureids": [9] * 8}, "split of feature 9"),
        ({"nodes_truenodeids": [0, 3, 0, 0, 0, 1, 0, 0]}, "not one tree"),
        ({"nodes_falsenodeids": [9, 4, 0, 0, 0, 2, 0, 0]}, "not there"),
        ({"nodes_nodeids": [0] * 8}, "given twice"),
        ({"nodes_values": [1.0]}, "different lengths"),
        ({"nodes_values": [float("nan")] * 8}, "finite"),
        ({"target_nodeids": [2, 3, 4, 1, 9]}, "belongs to no node"),
        ({"target_ids": [0, 1, 0, 1, 2]}, "beyond 2"),
    ],
    ids=str,
)
def test_refusals(changes: dict[str, object], message: str) -> None:
    given = attributes("BRANCH_LEQ", "target", **changes)
    with pytest.raises(NetworkError, match=message):
        parse_onnx(bytes_of("TreeEnsembleRegressor", given), "net")
