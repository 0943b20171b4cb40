"""Interval operations in binary64: nothing is lost, and what is attained is kept."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction as Q

import numpy as np
import pytest
from flint import arb

from certify.proofs.checker import intervals, ranges
from certify.proofs.checker.errors import Rejected
from certify.proofs.checker.intervals import Interval, above, below, nearest
from certify.proofs.checker.language import Node, clip, const, relu, sin, sqrt, var
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import All, Any, Atom, proved, truth
from certify.proofs.checker.symbols import NO_ROLES, allocate

X, Y = var("x"), var("y")
LEAST, GREATEST = 5e-324, math.nextafter(math.inf, 0)
ENDS = (0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, 1 + 2**-52, 3.0, LEAST, -LEAST, 1e-310, -1e-160, 1e-160,
        1e160, -1e160, 1e308, GREATEST, -GREATEST, 2.0**-1022, 2.0**53, 2.0**53 + 2)  # fmt: skip


def interval(a: float, b: float) -> Interval:
    return Interval(np.array([[min(a, b)]]), np.array([[max(a, b)]]))


def holds(reach: Interval, values: list[Q]) -> None:
    low, high = float(reach.low[0, 0]), float(reach.high[0, 0])
    if reach.is_finite()[0, 0]:
        assert all(Q(low) <= v <= Q(high) for v in values), (low, high, values)


def test_sums_and_products_contain_all_corners() -> None:
    rng = random.Random(1)
    pairs = list(itertools.product(ENDS, ENDS))
    with np.errstate(all="ignore"):
        for _ in range(1500):
            (a, b), (c, d) = rng.choice(pairs), rng.choice(pairs)
            x, y = interval(a, b), interval(c, d)
            corners = list(itertools.product((Q(a), Q(b)), (Q(c), Q(d))))
            holds(intervals.add(x, y), [s + t for s, t in corners])
            holds(intervals.sub(x, y), [s - t for s, t in corners])
            holds(intervals.product(x, y), [s * t for s, t in corners])
            holds(intervals.square(x), [Q(a) ** 2, Q(b) ** 2])
            for n in (2, 3, 4, 5, 7, 64):
                holds(ranges.value_range("pow", n, x), [Q(a) ** n, Q(b) ** n])
            if a * b > 0:
                holds(ranges.value_range("recip", 0, x), [1 / Q(a), 1 / Q(b)])
            k, error = nearest(Q(a) + Q(c) / 3)
            if math.isfinite(k):
                scaled = intervals.scaled(np.array([[k]]), np.array([[error]]), y)
                holds(scaled, [(Q(a) + Q(c) / 3) * t for t in (Q(c), Q(d))])
            centre, radius = intervals.middle_and_radius(x)
            around = Interval(intervals.sum_down(centre, -radius), intervals.sum_up(centre, radius))
            holds(around, [Q(a), Q(b)])


def test_signs_survive_underflow() -> None:
    tiny, wide = interval(0.0, 1e-200), interval(-1e-200, 1.0)
    reach = intervals.product(tiny, wide)
    assert reach.low[0, 0] < 0  # -1e-400
    assert intervals.product(tiny, tiny).low[0, 0] == 0
    assert intervals.product(interval(0.0, 0.0), interval(-1.0, 1.0)) == (0, 0)
    assert intervals.square(interval(-1e-200, 1e-200)).high[0, 0] > 0


def test_sums_that_are_exact_are_not_moved() -> None:
    assert intervals.sub(interval(6.0, 6.0), interval(6.0, 6.0)) == (0, 0)
    assert intervals.add(interval(0.25, 0.5), interval(1.0, 8.0)) == (1.25, 8.5)
    large = intervals.add(interval(1e16, 1e16), interval(1.0, 1.0))
    assert Q(float(large.low[0, 0])) < 10**16 + 1 < Q(float(large.high[0, 0]))
    back = intervals.sub(large, interval(1e16, 1e16))
    assert back.low[0, 0] <= 1 <= back.high[0, 0]


@pytest.mark.parametrize(
    "value",
    [
        *(Q(0), Q(1, 3), Q(-1, 10), Q(10) ** 400, -(Q(10) ** 400), Q(10) ** -400),
        *(Q(2) ** -1074, Q(2) ** -1075, Q(2) ** 1024, Q(3, 2) * Q(2) ** -1074),
    ],
)
def test_rationals_are_rounded_outward(value: Q) -> None:
    low, high = below(value), above(value)
    assert low == -math.inf or Q(low) <= value
    assert high == math.inf or Q(high) >= value
    assert high == low or math.nextafter(low, math.inf) == high
    near, error = nearest(value)
    assert near == math.inf or abs(Q(near) - value) <= Q(error)


@pytest.mark.parametrize("name", ["sin", "cos", "tanh", "exp", "atan", "log", "sqrt"])
def test_elementary_functions_against_balls_of_more_digits(name: str) -> None:
    from flint import ctx

    rng = random.Random(name)
    points = [0.0, 1.0, -1.0, math.pi, math.pi / 2, 1e-300, -1e-300, LEAST, 700.0, 709.9, -745.0]
    points += [1e22, -1e300, 20.0, 1e6 * math.pi, *(rng.uniform(-9, 9) for _ in range(40))]
    with np.errstate(all="ignore"):
        for t in points:
            for width in (0.0, 1e-9, 0.3, 5.0):
                reach = ranges.value_range(name, 0, interval(t, t + width))
                if not reach.is_finite()[0, 0]:
                    continue
                before, ctx.prec = ctx.prec, 3000
                try:
                    for share in (0, 0.5, 1):
                        s = min(t + share * width, t + width)
                        v = getattr(arb, name)(arb(s))
                        assert not v < arb(float(reach.low[0, 0]))
                        assert not v > arb(float(reach.high[0, 0]))
                finally:
                    ctx.prec = before


def block(low: list[float], high: list[float], degree: int, *roots: Node) -> Block:
    names = ("x", "y")[: len(low)]
    ends = np.array([low]).T, np.array([high]).T
    return Block(names, *ends, degree, allocate(roots))


def shown(node: Node, relation: str, low: list[float], high: list[float]) -> list[bool]:
    """Whether ``node`` is proved to be in ``relation`` to 0, in each degree."""
    atom = Atom(relation, node)
    return [bool(proved(atom, block(low, high, k, node))[0]) for k in range(3)]


@pytest.mark.parametrize(
    ("node", "true"),
    [
        (6 - clip(100 * X, -6, 6), True),
        (clip(100 * X, -6, 6) + 6, True),
        (1 - X**2, True),
        (1 - sqrt(relu(X)), True),
        (1 - sin(X * 50), True),
        (X - X, True),
        (Q(1, 10) - clip(X, 0, Q(1, 10)), False),  # 1/10 is no binary64: true, beyond proof
        (1 - X**2 - const(Q(1, 10**30)), False),
        (5 - clip(100 * X, -6, 6), False),
        (-relu(X), False),
    ],
)
def test_limits_that_are_attained(node: Node, true: bool) -> None:
    assert any(shown(node, ">=", [-1.0], [1.0])) is true
    assert not any(shown(node, ">", [-1.0], [1.0]))


FALSE = {
    "absorbed one": (const(10**16) + 1) * X - const(10**16) * X - const(Q(11, 10)) * X,
    "absorbed in steps": (X + 10**16) - const(10**16) - X - const(Q(1, 10**3)),
    "below the last place": X * (1 + const(Q(1, 2**60))) - X * (1 + const(Q(1, 2**59))),
    "underflow of a square": -((X * const(Q(1, 10**200))) ** 2),
    "underflow of a product": -(X * const(Q(1, 10**200))) * (Y * const(Q(1, 10**200))),
    "too small a constant": -X * const(Q(1, 10**400)),
    "too large a constant": -X * const(Q(10) ** 400),
    "overflow of both sides": X * const(Q(10) ** 308) * 10 - X * const(Q(10) ** 308) * 11,
    "product of infinities": -((X * const(Q(10) ** 300)) ** 2),
    "cancellation of two sines": sin(X) - sin(X) - const(Q(1, 10**40)),
}


@pytest.mark.parametrize("name", FALSE)
@pytest.mark.parametrize("high", [1.0, 1 + 2**-52, 2.0])
def test_rounding_proves_nothing_false(name: str, high: float) -> None:
    assert not any(shown(FALSE[name], ">=", [1.0, 1.0], [high, high]))
    assert not any(shown(FALSE[name], ">", [1.0, 1.0], [high, high]))


@pytest.mark.parametrize("ends", [(math.nan, 1.0), (0.0, math.nan), (-math.inf, 0.0), (1.0, 0.0),
                                  (math.inf, math.inf), (-GREATEST, GREATEST)])  # fmt: skip
def test_boxes_that_are_none_prove_nothing(ends: tuple[float, float]) -> None:
    for node in (X**2 + 1, const(1) + 0 * X, sin(X) + 2, relu(X) + 1):
        for relation in (">", ">=", "defined"):
            assert not any(shown(node, relation, [ends[0]], [ends[1]]))


def test_formulas_of_nothing_and_of_several_boxes() -> None:
    some = Block(("x",), np.array([[0.0, 1.0, -1.0]]), np.array([[1.0, 2.0, 1.0]]), 1, NO_ROLES)
    positive, small = Atom(">", X), Atom(">=", 1 - X)
    assert proved(All((positive, small)), some).tolist() == [False, False, False]
    assert proved(Any((positive, small)), some).tolist() == [True, True, True]
    assert proved(Any(()), some).tolist() == [False] * 3
    none = some.take(np.array([], dtype=np.intp))
    assert proved(Any((positive, Atom(">", sin(X) * X))), none).tolist() == []
    point = Block(("x",), np.array([[1.0]]), np.array([[1.0]]), 0, NO_ROLES)
    assert truth(positive, point) is True
    assert truth(Atom(">", 1 - X), point) is False
    assert truth(Atom(">=", sqrt(-X)), point) is None
    assert truth(Any((Atom(">", -X), Atom(">", sqrt(-X)))), point) is None


def test_arithmetic_that_is_not_as_assumed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    intervals.check_arithmetic()
    monkeypatch.setattr(intervals, "U", 2.0**-51)
    with pytest.raises(Rejected):
        intervals.check_arithmetic()
