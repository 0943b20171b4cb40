"""Fit the Lyapunov function of this case study and print it.

A linear program over the coefficients of an even polynomial V of degree 6: near 10 on the
limit cycle shrunk to 97 %, decreasing at sampled points inside, above 10 at sampled points
outside.  Samples prove nothing; the certificate does.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

Array: TypeAlias = npt.NDArray[np.float64]

DEGREE, RIM, SHRINK, DECAY = 6, 10.0, 0.97, 0.2
BOX = np.array([[2.2], [2.8]])
POWERS = [(d - j, j) for d in range(2, DEGREE + 1, 2) for j in range(d + 1)]


def field(x: Array) -> Array:
    """The vector field of ``problem.toml`` at the columns of ``x``."""
    return np.stack([-x[1], x[0] - (1 - x[0] ** 2) * x[1]])


def limit_cycle(step: float = 0.002, points: int = 300) -> Array:
    """Points of the limit cycle, which attracts in reversed time (Runge-Kutta, order 4)."""
    x, path = np.array([2.0, 0.0]), []
    for _ in range(int(40 / step)):
        a = -field(x)
        b = -field(x + step / 2 * a)
        c = -field(x + step / 2 * b)
        x = x + step / 6 * (a + 2 * b + 2 * c - field(x + step * c))
        path.append(x)
    trace = np.stack(path, axis=1)
    upward = np.flatnonzero((trace[1, :-1] < 0) & (trace[1, 1:] >= 0))[-2:]
    rows = np.linspace(upward[0], upward[1], points, endpoint=False).astype(int)
    return np.asarray(trace[:, rows], dtype=np.float64)


def area(cycle: Array) -> float:
    """The area that a closed polygon encloses."""
    x, y = cycle
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2)


def values(x: Array) -> Array:
    """The monomials at the columns of ``x``, one row a point."""
    return np.stack([x[0] ** i * x[1] ** j for i, j in POWERS], axis=1)


def rates(x: Array) -> Array:
    """The derivatives of the monomials along trajectories."""
    f, g = field(x)
    first = [i * x[0] ** max(i - 1, 0) * x[1] ** j * f for i, j in POWERS]
    second = [j * x[0] ** i * x[1] ** max(j - 1, 0) * g for i, j in POWERS]
    return np.asarray(np.stack(first, axis=1) + np.stack(second, axis=1), dtype=np.float64)


def fit(cycle: Array) -> Array:
    """The coefficients that keep V nearest to ``RIM`` on the shrunken limit cycle."""
    rim = values(SHRINK * cycle)
    inner = np.concatenate([SHRINK * r * cycle for r in np.linspace(0.02, 1, 80)], axis=1)
    outer = np.concatenate([r * cycle for r in np.linspace(1.02, 2.5, 30)], axis=1)
    outer = outer[:, (np.abs(outer) <= BOX).all(axis=0)]
    falling, above = rates(inner), values(outer)
    one = np.ones((len(rim), 1))
    rows = [
        np.hstack([rim, -one]),
        np.hstack([-rim, -one]),
        np.hstack([falling, np.zeros((len(falling), 1))]),
        np.hstack([-above, np.zeros((len(above), 1))]),
    ]
    bounds = [
        np.full(len(rim), RIM),
        np.full(len(rim), -RIM),
        -DECAY * (inner**2).sum(axis=0),
        np.full(len(above), -1.02 * RIM),
    ]
    cost = np.append(np.zeros(len(POWERS)), 1.0)
    limits = [(None, None)] * len(POWERS) + [(0, None)]
    found = linprog(cost, np.vstack(rows), np.concatenate(bounds), bounds=limits)
    if found.status != 0:
        raise SystemExit(f"no polynomial found: {found.message}")
    return np.asarray(found.x[:-1], dtype=np.float64)


def text(coefficients: Array) -> str:
    """The polynomial with four decimals, one line for each degree."""
    lines: dict[int, str] = {}
    for (i, j), c in zip(POWERS, coefficients, strict=True):
        powers = [f"x{k}**{e}" if e > 1 else f"x{k}" for k, e in ((1, i), (2, j)) if e]
        term = f"{'-' if c < 0 else '+'} {abs(c):.4f}*{'*'.join(powers)}"
        lines[i + j] = f"{lines.get(i + j, '')} {term}".strip()
    return "\n".join(lines.values()).removeprefix("+ ")


def main() -> None:
    """Print the area inside the limit cycle and V."""
    cycle = limit_cycle()
    print(f"area inside the limit cycle: {area(limit_cycle(points=3000)):.4f} (numerical)")
    print(text(fit(cycle)))


if __name__ == "__main__":
    main()
