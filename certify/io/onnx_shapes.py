"""The ONNX operators that move elements, make constants or add elements up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from certify.errors import NetworkError
from certify.expression import build
from certify.proofs.checker.language import Affine

from .onnx_values import (
    LARGEST_TENSOR,
    Array,
    Call,
    Constant,
    Features,
    Value,
    checked_shape,
    features,
    joined,
    rearranged,
)

__all__ = ["SHAPES"]

_CASTS = {1: np.float32, 6: np.int32, 7: np.int64, 10: np.float16, 11: np.float64}


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise NetworkError(f"axis {axis} is not one of {rank}")
    return axis % rank


def _axes(call: Call, since: int) -> list[int] | None:
    """The axes, an attribute before opset ``since`` and input 1 from then on."""
    return call.integers(1, "axes" if call.opset < since else None)


def _identity(call: Call) -> Value:
    return call.value(0)


def _flatten(call: Call) -> Value:
    v = call.value(0)
    rank, axis = len(v.shape), call.attribute("axis", int, 1)
    if not -rank <= axis <= rank:
        raise NetworkError(f"axis {axis} is not one of {rank}")
    rows = math.prod(v.shape[: axis if axis >= 0 else axis + rank])
    return rearranged(v, lambda a: a.reshape(rows, -1))


def _reshape(call: Call) -> Value:
    v, wanted = call.value(0), call.integers(1)
    if wanted is None or len(wanted) > 8:
        raise NetworkError("the new shape must be a short constant list")
    if not call.attribute("allowzero", int, 0):
        if any(d == 0 and i >= len(v.shape) for i, d in enumerate(wanted)):
            raise NetworkError(f"the new shape {wanted} copies an axis that is not there")
        wanted = [v.shape[i] if d == 0 else d for i, d in enumerate(wanted)]
    if any(d < -1 for d in wanted):
        raise NetworkError(f"{wanted} is not a shape")
    return rearranged(v, lambda a: a.reshape(wanted))


def _squeeze(call: Call) -> Value:
    v, axes = call.value(0), _axes(call, 13)
    chosen = None if axes is None else tuple(_axis(a, len(v.shape)) for a in axes)
    return rearranged(v, lambda a: np.squeeze(a, chosen))


def _unsqueeze(call: Call) -> Value:
    v, axes = call.value(0), _axes(call, 13)
    if axes is None or len(axes) + len(v.shape) > 8:
        raise NetworkError("the new axes must be a short constant list")
    return rearranged(v, lambda a: np.expand_dims(a, tuple(axes)))


def _transpose(call: Call) -> Value:
    order = call.attribute("perm", list, None)
    return rearranged(call.value(0), lambda a: np.transpose(a, order))


def _concat(call: Call) -> Value:
    values = [call.value(i) for i in range(len(call.inputs))]
    axis = call.attribute("axis", int, None)
    if axis is None:
        raise NetworkError("attribute axis is missing")
    return joined(values, _axis(axis, len(values[0].shape)))


def _gather(call: Call) -> Value:
    v, chosen = call.value(0), call.constant(1)
    if chosen is None or chosen.dtype.kind != "i":
        raise NetworkError("the indices must be constant integers")
    axis = _axis(call.attribute("axis", int, 0), len(v.shape))
    checked_shape((math.prod(v.shape) // max(1, v.shape[axis]) * chosen.size,), LARGEST_TENSOR)
    return rearranged(v, lambda a: np.take(a, chosen, axis))


def _slice(call: Call) -> Value:
    v, old = call.value(0), call.opset < 10
    starts = call.integers(1, "starts" if old else None)
    ends = call.integers(2, "ends" if old else None)
    axes = call.integers(3, "axes" if old else None)
    steps = None if old else call.integers(4)
    if starts is None or ends is None:
        raise NetworkError("starts and ends must be constant")
    places = [_axis(a, len(v.shape)) for a in (range(len(starts)) if axes is None else axes)]
    steps = [1] * len(starts) if steps is None else steps
    if len(set(places)) != len(places) or 0 in steps:
        raise NetworkError("an axis is sliced twice, or a step is 0")
    window = [slice(None)] * len(v.shape)
    for place, start, end, step in zip(places, starts, ends, steps, strict=True):
        window[place] = slice(start, end, step)
    return rearranged(v, lambda a: a[tuple(window)])


def _shape(call: Call) -> Value:
    start, end = call.attribute("start", int, 0), call.attribute("end", int, None)
    return Constant(np.array(call.value(0).shape[start:end], dtype=np.int64))


def _constant(call: Call) -> Value:
    if len(call.attributes) != 1:
        raise NetworkError("a constant has one value")
    ((kind, value),) = call.attributes.items()
    if kind == "value" and isinstance(value, np.ndarray):
        return Constant(value)
    if kind in ("value_float", "value_floats"):
        return Constant(np.array(value, dtype=np.float32))
    if kind in ("value_int", "value_ints"):
        return Constant(np.array(value, dtype=np.int64))
    raise NetworkError(f"a constant given as {kind} is not read: use a dense tensor")


def _cast(call: Call) -> Value:
    v = call.value(0)
    dtype = np.dtype(_CASTS.get(call.attribute("to", int, 0), np.void))
    if isinstance(v, Constant):
        cast = v.array.astype(dtype) if dtype.kind in "fi" else v.array
        # compared as integers or as binary64, both of which hold either type exactly
        if cast.dtype != dtype or not _same_numbers(v.array, cast):
            raise NetworkError(f"the cast from {v.array.dtype} to {dtype} is not exact")
        return Constant(cast)
    if v.dtype.kind == "i" and dtype.kind in "fi" and dtype.itemsize >= 4:
        return Features(v.node, v.shape, dtype)  # a label of a tree, which is below 2**24
    if {dtype.kind, v.dtype.kind} != {"f"} or dtype.itemsize < v.dtype.itemsize:
        raise NetworkError(f"the cast from {v.dtype} to {dtype} rounds: keep one float type")
    return Features(v.node, v.shape, dtype)


def _same_numbers(a: Array, b: Array) -> bool:
    return a.ravel().tolist() == b.ravel().tolist()


def _reduce_sum(call: Call) -> Value:
    v = features(call.value(0))
    axes = _axes(call, 13)
    if not axes and call.attribute("noop_with_empty_axes", int, 0):
        return v
    summed = {_axis(a, len(v.shape)) for a in axes or range(len(v.shape))}
    kept = tuple(1 if i in summed else d for i, d in enumerate(v.shape))
    target = np.arange(math.prod(kept)).reshape(kept)
    labels = np.broadcast_to(target, v.shape).ravel().tolist()
    checked_shape((len(labels) * target.size,), LARGEST_TENSOR)
    rows = [[Fraction(label == row) for label in labels] for row in range(target.size)]
    weight = tuple(tuple(row) for row in rows)
    node = build("affine", (v.node,), Affine(weight, (Fraction(0),) * target.size))
    shape: Sequence[int] = kept
    if not call.attribute("keepdims", int, 1):
        shape = [d for i, d in enumerate(v.shape) if i not in summed]
    return Features(node, tuple(shape), v.dtype)


SHAPES: Mapping[str, Callable[[Call], Value]] = {
    "Cast": _cast,
    "Concat": _concat,
    "Constant": _constant,
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": _identity,
    "ReduceSum": _reduce_sum,
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
