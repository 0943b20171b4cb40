"""Obligations as straight-line code on scalar registers, for the native engine.

Instructions (:mod:`certify.verifiers.lowering`) are sorted into groups that are needed by the
same atoms, so that an atom is evaluated, with all that it needs and has not been evaluated yet,
only where the formula depends on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import Node, topological
from certify.proofs.checker.obligations import Atom, Formula, Obligation, atoms
from certify.proofs.checker.symbols import Roles, allocate
from certify.verifiers.instructions import LINEAR, Instruction, View, fused, live, with_squares
from certify.verifiers.lowering import Lowering

__all__ = ["OPERATORS", "Tape", "lower", "lower_formula"]

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

    def arrays(self) -> dict[str, object]:
        """What the native module takes."""
        return dict(vars(self))


def lower(obligation: Obligation, narrow: bool = False) -> Tape:
    """:func:`lower_formula` of the formula of ``obligation`` over its variables."""
    return lower_formula(obligation.formula, tuple(obligation.box), narrow)


def lower_formula(
    formula: Formula,
    names: tuple[str, ...],
    narrow: bool = False,
    roles: Roles | None = None,
) -> Tape:
    """The tape of ``formula`` over the variables ``names``.

    ``roles`` are those of the formula in the order of the checker, if it is not this one.

    ``narrow`` intersects the range of every register with that of its polynomial, as the
    kernel does; otherwise only where a nonlinear operation or an atom reads it, and chains of
    linear operations are one instruction.
    """
    if not 1 <= len(names) <= _LARGEST:
        raise LanguageError(f"a tree has 1 to {_LARGEST} variables")
    roots = [a.node for a in atoms(formula)]
    lowering = Lowering(names, allocate(roots) if roles is None else roles)
    for node in topological(roots):
        lowering.places[node] = tuple(lowering.lowered(node))
    if other := {i.op for i in lowering.instructions} - _NUMBER.keys():
        raise LanguageError(f"no bound rule for {', '.join(sorted(other))}")
    return _assembled(lowering, formula, roots, narrow)


def _assembled(code: Lowering, formula: Formula, roots: Sequence[Node], narrow: bool) -> Tape:
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
