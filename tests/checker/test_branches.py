"""Conditions by branches are the condition itself at every point, and hold on larger boxes."""

from __future__ import annotations

import random
from fractions import Fraction as Q

import numpy as np
import pytest

from certify.expression.evaluate import evaluate
from certify.proofs.checker.branches import positive_by_branches
from certify.proofs.checker.differences import difference
from certify.proofs.checker.language import (
    Node,
    absolute,
    affine,
    const,
    increment,
    index,
    log,
    maximum,
    recip,
    relu,
    sin,
    stack,
    var,
)
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import All, Atom, Formula, atoms, proved
from certify.proofs.checker.symbols import allocate

X, Y = var("x"), var("y")
BENT = sin(X) + Y
KINKS = {"abs": np.abs, "relu": lambda t: np.maximum(t, 0)}


def deciding(formula: Formula, at: dict[str, np.ndarray]) -> np.ndarray:
    """The number whose sign decides: the least of parts that all have to hold, else the largest."""
    if isinstance(formula, Atom):
        return evaluate([formula.node], at)[0]
    values = [deciding(part, at) for part in formula.parts]
    return np.min(values, axis=0) if isinstance(formula, All) else np.max(values, axis=0)


def points(seed: int, count: int = 2000) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(-1.5, 1.5, count) for name in ("x", "y")}


def network(rng: random.Random) -> Node:
    def rows(count: int, width: int) -> list[list[Q]]:
        return [[Q(rng.randint(-8, 8), 4) for _ in range(width)] for _ in range(count)]

    hidden = relu(affine(rows(4, 2), rows(1, 4)[0], stack([X, Y])))
    return index(affine(rows(1, 4), [0], hidden), 0) + const(Q(rng.randint(1, 9), 16)) * X


def proves(formula: Formula, low: list[float], high: list[float]) -> bool:
    roles = allocate([a.node for a in atoms(formula)])
    ends = (np.array(e)[:, None] for e in (low, high))
    return bool(proved(formula, Block(("x", "y"), *ends, 1, roles))[0])


@pytest.mark.parametrize("op", KINKS)
@pytest.mark.parametrize("seed", range(8))
def test_the_branches_together_are_the_condition_at_every_point(op: str, seed: int) -> None:
    rng = random.Random(seed)
    s, d = network(rng), network(rng)
    factor = Q(rng.randint(1, 9), 4)
    value = Y - factor * increment(op, 0, s, d) - Q(1, 3) * absolute(X)
    formula = positive_by_branches(value)
    assert len(list(atoms(formula))) == 5
    at = points(seed)
    direct, before, step = evaluate([value, s, d], at)
    kink = KINKS[op]
    assert np.allclose(
        direct, at["y"] - float(factor) * (kink(before + step) - kink(before)) - abs(at["x"]) / 3
    )
    assert np.allclose(deciding(formula, at), direct, atol=1e-9)
    alone = formula.parts[1]
    assert np.allclose(deciding(alone, at), direct, atol=1e-9)


def test_a_branch_alone_is_not_the_condition() -> None:
    """Where the kink is passed one of the branches is too hopeful, so all of them are needed."""
    value = -increment("abs", 0, BENT, X - 3 * BENT)
    at = points(3)
    direct = evaluate([value], at)[0]
    for branch in positive_by_branches(value).parts[1].parts:
        assert (deciding(branch, at) > direct + 0.1).any()


def test_several_increments_are_taken_one_at_a_time() -> None:
    pairs = [(sin((k + 1) * X), Y - k * sin(X)) for k in range(6)]
    value = const(1) - sum((increment("abs", 0, s, d) for s, d in pairs), start=const(0))
    formula = positive_by_branches(value)
    assert len(formula.parts) == 1 + 4  # no more than four, so that many stay as cheap
    at = points(4)
    direct = evaluate([value], at)[0]
    for part in formula.parts:
        assert np.allclose(deciding(part, at), direct, atol=1e-9)


def test_what_counts_in_favour_or_is_linear_stays_as_it_is() -> None:
    for value in (
        increment("abs", 0, BENT, X),
        -increment("abs", 0, 2 * X - Y, BENT),
        -increment("tanh", 0, BENT, X),
        -sin(increment("abs", 0, BENT, X)),
        BENT,
    ):
        assert positive_by_branches(value) == Atom(">", value)


def test_what_may_be_undefined_stays_undefined() -> None:
    """``k t - j s`` is ``k d`` without ``s`` where the slopes are equal, or has neither."""
    for op in KINKS:
        value = 1 - increment(op, 0, log(X), recip(Y) * Y)
        at = {"x": np.array([-1.0, 0.5, 0.5]), "y": np.array([0.5, 0.0, 0.5])}
        assert np.isnan(evaluate([value], at)[0]).tolist() == [True, True, False]
        for atom in atoms(positive_by_branches(value)):
            assert np.isnan(evaluate([atom.node], at)[0]).tolist() == [True, True, False]


def test_a_box_on_a_crease_is_proved_as_a_whole() -> None:
    """|phi| grows where phi is positive and falls elsewhere, by what the rest of V falls beyond."""
    phi, gain = sin(X), const(Q(1, 64)) + Y / 128
    grown = difference(absolute(phi + gain), absolute(phi))
    low, high = [-0.25, -0.5], [0.25, 0.5]
    falling = gain + const(Q(1, 256)) - grown
    assert not proves(Atom(">", falling), low, high)
    assert proves(positive_by_branches(falling), low, high)
    assert not proves(positive_by_branches(gain - const(Q(1, 2**20)) - grown), low, high)


def test_the_larger_of_two_functions_is_a_kink_too() -> None:
    a, b = sin(X), sin(Y)
    after = maximum(a + Y / 8, b - X / 8)
    value = 1 - difference(after, maximum(a, b))
    formula = positive_by_branches(value)
    assert len(list(atoms(formula))) == 5
    at = points(5)
    assert np.allclose(deciding(formula, at), evaluate([value], at)[0], atol=1e-9)
