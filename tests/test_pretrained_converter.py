"""The converter of pretrained loops writes exactly the loop that the data states."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from certify.expression import Node, const, substitute
from certify.expression.evaluate import evaluate
from certify.io.toml import read_problem
from certify.theorems import claim_of

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PENDULUM = {"m": 0.15, "l": 0.5, "beta": 0.1, "g": 9.81, "dt": 0.05}
BODY = {"length": 0.25, "mass": 0.486, "inertia": 0.00383, "g": 9.81, "dt": 0.01}
LIDAR = {"b": 0.0, "lidar_angle_max": 0.46809730538487915, "lidar_H": 2.0, "origin_height": 1.0}
HOVER = [2.38383, 2.38383]
# dynamics, equilibrium input, half-width of the box, number of outputs of h, neural V
STATEMENTS: dict[str, tuple[dict, list, list, int, bool]] = {
    "pendulum_state_feedback": (PENDULUM, [0.0], [3, 3], 0, True),
    "path_tracking_state_feedback": (
        {"speed": 2.0, "length": 1.0, "radius": 10.0, "dt": 0.05}, [0.1], [3, 3], 0, True,
    ),
    "pendulum_output_feedback": (PENDULUM, [0.0], [3, 3, 0.75, 0.75], 1, False),
    "pendulum_output_feedback_nn": (PENDULUM, [0.0], [3, 3, 0.75, 0.75], 1, True),
    "quadrotor2d_state_feedback": (BODY, HOVER, [0.75, 0.75, 1.57, 4, 4, 3], 0, False),
    "quadrotor2d_output_feedback": (
        {**BODY, **LIDAR}, HOVER, [0.1, 0.6, 0.2, 0.6, 0.05, 0.3, 0.1, 0.3], 4, False,
    ),
}  # fmt: skip
LOW, HIGH = -0.84, 4.5

Weights = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    names = ("plants", "pretrained")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("pretrained")
        for name in names:
            sys.modules.pop(name, None)


def network(rng: np.random.Generator, part: str, inputs: int, outputs: int) -> Weights:
    arrays = {}
    shapes = ((3, inputs), (4, 3), (outputs, 4))
    for n, (rows, columns) in zip((0, 2, 10), shapes, strict=True):
        arrays[f"{part}.{n}.weight"] = rng.normal(size=(rows, columns)).astype(np.float32)
        arrays[f"{part}.{n}.bias"] = rng.normal(size=rows).astype(np.float32)
    return arrays


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], tuple[Path, Weights]]:
    def make(name: str) -> tuple[Path, Weights]:
        rng = np.random.default_rng(1)
        dynamics, rest, box, outputs, neural = STATEMENTS[name]
        n, half = len(box), len(box) // 2
        reads = half + outputs if outputs else n
        weights = {
            **network(rng, "controller.net", reads, len(rest)),
            **(network(rng, "observer.fc_net", reads, half) if outputs else {}),
            **(network(rng, "lyapunov.net", n, 1) if neural else {}),
            "lyapunov.R": rng.normal(size=(3, n)).astype(np.float32),
        }
        folder = tmp_path / name
        folder.mkdir()
        np.savez(folder / "weights.npz", **weights)
        limits = [
            [s, i, k * (b + 1e-6)] for i, b in enumerate(box) for s, k in (("<=", -1), (">=", 1))
        ]
        statement = {
            "name": name,
            "dynamics": dynamics,
            "u_equilibrium": rest,
            "u_lo": [LOW] * len(rest),
            "u_up": [HIGH] * len(rest),
            "lyapunov": {"eps": 0.01},
            "kappa": 0.001,
            "rho": [36.48387],
            "decrease_threshold_Y0": [-1e-06],
            "x_next_violation_constraints": limits,
        }  # fmt: skip
        (folder / "problem.json").write_text(json.dumps(statement))
        return folder, weights

    return make


def forward(weights: Weights, part: str, x: np.ndarray, slope: float = 0) -> np.ndarray:
    for n in (0, 2, 10):
        x = x @ weights[f"{part}.{n}.weight"].T.astype(float) + weights[f"{part}.{n}.bias"]
        if n != 10:
            x = np.where(x > 0, x, slope * x)
    return x


SLOPE = float(np.float32(0.01))


def motion(name: str, x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """One step of the plant as its authors state it: Euler, or midpoint for positions."""
    s = STATEMENTS[name][0]
    if name.startswith("path"):
        b = x[:, 1]
        turn = 2 * u[:, 0] - np.cos(b) / (5 - np.sin(b))
        return x + 0.05 * np.stack([2 * np.sin(b), turn], axis=1)
    half = x.shape[1] // 2
    q, v = x[:, :half], x[:, half:]
    if name.startswith("pendulum"):
        inertia = s["m"] * s["l"] ** 2
        rate = (s["m"] * s["g"] * s["l"] * np.sin(q) - s["beta"] * v + u) / inertia
    else:
        total, angle = u.sum(axis=1), q[:, -1]
        push = [-total * np.sin(angle) / s["mass"], total * np.cos(angle) / s["mass"] - s["g"]]
        turn = s["length"] * (u[:, 0] - u[:, 1]) / s["inertia"]
        rate = np.stack([*push[3 - half :], turn], axis=1)
    after = v + s["dt"] * rate
    mean = v if name == "pendulum_state_feedback" else (v + after) / 2
    return np.hstack([q + s["dt"] * mean, after])


def measurement(name: str, x: np.ndarray) -> np.ndarray:
    if name.startswith("pendulum"):
        return x[:, :1]
    angles = np.linspace(-LIDAR["lidar_angle_max"], LIDAR["lidar_angle_max"], 4)
    return np.clip((x[:, :1] + 1) / np.cos(x[:, 1:2] - angles), 0, LIDAR["lidar_H"])


def loop(name: str, weights: Weights, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inputs and the next state, in float64 and without any cancellation done by hand."""
    _, rest, _, outputs, _ = STATEMENTS[name]
    read, x = state, state
    if outputs:
        x, e = np.hsplit(state, 2)
        z = x - e
        read = np.hstack([z, measurement(name, x) - measurement(name, z)])
    origin = np.zeros((1, read.shape[1]))
    policy = forward(weights, "controller.net", read) - forward(weights, "controller.net", origin)
    u = np.clip(policy + rest, LOW, HIGH)
    after = motion(name, x, u)
    if not outputs:
        return u, after
    nothing = np.hstack([z, np.zeros((len(z), outputs))])
    terms = [forward(weights, "observer.fc_net", a, SLOPE) for a in (read, nothing)]
    return u, np.hstack([after, after - (motion(name, z, u) + terms[0] - terms[1])])


