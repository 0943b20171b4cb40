"""ONNX files as exact functions over the reals.

Read are feed-forward networks from one row of features to one row of outputs, as torch and
other libraries export them.  The result is the mathematical function with the exact weights
of the file (every float32 is the binary32 number it is): a claim about it is a claim over the
reals, not over one float32 run of the file.  A dynamic batch axis is read as one row.
Whatever is not read exactly is refused with the name of the node.

Reference: ONNX operator specification, opsets 9 to 28, https://onnx.ai/onnx/operators.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.checker
import onnx.helper
import onnx.numpy_helper
from google.protobuf.message import DecodeError

from certify.errors import NetworkError
from certify.expression import stack, var
from certify.proofs.checker.errors import LanguageError

from .network import Network, placeholder
from .onnx_graph import CLASSIFIER, STANDARD, label_of, needed, refuse_unread
from .onnx_operators import ARITHMETIC
from .onnx_shapes import SHAPES
from .onnx_trees import TREES
from .onnx_values import LARGEST_TENSOR, Call, Constant, Features, Value, checked_shape

__all__ = ["OPERATORS", "parse_onnx", "read_onnx"]

OPERATORS: Mapping[str, Callable[[Call], Value]] = {**ARITHMETIC, **SHAPES}
_READ = {**OPERATORS, **TREES}

_LARGEST_FILE = 100_000_000
_LARGEST_WORK = 2 * LARGEST_TENSOR
_OPSETS = range(9, 29)
_TYPES = {1: np.float32, 6: np.int32, 7: np.int64, 10: np.float16, 11: np.float64}
_FAULTS = (LanguageError, ArithmeticError, LookupError, TypeError, ValueError)


def read_onnx(path: str | Path) -> Network:
    """The network in the ONNX file at ``path``.

    Raises ``NetworkError`` for a file that is missing, larger than 100 MB or malformed, keeps
    weights outside the file, has several inputs or outputs, or holds an operator, a shape or
    a number that is not read exactly; the message names the node and the way out.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise NetworkError(f"{path}: larger than {_LARGEST_FILE // 10**6} MB")
        data = path.read_bytes()
    except OSError as error:
        raise NetworkError(f"{path}: {error.strerror or error}") from None
    return parse_onnx(data, str(path))


def parse_onnx(data: bytes, name: str) -> Network:
    """The network in the ONNX file with the bytes ``data``; ``name`` is used in messages."""
    try:
        model = onnx.load_model_from_string(data)
        needed(model.graph)
        refuse_unread(model.graph, _READ)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, *_FAULTS) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise _named(name, f"not a valid ONNX file: {reason}") from None
    except NetworkError as error:
        raise _named(name, str(error)) from None
    try:
        with np.errstate(all="ignore"):
            return _network(model, name)
    except NetworkError as error:
        raise _named(name, str(error)) from None


def _named(name: str, reason: str) -> NetworkError:
    # names in a file may hold anything, also what a terminal obeys
    printable = "".join(c if c.isprintable() else "?" for c in reason)
    return NetworkError(f"{name}: {printable}")


def _network(model: onnx.ModelProto, name: str) -> Network:
    graph, opset = model.graph, _opset(model)
    if graph.sparse_initializer:
        raise NetworkError("sparse initialisers are not read: store them densely")
    values: dict[str, Value] = {}
    work = 0
    for tensor in graph.initializer:
        values[tensor.name] = Constant(_array(tensor))
    given = _only([i for i in graph.input if i.name not in values], "input")
    values[given.name] = source = _source(given)
    for i, node in enumerate(graph.node):
        label = f"{label_of(i, node)} ({node.op_type})"
        try:
            call = _call(node, opset, values)
            result = _READ[node.op_type](call)
        except (NetworkError, *_FAULTS) as error:
            raise NetworkError(f"{label}: {error}") from None
        work += sum(math.prod(v.shape) for v in (*call.inputs, result) if v is not None)
        if work > _LARGEST_WORK:
            raise NetworkError(f"{label}: the network has more than {_LARGEST_WORK} numbers")
        values[node.output[0]] = result
    wanted = _only(list(graph.output), "output")
    result = _result(values, wanted)
    return Network(source.node.size, result.node.size, name, result.node)


