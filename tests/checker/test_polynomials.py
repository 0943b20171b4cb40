"""The polynomials of models, symbol by symbol, against values in a thousand digits.

The symbols are not guessed: the model of the operation that a symbol belongs to has no other
error, so the value there says what the symbol is at a point.  Every other model must then be
right with that same value.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction as Q

import numpy as np
import point_oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf
from point_oracle import TooLargeError, components, exact
from random_graphs import NUMBERS, expression, interval, samples

from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.language import Node, build, const, relu, sin, sqrt, topological, var
from certify.proofs.checker.models import Block
from certify.proofs.checker.polynomials import Model
from certify.proofs.checker.symbols import MOST_SYMBOLS, allocate

X, Y = var("x"), var("y")
DIGITS = 1000  # for differences of numbers as large and as small as the oracle allows
SLACK = mpf(10) ** -60  # relative to the numbers at hand
LEAST = mpf(10) ** -600
SEEDS = st.integers(0, 2**32)
FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None)
BoxOf = Mapping[str, tuple[Q, Q]]
LARGE = (*NUMBERS, Q(10**16), Q(10**16 + 1), Q(1, 10**16), Q(-(10**100)), Q(1, 10**100))
EXTREME = (*LARGE, Q(10**300), Q(-1, 10**300), Q(1, 10**320), Q(1, 3 * 10**310), Q(10**309))


@pytest.fixture(autouse=True)
def digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(point_oracle._CONTEXT, "dps", DIGITS)


def block_of(boxes: list[BoxOf], degree: int, root: Node) -> Block:
    names = tuple(boxes[0])
    low = np.array([[below(b[x][0]) for b in boxes] for x in names])
    high = np.array([[above(b[x][1]) for b in boxes] for x in names])
    return Block(names, low, high, degree, allocate([root]))


def offsets(block: Block, at: int, point: Mapping[str, Q]) -> list[mpf]:
    """The coordinates ``d`` of ``point`` in the models of box ``at``."""
    result = []
    for i, x in enumerate(block.names):
        model = block.model(var(x))
        if not model.range.is_finite()[0, at]:
            return []  # too wide
        middle, radius = (Q(float(model.p[0, k, at])) for k in (0, 1 + i))
        d = (point[x] - middle) / radius if radius else Q(0)
        assert abs(d) <= 1
        assert radius or point[x] == middle
        result.append(exact(d))
    return result


def check_at(block: Block, at: int, root: Node, point: Mapping[str, Q], jump: int) -> int:
    """Check the models of all parts of ``root`` on box ``at``; the number of finite ones."""
    try:
        values = components(root, point, jump)
    except TooLargeError:
        return 0
    known: dict[int, mpf] = {}
    symbols = allocate([root]).symbols
    checked = 0
    block.model(root)
    within = np.isfinite(block.low[:, at]).all() and np.isfinite(block.high[:, at]).all()
    d = offsets(block, at, point) if block.degree and within else []
    for node in topological([root]):
        model = block.model(node)
        for i, v in enumerate(values[node]):
            low, high = (float(end[i, at]) for end in model.range)
            if not np.isfinite([low, high]).all():
                continue
            assert v is not None, f"finite where undefined: {node!r} at {point}"
            checked += 1
            slack = SLACK * abs(v) + LEAST
            assert exact(Q(low)) - slack <= v <= exact(Q(high)) + slack, (node, point, low, high)
            if d:
                own = symbols[node][i] if node in symbols else None
                confirm(model, i, at, d, v, known, own)
    return checked


def confirm(
    model: Model, i: int, at: int, d: list[mpf], v: mpf, known: dict[int, mpf], own: int | None
) -> None:
    """The polynomial is right up to its error; the symbol ``own`` gets its value from it."""
    layout = model.layout
    p = [exact(Q(float(x))) for x in model.p[i, :, at]]
    size = abs(p[0])
    rest = v - p[0]
    # its own symbol occurs in no product, and is left out of the sum
    z = [*d[: layout.variables], *(known.get(k, mpf(0)) for k in layout.symbols)]
    mine = [*[False] * layout.variables, *(k == own for k in layout.symbols)]
    terms = [(x, f) for x, f, own_one in zip(p[layout.linear], z, mine, strict=True) if not own_one]
    pairs = [(a, b) for a in range(len(z)) for b in range(a, len(z))] if layout.quadratic else []
    for x, (a, b) in zip(p[layout.squares], pairs, strict=True):
        assert not x or not (mine[a] or mine[b])
        terms.append((x, z[a] * z[b]))
    for x, factor in terms:
        rest -= x * factor
        size += abs(x)
    slack = SLACK * (size + abs(v)) + LEAST
    if own is None:
        assert abs(rest) <= exact(Q(float(model.e[i, at]))) + slack, (rest, model.e[i, at])
        return
    assert model.e[i, at] == 0
    share = p[layout.linear][layout.variables + layout.symbols.index(own)]
    assert abs(rest) <= abs(share) + slack
    known[own] = min(max(rest / share, mpf(-1)), mpf(1)) if share else mpf(0)


@FEW
@given(SEEDS)
def test_models_are_right_at_sampled_points(seed: int) -> None:
    rng = random.Random(seed)
    e = expression(rng, rng.randint(1, 5))
    boxes = [{"x": interval(rng), "y": interval(rng)} for _ in range(3)]
    for degree in (0, 1, 2):
        block = block_of(boxes, degree, e)
        for at, box in enumerate(boxes):
            for point in samples(rng, box, 3):
                check_at(block, at, e, point, rng.randint(0, 1))


def wild(rng: random.Random) -> tuple[Q, Q]:
    """An interval of any size anywhere."""
    anchor = rng.choice(EXTREME) * rng.choice([1, 1, -1, Q(1, 7)])
    width = abs(rng.choice(EXTREME)) if rng.random() < 0.7 else Q(0)
    if rng.random() < 0.3:
        anchor = Q(rng.uniform(-3, 3))
    return anchor, anchor + width


@FEW
@given(SEEDS)
def test_models_are_right_at_all_scales(seed: int) -> None:
    rng = random.Random(seed)
    try:
        e = expression(rng, rng.randint(1, 4), rng.choice([LARGE, EXTREME]))
    except LanguageError:
        return
    boxes = [{"x": wild(rng), "y": wild(rng)} for _ in range(3)]
    for degree in (0, 1, 2):
        block = block_of(boxes, degree, e)
        for at, box in enumerate(boxes):
            for point in samples(rng, box, 2):
                check_at(block, at, e, point, rng.randint(0, 1))


def scaled_chain(rng: random.Random) -> tuple[Node, dict[str, tuple[Q, Q]]]:
    """Operations on numbers of one size each, brought from one to another by factors."""

    def ten(power: int) -> Node:
        return const(Q(10) ** power)

    k = rng.randint(-300, 290)
    a = Q(rng.randint(1, 30), 10)
    box = {"x": (a * Q(10) ** k, a * Q(10) ** k * (1 + Q(1, rng.choice([2, 10, 1000])))),
           "y": (Q(-1), Q(2))}  # fmt: skip
    e: Node = X
    for _ in range(rng.randint(1, 5)):
        op = rng.choice(
            ["sqrt", "recip", "pow", "pow", "log", "relu", "mul", "shift", "mix", "sin"]
        )
        if op == "pow":
            e, k = e ** rng.choice([2, 3]), 2 * k
        elif op == "mul":
            e = e * (e - ten(k))
            k *= 2
        elif op == "shift":
            e = e - ten(max(min(k, 300), -300)) * rng.choice([1, Q(1, 2), Q(11, 10)])
        elif op == "mix":
            e = e * Y
        else:
            e = build(op, (e,))
            k = {"sqrt": k // 2, "recip": -k}.get(op, k)
        if rng.random() < 0.6:
            step = max(min(rng.choice([-k, rng.randint(-300, 300)]), 320), -320)
            e, k = ten(step) * e, k + step
    return e, box


@FEW
@given(SEEDS)
def test_models_are_right_where_powers_of_ten_meet(seed: int) -> None:
    rng = random.Random(seed)
    try:
        e, box = scaled_chain(rng)
    except LanguageError:
        return
    for degree in (0, 1, 2):
        block = block_of([box], degree, e)
        for point in samples(rng, box, 3):
            check_at(block, 0, e, point, 0)


def test_the_square_of_a_small_distance_is_not_lost_before_a_large_curvature() -> None:
    # the distance is 5e-202 and its square no binary64, the curvature is 1e300
    e = sqrt(X) * const(Q(10) ** 100)
    box = [{"x": (Q(1, 10**200), Q(11, 10**201))}]
    for degree in (0, 1, 2):
        assert block_of(box, degree, e).range(e).low[0] <= 1


@FEW
@given(SEEDS)
def test_what_is_known_of_some_boxes_stays_known(seed: int) -> None:
    rng = random.Random(seed)
    first, second = expression(rng, 3), expression(rng, 3)
    boxes = [{"x": interval(rng), "y": interval(rng)} for _ in range(5)]
    rows = np.array(sorted(rng.sample(range(5), 3)))
    both = first + second
    for degree in (0, 1, 2):
        whole = block_of(boxes, degree, both)
        whole.model(first)
        part = whole.take(rows).range(both)
        alone = block_of([boxes[i] for i in rows], degree, both).range(both)
        # to rounding: matrix products may be summed in another order
        np.testing.assert_allclose(part.low, alone.low, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(part.high, alone.high, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("degree", [1, 2])
def test_equal_parts_cancel_exactly(degree: int) -> None:
    e = 3 * X + Y - (X + (2 * X + Y))
    reach = block_of([{"x": (Q(-1), Q(2)), "y": (Q(0), Q(8))}], degree, e).range(e)
    assert abs(reach.low[0]) < 1e-13
    block = block_of([{"x": (Q(1, 3), Q(1, 2)), "y": (Q(0), Q(1))}], degree, X + Y)
    same = block.range(X - X + (X + Y) - (X + Y))
    assert abs(same.low[0]) < 1e-14
    assert abs(same.high[0]) < 1e-14


def test_shared_symbols_cancel() -> None:
    s = relu(X + Y) + sin(5 * X)
    e = 2 * s - s - s
    for degree in (1, 2):
        reach = block_of([{"x": (Q(-1), Q(2)), "y": (Q(-1), Q(1))}], degree, e).range(e)
        assert reach.high[0] < 1e-12


def test_quadratic_models_keep_the_difference_of_two_squares() -> None:
    # V - V(x+) with nearly equal values: the parts have size 1, the difference is 1e-3
    after = const(Q(999, 1000)) * X
    e = X**2 + Y**2 - after**2 - (Y - const(Q(1, 1000)) * X) ** 2
    box = [{"x": (Q(1, 2), Q(1)), "y": (Q(-1, 8), Q(1, 8))}]
    low = [float(block_of(box, k, e).range(e).low[0]) for k in range(3)]
    assert low[0] < 0 < low[1]  # the squares are the last products: degree 1 keeps them
    assert low[1] == low[2]
    assert block_of(box, 2, e).range(e).high[0] < 0.003
    inner = relu(e)  # here they are not
    assert (
        block_of(box, 1, inner).range(inner).low[0]
        == 0
        < block_of(box, 2, inner).range(inner).low[0]
    )


def test_last_products_are_those_that_only_sums_follow() -> None:
    square, product = X**2, X * Y
    last = allocate([const(2) * square - product, product + sin(product)]).last
    assert last == {square}
    assert allocate([square * Y]).last == {square * Y}


def test_symbols_are_squared_and_multiplied_as_variables_are() -> None:
    # with r = relu(x), of error s, both are (r + y)**2 - r**2 - y**2 - 2 r y = 0
    r = relu(X)
    e = (r + Y) ** 2 - r**2 - Y**2 - const(2) * r * Y
    box = [{"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1))}]
    for degree in (1, 2):
        reach = block_of(box, degree, e).range(e)
        assert -1e-9 < reach.low[0] <= 0 <= reach.high[0] < 1e-9


def test_there_are_few_symbols_and_layers_with_kinks_come_first() -> None:
    from certify.proofs.checker.language import affine, stack

    wide = relu(affine([[i, 1] for i in range(20)], None, stack([X, Y])))
    narrow = relu(affine([[1] * 20] * 5, None, wide))
    e = narrow[0] + sin(narrow[1]) * abs_of(narrow[2]) + X**2
    symbols = allocate([e]).symbols
    assert sum(map(len, symbols.values())) <= MOST_SYMBOLS
    assert sorted(k for ks in symbols.values() for k in ks) == list(range(22))
    assert symbols[wide] == tuple(range(20))
    assert symbols[abs_of(narrow[2])] == (20,)
    assert symbols[sin(narrow[1])] == (21,)
    assert narrow not in symbols
    assert allocate([e]).symbols == symbols


def abs_of(e: Node) -> Node:
    from certify.proofs.checker.language import absolute

    return absolute(e)
