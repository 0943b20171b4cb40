"""Evaluation at many points in float64 with numpy: fast samples, never evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import Node, topological

from .arithmetic import Floats, Functions, literals, operation

__all__ = ["Program", "evaluate"]


def _stack(parts: Sequence[Floats]) -> Floats:
    result = np.empty((*np.broadcast_shapes(*map(np.shape, parts)), len(parts)))
    for k, part in enumerate(parts):
        result[..., k] = part
    return result


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
    return Program(nodes)(values)


class Program:
    """:func:`evaluate` for the same ``nodes`` many times: their graph is ordered only once."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._roots = list(nodes)
        order = topological(self._roots)
        place = {node: k for k, node in enumerate(order)}
        self._results = [place[root] for root in self._roots]
        self._start: list[Floats | None] = [None] * len(order)
        self._variables: list[tuple[str, int]] = []
        self._steps: list[tuple[Callable[..., Floats], int, list[int], list[int]]] = []
        last = {place[a]: k for k, node in enumerate(order) for a in node.args}
        kept = set(self._results)
        for k, node in enumerate(order):
            if node.op == "var":
                self._variables.append((str(node.data), k))
            elif node.op == "const":
                self._start[k] = literals(node)[0]
            else:
                args = [place[a] for a in node.args]
                spent = [a for a in set(args) if last[a] == k and a not in kept]
                self._steps.append((operation(node, literals, _NUMPY), k, args, spent))

    def part(self, nodes: Sequence[Node]) -> Program:
        """The program of some of its nodes, made of the same operations."""
        part, place = copy(self), dict(zip(self._roots, self._results, strict=True))
        part._roots = list(nodes)
        part._results = [place[node] for node in nodes]
        needed, steps = set(part._results), []
        for compute, k, args, _ in reversed(self._steps):
            if k in needed:
                spent = [a for a in set(args) if a not in needed]
                needed.update(args)
                steps.append((compute, k, args, spent))
        part._steps = steps[::-1]
        part._variables = [(name, k) for name, k in self._variables if k in needed]
        return part

    def __call__(self, values: Mapping[str, npt.ArrayLike]) -> list[Floats]:
        """The values of the nodes where the variables have ``values``."""
        inputs = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
        batch = np.broadcast_shapes(*(value.shape for value in inputs.values()))
        slots: list[Any] = self._start.copy()
        for name, k in self._variables:
            if name not in inputs:
                raise LanguageError(f"there is no value for the variable {name}")
            slots[k] = inputs[name]
        with np.errstate(all="ignore"):
            for compute, k, args, spent in self._steps:
                slots[k] = compute(*[slots[a] for a in args])
                for a in spent:  # a value is let go of after its last use
                    slots[a] = None
        found = zip(self._roots, self._results, strict=True)
        return [_in_batch(slots[k], node, batch) for node, k in found]


def _in_batch(result: Floats, node: Node, batch: tuple[int, ...]) -> Floats:
    shape = (*batch, node.size) if node.size else batch
    return result if np.shape(result) == shape else np.broadcast_to(result, shape).copy()