def _opset(model: onnx.ModelProto) -> int:
    versions = {o.version for o in model.opset_import if o.domain in STANDARD}
    if len(versions) != 1 or not versions <= set(_OPSETS):
        found = ", ".join(str(v) for v in sorted(versions)) or "none"
        raise NetworkError(f"opset {found} is not read: export with one from 9 to {_OPSETS[-1]}")
    if any(f.domain in STANDARD for f in model.functions):
        raise NetworkError("functions that redefine standard operators are not read")
    return int(versions.pop())


def _only(found: list[onnx.ValueInfoProto], what: str) -> onnx.ValueInfoProto:
    if len(found) != 1:
        names = ", ".join(repr(v.name) for v in found) or "none"
        raise NetworkError(f"one {what} is read, this network has {len(found)}: {names}")
    return found[0]


def _array(tensor: onnx.TensorProto) -> np.ndarray[Any, np.dtype[Any]]:
    if tensor.data_type not in _TYPES:
        raise NetworkError(
            f"tensor {tensor.name!r} has an element type that is not read: use float32"
        )
    try:
        array = np.asarray(onnx.numpy_helper.to_array(tensor))
    except _FAULTS as error:
        raise NetworkError(f"tensor {tensor.name!r} is malformed: {error}") from None
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = array.ravel()[int(np.argmin(np.isfinite(array)))]
        # Clip alone gives an infinity a meaning, as the bound that bounds nothing
        if array.size > 1 or np.isnan(bad):
            raise NetworkError(f"tensor {tensor.name!r} contains {bad}: weights must be finite")
    return array


def _source(info: onnx.ValueInfoProto) -> Features:
    dims = _dims(info)
    if info.type.tensor_type.elem_type not in (1, 10, 11):
        raise NetworkError(f"the input {info.name!r} must be a tensor of float32 or float64")
    if not dims or None in dims[1:] or (len(dims) == 1 and dims[0] is None):
        raise NetworkError(
            f"the input {info.name!r} has shape {dims or 'unknown'}: declare it as [1, n]"
        )
    shape = tuple(1 if d is None else d for d in dims)
    size = _row(shape, f"the input {info.name!r}")
    node = stack(var(placeholder(i)) for i in range(size))
    return Features(node, shape, np.dtype(_TYPES[info.type.tensor_type.elem_type]))


def _dims(info: onnx.ValueInfoProto) -> list[int | None]:
    dims = info.type.tensor_type.shape.dim
    return [d.dim_value if d.HasField("dim_value") else None for d in dims]


def _row(shape: tuple[int, ...], what: str) -> int:
    size = math.prod(checked_shape(shape))
    if size != shape[-1]:
        raise NetworkError(f"{what} has shape {list(shape)}: it must be one row, [1, n]")
    return size


def _call(node: onnx.NodeProto, opset: int, values: Mapping[str, Value]) -> Call:
    most = 2 if node.op_type == CLASSIFIER else 1  # of its outputs the label is read
    if not 1 <= len(node.output) <= most or not node.output[0] or node.output[0] in values:
        raise NetworkError(f"it must write one new value, not {list(node.output)}")
    unknown = [i for i in node.input if i and i not in values]
    if unknown:
        raise NetworkError(f"it reads {unknown[0]!r}, which nothing before it writes")
    attributes = {a.name: _attribute(a) for a in node.attribute}
    inputs = tuple(values[i] if i else None for i in node.input)
    return Call(node.op_type, opset, inputs, attributes)


def _attribute(attribute: onnx.AttributeProto) -> object:
    value: object = onnx.helper.get_attribute_value(attribute)
    return _array(value) if isinstance(value, onnx.TensorProto) else value


def _result(values: Mapping[str, Value], wanted: onnx.ValueInfoProto) -> Features:
    found = values.get(wanted.name)
    if not isinstance(found, Features) or found.dtype.kind not in "fi":
        raise NetworkError(f"the output {wanted.name!r} is no number that depends on the input")
    _row(found.shape or (1,), f"the output {wanted.name!r}")
    declared = _dims(wanted)
    pairs = zip(declared, found.shape, strict=False)
    wrong = len(declared) != len(found.shape) or any(d not in (None, s) for d, s in pairs)
    if wanted.type.tensor_type.HasField("shape") and wrong:
        raise NetworkError(
            f"the output {wanted.name!r} is declared as {declared} but is {list(found.shape)}"
        )
    return found
