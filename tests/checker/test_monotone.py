"""Sharper lower ends: below every value, never below the separable bound, exact at corners."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.proofs.checker.intervals import Interval
from certify.proofs.checker.language import const, relu, var
from certify.proofs.checker.models import Block
from certify.proofs.checker.monotone import least
from certify.proofs.checker.polynomials import Layout, Model, finished
from certify.proofs.checker.symbols import allocate

WIDE = 1e300
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # blocks ignore them


def model_of(
    centre: float, slopes: list[float], squares: list[float], error: float, symbols: int = 0
) -> Model:
    layout = Layout(len(slopes) - symbols, tuple(range(symbols)), True)
    p = np.array([centre, *slopes, *squares])[None, :, None]
    reach = Interval(np.array([[-WIDE]]), np.array([[WIDE]]))
    return finished(layout, p, np.array([[error]]), reach, 0.0, False)


def value(model: Model, z: tuple[Q, ...]) -> Q:
    """The polynomial in exact arithmetic, its error at its worst."""
    p = [Q(float(x)) for x in model.p[0, :, 0]]
    m = len(z)
    pairs = itertools.combinations_with_replacement(range(m), 2)
    squares = sum((h * z[i] * z[j] for h, (i, j) in zip(p[1 + m :], pairs, strict=True)), Q(0))
    linear = sum((g * x for g, x in zip(p[1 : 1 + m], z, strict=True)), Q(0))
    return p[0] + linear + squares - Q(float(model.e[0, 0]))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_no_value_is_below(seed: int) -> None:
    rng = random.Random(seed)
    m = rng.randint(1, 5)
    scale = 10 ** rng.uniform(-3, 3)
    slopes = [rng.uniform(-1, 1) * scale * rng.choice([0, 1, 1]) for _ in range(m)]
    squares = [rng.uniform(-1, 1) * rng.choice([0, 0.1, 1]) for _ in range(m * (m + 1) // 2)]
    model = model_of(rng.uniform(-1, 1), slopes, squares, rng.choice([0.0, 0.1]), rng.randint(0, m))
    low = float(least(model)[0])
    steps = [Q(k, 4) for k in range(-4, 5)]
    for _ in range(60):
        z = tuple(rng.choice([Q(-1), Q(1), rng.choice(steps)]) for _ in range(m))
        assert Q(low) <= value(model, z)
    assert low >= model.range.low[0, 0] - 1e-11 * float(model.size[0, 0])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_it_is_exact_where_every_coordinate_is_monotone(seed: int) -> None:
    rng = random.Random(seed)
    m = rng.randint(1, 6)
    squares = [rng.uniform(-1, 1) for _ in range(m * (m + 1) // 2)]
    slopes = [rng.choice([-1, 1]) * (2 * m + 2 + rng.random()) for _ in range(m)]
    model = model_of(1.0, slopes, squares, 0.0)
    corner = tuple(Q(-1) if g > 0 else Q(1) for g in slopes)
    assert float(least(model)[0]) == pytest.approx(float(value(model, corner)), rel=1e-11)


def test_mixed_terms_are_not_charged_at_a_corner() -> None:
    # 10 x + 10 y + 2 x y is least at (-1, -1), where the mixed term helps
    model = model_of(0.0, [10.0, 10.0], [0.0, 2.0, 0.0], 0.0)
    assert model.range.low[0, 0] == pytest.approx(-22, rel=1e-11)
    assert float(least(model)[0]) == pytest.approx(-18, rel=1e-11)


def test_one_coordinate_makes_another_monotone() -> None:
    # y alone is not: its slope 1 is less than the mixed 3, until x is at its end
    model = model_of(0.0, [9.0, -1.0], [0.0, 3.0, 0.0], 0.0)
    assert float(least(model)[0]) == pytest.approx(-13, rel=1e-11)


def test_a_box_does_not_depend_on_its_neighbours() -> None:
    x, y = var("x"), var("y")
    e = const(4) * x + relu(x - y) ** 2 + x * y
    rng = np.random.default_rng(0)
    low = rng.uniform(-1, 1, (2, 40))
    boxes = Block(("x", "y"), low, low + 0.5, 1, allocate([e]))
    together = boxes.least(e, np.arange(40))
    for k in range(40):
        alone = Block(("x", "y"), low[:, [k]], low[:, [k]] + 0.5, 1, allocate([e]))
        assert alone.least(e, np.array([0]))[0] == together[k]
