"""Tensors of an ONNX graph as exact expressions: constants and feature vectors.

A tensor that depends on the input is one vector of the language in row-major order together
with its ONNX shape, so every operator that only moves elements acts on their positions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from certify.errors import NetworkError
from certify.expression import Node, index, stack

from .activations import exact_list

__all__ = [
    "LARGEST_TENSOR",
    "Call",
    "Constant",
    "Features",
    "Value",
    "checked_shape",
    "features",
    "joined",
    "rearranged",
    "spread",
]

LARGEST_TENSOR = 1 << 20
_LARGEST_FEATURES = 1 << 16

Array: TypeAlias = npt.NDArray[Any]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Constant:
    """An initialiser or the like, in its own element type."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor."""
        return self.array.shape


@dataclass(frozen=True)
class Features:
    """A tensor that depends on the input: ``node`` holds its elements in row-major order.

    Where ``dtype`` is bool an element is true just if that of ``node`` is positive.
    """

    node: Node
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


Value: TypeAlias = Constant | Features


@dataclass(frozen=True)
class Call:
    """One ONNX node with its inputs (``None`` where omitted) and attributes, already read."""

    op: str
    opset: int
    inputs: tuple[Value | None, ...]
    attributes: Mapping[str, object]

    def value(self, i: int) -> Value:
        """Input ``i``, which must be there."""
        found = self.inputs[i] if i < len(self.inputs) else None
        if found is None:
            raise NetworkError(f"input {i} is missing")
        return found

    def constant(self, i: int) -> Array | None:
        """Input ``i`` as an array, or None where omitted; it must not depend on the input."""
        found = self.inputs[i] if i < len(self.inputs) else None
        if isinstance(found, Features):
            raise NetworkError(f"input {i} must be a constant, but depends on the network's input")
        return None if found is None else found.array

    def integers(self, i: int, attribute: str | None = None) -> list[int] | None:
        """The integers of constant input ``i``, or of ``attribute`` in older opsets."""
        if attribute is not None:
            found: list[int] | None = self.attribute(attribute, list, None)
            return found
        array = self.constant(i)
        if array is None:
            return None
        if array.dtype.kind != "i" or array.ndim > 1:
            raise NetworkError(f"input {i} must be a list of integers")
        return [int(v) for v in array.ravel()]

    def attribute(self, name: str, kind: type[_T], default: Any) -> Any:
        """Attribute ``name``, which must have type ``kind``."""
        found = self.attributes.get(name, default)
        if found is not default and not isinstance(found, kind):
            raise NetworkError(f"attribute {name} is not of type {kind.__name__}")
        return found

    def real(self, name: str, default: float) -> Fraction:
        """The exact value of the float32 attribute ``name``."""
        value: float = self.attribute(name, float, float(np.float32(default)))
        if not math.isfinite(value):
            raise NetworkError(f"attribute {name} is {value}: it must be a finite number")
        return Fraction(value)


def checked_shape(shape: Sequence[int], largest: int = _LARGEST_FEATURES) -> tuple[int, ...]:
    """``shape`` if it is neither empty nor beyond what is read."""
    size = math.prod(shape)
    if not 1 <= size <= largest or len(shape) > 8:
        raise NetworkError(f"a tensor of shape {list(shape)} is not read (empty or too large)")
    return tuple(int(d) for d in shape)


def features(value: Value) -> Features:
    """``value`` as a vector of numbers, constants included."""
    if isinstance(value, Features):
        if value.dtype.kind != "f":
            raise NetworkError("a comparison is read only as the condition of a Where")
        return value
    shape = checked_shape(value.shape)
    return Features(stack(exact_list(value.array)), shape, value.array.dtype)


def _picked(node: Node, where: Array) -> Node:
    chosen = where.ravel().tolist()
    if chosen == list(range(node.size)):
        return node
    return stack(index(node, i) for i in chosen)


def rearranged(value: Value, move: Callable[[Array], Array]) -> Value:
    """``value`` after ``move``, which only moves, drops or repeats elements."""
    if isinstance(value, Constant):
        return Constant(move(value.array))
    where = move(np.arange(value.node.size).reshape(value.shape))
    shape = checked_shape(where.shape)
    return Features(_picked(value.node, where), shape, value.dtype)


def spread(values: Sequence[Value], *shapes: tuple[int, ...]) -> list[Features]:
    """``values``, of one element type, broadcast to their common shape and ``shapes``."""
    tensors = [features(v) for v in values]
    if len({t.dtype for t in tensors}) > 1:
        kinds = ", ".join(str(t.dtype) for t in tensors)
        raise NetworkError(f"the operands have different element types: {kinds}")
    shape = checked_shape(np.broadcast_shapes(*(t.shape for t in tensors), *shapes))
    moved = [rearranged(t, lambda a: np.broadcast_to(a, shape)) for t in tensors]
    return [m for m in moved if isinstance(m, Features)]


def joined(values: Sequence[Value], axis: int) -> Value:
    """``values`` one after the other along ``axis``."""
    arrays = [v.array for v in values if isinstance(v, Constant)]
    checked_shape((sum(math.prod(v.shape) for v in values),), LARGEST_TENSOR)
    if len(arrays) == len(values):
        return Constant(np.concatenate(arrays, axis))
    checked_shape((sum(math.prod(v.shape) for v in values),))
    tensors = [features(v) for v in values]
    if len({t.dtype for t in tensors}) > 1:
        raise NetworkError("the parts have different element types")
    parts: list[Node] = []
    places = []
    for t in tensors:
        places.append(np.arange(len(parts), len(parts) + t.node.size).reshape(t.shape))
        parts.extend(index(t.node, i) for i in range(t.node.size))
    where = np.concatenate(places, axis)
    node = stack(parts[i] for i in where.ravel().tolist())
    return Features(node, checked_shape(where.shape), tensors[0].dtype)
