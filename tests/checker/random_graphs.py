"""Random expressions, boxes and points to try the bounds of the checker on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction as Q

from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import (
    Node,
    affine,
    build,
    const,
    increment,
    index,
    maximum,
    select,
    stack,
    var,
)

__all__ = ["NUMBERS", "UNARY", "expression", "interval", "samples"]

UNARY = ("sin", "cos", "tanh", "exp", "atan", "log", "sqrt", "recip", "relu", "abs", "neg", "step")
NUMBERS = (Q(0), Q(1), Q(-1), Q(1, 3), Q(-5, 2), Q(2), Q(1, 1000), Q(7))
WIDTHS = (Q(0), Q(1, 10**6), Q(1, 100), Q(1, 3), Q(1), Q(3), Q(10), Q(1000))


def expression(
    rng: random.Random, depth: int, numbers: Sequence[Q] = NUMBERS, names: Sequence[str] = "xy"
) -> Node:
    """A random scalar expression of at most ``depth`` operations above its leaves."""
    if depth == 0 or rng.random() < 0.1:
        leaves = [*map(var, names), *map(var, names), const(rng.choice(numbers))]
        return rng.choice(leaves)

    def part() -> Node:
        return expression(rng, depth - 1, numbers, names)

    kind = rng.random()
    try:
        if kind < 0.4:
            return build(rng.choice(UNARY), (part(),))
        if kind < 0.5:
            return build("pow", (part(),), rng.choice([2, 2, 3, 4]))
        if kind < 0.85:
            return build(rng.choice(["add", "sub", "mul", "max"]), (part(), part()))
        if kind < 0.88:
            return select(part(), part(), part())
        if kind < 0.91:
            return increment(rng.choice(["sin", "tanh", "relu", "abs", "exp"]), 0, part(), part())
        return layer(rng, stack([part(), part()]), numbers)
    except LanguageError:
        return expression(rng, depth, numbers, names)


def layer(rng: random.Random, vector: Node, numbers: Sequence[Q] = NUMBERS) -> Node:
    def matrix(rows: int, columns: int) -> list[list[Q]]:
        return [[rng.choice(numbers) for _ in range(columns)] for _ in range(rows)]

    inner = affine(matrix(3, 2), matrix(1, 3)[0], vector)
    outer = build(rng.choice(["relu", "abs", "tanh", "sin"]), (inner,))
    if rng.random() < 0.3:
        outer = maximum(outer, inner) * outer
    return index(affine(matrix(2, 3), None, outer), rng.randrange(2))


def interval(rng: random.Random) -> tuple[Q, Q]:
    """Often with a kink or a pole at an end, in the middle, or nowhere."""
    anchor = rng.choice([Q(0), Q(1), Q(-1), Q(rng.randint(-1000, 1000), 300)])
    width, place = rng.choice(WIDTHS), rng.choice([Q(0), Q(1, 2), Q(1)])
    return anchor - width * place, anchor + width * (1 - place)


def samples(rng: random.Random, box: dict[str, tuple[Q, Q]], count: int) -> list[dict[str, Q]]:
    points = []
    for _ in range(count):
        point = {}
        for name, (low, high) in box.items():
            share = rng.choice([Q(0), Q(1), Q(1, 2), Q(rng.randint(0, 1000), 1000)])
            at_kink = low <= 0 <= high and rng.random() < 0.25
            point[name] = Q(0) if at_kink else low + (high - low) * share
        points.append(point)
    return points
