"""What every operator computes on arrays of float64, once for numpy and once for torch.

A batch of points has any shape ``B``: a scalar expression is an array of shape ``B`` and a
vector of ``k`` components one of shape ``B + (k,)``; constants are not yet broadcast.
Rounding is to nearest, so results are samples and never bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import add, mul, sub
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import Affine, Node

from .divided import (
    first_difference,
    increment,
    nonnegative,
    nonzero,
    positive,
    second_difference,
)

if TYPE_CHECKING:
    import torch

__all__ = ["Floats", "Functions", "interpret", "literals", "operation"]

Floats: TypeAlias = npt.NDArray[np.float64]
Array = TypeVar("Array", "Floats", "torch.Tensor")


@dataclass(frozen=True)
class Functions(Generic[Array]):
    """The array library that carries out the operators.

    ``elementwise`` has ``sin cos tanh exp expm1 atan log log1p sqrt abs relu``, and is never
    asked outside their domain.
    """

    elementwise: Mapping[str, Callable[[Array], Array]]
    where: Callable[[Any, Array, Array], Array]
    maximum: Callable[[Array, Array], Array]
    atan2: Callable[[Array, Array], Array]
    stack: Callable[[Sequence[Array]], Array]
    full_like: Callable[[Array, float], Array]


_literals: WeakKeyDictionary[Node, tuple[Floats, ...]] = WeakKeyDictionary()


def literals(node: Node) -> tuple[Floats, ...]:
    """The constants of ``node`` rounded to float64: its value, or ``(W transposed, b)``."""
    known = _literals.get(node)
    if known is None:
        if isinstance(node.data, Affine):
            weight = [[_rounded(w) for w in row] for row in node.data.weight]
            known = (np.array(weight).T.copy(), np.array([_rounded(b) for b in node.data.bias]))
        elif isinstance(node.data, Fraction):
            known = (np.array(_rounded(node.data)),)
        else:
            known = ()
        _literals[node] = known
    return known


def _rounded(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def interpret(
    order: Iterable[Node],
    roots: Sequence[Node],
    inputs: Mapping[str, Array],
    constants: Callable[[Node], Sequence[Array]],
    functions: Functions[Array],
) -> list[Array]:
    """The values of ``roots``; ``order`` is their topological order, NaN means undefined.

    A value is let go of after its last use.  Raises ``LanguageError`` for a variable that
    ``inputs`` does not have.
    """
    order = list(order)
    uses = Counter(a for node in order for a in node.args)
    uses.update(roots)
    values: dict[Node, Array] = {}
    for node in order:
        if node.op == "var":
            if node.data not in inputs:
                raise LanguageError(f"there is no value for the variable {node.data}")
            values[node] = inputs[str(node.data)]
        elif node.op == "const":
            values[node] = constants(node)[0]
        else:
            args = [values[a] for a in node.args]
            values[node] = operation(node, constants, functions)(*args)
        for a in node.args:
            uses[a] -= 1
            if not uses[a]:
                del values[a]
    return [values[root] for root in roots]


def operation(
    node: Node, constants: Callable[[Node], Sequence[Array]], functions: Functions[Array]
) -> Callable[..., Array]:
    """What ``node`` computes from the values of its arguments."""
    op, data = node.op, node.data
    if op in _ARITHMETIC:
        return _ARITHMETIC[op]
    if op == "max":
        return functions.maximum
    if op == "affine":
        weight, bias = constants(node)
        return lambda a: a @ weight + bias
    if op == "stack":
        return lambda *parts: functions.stack(parts)
    if op == "index" and isinstance(data, int):
        return lambda a: a[..., data]
    if op == "pow" and isinstance(data, int):
        return lambda a: a**data
    if op == "select":
        return lambda a, b, c: functions.where(a > 0, b, functions.where(a <= 0, c, a))
    if isinstance(data, tuple) and isinstance(data[1], int):
        gap, name, power = _DIFFERENCES[op], str(data[0]), data[1]
        return lambda a, b: gap(name, power, a, b, functions)
    return lambda a: _unary(op, a, functions)


def _unary(op: str, a: Array, functions: Functions[Array]) -> Array:
    if op == "neg":
        return -a
    if op == "recip":
        return 1 / nonzero(a, functions)
    if op == "log":
        return functions.elementwise["log"](positive(a, functions))
    if op == "sqrt":
        return functions.elementwise["sqrt"](nonnegative(a, functions))
    if op == "step":
        low, half, high = (functions.full_like(a, v) for v in (0.0, 0.5, 1.0))
        kink = functions.where(a == 0, half, a)
        return functions.where(a > 0, high, functions.where(a < 0, low, kink))
    if op not in functions.elementwise:
        raise LanguageError(f"{op} has no numeric evaluation")
    return functions.elementwise[op](a)


_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": add,
    "sub": sub,
    "mul": mul,
}

_DIFFERENCES: Mapping[str, Callable[[str, int, Any, Any, Any], Any]] = {
    "quotient": first_difference,
    "quotient2": second_difference,
    "increment": increment,
}
