"""From expressions to instructions on scalar registers, node by node.

A register holds one scalar: the variables of the box come first, then constants, then what the
instructions write.  ``stack`` and ``index`` are only names for registers that exist; a matrix
is one instruction, which writes consecutive registers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache

from certify.proofs.checker.language import Affine, Divided, Node, constant_factor
from certify.proofs.checker.symbols import Roles
from certify.verifiers.instructions import Instruction

__all__ = ["Lowering"]


class Lowering:
    """Registers and instructions in the order of the nodes."""

    def __init__(self, names: tuple[str, ...], roles: Roles) -> None:
        self.names, self.roles = names, roles
        self.places: dict[Node, tuple[int, ...]] = {}
        self.instructions: list[Instruction] = []
        self.fixed: dict[int, float] = {}
        self.registers = len(names)

    def _new(self) -> int:
        self.registers += 1
        return self.registers - 1

    def _emit(self, op: str, arguments: tuple[int, ...], **more: object) -> int:
        out = self._new()
        # ``more`` is the fields of an instruction by name
        self.instructions.append(Instruction(op, (out,), arguments, **more))  # type: ignore[arg-type]
        return out

    def lowered(self, node: Node) -> Iterator[int]:
        """Emit what ``node`` needs; its registers."""
        op, data = node.op, node.data
        args = [self.places[a] for a in node.args]
        if op == "const" and isinstance(data, Fraction):
            register = self._new()
            self.fixed[register] = _rounded(data)
            yield register
        elif op == "var" and isinstance(data, str):
            yield self.names.index(data)
        elif op == "stack":
            yield from (a[0] for a in args)
        elif op == "index" and isinstance(data, int):
            yield args[0][data]
        elif isinstance(data, Affine):
            rows = tuple(self._new() for _ in data.bias)
            self.instructions.append(Instruction("affine", rows, args[0], numbers=_entries(data)))
            yield from rows
        elif op == "neg":
            yield from (self._emit("scale", (a,), numbers=(-1.0,)) for a in args[0])
        elif op == "mul" and (which := constant_factor(node)) is not None:
            for k, a in zip(args[which], args[1 - which], strict=True):
                yield self._emit("scale", (a,), numbers=(self.fixed[k],))
        else:
            yield from self._elementwise(node, args)

    def _elementwise(self, node: Node, args: Sequence[tuple[int, ...]]) -> Iterator[int]:
        op, data = node.op, node.data
        power = data if isinstance(data, int) else 0
        function = "add"
        if isinstance(data, Divided):
            function, power = data.op, data.power
        if (op == "pow" and power == 2) or (op == "mul" and node.args[0] is node.args[1]):
            op, power, args = "square", 0, args[:1]
        symbols = self.roles.symbols.get(node, (-1,) * max(1, node.size))
        if op == "increment":
            for symbol, s, d in zip(symbols, *args, strict=True):
                yield self._increment(function, power, s, d, symbol)
            return
        last = node in self.roles.last
        for symbol, *parts in zip(symbols, *args, strict=True):
            yield self._emit(
                op, tuple(parts), power=power, function=function, symbol=symbol, last=last
            )

    def _increment(self, function: str, power: int, s: int, d: int, symbol: int) -> int:
        """``g(s + d) - g(s)`` from ``d``, the slopes between, and the two values subtracted."""
        end = self._emit("add", (s, d))
        name, exponent = ("square", 0) if function == "pow" and power == 2 else (function, power)
        values = [self._emit(name, (a,), power=exponent) for a in (end, s)]
        gap = self._emit("sub", (values[0], values[1]))
        slope = self._emit("quotient", (s, end), power=power, function=function)
        return self._emit("increment", (slope, d, gap, end), symbol=symbol)


@lru_cache(maxsize=256)
def _entries(data: Affine) -> tuple[float, ...]:
    """The weights by rows, then the biases; once for each matrix, which many formulas share."""
    return tuple(_rounded(w) for row in (*data.weight, data.bias) for w in row)


def _rounded(value: Fraction) -> float:
    """The float64 nearest to ``value``, infinite if it is too large."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf
