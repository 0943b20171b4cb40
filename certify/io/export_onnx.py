"""Small multilayer perceptrons as ONNX files with the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
import onnx.helper
import onnx.numpy_helper

from certify.errors import NetworkError

__all__ = ["Layer", "onnx_bytes", "write_onnx"]

Layer: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any] | None, str | None]

_ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "softplus": ("Softplus", {}),
    "sin": ("Sin", {}),
}
# fixed, so that the bytes do not depend on the installed version of onnx
_OPSET, _IR_VERSION = 17, 8


def write_onnx(path: str | Path, layers: Sequence[Layer]) -> None:
    """Write ``y = s_k(W_k ... s_1(W_1 x + b_1) ... + b_k)`` as the ONNX file ``path``.

    ``layers`` are ``(W, b, s)`` with ``W`` of shape ``(outputs, inputs)``, ``b`` of shape
    ``(outputs,)`` or None, all float32 or all float64, and the activation ``s`` one of relu,
    leaky_relu (its slope is the binary32 number nearest to 0.01), tanh, sigmoid, softplus,
    sin or None.  The bytes depend on ``layers`` alone.

    Raises ``NetworkError`` for shapes that do not fit, other types, and NaN or infinity.
    """
    data = onnx_bytes(layers)
    Path(path).write_bytes(data)


def onnx_bytes(layers: Sequence[Layer]) -> bytes:
    """The bytes that ``write_onnx`` writes."""
    if not layers:
        raise NetworkError("a network needs at least one layer")
    dtype = layers[0][0].dtype
    nodes: list[onnx.NodeProto] = []
    tensors: list[onnx.TensorProto] = []
    width = layers[0][0].shape[-1]
    for i, (weight, bias, activation) in enumerate(layers):
        _check_layer(i, weight, bias, width, dtype)
        width = weight.shape[0]
        names = [f"layer{i}.weight"] if bias is None else [f"layer{i}.weight", f"layer{i}.bias"]
        tensors += [
            onnx.numpy_helper.from_array(np.ascontiguousarray(a), name)
            for a, name in zip((weight, bias), names, strict=False)
            if a is not None
        ]
        source = nodes[-1].output[0] if nodes else "x"
        nodes.append(
            onnx.helper.make_node(
                "Gemm", [source, *names], [f"layer{i}"], name=f"layer{i}.linear", transB=1
            )
        )
        if activation is not None:
            nodes.append(_activation(i, activation))
    nodes[-1].output[0] = "y"
    return _model(nodes, tensors, layers[0][0].shape[1], width, dtype)


def _check_layer(
    i: int,
    weight: npt.NDArray[Any],
    bias: npt.NDArray[Any] | None,
    width: int,
    dtype: np.dtype[Any],
) -> None:
    arrays = [weight] if bias is None else [weight, bias]
    if dtype not in (np.float32, np.float64) or any(a.dtype != dtype for a in arrays):
        raise NetworkError(f"layer {i}: weights must be all float32 or all float64")
    if weight.ndim != 2 or weight.shape[1] != width or not weight.size:
        raise NetworkError(f"layer {i}: a weight of shape {weight.shape} after {width} features")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise NetworkError(f"layer {i}: a bias of shape {bias.shape} for {weight.shape[0]} outputs")
    if not all(np.isfinite(a).all() for a in arrays):
        raise NetworkError(f"layer {i}: a weight is NaN or infinite")


def _activation(i: int, activation: str) -> onnx.NodeProto:
    if activation not in _ACTIVATIONS:
        known = ", ".join(sorted(_ACTIVATIONS))
        raise NetworkError(f"layer {i}: the activation {activation!r} is not one of {known}")
    name, (operator, attributes) = f"layer{i}.{activation}", _ACTIVATIONS[activation]
    return onnx.helper.make_node(operator, [f"layer{i}"], [name], name=name, **attributes)


def _model(
    nodes: Sequence[onnx.NodeProto],
    tensors: Sequence[onnx.TensorProto],
    inputs: int,
    outputs: int,
    dtype: np.dtype[Any],
) -> bytes:
    kind = onnx.helper.np_dtype_to_tensor_dtype(dtype)
    graph = onnx.helper.make_graph(
        nodes,
        "network",
        [onnx.helper.make_tensor_value_info("x", kind, ["batch", inputs])],
        [onnx.helper.make_tensor_value_info("y", kind, ["batch", outputs])],
        initializer=tensors,
    )
    model = onnx.helper.make_model(
        graph,
        producer_name="certify",
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data
