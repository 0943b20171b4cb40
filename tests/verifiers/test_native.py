"""The native engine: the kernel's rules in float64, the same tree on every path."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from certify.expression.evaluate import evaluate
from certify.proofs.checker.coordinates import Coordinates, transformed
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import (
    Node,
    absolute,
    affine,
    atan,
    clip,
    cos,
    dot,
    exp,
    increment,
    log,
    maximum,
    quotient,
    quotient2,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    step,
    tanh,
    var,
)
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import All, Any, Atom, Formula, Obligation, proved
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.tree import leaves
from certify.verifiers import native
from certify.verifiers.graph import graph_of
from certify.verifiers.native import NativeEngine
from certify.verifiers.points import Array
from certify.verifiers.trees import grafted, pieces, root_of

OPEN = b"\x7f"
NO_COMPILER = not native.available() and "CI" not in os.environ
pytestmark = pytest.mark.skipif(NO_COMPILER, reason="the native engine was not built")

X, Y = var("x0"), var("x1")
DEGREES = (0, 1, 2)


def obligation(formula: Formula, n: int = 2, radius: float = 2.0) -> Obligation:
    box = {f"x{i}": (Fraction(-radius), Fraction(radius)) for i in range(n)}
    return Obligation("test", "a test", box, formula)


def corners(n: int = 2, radius: float = 2.0) -> tuple[Array, Array]:
    return np.full(n, -radius), np.full(n, radius)


OPERATIONS: list[Callable[[Node, Node, Node], Node]] = [
    lambda a, b, c: a + b,
    lambda a, b, c: a - b,
    lambda a, b, c: a * b,
    lambda a, b, c: a * Fraction(-17, 7),
    lambda a, b, c: -a,
    lambda a, b, c: a**2,
    lambda a, b, c: a**3,
    lambda a, b, c: sin(a),
    lambda a, b, c: cos(a),
    lambda a, b, c: tanh(a),
    lambda a, b, c: exp(tanh(a)),
    lambda a, b, c: atan(a),
    lambda a, b, c: log(a * a + Fraction(1, 3)),
    lambda a, b, c: sqrt(a * a + Fraction(1, 2)),
    lambda a, b, c: recip(a * a + 1),
    lambda a, b, c: relu(a),
    lambda a, b, c: absolute(a),
    lambda a, b, c: maximum(a, b),
    lambda a, b, c: clip(a, -1, Fraction(1, 3)),
    lambda a, b, c: quotient("sin", 0, a, b),
    lambda a, b, c: quotient2("exp", 0, a, tanh(b)),
    lambda a, b, c: increment("tanh", 0, a, b),
    lambda a, b, c: increment("relu", 0, a, c),
    lambda a, b, c: select(a * a + 1, b, c) + step(b * b + 1) * c,
]


def layer(rng: random.Random, parts: list[Node]) -> Node:
    weights = [
        [Fraction(rng.randint(-9, 9), 8) if rng.random() < 0.7 else 0 for _ in parts]
        for _ in range(5)
    ]
    hidden = relu(affine(weights, [Fraction(rng.randint(-9, 9), 8) for _ in weights], stack(parts)))
    return hidden[0] - hidden[1] * hidden[2] + dot([1, -2, Fraction(1, 2), 0, 3], tanh(hidden))


def program(stated: Obligation, narrow: bool = False) -> object:
    graph = graph_of(stated.formula, tuple(stated.box))
    return native._native.Problem(graph.arrays(), native.instruction_set(), narrow)


def random_roots(rng: random.Random, n: int) -> list[Node]:
    pool = [var(f"x{i}") for i in range(n)]
    names = list(pool)
    for _ in range(rng.choice([4, 10, 18])):
        parts = [rng.choice(pool[-8:] + names) for _ in range(3)]
        try:
            if rng.random() < 0.1:
                pool.append(layer(rng, parts))
            else:
                pool.append(rng.choice(OPERATIONS)(parts[0], parts[1], parts[2]))
        except LanguageError:  # a constant where none is allowed
            continue
    return pool[-4:]


@pytest.mark.parametrize("seed", range(12))
def test_the_bounds_are_those_of_the_kernel(seed: int) -> None:
    rng, draw = random.Random(seed), np.random.default_rng(seed)
    n = rng.choice([1, 2, 3, 5])
    roots = random_roots(rng, n)
    stated = obligation(All(tuple(Atom(">", r) for r in roots)), n)
    problem = program(stated, narrow=True)
    middle = draw.uniform(-1.5, 1.5, (n, 13))
    radius = draw.uniform(0, 0.5, (n, 13)) * 10.0 ** draw.integers(-4, 1, (1, 13))
    low, high = middle - radius, middle + radius
    for degree in DEGREES:
        # rule by rule: sums that are one operation have other ranges between
        roles = allocate(roots)._replace(sums={})
        block = Block(tuple(stated.box), low, high, degree, roles)
        least, largest, _ = problem.evaluate(low, high, degree, -1)
        for k, node in enumerate(roots):
            reach, model = block.range(node), block.model(node)
            size = 1e-4 + reach.high - reach.low + np.abs(reach.low) + np.abs(reach.high)
            if degree:
                size = size + (model.size + model.e)[0]
            error = np.abs(reach.low - least[:, k]) + np.abs(reach.high - largest[:, k])
            undefined = np.isnan(reach.low)
            assert np.array_equal(undefined, np.isnan(least[:, k]))
            assert ((error < 1e-9 * size) | undefined).all()


@pytest.mark.parametrize("op", ["sin", "cos", "tanh", "exp", "atan", "log", "sqrt", "recip"])
def test_elementary_functions_are_accurate_at_points(op: str) -> None:
    from certify.proofs.checker.language import build

    exact = {"recip": np.reciprocal, "atan": np.arctan}.get(op) or getattr(np, op)
    points = np.concatenate([np.linspace(-30, 30, 601), 10.0 ** np.arange(-300.0, 3), [1e5, 2.5e6]])
    if op in ("log", "sqrt", "recip"):
        points = points[points > 0]
    stated = obligation(Atom(">", build(op, (X,))), 1)
    low, high, _ = program(stated).evaluate(points[None], points[None], 0, -1)
    with np.errstate(over="ignore"):
        wanted = exact(points)
    finite = np.isfinite(wanted)
    error = np.abs(low[finite, 0] - wanted[finite]) / np.maximum(1, np.abs(wanted[finite]))
    assert error.max() < 4e-15
    assert np.isnan(low[~finite, 0]).all()
    assert np.array_equal(low, high, equal_nan=True)


@pytest.mark.parametrize("bend", [relu, absolute])
def test_leaky_kinks_are_bounded_alike_in_one_step_and_in_two(
    bend: Callable[[Node], Node],
) -> None:
    operator = "relu" if bend is relu else "abs"
    before = [X + Fraction(1, 3) * Y, X - Y, X * Y, -X]
    moves = [Y * Fraction(1, 4), X * Y * Fraction(1, 5), X, Y]
    kinks = [bend(a) for a in before]
    kinks += [increment(operator, 0, a, d) for a, d in zip(before, moves, strict=True)]
    leaky = [
        a * Fraction(-1, 10) + k * Fraction(9, 10)
        for a, k in zip(before + moves, kinks, strict=True)
    ]
    whole = tanh(sum(leaky[1:], leaky[0])) + leaky[0] * leaky[-1]
    draw = np.random.default_rng(3)
    middle, radius = draw.uniform(-1.5, 1.5, (2, 64)), draw.uniform(0, 0.5, (2, 64))
    low, high = middle - radius, middle + radius
    values = evaluate([whole], {"x0": middle[0], "x1": middle[1]})[0]
    for degree in DEGREES:
        # what is read twice is a step of its own
        ends = [
            program(obligation(All(tuple(Atom(">", r) for r in roots)))).evaluate(
                low, high, degree, -1
            )
            for roots in ([whole], [whole, *kinks])
        ]
        for one, two in zip(ends[0][:2], ends[1][:2], strict=True):
            np.testing.assert_allclose(one[:, 0], two[:, 0], rtol=1e-11, atol=1e-12)
        assert (ends[0][0][:, 0] <= values + 1e-12).all()
        assert (values <= ends[0][1][:, 0] + 1e-12).all()


def test_huge_angles_are_only_known_to_be_bounded() -> None:
    points = np.array([[1e9, -1e300]])
    problem = program(obligation(Atom(">", sin(X)), 1))
    low, high, _ = problem.evaluate(points, points, 0, -1)
    assert (low == -1).all()
    assert (high == 1).all()


def hard() -> Obligation:
    """Inside a disc a bound that is nearly attained, outside of it the guard."""
    v = X**2 + X * Y * Fraction(1, 2) + Y**2
    policy = layer(random.Random(3), [X, Y, X - Y]) * Fraction(1, 50)
    wave = sin(2 * X) * cos(Y) - cos(2 * X) * sin(Y)  # at most 1
    body = Atom(">", Fraction(113, 100) - wave - Fraction(1, 9) * tanh(policy))
    inside = Atom(">=", 3 - maximum(X, Y))
    return obligation(Any((Atom(">", v - 3), All((inside, Atom("defined", log(v + 1)), body)))))


def test_the_kernel_accepts_the_leaves() -> None:
    stated = hard()
    growth = NativeEngine(stated).grow(*corners(), OPEN, 100_000, DEGREES)
    assert growth.open == 0
    assert growth.closed == pytest.approx(1)
    assert 30 < growth.boxes < len(growth.tree)  # some halves are decided with their box
    symbols = allocate([a.node for a in _atoms(stated.formula)])
    for part in leaves(growth.tree, *corners()):
        block = Block(tuple(stated.box), part.low, part.high, part.degree, symbols)
        assert proved(stated.formula, block).all()


def _atoms(formula: Formula) -> list[Atom]:
    return [formula] if isinstance(formula, Atom) else [a for p in formula.parts for a in _atoms(p)]


def test_a_tree_is_the_same_in_slices_and_in_pieces() -> None:
    engine = NativeEngine(hard())
    grown = engine.grow(*corners(), OPEN, 100_000, (1, 2))
    whole, tree, boxes = grown.tree, OPEN, 0
    while 0x7F in tree:
        growth = engine.grow(*corners(), tree, 13, (1, 2))
        assert growth.boxes <= 13
        tree, boxes = growth.tree, boxes + growth.boxes
    assert tree == whole
    assert boxes == grown.boxes
    start = engine.grow(*corners(), OPEN, 9, (1, 2)).tree
    parts = pieces(start, *corners())
    trees = {p.position: engine.grow(p.low, p.high, OPEN, 100_000, (1, 2)).tree for p in parts}
    assert grafted(start, trees) == whole


def test_threads_share_an_engine() -> None:
    engine = NativeEngine(hard())
    trees: list[bytes] = []

    def work() -> None:
        trees.append(engine.grow(*corners(), OPEN, 100_000, DEGREES).tree)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(trees)) == 1
    assert len(trees) == 3


def test_instruction_sets_give_the_same_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = set()
    for name in native.instruction_sets():
        monkeypatch.setenv("CERTIFY_ENGINE", name)
        assert native.instruction_set() == name
        trees.add(NativeEngine(hard()).grow(*corners(), OPEN, 100_000, DEGREES).tree)
    assert len(trees) == 1


def test_a_false_formula_gives_suspects() -> None:
    false = obligation(Any((Atom(">", X - 1), Atom(">", Y**2 - Fraction(1, 100)))))
    growth = NativeEngine(false).grow(*corners(), OPEN, 10_000, (2,))
    assert len(growth.suspects)
    assert (growth.suspects[:, 0] <= 1).all()
    assert (np.abs(growth.suspects[:, 1]) <= 0.1).all()
    assert growth.open > 0


def test_what_cannot_be_decided_ends_stuck() -> None:
    touching = obligation(Atom(">", absolute(X)), 1)
    low = np.array([-2.0])
    growth = NativeEngine(touching).grow(low, -low, OPEN, 10**6, (0, 2), stop_at_suspects=False)
    assert growth.stuck
    assert growth.open > 0
    assert b"\x7f" in growth.tree


@pytest.mark.parametrize("node", [log(X), recip(X), sqrt(X - 3), exp(exp(exp(X**2)))])
def test_undefined_proves_nothing(node: Node) -> None:
    always = obligation(Atom("defined", node), 1)
    engine = NativeEngine(always)
    for degree in DEGREES:
        growth = engine.grow(np.array([-2.0]), np.array([2.0]), OPEN, 1, (degree,))
        assert growth.open == 2


def test_a_weight_of_zero_hides_nothing() -> None:
    hidden = dot([1, 0], stack([X, log(X - 5)]))
    engine = NativeEngine(obligation(Atom(">", hidden + 9), 1))
    assert engine.grow(np.array([-2.0]), np.array([2.0]), OPEN, 1, DEGREES).open == 2


def test_a_tree_in_coordinates_is_that_of_the_formula_in_them() -> None:
    matrix = ((Fraction(3, 4), Fraction(-1, 2)), (Fraction(1, 3), Fraction(1)))
    slanted = Coordinates((Fraction(1, 8), Fraction(-1, 5)), matrix)
    stated = transformed(hard(), slanted)
    low, high = root_of(hard(), slanted)
    assert np.array_equal((low, high), root_of(stated, None))
    trees = [
        engine.grow(low, high, OPEN, 100_000, DEGREES, ties=False).tree
        for engine in (NativeEngine(hard(), slanted), NativeEngine(stated))
    ]
    assert trees[0] == trees[1]
    assert len(trees[0]) > 100
    assert OPEN not in trees[0]
    straight = NativeEngine(hard()).grow(*corners(), OPEN, 100_000, DEGREES, ties=False)
    assert trees[0] != straight.tree


def test_deep_trees_are_read_and_written() -> None:
    deep = bytes([0, 0x40] * 50) + OPEN
    low, high = corners()
    growth = NativeEngine(hard()).grow(low, high, deep, 0, DEGREES)
    assert growth.tree == deep
    with pytest.raises(ValueError, match="ends before"):
        NativeEngine(hard()).grow(low, high, deep[:-1], 1, DEGREES)
    with pytest.raises(ValueError, match="goes on"):
        NativeEngine(hard()).grow(low, high, deep + OPEN, 1, DEGREES)
    with pytest.raises(ValueError, match="not known"):
        NativeEngine(hard()).grow(low, high, bytes([2]), 1, DEGREES)


@pytest.mark.parametrize("part", ["roots", "arguments", "nodes", "formula"])
@pytest.mark.parametrize("value", [10_000, -7])
def test_a_damaged_graph_is_refused(part: str, value: int) -> None:
    stated = hard()
    arrays = graph_of(stated.formula, tuple(stated.box)).arrays()
    arrays[part] = np.full_like(arrays[part], value)
    with pytest.raises(ValueError, match="damaged"):
        native._native.Problem(arrays, native.instruction_set())


def test_it_can_be_switched_off_or_missing() -> None:
    switched = "from certify.verifiers import native; assert not native.available()"
    environment = os.environ | {"CERTIFY_ENGINE": "python"}
    subprocess.run([sys.executable, "-c", switched], env=environment, check=True)
    missing = f"import sys; sys.modules['certify.verifiers._native'] = None; {switched}"
    environment.pop("CERTIFY_ENGINE")
    subprocess.run([sys.executable, "-c", missing], env=environment, check=True)
