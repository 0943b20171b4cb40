"""Formulas as flat arrays, for the native engine.

The engine makes of them straight-line code on scalars (``native/graph.hpp``); here every node is
one row, and so is every part of the formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from certify.proofs.checker.coordinates import Coordinates, is_unit, recentred
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import Affine, Divided, Node, constant_factor, topological
from certify.proofs.checker.obligations import Atom, Box, Formula, atoms
from certify.proofs.checker.symbols import Roles, without_sums

__all__ = ["OPERATORS", "Graph", "Limits", "graph_of", "limits_of", "map_of"]

OPERATORS = (
    "add", "sub", "scale", "affine", "mul", "square", "relu", "abs", "max", "sin", "cos", "tanh",
    "exp", "atan", "log", "sqrt", "recip", "pow", "step", "select", "quotient", "quotient2",
    "increment", "quadratic",
)  # fmt: skip
"""The operators by number, as in ``native/program.hpp``."""

_NAMED = ("const", "var", "stack", "index")  # what else nodes are, as in ``native/graph.hpp``
_NUMBER = {name: i for i, name in enumerate(OPERATORS)} | {x: 64 + i for i, x in enumerate(_NAMED)}
_KINDS = {">": 0, ">=": 1, "defined": 2, "all": 3, "any": 4}
_LARGEST = 64  # variables: a tree has one byte for a split

Integers = NDArray[np.int32]
Floats = NDArray[np.float64]
Limits: TypeAlias = tuple[tuple[Fraction, Fraction] | None, ...]


@dataclass(frozen=True)
class Graph:
    """The arrays that ``native/graph.cpp`` reads.

    ``nodes`` has the columns operator, size, first argument (a position in ``arguments``, which
    are numbers of nodes) and their number, power (of a variable its number, of a component which
    one), the operator of a divided difference, first of its ``numbers`` (of a matrix the weights
    by rows and then the biases), first of its symbols or -1, and whether it is a last product;
    ``roots`` are the nodes of the atoms; ``formula`` rows are kind, atom and the position after
    the part.
    """

    variables: int
    nodes: Integers
    arguments: Integers
    numbers: Floats
    roots: Integers
    formula: Integers

    def arrays(self) -> dict[str, object]:
        """What the native module takes."""
        return dict(vars(self))


def graph_of(formula: Formula, names: tuple[str, ...], roles: Roles | None = None) -> Graph:
    """The arrays of ``formula`` over the variables ``names``.

    ``roles`` are those of the formula in the order of the checker, if it is not this one.  Raises
    LanguageError for more variables than a tree has bytes, and for operators that have no rule.
    """
    if not 1 <= len(names) <= _LARGEST:
        raise LanguageError(f"a tree has 1 to {_LARGEST} variables")
    roots = [a.node for a in atoms(formula)]
    rows = _Rows(names, without_sums(roots) if roles is None else roles)
    for node in topological(roots):
        rows.add(node)
    return Graph(
        variables=len(names),
        nodes=np.array(rows.nodes, dtype=np.int32),
        arguments=np.array(rows.arguments, dtype=np.int32),
        numbers=np.array(rows.numbers, dtype=np.float64),
        roots=np.array([rows.places[n] for n in roots], dtype=np.int32),
        formula=np.array(_parts(formula), dtype=np.int32),
    )


class _Rows:
    """The rows of the nodes, which come in an order with arguments before their users."""

    def __init__(self, names: Sequence[str], roles: Roles) -> None:
        self._variables = {x: i for i, x in enumerate(names)}
        self._symbols, self._last = roles.symbols, roles.last
        self.places: dict[Node, int] = {}
        self.nodes: list[tuple[int, ...]] = []
        self.arguments: list[int] = []
        self.numbers: list[float] = []

    def add(self, node: Node) -> None:
        op, data, args = node.op, node.data, node.args
        power, function, first = 0, 0, len(self.numbers)
        if op == "mul":
            if args[0] is args[1]:
                op, args = "square", args[:1]
            elif (which := constant_factor(node)) is not None:
                op, factor, args = "scale", args[which], (args[1 - which],)
                parts = factor.args if factor.size else (factor,)
                self.numbers += [_rounded(a.value) for a in parts]
        elif op == "neg":
            op = "scale"
            self.numbers += [-1.0] * max(node.size, 1)
        elif op == "var":
            power = self._variables[str(data)]
        elif isinstance(data, Affine):
            self.numbers += _entries(data)
        elif isinstance(data, Divided):
            function, power = _NUMBER[data.op], data.power
        elif isinstance(data, int):
            power = data
            if op == "pow" and power == 2:
                op, power = "square", 0
        elif data is not None and isinstance(data, Fraction):  # slow to ask for
            self.numbers.append(_rounded(data))
        if op not in _NUMBER:
            raise LanguageError(f"no bound rule for {op}")
        symbols = self._symbols.get(node)
        row = (
            _NUMBER[op], node.size, len(self.arguments), len(args), power, function, first,
            symbols[0] if symbols else -1, int(node in self._last),
        )  # fmt: skip
        self.arguments += [self.places[a] for a in args]
        self.places[node] = len(self.nodes)
        self.nodes.append(row)


def limits_of(box: Box, coordinates: Coordinates) -> Limits:
    """The intervals of the variables of ``box`` that ``coordinates`` mix; None of the others."""
    rows = enumerate(zip(coordinates.matrix, box.values(), strict=True))
    return tuple(None if is_unit(row, i) else interval for i, (row, interval) in rows)


def map_of(coordinates: Coordinates, limits: Limits) -> dict[str, object]:
    """The arrays of the map from a tree's variables to those of the formula."""
    ends = [(Fraction(0), Fraction(0)) if interval is None else interval for interval in limits]
    return {
        "matrix": np.array([[_rounded(m) for m in row] for row in coordinates.matrix]),
        "centre": np.array([_rounded(c) for c in recentred(coordinates)]),
        "limits": np.array([[_rounded(low), _rounded(high)] for low, high in ends]),
        "mixed": np.array([interval is not None for interval in limits], dtype=np.int8),
    }


@lru_cache(maxsize=256)
def _entries(data: Affine) -> tuple[float, ...]:
    """The weights by rows, then the biases; once for each matrix, which many formulas share."""
    return tuple(_rounded(w) for row in (*data.weight, data.bias) for w in row)


def _rounded(value: Fraction) -> float:
    """The float64 nearest to ``value``, infinite if it is too large."""
    numerator, denominator = value.as_integer_ratio()
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf


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
