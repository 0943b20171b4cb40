"""Activation functions and exact linear layers, as every reader of networks writes them.

Each is chosen among equal expressions to have the fewest kinks and no avoidable overflow.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from certify.errors import NetworkError
from certify.expression import Node, build, exp, log, maximum, minimum, relu, select, stack, tanh
from certify.proofs.checker.language import Affine

__all__ = [
    "bounded",
    "chosen",
    "elu",
    "exact_list",
    "filled",
    "leaky_relu",
    "linear",
    "sigmoid",
    "softplus",
]


def filled(like: Node, value: Fraction | int) -> Node:
    """The constant vector of the size of ``like``."""
    return stack([value] * like.size)


def leaky_relu(v: Node, slope: Fraction) -> Node:
    """``v`` where positive, ``slope v`` elsewhere: ``slope v + (1 - slope) relu(v)``."""
    return filled(v, slope) * v + filled(v, 1 - slope) * relu(v)


def sigmoid(v: Node) -> Node:
    """``1 / (1 + exp(-v)) = (1 + tanh(v/2)) / 2``."""
    half = filled(v, Fraction(1, 2))
    return half + half * tanh(half * v)


def softplus(v: Node) -> Node:
    """``log(1 + exp(v))``."""
    return log(filled(v, 1) + exp(v))


def elu(v: Node, alpha: Fraction) -> Node:
    """``v`` where positive, ``alpha (exp(v) - 1)`` elsewhere."""
    return relu(v) + filled(v, alpha) * (exp(-relu(-v)) - filled(v, 1))


def bounded(v: Node, low: Fraction | None, high: Fraction | None) -> Node:
    """``max(low, min(v, high))``, an absent bound being no bound."""
    if low is not None and high is not None and low > high:
        raise NetworkError(f"the lower bound {float(low)} is above the upper bound {float(high)}")
    if high is not None:
        v = minimum(v, filled(v, high))
    return v if low is None else maximum(v, filled(v, low))


def chosen(condition: Node, positive: Node, otherwise: Node) -> Node:
    """Component by component, ``positive`` where ``condition > 0``, else ``otherwise``."""
    parts = range(condition.size)
    return stack(select(condition[i], positive[i], otherwise[i]) for i in parts)


def exact_list(array: npt.NDArray[np.generic]) -> list[Fraction]:
    """The elements of a floating-point array in row-major order, exactly; NaN is refused."""
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise NetworkError(f"numbers of type {array.dtype} are not read: use float32 or float64")
    finite = np.isfinite(array)
    if not finite.all():
        place = np.unravel_index(int(np.argmin(finite)), array.shape)
        where = f" at {[int(i) for i in place]}" if array.ndim else ""
        raise NetworkError(f"the value{where} is {array[place]}: a weight must be a finite number")
    return [Fraction(value) for value in array.astype(np.float64).ravel().tolist()]


def linear(
    weight: npt.NDArray[np.generic],
    bias: Sequence[Fraction] | None,
    v: Node,
    scale: Fraction = Fraction(1),
) -> Node:
    """``scale W v + b`` with the exact entries of ``weight``, of shape ``(outputs, inputs)``."""
    rows, columns = weight.shape
    if columns != v.size:
        raise NetworkError(f"a matrix of {rows} x {columns} does not apply to {v.size} features")
    flat = exact_list(weight)
    if scale != 1:
        flat = [scale * w for w in flat]
    entries = tuple(tuple(flat[i * columns : (i + 1) * columns]) for i in range(rows))
    offset = tuple(bias) if bias is not None else (Fraction(0),) * rows
    return build("affine", (v,), Affine(entries, offset))