def lyapunov(weights: Weights, neural: bool, x: np.ndarray) -> np.ndarray:
    r = weights["lyapunov.R"].astype(float)
    weighted = x @ (0.01 * np.eye(r.shape[1]) + r.T @ r)
    if not neural:
        return (x * weighted).sum(axis=1)
    phi = [forward(weights, "lyapunov.net", a, SLOPE) for a in (x, 0 * x)]
    return abs(phi[0] - phi[1])[:, 0] + abs(weighted).sum(axis=1)


def value(node: Node, at: dict[str, np.ndarray]) -> np.ndarray:
    return evaluate([node], at)[0]


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_the_written_loop_is_the_stated_one(name: str, script, source, tmp_path: Path) -> None:
    folder, weights = source(name)
    claim = claim_of(read_problem(script.convert(folder, tmp_path / "out")))
    assert claim.theorem == "T-STAB-D"  # the origin is an equilibrium, exactly
    assert claim.numbers == {"level": Fraction("36.48387"), "decay": Fraction("0.001")}
    box, neural = STATEMENTS[name][2], STATEMENTS[name][4]
    assert [claim.box[x] for x in claim.states] == [
        (-Fraction(str(b)), Fraction(str(b))) for b in box
    ]
    points = np.random.default_rng(2).uniform(-1, 1, (200, len(box))) * box
    at = dict(zip(claim.states, points.T, strict=True))
    u, after = loop(name, weights, points)
    for node, column in zip(claim.controller.values(), u.T, strict=True):
        np.testing.assert_allclose(value(node, at), column, atol=1e-9)
    for state, column in zip(claim.states, after.T, strict=True):
        closed = substitute(claim.plant[state], claim.controller)
        np.testing.assert_allclose(value(closed, at), column, atol=1e-9)
    v = lyapunov(weights, neural, points)
    np.testing.assert_allclose(value(claim.functions["lyapunov"], at), v, rtol=1e-12)


def test_every_loop_is_tested(script) -> None:
    assert set(script.LOOPS) == set(STATEMENTS)


def test_the_matrix_is_the_exact_product(script, source, tmp_path: Path) -> None:
    folder, weights = source("path_tracking_state_feedback")
    text = script.convert(folder, tmp_path / "out", level="largest", decay="0.0005").read_text()
    assert 'level = "largest"' in text
    assert 'decay = "0.0005"' in text
    r = [[Fraction(float(v)) for v in row] for row in weights["lyapunov.R"]]
    entry = sum((row[0] * row[0] for row in r), Fraction("0.01"))
    written = text.split("abs((")[1].split(")")[0]
    assert Fraction(written) == entry


def test_the_quadratic_form_is_the_exact_product(script, source, tmp_path: Path) -> None:
    folder, weights = source("quadrotor2d_state_feedback")
    claim = claim_of(read_problem(script.convert(folder, tmp_path / "out")))
    r = [[Fraction(float(v)) for v in row] for row in weights["lyapunov.R"]]
    mixed = sum((row[0] * row[5] for row in r), Fraction(0))
    at = {x: np.zeros(1) for x in claim.states}
    ones = {**at, "x": np.ones(1), "thetadot": np.ones(1)}
    v = claim.functions["lyapunov"]
    cross = value(v, ones) - value(v, {**ones, "x": np.zeros(1)})
    cross -= value(v, {**ones, "thetadot": np.zeros(1)})
    assert float(cross[0]) == pytest.approx(float(2 * mixed), rel=1e-12)
    exact = [
        substitute(v, {x: const(int(x in there)) for x in claim.states}).value
        for there in ({"x", "thetadot"}, {"x"}, {"thetadot"})
    ]
    assert exact[0] - exact[1] - exact[2] == 2 * mixed


def test_a_loop_with_damping_is_refused(script, source, tmp_path: Path) -> None:
    folder, _ = source("quadrotor2d_output_feedback")
    statement = json.loads((folder / "problem.json").read_text())
    statement["dynamics"]["b"] = 0.1
    (folder / "problem.json").write_text(json.dumps(statement))
    with pytest.raises(ValueError, match="damping"):
        script.convert(folder, tmp_path / "out")
