"""Root coordinates: found where they are known in closed form, and never harmful."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest

from certify.expression import Node, absolute, const, log, relu, sin, sqrt, var
from certify.expression.evaluate import evaluate
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.coordinates import Coordinates, transformed
from certify.proofs.checker.obligations import All, Any, Atom, Obligation
from certify.proofs.checker.theorems import obligations
from certify.verifiers.coordinates import candidates

ONE, NONE = Fraction(1), Fraction(0)


def square_form(matrix: np.ndarray, point: Iterable[Node]) -> Node:
    point = list(point)
    total = const(0)
    for row, x in zip(matrix, point, strict=True):
        for m, y in zip(row, point, strict=True):
            total = total + const(float(m)) * x * y
    return total


def descent(
    v: Node, falling: Node, names: Iterable[str], level: float = 1.0, half: float = 2.0
) -> Obligation:
    box = {x: (-Fraction(half), Fraction(half)) for x in names}
    near = All(tuple(Atom(">=", const(0.01) - absolute(var(x))) for x in names))
    proper = Any((near, All((Atom(">", v), Atom(">", falling)))))
    inside = Atom(">=", const(half) - var(next(iter(box))))
    body = All((Atom("defined", falling), inside, proper))
    return Obligation("descent", "", box, Any((Atom(">", v - const(level)), body)))


def random_pair(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices, positive definite and far from diagonal."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n, n))
    return a @ a.T + 0.1 * np.eye(n), b @ b.T + 0.01 * np.eye(n)


def congruent(matrix: np.ndarray, coordinates: Coordinates) -> np.ndarray:
    """The form in the new coordinates, with rows and columns scaled to a diagonal of 1."""
    m = np.array(coordinates.matrix, dtype=float)
    form = m.T @ matrix @ m
    size = np.sqrt(np.abs(np.diag(form)))
    return form / np.outer(size, size)


@pytest.mark.parametrize(("n", "seed"), [(2, 0), (3, 1), (4, 2), (6, 3), (8, 4)])
def test_two_quadratics_become_diagonal(n, seed):
    p, d = random_pair(n, seed)
    names = [f"x{i}" for i in range(n)]
    point = [var(x) for x in names]
    first, *rest = candidates(descent(square_form(p, point), square_form(d, point), names))
    assert rest[-1] is None
    assert np.abs(congruent(p, first) - np.eye(n)).max() < 2e-3
    assert np.abs(congruent(d, first) - np.eye(n)).max() < 2e-2
    level_set = np.array(first.matrix, dtype=float).T @ p @ np.array(first.matrix, dtype=float)
    assert np.abs(level_set - np.eye(n)).max() < 2e-3  # V = level |w|**2


def test_kinks_are_not_taken_for_curvature():
    p, d = random_pair(4, 5)
    names = [f"x{i}" for i in range(4)]
    point = [var(x) for x in names]
    kink = const(5) * relu(point[0] + point[1] - const(0.02)) + relu(point[2] - point[3])
    first, *_ = candidates(descent(square_form(p, point), square_form(d, point) + kink, names))
    assert np.abs(congruent(d, first) - np.eye(4)).max() < 2e-2


def test_parameters_and_fixed_variables_stay():
    p, d = random_pair(3, 6)
    x, y, z, k = (var(n) for n in ("x", "y", "z", "k"))
    o = descent(
        square_form(p, (x, y, z)), square_form(d, (x, y, z)) * (const(2) + k), ("x", "y", "z")
    )
    box = {"k": (ONE / 2, ONE), **o.box, "z": (ONE / 4, ONE / 4)}
    maps = candidates(Obligation(o.name, o.text, box, o.formula))
    assert len(maps) > 1
    for c in maps[:-1]:
        stated = transformed(Obligation(o.name, o.text, box, o.formula), c)
        assert list(stated.box) == ["k", "_w_1", "_w_2", "z"]
        assert stated.box["k"] == box["k"]


def test_a_level_set_that_is_no_ellipsoid():
    x, y = var("x"), var("y")
    v = absolute(x + const(3) * y) + absolute(const(2) * x - y)
    falling = const(0.1) * v + square_form(random_pair(2, 7)[1], (x, y))
    for c in candidates(descent(v, falling, ("x", "y"), level=0.5))[:-1]:
        assert c.matrix[0][0] * c.matrix[1][1] != c.matrix[0][1] * c.matrix[1][0]


def loop(time: str) -> Claim:
    """Two coupled oscillators with a saturated controller and a quadratic V."""
    x, v, y, w, u = (var(n) for n in ("x", "v", "y", "w", "u"))
    rate = {
        "x": v,
        "v": u - const(2) * x + y,
        "y": w,
        "w": x - const(3) * sin(y) - const(2) * w,
    }
    step = const(Fraction(1, 10))
    plant = rate if time == "continuous" else {n: var(n) + step * f for n, f in rate.items()}
    function = square_form(np.diag([2.0, 1, 3, 1]) + 0.3, (x, v, y, w))
    return Claim(
        theorem="T-STAB-C" if time == "continuous" else "T-STAB-D",
        name="loop",
        time=time,
        states=("x", "v", "y", "w"),
        parameters=(),
        disturbances=(),
        box=dict.fromkeys(("x", "v", "y", "w"), (-ONE, ONE)),
        plant=plant,
        controller={"u": -relu(v + const(1)) + const(1)},
        functions={"lyapunov": function},
        numbers={"level": ONE / 2, "decay": NONE},
        equilibrium=dict.fromkeys(("x", "v", "y", "w"), NONE),
    )


@pytest.mark.parametrize("time", ["discrete", "continuous"])
def test_every_obligation_of_a_loop(time):
    for o in obligations(loop(time), ONE / 64):
        maps = candidates(o)
        assert maps[-1] is None
        assert 2 <= len(maps) <= 3
        assert candidates(o) == maps
        for c in maps[:-1]:
            stated = transformed(o, c)
            assert ("_radius" in stated.box) == ("_radius" in o.box)
            # the point that w stands for has the values of the obligation
            rng = np.random.default_rng(0)
            w = rng.uniform(-1, 1, (16, len(o.box)))
            there = w @ np.array(c.matrix, float).T + np.array(c.centre, float)
            old = evaluate([atom_of(o)], dict(zip(o.box, there.T, strict=True)))[0]
            new = evaluate([atom_of(stated)], dict(zip(stated.box, w.T, strict=True)))[0]
            assert new == pytest.approx(old, rel=1e-9, abs=1e-9, nan_ok=True)


def atom_of(o: Obligation) -> Node:
    part = o.formula
    while not isinstance(part, Atom):
        part = part.parts[-1]
    return part.node


X, Y = var("x"), var("y")
HARMLESS = {
    "no curvature": Atom(">", X + Y),
    "constant": Atom(">", const(1)),
    "undefined everywhere": Atom(">", log(-(X**2) - const(1)) + Y**2 + X * Y),
    "undefined in part": Any((Atom(">", sqrt(X) + X * Y - const(1)), Atom(">", log(Y) + X * Y))),
    "overflow": Atom(">", (const(1e200) * X * Y) ** 2 - X),
    "guard never false": Any((Atom(">", const(1) + X**2 + X * Y + Y**2), Atom(">", X))),
    "guard never true": Any((Atom(">", -const(9) - X**2), Atom(">", X * Y))),
    "guard not convex": Any((Atom(">", X * Y), Atom(">", X**2 + X * Y + Y**2 - const(1)))),
    "only defined": All((Atom("defined", X * Y), Atom("defined", sin(X)))),
    "no parts": Any(()),
    "tiny": Any((Atom(">", (X**2 + X * Y + Y**2) * const(1e-300) - const(1e-301)), Atom(">", X))),
}


@pytest.mark.parametrize("formula", HARMLESS.values(), ids=HARMLESS)
@pytest.mark.parametrize("width", [ONE, Fraction(1, 10**12), Fraction(10**12)])
def test_nothing_breaks_the_candidates(formula, width):
    o = Obligation("odd", "", {"x": (-width, width), "y": (width, 2 * width)}, formula)
    maps = candidates(o)
    assert maps[-1] is None
    for c in maps[:-1]:
        transformed(o, c)


def test_one_free_variable_needs_no_map():
    box = {"x": (NONE, NONE), "y": (-ONE, ONE)}
    assert candidates(Obligation("line", "", box, Atom(">", X * Y + Y**2))) == [None]
