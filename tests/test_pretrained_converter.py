"""The converter of pretrained loops writes exactly the loop that the data states."""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from certify.expression import Node, substitute
from certify.expression.evaluate import evaluate
from certify.io.toml import read_problem
from certify.problem import Stability
from certify.theorems import claim_of

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "pretrained.py"
STATEMENTS = {
    "pendulum_state_feedback": {
        "dynamics": {"state": ["theta", "theta_dot"], "m": 0.15, "l": 0.5, "beta": 0.1, "g": 9.81},
        "u_equilibrium": [0.0],
    },
    "path_tracking_state_feedback": {
        "dynamics": {"state": ["d_e", "theta_e"], "speed": 2.0, "length": 1.0, "radius": 10.0},
        "u_equilibrium": [0.1],
    },
}


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("pretrained_converter", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def network(rng: np.random.Generator, part: str) -> dict[str, np.ndarray]:
    arrays = {}
    for n, (rows, columns) in zip((0, 2, 10), ((3, 2), (4, 3), (1, 4)), strict=True):
        arrays[f"{part}.net.{n}.weight"] = rng.normal(size=(rows, columns)).astype(np.float32)
        arrays[f"{part}.net.{n}.bias"] = rng.normal(size=rows).astype(np.float32)
    return arrays


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], tuple[Path, dict[str, np.ndarray]]]:
    def make(name: str) -> tuple[Path, dict[str, np.ndarray]]:
        rng = np.random.default_rng(1)
        weights = {
            **network(rng, "controller"),
            **network(rng, "lyapunov"),
            "lyapunov.R": rng.normal(size=(3, 2)).astype(np.float32),
        }
        folder = tmp_path / name
        folder.mkdir()
        np.savez(folder / "weights.npz", **weights)
        statement = {
            "name": name,
            "u_lo": [-0.84],
            "u_up": [0.84],
            "lyapunov": {"eps": 0.01},
            "kappa": 0.001,
            "rho": [36.48387],
            "regions": [{"upper": [3.0, 0.5]}, {"upper": [0.5, 3.0]}],
            **STATEMENTS[name],
        }
        statement["dynamics"]["dt"] = 0.05
        (folder / "problem.json").write_text(json.dumps(statement))
        return folder, weights

    return make


def forward(weights: dict[str, np.ndarray], part: str, x: np.ndarray, slope: float) -> np.ndarray:
    for n in (0, 2, 10):
        x = x @ weights[f"{part}.net.{n}.weight"].T.astype(float) + weights[f"{part}.net.{n}.bias"]
        if n != 10:
            x = np.where(x > 0, x, slope * x)
    return x[:, 0]


def value(node: Node, at: dict[str, np.ndarray]) -> np.ndarray:
    return evaluate([node], at)[0]


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_the_written_loop_is_the_stated_one(name: str, script, source, tmp_path: Path) -> None:
    folder, weights = source(name)
    problem = read_problem(script.convert(folder, tmp_path / "out"))
    claim = claim_of(problem)
    assert claim.theorem == "T-STAB-D"  # the origin is an equilibrium, exactly
    assert claim.numbers == {"level": Fraction("36.48387"), "decay": Fraction("0.001")}
    assert set(claim.box.values()) == {(Fraction(-3), Fraction(3))}
    points = np.random.default_rng(2).uniform(-3, 3, (50, 2))
    at = dict(zip(claim.states, points.T, strict=True))
    rest = STATEMENTS[name]["u_equilibrium"][0]
    zero = np.zeros((1, 2))
    u = forward(weights, "controller", points, 0) - forward(weights, "controller", zero, 0) + rest
    u = np.clip(u, -0.84, 0.84)
    np.testing.assert_allclose(value(claim.controller["u"], at), u, atol=1e-9)
    slope = float(np.float32(0.01))
    phi = forward(weights, "lyapunov", points, slope) - forward(weights, "lyapunov", zero, slope)
    r = weights["lyapunov.R"].astype(float)
    v = abs(phi) + abs(points @ (0.01 * np.eye(2) + r.T @ r)).sum(axis=1)
    assert isinstance(problem.property, Stability)
    np.testing.assert_allclose(value(claim.functions["lyapunov"], at), v, atol=1e-9)
    a, b = points.T
    if name.startswith("pendulum"):
        second = b + 0.05 * (9.81 / 0.5 * np.sin(a) + (u - 0.1 * b) / (0.15 * 0.25))
        wanted = [a + 0.05 * b, second]
    else:
        turn = 2 * u - np.cos(b) / (5 - np.sin(b))
        wanted = [a + 0.05 * 2 * np.sin(b), b + 0.05 * turn]
    for state, after in zip(claim.states, wanted, strict=True):
        loop = substitute(claim.plant[state], claim.controller)
        np.testing.assert_allclose(value(loop, at), after, atol=1e-9)


def test_the_matrix_is_the_exact_product(script, source, tmp_path: Path) -> None:
    folder, weights = source("path_tracking_state_feedback")
    text = script.convert(folder, tmp_path / "out", level="largest").read_text()
    assert 'level = "largest"' in text
    r = [[Fraction(float(v)) for v in row] for row in weights["lyapunov.R"]]
    entry = sum((row[0] * row[0] for row in r), Fraction("0.01"))
    written = text.split("abs((")[1].split(")")[0]
    assert Fraction(written) == entry
