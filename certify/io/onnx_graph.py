"""What of an ONNX graph is read at all, and what of it is needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import onnx

from certify.errors import NetworkError

from .onnx_trees import TREES

__all__ = ["CLASSIFIER", "STANDARD", "label_of", "needed", "refuse_unread"]

STANDARD = ("", "ai.onnx")
TREE_DOMAIN = "ai.onnx.ml"
CLASSIFIER = "TreeEnsembleClassifier"


def refuse_unread(graph: onnx.GraphProto, operators: Collection[str]) -> None:
    """Refuse what must not even be validated: other operators and weights in other files."""
    for i, node in enumerate(graph.node):
        domains = (TREE_DOMAIN,) if node.op_type in TREES else STANDARD
        if node.domain not in domains or node.op_type not in operators:
            operator = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
            known = ", ".join(sorted(operators))
            raise NetworkError(
                f"{label_of(i, node)}: the operator {operator} is not read; those that are: {known}"
            )
    for tensor in _tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise NetworkError(
                f"the weights {tensor.name!r} are in another file: export with "
                "external_data=False, so that one file says everything"
            )


def label_of(i: int, node: onnx.NodeProto) -> str:
    """How messages name a node."""
    return f"node {node.name!r}" if node.name else f"node {i} (writing {', '.join(node.output)})"


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors


def needed(graph: onnx.GraphProto) -> None:
    """Keep of the outputs of a tree classifier, the label and scores, the label alone."""
    if len(graph.output) != 2 or all(n.op_type != CLASSIFIER for n in graph.node):
        return
    del graph.output[1:]
    wanted, kept = {graph.output[0].name}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            kept.append(node)
    kept.reverse()
    nodes = [onnx.NodeProto.FromString(n.SerializeToString()) for n in kept]
    del graph.node[:]
    graph.node.extend(nodes)
