"""Problems that grow: ``python benchmarks/growth.py [-o FOLDER]`` writes all of them.

A chain of ``n // 2`` inverted pendulums between two walls, neighbours joined by springs, each
with a motor; an odd ``n`` adds the integral of the first angle.  One ReLU network with a hidden
layer computes all torques.  It is a least-squares fit, on features of which the first are the
linear-quadratic gains and the others random, to a saturated regulator that also cancels
gravity.  V is quadratic, from the Lyapunov equation of the loop linearised at the origin; the
level is one at which samples fall at a quarter of the linear loop's rate or more.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.linalg

from certify.io.export_onnx import write_onnx

__all__ = ["DIMENSIONS", "WIDTHS", "Size", "sizes", "write"]

Floats = npt.NDArray[np.float64]

DIMENSIONS = range(2, 9)
WIDTHS = (8, 16, 32, 64, 128, 256)
GRAVITY, SPRING, FRICTION, LIMIT, STEP = 2.0, 0.5, 0.1, 1.25, 0.05


@dataclass(frozen=True)
class Size:
    """One problem: the time, how many states, and how many hidden neurons."""

    time: str
    dimension: int
    width: int

    @property
    def name(self) -> str:
        """The name of the problem and of its folder."""
        return f"chain_{self.time}_n{self.dimension}_w{self.width}"


def sizes() -> Iterator[Size]:
    """Dimensions 2 to 8 with 16 neurons, then 8 to 256 neurons with four states."""
    for time in ("discrete", "continuous"):
        yield from (Size(time, n, 16) for n in DIMENSIONS)
        yield from (Size(time, 4, width) for width in WIDTHS if width != 16)


def _names(n: int) -> tuple[list[str], list[str], list[str]]:
    m = n // 2
    angles, rates = [f"q{i}" for i in range(m)], [f"v{i}" for i in range(m)]
    return angles, rates, ["s"] * (n % 2) + angles + rates


def _linear(n: int) -> tuple[Floats, Floats]:
    """The plant linearised at the origin."""
    m, odd = n // 2, n % 2
    a, b = np.zeros((n, n)), np.zeros((n, m))
    chain = 2 * np.eye(m) - np.eye(m, k=1) - np.eye(m, k=-1)
    a[odd : odd + m, odd + m :] = np.eye(m)
    a[odd + m :, odd : odd + m] = GRAVITY * np.eye(m) - SPRING * chain
    a[odd + m :, odd + m :] = -FRICTION * np.eye(m)
    b[odd + m :] = np.eye(m)
    if odd:
        a[0, 1] = 1
    return a, b


def _regulator(a: Floats, b: Floats, discrete: bool) -> Floats:
    n, m = b.shape
    if discrete:
        p = scipy.linalg.solve_discrete_are(a, b, np.eye(n), np.eye(m))
        return np.asarray(np.linalg.solve(np.eye(m) + b.T @ p @ b, b.T @ p @ a))
    return np.asarray(b.T @ scipy.linalg.solve_continuous_are(a, b, np.eye(n), np.eye(m)))


class _Loop:
    """The closed loop of one size, in float64 with the binary32 weights of its network."""

    def __init__(self, size: Size) -> None:
        self.size, n = size, size.dimension
        self.discrete = size.time == "discrete"
        self.a, self.b = _linear(n)
        euler = (np.eye(n) + STEP * self.a, STEP * self.b)
        gain = _regulator(*(euler if self.discrete else (self.a, self.b)), self.discrete)
        rng = np.random.default_rng([n, size.width, self.discrete])
        self.first, self.bias, self.second = _fitted(gain, size.width, rng)
        active = (self.bias > 0).astype(float)
        closed = self.a + self.b @ (self.second.astype(float) * active) @ self.first
        if self.discrete:
            p = scipy.linalg.solve_discrete_lyapunov((np.eye(n) + STEP * closed).T, np.eye(n))
            p = STEP * p
        else:
            p = scipy.linalg.solve_continuous_lyapunov(closed.T, -np.eye(n))
        self.matrix = np.round((p + p.T) / 2, 4)

    def fall(self, x: Floats) -> Floats:
        """The relative fall of V in a step, or its rate, at the rows of ``x``."""
        m, odd = self.size.dimension // 2, self.size.dimension % 2
        hidden = np.maximum(x @ self.first.T.astype(float) + self.bias, 0)
        rest = np.maximum(self.bias.astype(float), 0)
        u = np.clip((hidden - rest) @ self.second.T.astype(float), -LIMIT, LIMIT)
        q = x[:, odd : odd + m]
        rate = x @ self.a.T + u @ self.b.T
        rate[:, odd + m :] += GRAVITY * (np.sin(q) - q)
        v = ((x @ self.matrix) * x).sum(axis=1)
        if not self.discrete:
            return np.asarray(-2 * ((x @ self.matrix) * rate).sum(axis=1) / v)
        after = x + STEP * rate
        return np.asarray(1 - ((after @ self.matrix) * after).sum(axis=1) / v)

    def level(self) -> float:
        """A level inside the unit box, in two digits, where all samples fall fast enough."""
        n = self.size.dimension
        rng = np.random.default_rng(0)
        y = rng.normal(size=(60_000, n))
        y *= rng.uniform(0, 1, (len(y), 1)) ** (1 / n) / np.linalg.norm(y, axis=1, keepdims=True)
        points = np.asarray(np.linalg.solve(np.linalg.cholesky(self.matrix).T, y.T).T, dtype=float)
        wanted = self.fall(1e-4 * points).min() / 4
        level = 0.9 / float(np.linalg.inv(self.matrix).diagonal().max())
        while self.fall(np.sqrt(level) * points).min() < wanted:
            level *= 0.9
        return float(f"{0.9 * level:.2g}")


def _fitted(
    gain: Floats, width: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """``W1``, ``b1`` and ``W2`` of the network; its output bias is 0."""
    m, n = gain.shape
    if width < 2 * m:
        raise ValueError(f"{m} torques need at least {2 * m} neurons, not {width}")
    others = rng.normal(size=(width - 2 * m, n))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    # no kink passes within 0.15 of the origin: there the loop is linear
    away = rng.uniform(0.15, 1.0, len(others)) * rng.choice([-1, 1], len(others))
    first = np.vstack([-gain, -gain, others]).astype(np.float32)
    ends = np.array([LIMIT] * m + [-LIMIT] * m)
    bias = np.concatenate([ends, away]).astype(np.float32)
    x = rng.uniform(-1, 1, (6000, n)) * rng.uniform(0, 1, (6000, 1))
    angles = x[:, n % 2 : n % 2 + m]
    torque = -x @ gain.T - GRAVITY * (np.sin(angles) - angles)
    wanted = LIMIT * np.tanh(torque / LIMIT)
    features = np.maximum(x @ first.T + bias, 0) - np.maximum(bias, 0)
    normal = features.T @ features + 1e-3 * len(x) / width * np.eye(width)
    second = np.linalg.solve(normal, features.T @ wanted).T.astype(np.float32)
    return first, bias, second


def write(size: Size, folder: Path) -> Path:
    """Write the problem of this size and its network to ``folder``; its problem file."""
    loop = _Loop(size)
    folder.mkdir(parents=True, exist_ok=True)
    zero = np.zeros(len(loop.second), dtype=np.float32)
    layers = [(loop.first, loop.bias, "relu"), (loop.second, zero, None)]
    write_onnx(folder / "policy.onnx", layers)
    problem = folder / "problem.toml"
    problem.write_text(_problem(size, loop.matrix, loop.level()), encoding="utf-8")
    return problem


def _problem(size: Size, matrix: Floats, level: float) -> str:
    angles, rates, states = _names(size.dimension)
    m = len(angles)
    equations = {"s": "q0"} if size.dimension % 2 else {}
    equations |= dict(zip(angles, rates, strict=True))
    for i, (q, v) in enumerate(zip(angles, rates, strict=True)):
        neighbours = "".join(f" - {angles[j]}" for j in (i - 1, i + 1) if 0 <= j < m)
        pull = f"{SPRING}*(2*{q}{neighbours})"
        equations[v] = f"{GRAVITY}*sin({q}) - {pull} - {FRICTION}*{v} + u{i}"
    if size.time == "discrete":
        equations = {x: f"{x} + step*({rate})" for x, rate in equations.items()}
    point, zero = ", ".join(states), ", ".join("0" for _ in states)
    parts = [f"[{i}]" if m > 1 else "" for i in range(m)]
    control = {
        f"u{i}": f"clip(policy({point}){k} - policy({zero}){k}, {-LIMIT}, {LIMIT})"
        for i, k in enumerate(parts)
    }
    lines = [", ".join(f'"{c:.4f}"' for c in row) for row in matrix]
    rows = "".join(f"    [{line}],\n" for line in lines)
    step = f'step = "{STEP}"\n' if size.time == "discrete" else ""
    return f"""\
# A chain of pendulums of benchmarks/growth.py.
name = "{size.name.replace("_", "-")}"

[system]
time = "{size.time}"
{step}states = [{_quoted(states)}]
inputs = [{_quoted(list(control))}]

[system.dynamics]
{_rows(equations)}
[networks]
policy = "policy.onnx"

[controller]
{_rows(control)}
[domain]
{"".join(f"{x} = [-1, 1]" + chr(10) for x in states)}
[property]
kind = "stability"
level = "{level:g}"

[property.lyapunov]
quadratic = [
{rows}]
"""


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _rows(entries: dict[str, str]) -> str:
    return "".join(f'{key} = "{value}"\n' for key, value in entries.items())


def main() -> None:
    """Write all problems."""
    parser = argparse.ArgumentParser(description="Write problems that grow in two ways.")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/growth"))
    options = parser.parse_args()
    for size in sizes():
        print(write(size, options.out / size.name))


if __name__ == "__main__":
    main()
