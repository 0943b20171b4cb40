"""Expression graphs as plain JSON, one spelling for each: ``[op, attribute, [arguments]]``."""

from collections.abc import Sequence

from .attributes import Data, data_json
from .errors import FormatError, LanguageError
from .exact import parse_number
from .language import Affine, Node, build, topological

__all__ = ["decode_graph", "encode_graph"]

_LARGEST_GRAPH = 1_000_000


def encode_graph(roots: Sequence[Node]) -> tuple[list[object], list[int]]:
    """The nodes below ``roots``, arguments first, and the positions of the roots."""
    order = topological(roots)
    position = {node: i for i, node in enumerate(order)}
    rows: list[object] = [[n.op, data_json(n.data), [position[a] for a in n.args]] for n in order]
    return rows, [position[r] for r in roots]


def decode_graph(rows: object, roots: Sequence[int]) -> list[Node]:
    """The expressions at ``roots``; a FormatError names the first node that is wrong."""
    if not isinstance(rows, list) or len(rows) > _LARGEST_GRAPH:
        raise FormatError("the graph is not a list of at most a million nodes")
    nodes: list[Node] = []
    for i, row in enumerate(rows):
        try:
            nodes.append(_decode_node(row, nodes))
        except (FormatError, LanguageError) as error:
            raise FormatError(f"graph node {i}: {error}") from error
    for root in roots:
        if not 0 <= root < len(nodes):
            raise FormatError(f"there is no graph node {root!r}")
    return [nodes[r] for r in roots]


def _decode_node(row: object, nodes: list[Node]) -> Node:
    if not (isinstance(row, list) and len(row) == 3):
        raise FormatError("a node is [operator, attribute, arguments]")
    op, attribute, positions = row
    if not isinstance(op, str) or not isinstance(positions, list):
        raise FormatError("a node is [operator, attribute, arguments]")
    if any(type(p) is not int or not 0 <= p < len(nodes) for p in positions):
        raise FormatError("arguments come before their users")
    return build(op, tuple(nodes[p] for p in positions), _decode_data(op, attribute))


def _decode_data(op: str, attribute: object) -> Data:
    if op == "const":
        return parse_number(attribute)
    if op == "affine":
        if not (isinstance(attribute, list) and len(attribute) == 2):
            raise FormatError("an affine node has [weight, bias]")
        weight, bias = attribute
        if not (isinstance(weight, list) and isinstance(bias, list)):
            raise FormatError("an affine node has [weight, bias]")
        if not all(isinstance(r, list) for r in weight):
            raise FormatError("a weight matrix is a list of rows")
        rows = tuple(tuple(parse_number(w) for w in row) for row in weight)
        return Affine(rows, tuple(parse_number(b) for b in bias))
    if op in ("quotient", "quotient2"):
        raise FormatError("quotients are derived by the checker, never read")
    if attribute is None or (isinstance(attribute, str) and op == "var"):
        return attribute
    if type(attribute) is int and op in ("pow", "index"):
        return attribute
    raise FormatError(f"{op} has no such attribute")
