"""Instructions of a tape on scalar registers, and what is done to them before they run."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

__all__ = ["LINEAR", "Instruction", "View", "fused", "live", "with_squares"]

_SUMS = frozenset({"add", "sub", "scale"})
LINEAR = _SUMS | {"affine"}
_MOST_SQUARES = 16  # in one instruction


@dataclass(slots=True)
class Instruction:
    """An operator, the registers it writes and reads, and what else it takes.

    A matrix has its weights by rows and then its biases in ``numbers``; a ``last`` product is
    quadratic in degree 1; the last ``squares`` arguments of a quadratic are squared, and its
    ``numbers`` are the weights of all and a bias; ``needed_by`` are the atoms that depend on it, as
    bits.
    """

    op: str
    out: tuple[int, ...]
    arguments: tuple[int, ...]
    power: int = 0
    function: str = "add"
    numbers: tuple[float, ...] = ()
    symbol: int = -1
    last: bool = False
    squares: int = 0
    needed_by: int = field(default=0, compare=False)


class View(NamedTuple):
    """The value ``weight * register + bias``."""

    register: int
    weight: float
    bias: float


class _Form(NamedTuple):
    """A sum of weighted registers and a constant."""

    terms: tuple[tuple[int, float], ...]
    bias: float


def fused(
    instructions: Sequence[Instruction], roots: Sequence[View], fixed: Mapping[int, float]
) -> tuple[list[View], list[Instruction]]:
    """The same with chains of sums and factors as one instruction each, or as part of an atom.

    A sum takes in another that nothing else reads.  Registers that are read twice in a sum
    stay two terms, so that their errors add up as in the kernel.
    """
    uses = Counter(a for i in instructions for a in i.arguments)
    uses.update(v.register for v in roots)
    forms: dict[int, _Form] = {r: _Form((), value) for r, value in fixed.items()}
    alone: dict[int, View] = {}
    result = []
    for i in instructions:
        if i.op not in _SUMS:
            result.append(i)
            continue
        form = _joined(i, forms, uses, fixed)
        if not form.terms:  # constants are folded already: this is their overflow
            form = _Form(((i.arguments[0], math.nan),), 0.0)
        (out,) = i.out
        forms[out] = form
        result.append(_sum(out, form))
        if len(form.terms) == 1 and form.terms[0][1]:
            register, weight = form.terms[0]
            inner = alone.get(register, View(register, 1.0, 0.0))
            alone[out] = View(
                inner.register, weight * inner.weight, weight * inner.bias + form.bias
            )
    views = [alone.get(v.register, v) for v in roots]
    return views, result


def with_squares(code: Sequence[Instruction], roots: Sequence[int]) -> list[Instruction]:
    """Live ``code`` in which sums take in the last squares that nothing else reads."""
    uses = Counter(a for i in code for a in i.arguments)
    uses.update(roots)
    squares = {
        i.out[0]: i.arguments[0]
        for i in code
        if i.op == "square" and i.last and uses[i.out[0]] == 1
    }
    result: list[Instruction] = []
    taken: set[int] = set()
    for i in code:
        inside = [a for a in i.arguments if a in squares] if i.op in LINEAR else []
        if len(i.out) > 1 or not 2 <= len(inside) <= _MOST_SQUARES:
            result.append(i)
            continue
        weights = dict(zip(i.arguments, _weights(i), strict=True))
        others = [a for a in i.arguments if a not in squares]
        bias = i.numbers[-1] if i.op == "affine" else 0.0
        result.append(
            replace(
                i,
                op="quadratic",
                arguments=(*others, *(squares[a] for a in inside)),
                numbers=(*(weights[a] for a in (*others, *inside)), bias),
                squares=len(inside),
                last=True,
                needed_by=i.needed_by,
            )
        )
        taken.update(inside)
    return [i for i in result if i.out[0] not in taken]


def _weights(i: Instruction) -> tuple[float, ...]:
    if i.op == "affine":
        return i.numbers[:-1]
    return i.numbers if i.op == "scale" else (1.0, -1.0 if i.op == "sub" else 1.0)


def _joined(
    i: Instruction, forms: Mapping[int, _Form], uses: Mapping[int, int], fixed: Mapping[int, float]
) -> _Form:
    """What the sum ``i`` is, with the sums among its arguments that nothing else reads."""
    signs = i.numbers if i.op == "scale" else (1.0, -1.0 if i.op == "sub" else 1.0)
    terms: list[tuple[int, float]] = []
    bias = 0.0
    for register, sign in zip(i.arguments, signs, strict=True):
        known = forms.get(register)
        if known is not None and (uses[register] == 1 or register in fixed):
            terms += [(r, sign * w) for r, w in known.terms]
            bias += sign * known.bias
        else:
            terms.append((register, sign))
    return _Form(tuple(terms), bias)


def _sum(out: int, form: _Form) -> Instruction:
    registers = tuple(r for r, _ in form.terms)
    weights = tuple(w for _, w in form.terms)
    if not form.bias and weights in ((1.0, 1.0), (1.0, -1.0)):
        return Instruction("add" if weights[1] > 0 else "sub", (out,), registers)
    if not form.bias and len(weights) == 1:
        return Instruction("scale", (out,), registers, numbers=weights)
    return Instruction("affine", (out,), registers, numbers=(*weights, form.bias))


def live(instructions: Sequence[Instruction], roots: Sequence[int]) -> list[Instruction]:
    """The instructions that an atom needs, without the rows of matrices that none needs."""
    needed: defaultdict[int, int] = defaultdict(int)
    for k, register in enumerate(roots):
        needed[register] |= 1 << k
    result = []
    for i in reversed(instructions):
        keep = [r for r, register in enumerate(i.out) if needed[register]]
        if not keep:
            continue
        if len(keep) < len(i.out):
            columns = len(i.arguments)
            weight = [w for r in keep for w in i.numbers[r * columns : (r + 1) * columns]]
            bias = [i.numbers[len(i.out) * columns + r] for r in keep]
            i.out, i.numbers = tuple(i.out[r] for r in keep), (*weight, *bias)
        for register in i.out:
            i.needed_by |= needed[register]
        for register in i.arguments:
            needed[register] |= i.needed_by
        result.append(i)
    return result[::-1]
