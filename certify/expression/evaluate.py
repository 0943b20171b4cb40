"""Evaluation at many points in float64 with numpy: fast samples, never evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from certify.proofs.checker.language import Node, topological

from .arithmetic import Floats, Functions, interpret, literals

__all__ = ["evaluate"]


def _stack(parts: Sequence[Floats]) -> Floats:
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def _full_like(array: Floats, value: float) -> Floats:
    return np.full(np.shape(array), value)


_NUMPY: Functions[Floats] = Functions(
    elementwise={
        "sin": np.sin,
        "cos": np.cos,
        "tanh": np.tanh,
        "exp": np.exp,
        "expm1": np.expm1,
        "atan": np.arctan,
        "log": np.log,
        "log1p": np.log1p,
        "sqrt": np.sqrt,
        "abs": np.abs,
        "relu": lambda a: np.maximum(a, 0.0),
    },
    where=np.where,
    maximum=np.maximum,
    atan2=np.arctan2,
    stack=_stack,
    full_like=_full_like,
)


def evaluate(nodes: Sequence[Node], values: Mapping[str, npt.ArrayLike]) -> list[Floats]:
    """The values of ``nodes`` at a batch of points, in float64.

    ``values`` gives every variable an array; together they broadcast to the batch shape
    ``B``, usually ``(N,)``.  A scalar node gives an array of shape ``B``, a vector of ``k``
    components one of shape ``B + (k,)``.  Constants are rounded to nearest once and kept.
    Where an expression is undefined the result is NaN (an overflow is infinite or NaN);
    ``select`` needs only the branch it chooses; ``step`` is 1/2 at 0.

    Raises ``LanguageError`` for a variable without a value.  Guarantees nothing about
    rounding: use it to search and to draw.
    """
    inputs = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    batch = np.broadcast_shapes(*(value.shape for value in inputs.values()))
    with np.errstate(all="ignore"):
        results = interpret(topological(nodes), nodes, inputs, literals, _NUMPY)
    return [_in_batch(r, n, batch) for r, n in zip(results, nodes, strict=True)]


def _in_batch(result: Floats, node: Node, batch: tuple[int, ...]) -> Floats:
    shape = (*batch, node.size) if node.size else batch
    return result if np.shape(result) == shape else np.broadcast_to(result, shape).copy()
