"""The arithmetic of ONNX: one exact function per operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce

import numpy as np

from certify.errors import NetworkError
from certify.expression import (
    Node,
    absolute,
    atan,
    build,
    cos,
    exp,
    log,
    maximum,
    minimum,
    recip,
    relu,
    sin,
    sqrt,
    tanh,
)
from certify.proofs.checker.language import Affine

from .activations import (
    bounded,
    chosen,
    elu,
    exact_list,
    leaky_relu,
    linear,
    sigmoid,
    softplus,
)
from .onnx_values import Array, Call, Constant, Features, Value, features, rearranged, spread

__all__ = ["ARITHMETIC"]


def _elementwise(function: Callable[[Node], Node]) -> Callable[[Call], Value]:
    def read(call: Call) -> Value:
        v = features(call.value(0))
        return Features(function(v.node), v.shape, v.dtype)

    return read


def _combined(function: Callable[[Node, Node], Node]) -> Callable[[Call], Value]:
    def read(call: Call) -> Value:
        tensors = spread([call.value(i) for i in range(len(call.inputs))])
        return Features(
            reduce(function, (t.node for t in tensors)), tensors[0].shape, tensors[0].dtype
        )

    return read


def _plus(a: Node, b: Node) -> Node:
    """``a + b``; a constant added to ``W v + c`` joins ``c``, exactly."""
    if b.op == "affine" and _is_constant(a):
        a, b = b, a
    if isinstance(a.data, Affine) and _is_constant(b):
        bias = (c + part.value for c, part in zip(a.data.bias, b.args, strict=True))
        return build("affine", a.args, Affine(a.data.weight, tuple(bias)))
    return a + b


def _is_constant(node: Node) -> bool:
    return node.op == "stack" and all(a.op == "const" for a in node.args)


def _minus(a: Node, b: Node) -> Node:
    return _plus(a, -b) if _is_constant(b) else a - b


def _gemm(call: Call) -> Value:
    v, weight = call.value(0), call.constant(1)
    if not isinstance(v, Features):
        raise NetworkError("the first operand must depend on the network's input")
    if call.attribute("transA", int, 0):
        raise NetworkError("transA = 1 is not read: features are a row")
    if weight is None or weight.ndim != 2 or len(v.shape) != 2 or v.shape[0] != 1:
        raise NetworkError(f"expected features of shape [1, n] and a matrix, not {list(v.shape)}")
    rows = weight if call.attribute("transB", int, 0) else weight.T
    _same_type(v, weight)
    bias = _gemm_bias(call, v, rows.shape[0])
    node = linear(rows, bias, v.node, call.real("alpha", 1.0))
    return Features(node, (1, node.size), v.dtype)


def _gemm_bias(call: Call, v: Features, size: int) -> list[Fraction] | None:
    bias, beta = call.constant(2), call.real("beta", 1.0)
    if bias is None:
        return None
    _same_type(v, bias)
    if bias.shape not in ((), (1,), (1, 1), (size,), (1, size)):
        raise NetworkError(f"a bias of shape {list(bias.shape)} for {size} outputs")
    return [beta * b for b in exact_list(np.broadcast_to(bias, (1, size)))]


def _same_type(v: Features, array: Array) -> None:
    if array.dtype != v.dtype:
        raise NetworkError(f"features are {v.dtype} but the constant is {array.dtype}")


def _matmul(call: Call) -> Value:
    a, b = call.value(0), call.value(1)
    if isinstance(a, Features) and isinstance(b, Constant) and b.array.ndim == 2:
        if a.node.size != a.shape[-1]:
            raise NetworkError(f"features of shape {list(a.shape)} have more than one row")
        _same_type(a, b.array)
        node = linear(b.array.T, None, a.node)
        return Features(node, (*a.shape[:-1], node.size), a.dtype)
    if isinstance(a, Constant) and isinstance(b, Features) and a.array.ndim == 2:
        if b.shape not in ((b.node.size,), (b.node.size, 1)):
            raise NetworkError(f"features of shape {list(b.shape)} are not a column")
        _same_type(b, a.array)
        node = linear(a.array, None, b.node)
        return Features(node, (node.size, *b.shape[1:]), b.dtype)
    raise NetworkError("only a product of features with a constant matrix is read")


def _clip(call: Call) -> Value:
    v = features(call.value(0))
    low, high = _bound(call, 1, "min", -np.inf), _bound(call, 2, "max", np.inf)
    return Features(bounded(v.node, low, high), v.shape, v.dtype)


def _bound(call: Call, i: int, name: str, none: float) -> Fraction | None:
    """A bound of Clip; the infinity that bounds nothing is the same as no bound."""
    if call.opset < 11:
        value = np.array(call.attribute(name, float, none))
    else:
        found = call.constant(i)
        value = np.array(none) if found is None else found
    if value.size != 1:
        raise NetworkError(f"{name} has shape {list(value.shape)}: it must be one number")
    return None if (value == none).all() else exact_list(value)[0]


def _pow(call: Call) -> Value:
    base, exponent = features(call.value(0)), call.constant(1)
    powers = set() if exponent is None else {float(e) for e in exponent.ravel()}
    power = powers.pop() if powers else 0.0
    if exponent is None or powers or not power.is_integer() or not 1 <= abs(power) <= 64:
        raise NetworkError("the exponent must be one constant integer, at most 64 and not 0")
    if np.broadcast_shapes(base.shape, exponent.shape) != base.shape:
        raise NetworkError(f"an exponent of shape {list(exponent.shape)} changes the shape")
    return Features(base.node ** int(power), base.shape, base.dtype)


def _greater(call: Call) -> Value:
    a, b = spread([call.value(0), call.value(1)])
    return Features(a.node - b.node, a.shape, np.dtype(np.bool_))


def _less(call: Call) -> Value:
    a, b = spread([call.value(0), call.value(1)])
    return Features(b.node - a.node, a.shape, np.dtype(np.bool_))


def _where(call: Call) -> Value:
    condition = call.value(0)
    if not isinstance(condition, Features) or condition.dtype.kind != "b":
        raise NetworkError("the condition must be a comparison that depends on the input")
    a, b = spread([call.value(1), call.value(2)], condition.shape)
    moved = rearranged(condition, lambda c: np.broadcast_to(c, a.shape))
    assert isinstance(moved, Features)
    return Features(chosen(moved.node, a.node, b.node), a.shape, a.dtype)


def _div(a: Node, b: Node) -> Node:
    return a * recip(b)


ARITHMETIC: Mapping[str, Callable[[Call], Value]] = {
    "Abs": _elementwise(absolute),
    "Add": _combined(_plus),
    "Atan": _elementwise(atan),
    "Clip": _clip,
    "Cos": _elementwise(cos),
    "Div": _combined(_div),
    "Elu": lambda call: _elementwise(lambda v: elu(v, call.real("alpha", 1.0)))(call),
    "Exp": _elementwise(exp),
    "Gemm": _gemm,
    "Greater": _greater,
    "LeakyRelu": lambda call: _elementwise(lambda v: leaky_relu(v, call.real("alpha", 0.01)))(call),
    "Less": _less,
    "Log": _elementwise(log),
    "MatMul": _matmul,
    "Max": _combined(maximum),
    "Min": _combined(minimum),
    "Mul": _combined(lambda a, b: a * b),
    "Neg": _elementwise(lambda v: -v),
    "Pow": _pow,
    "Reciprocal": _elementwise(recip),
    "Relu": _elementwise(relu),
    "Sigmoid": _elementwise(sigmoid),
    "Sin": _elementwise(sin),
    "Softplus": _elementwise(softplus),
    "Sqrt": _elementwise(sqrt),
    "Sub": _combined(_minus),
    "Tanh": _elementwise(tanh),
    "Where": _where,
}
