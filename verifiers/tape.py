"""Obligations as straight-line code on scalar registers, for the native engine.

A register holds one scalar: the variables of the box come first, then constants, then what the
instructions write.  ``stack`` and ``index`` are only names for registers that exist; a matrix
is one instruction, which writes consecutive registers.  Instructions are sorted into groups
that are needed by the same atoms, so that an atom is evaluated, with all that it needs and has
not been evaluated yet, only where the formula depends on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.intervals import nearest
from certify.proofs.checker.language import Affine, Divided, Node, constant_factor, topological
from certify.proofs.checker.obligations import Atom, Formula, Obligation, atoms
from certify.proofs.checker.symbols import Roles, allocate
from certify.verifiers.instructions import LINEAR, Instruction, View, fused, live, with_squares

__all__ = ["OPERATORS", "Tape", "lower"]

OPERATORS = (
    "add", "sub", "scale", "affine", "mul", "square", "relu", "abs", "max", "sin", "cos", "tanh",
    "exp", "atan", "log", "sqrt", "recip", "pow", "step", "select", "quotient", "quotient2",
    "increment", "quadratic",
)  # fmt: skip
"""The operators by number, as in ``native/program.hpp``."""

_NUMBER = {name: i for i, name in enumerate(OPERATORS)}
_KINDS = {">": 0, ">=": 1, "defined": 2, "all": 3, "any": 4}
_LARGEST = 64  # variables: a tree has one byte for a split

Integers = NDArray[np.int32]


@dataclass(frozen=True)
class Tape:
    """The arrays that ``native/compile.cpp`` reads.

    ``instructions`` has the columns operator, first register written, first argument (a
    position in ``arguments``) and their number, power (of a matrix the rows, of a quadratic the
    number of squared arguments, which are the last), the operator of a divided difference, first
    of its ``numbers``, symbol or -1, whether its range is intersected with that of its
    polynomial, and whether it is a last product; ``fixed`` rows are a register and its number;
    ``groups`` the first instruction of each group, and the end; ``formula`` rows are kind, atom
    and the position after the part; ``atoms`` rows are register, first of its ``atom_groups``
    and their count, of which ``views`` rows are multiplied by the first number before the second
    is added.
    """

    variables: int
    registers: int
    symbols: int
    instructions: Integers
    arguments: Integers
    numbers: NDArray[np.float64]
    fixed: Integers
    groups: Integers
    formula: Integers
    atoms: Integers
    atom_groups: Integers
    views: NDArray[np.float64]
    places: Mapping[Node, tuple[int, ...]]
    """The registers of each node, for tests."""

    def arrays(self) -> dict[str, object]:
        """What the native module takes."""
        return {name: value for name, value in vars(self).items() if name != "places"}


def lower(obligation: Obligation, narrow: bool = False) -> Tape:
    """The tape of ``obligation``'s formula.

    ``narrow`` intersects the range of every register with that of its polynomial, as the
    kernel does; otherwise only where a nonlinear operation or an atom reads it, and chains of
    linear operations are one instruction.
    """
    if not 1 <= len(obligation.box) <= _LARGEST:
        raise LanguageError(f"a tree has 1 to {_LARGEST} variables")
    roots = [a.node for a in atoms(obligation.formula)]
    lowering = _Lowering(tuple(obligation.box), allocate(roots))
    for node in topological(roots):
        lowering.places[node] = tuple(lowering.lowered(node))
    return _assembled(lowering, obligation.formula, roots, narrow)


class _Lowering:
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
            self.fixed[register] = nearest(data)[0]
            yield register
        elif op == "var" and isinstance(data, str):
            yield self.names.index(data)
        elif op == "stack":
            yield from (a[0] for a in args)
        elif op == "index" and isinstance(data, int):
            yield args[0][data]
        elif isinstance(data, Affine):
            rows = tuple(self._new() for _ in data.bias)
            flat = [w for row in data.weight for w in row] + list(data.bias)
            numbers = tuple(nearest(w)[0] for w in flat)
            self.instructions.append(Instruction("affine", rows, args[0], numbers=numbers))
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
        if op not in _NUMBER:
            raise LanguageError(f"no bound rule for {op}")
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


def _assembled(code: _Lowering, formula: Formula, roots: Sequence[Node], narrow: bool) -> Tape:
    views = [View(code.places[node][0], 1.0, 0.0) for node in roots]
    instructions = code.instructions
    if not narrow:
        views, instructions = fused(instructions, views, code.fixed)
    registers = [v.register for v in views]
    instructions = live(instructions, registers)
    if not narrow:
        instructions = with_squares(instructions, registers)
    groups: defaultdict[int, list[Instruction]] = defaultdict(list)
    for instruction in instructions:
        groups[instruction.needed_by].append(instruction)
    # what more atoms need cannot depend on what fewer need
    keys = sorted(groups, key=lambda bits: -bits.bit_count())
    ordered = [i for key in keys for i in groups[key]]
    number = {r: r for r in range(len(code.names))}
    for register in (*code.fixed, *(r for i in ordered for r in i.out)):
        number[register] = len(number)
    read = set(registers) | {a for i in ordered if i.op not in LINEAR for a in i.arguments}
    # by first use, so that an instruction's own symbol comes behind those of its arguments
    symbols = {k: place for place, k in enumerate(i.symbol for i in ordered if i.symbol >= 0)}
    rows: list[tuple[int, ...]] = []
    arguments: list[int] = []
    numbers = list(code.fixed.values())
    for i in ordered:
        narrowed = narrow or not read.isdisjoint(i.out)
        power = {"affine": len(i.out), "quadratic": i.squares}.get(i.op, i.power)
        rows.append(
            (_NUMBER[i.op], number[i.out[0]], len(arguments), len(i.arguments), power,
             _NUMBER[i.function], len(numbers), symbols.get(i.symbol, -1), int(narrowed),
             int(i.last))
        )  # fmt: skip
        arguments += [number[a] for a in i.arguments]
        numbers += i.numbers
    needs = [[g for g, key in enumerate(keys) if key >> k & 1] for k in range(len(roots))]
    starts = np.cumsum([0, *(len(need) for need in needs)])
    ends = np.cumsum([0, *(len(groups[key]) for key in keys)])
    return Tape(
        variables=len(code.names),
        registers=len(number),
        symbols=len(symbols),
        instructions=_integers(rows),
        arguments=_integers(arguments),
        numbers=np.array(numbers, dtype=np.float64),
        fixed=_integers([(number[r], k) for k, r in enumerate(code.fixed)]),
        groups=_integers(ends),
        formula=_integers(_parts(formula)),
        atoms=_integers([(number[r], starts[k], len(needs[k])) for k, r in enumerate(registers)]),
        atom_groups=_integers([g for need in needs for g in need]),
        views=np.array([(v.weight, v.bias) for v in views], dtype=np.float64),
        places={
            node: tuple(number.get(r, -1) for r in place) for node, place in code.places.items()
        },
    )


def _integers(rows: object) -> Integers:
    return np.array(rows, dtype=np.int32)


def _parts(formula: Formula) -> list[tuple[int, int, int]]:
    """The formula in preorder: kind, atom, and the position after the part."""
    rows: list[tuple[int, int, int]] = []
    count = 0

    def walk(part: Formula) -> None:
        nonlocal count
        here = len(rows)
        if isinstance(part, Atom):
            rows.append((_KINDS[part.relation], count, here + 1))
            count += 1
            return
        rows.append((0, -1, 0))
        for child in part.parts:
            walk(child)
        rows[here] = (_KINDS[type(part).__name__.lower()], -1, len(rows))

    walk(formula)
    return rows
