"""Decision trees in files: a plain JSON of nodes, and the arrays of scikit-learn as JSON or npz.

The plain form::

    {"format": "certify-tree-1", "inputs": 2, "rounding": "float32",
     "nodes": [{"feature": 0, "threshold": 20, "left": 1, "right": 2},
               {"value": [21]},
               {"value": [15, "1/3"], "weights": [[0, 0.5], [0, 0]]}]}

Node 0 is the root; left is ``x[feature] <= threshold``.  ``rounding`` says whether inputs are
rounded to binary32 first, as scikit-learn does ("float32"), or compared as they are ("none").
With ``weights`` output ``k`` is ``value[k] + weights[k] . x``.  Numbers are exact: decimals, or
"p/q" as a string.

The arrays are those of ``tree_``: ``children_left``, ``children_right``, ``feature``,
``threshold``, ``value`` (nodes, outputs, classes), ``n_features``, and ``classes`` for a
classifier.  They are read without pickle, and mean what they mean to scikit-learn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from certify.decision_tree import DecisionTree, Leaf, Split
from certify.errors import NetworkError
from certify.expression.tokens import exact_decimal

__all__ = ["FORMAT", "from_arrays", "read_tree_file", "tree_text"]

FORMAT = "certify-tree-1"
_LARGEST_FILE = 100_000_000
_ARRAYS = ("children_left", "children_right", "feature", "threshold", "value")


def read_tree_file(path: str | Path) -> DecisionTree:
    """The tree in the file at ``path``, ``.json`` or ``.npz``.

    Raises ``NetworkError`` for a file that is missing, malformed or larger than 100 MB, and for
    nodes that are not one tree.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise NetworkError(f"larger than {_LARGEST_FILE // 10**6} MB")
        return _from_npz(path) if path.suffix == ".npz" else _from_json(path.read_bytes())
    except OSError as error:
        raise NetworkError(f"{path}: {error.strerror or error}") from None
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from None


def _from_npz(path: Path) -> DecisionTree:
    try:
        with np.load(path, allow_pickle=False) as file:
            return from_arrays({name: file[name] for name in file.files})
    except (ValueError, BadZipFile, EOFError, MemoryError) as error:
        raise NetworkError(f"not an npz file of plain arrays: {error}") from None


def _from_json(data: bytes) -> DecisionTree:
    try:
        body = json.loads(data, parse_float=_Decimal, parse_constant=_Decimal)
    except (ValueError, RecursionError) as error:
        raise NetworkError(f"not JSON: {error}") from None
    if isinstance(body, dict) and "children_left" in body:
        return from_arrays({k: _array(k, v) for k, v in body.items()})
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise NetworkError(f'not a tree: write "format": "{FORMAT}", or the arrays of tree_')
    known = {"format", "inputs", "rounding", "nodes"}
    if set(body) != known:
        raise NetworkError(f"a tree has exactly the keys {', '.join(sorted(known))}")
    inputs, rounding, rows = body["inputs"], body["rounding"], body["nodes"]
    if rounding not in ("none", "float32"):
        raise NetworkError('"rounding" is "none" or "float32"')
    if not isinstance(rows, list):
        raise NetworkError('"nodes" is a list')
    nodes = tuple(_named(i, row) for i, row in enumerate(rows))
    return DecisionTree(_integer("inputs", inputs), nodes, rounding)


class _Decimal(str):
    """A number as it is written."""

    __slots__ = ()


def _named(i: int, row: object) -> Split | Leaf:
    try:
        return _node(row)
    except NetworkError as error:
        raise NetworkError(f"node {i}: {error}") from None


def _node(row: object) -> Split | Leaf:
    if isinstance(row, dict) and set(row) == {"feature", "threshold", "left", "right"}:
        feature, left, right = (_integer(k, row[k]) for k in ("feature", "left", "right"))
        return Split(feature, _number(row["threshold"]), left, right)
    if isinstance(row, dict) and {"value"} <= set(row) <= {"value", "weights"}:
        weights = tuple(_vector(w) for w in _list(row.get("weights", [])))
        return Leaf(_vector(row["value"]), weights)
    raise NetworkError("it has feature, threshold, left and right, or value, or value and weights")


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise NetworkError("values and weights are lists")
    return value


def _vector(value: object) -> tuple[Fraction, ...]:
    return tuple(_number(v) for v in _list(value))


def _integer(name: str, value: object) -> int:
    if type(value) is not int or value < 0:
        raise NetworkError(f"{name!r} is a natural number")
    return value


def _number(value: object) -> Fraction:
    if type(value) is int:
        return Fraction(value)
    if isinstance(value, str):
        top, slash, bottom = value.partition("/")
        try:
            parts = [exact_decimal(top), *([exact_decimal(bottom)] if slash else [])]
            return parts[0] / parts[1] if slash else parts[0]
        except (ValueError, ZeroDivisionError) as error:
            raise NetworkError(str(error)) from None
    raise NetworkError('a number is a decimal or "p/q"')


def _array(name: str, value: object) -> np.ndarray[Any, np.dtype[Any]]:
    """Binary64 numbers, which ``repr`` writes so that they are read back."""
    try:
        return np.array(json.loads(json.dumps(value), parse_float=float), dtype=np.float64)
    except (ValueError, TypeError):
        raise NetworkError(f"{name!r} is not an array of numbers") from None


def from_arrays(arrays: Mapping[str, np.ndarray[Any, np.dtype[Any]]]) -> DecisionTree:
    """The tree with the ``tree_`` arrays of scikit-learn; its inputs are rounded to binary32."""
    known = {*_ARRAYS, "n_features", "classes"}
    missing = [k for k in (*_ARRAYS, "n_features") if k not in arrays]
    if missing or not set(arrays) <= known:
        raise NetworkError(f"the arrays are {', '.join(_ARRAYS)}, n_features and perhaps classes")
    left, right, feature = (_integers(k, arrays[k]) for k in _ARRAYS[:3])
    threshold, value = (_finite(k, arrays[k]) for k in _ARRAYS[3:])
    if len({len(left), len(right), len(feature), len(threshold), len(value)}) != 1 or not left:
        raise NetworkError("the arrays have different lengths, or none")
    predicted = _predicted(value, arrays.get("classes"))
    nodes = tuple(
        Leaf(tuple(map(Fraction, row))) if a == b else Split(max(f, 0), Fraction(float(t)), a, b)
        for a, b, f, t, row in zip(left, right, feature, threshold, predicted.tolist(), strict=True)
    )
    (inputs,) = _integers("n_features", arrays["n_features"].reshape(-1)[:1])
    return DecisionTree(inputs, nodes, "float32")


def _predicted(value: Any, classes: Any) -> Any:
    """The prediction of every node, (nodes, outputs)."""
    if value.ndim != 3:
        raise NetworkError("value is not of shape (nodes, outputs, classes)")
    if classes is None:
        if value.shape[2] != 1:
            raise NetworkError("a classifier needs the array classes")
        return value[:, :, 0]
    labels = _finite("classes", classes)
    if value.shape[1:] != (1, labels.size):
        raise NetworkError("a classifier has one output, and a value for each of its classes")
    return labels[np.argmax(value[:, 0, :], axis=1)].reshape(-1, 1)


def _integers(name: str, array: Any) -> list[int]:
    found = _finite(name, array)
    if found.ndim != 1 or not (found == np.rint(found)).all():
        raise NetworkError(f"{name!r} is not a row of integers")
    return [int(v) for v in found]


def _finite(name: str, array: Any) -> Any:
    if array.dtype.kind not in "iufb":
        raise NetworkError(f"{name!r} is not an array of numbers")
    exact = array.astype(np.float64)
    if not np.isfinite(exact).all() or exact.tolist() != array.tolist():
        raise NetworkError(f"{name!r} has numbers that are not finite, or too large for float64")
    return exact


def tree_text(tree: DecisionTree) -> str:
    """``tree`` in the plain form, a node on each line."""
    rows = ",\n ".join(json.dumps(_row(node)) for node in tree.nodes)
    head = json.dumps({"format": FORMAT, "inputs": tree.inputs, "rounding": tree.rounding})
    return f'{head[:-1]}, "nodes": [\n {rows}\n]}}\n'


def _row(node: Split | Leaf) -> dict[str, object]:
    if isinstance(node, Split):
        threshold = _written(node.threshold)
        return {
            "feature": node.feature, "threshold": threshold, "left": node.left, "right": node.right
        }  # fmt: skip
    weights = {"weights": [_all_written(w) for w in node.weights]} if node.weights else {}
    return {"value": _all_written(node.constants), **weights}


def _all_written(values: Iterable[Fraction]) -> Sequence[int | str]:
    return [_written(v) for v in values]


def _written(value: Fraction) -> int | str:
    """An integer, an exact decimal where that is short, or ``p/q``."""
    if value.denominator == 1:
        return value.numerator
    if value.denominator & (value.denominator - 1) == 0 and value == Fraction(float(value)):
        text = str(Decimal(float(value)))
        if len(text) < 100:
            return text
    return f"{value.numerator}/{value.denominator}"
