"""The largest level at which samples show no violation: a hint to verifiers, no evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certify.controllers.task import Floats, Task
from certify.expression import Node, const, directional
from certify.expression.evaluate import evaluate

__all__ = ["SampledLevel", "at_level", "rounded_down", "sampled_level"]

_SMALLEST_RADIUS = 1e-4


@dataclass(frozen=True)
class SampledLevel:
    """``level`` with the volume of ``{V < level}`` in the domain; both are statistical."""

    level: float
    volume: float


def sampled_level(
    task: Task,
    controller: Mapping[str, Node],
    lyapunov: Node,
    *,
    margin: float,
    samples: int,
    points: Floats | None = None,
) -> SampledLevel:
    """The least V among states where the condition fails, at ``samples`` states and ``points``.

    Condition: V > 0; V decreases at the decay of the claim plus ``margin``, relative to V;
    discrete: the next state stays in the domain; continuous: on a face the loop points inward.
    A quarter of the states lie at radii spread evenly in the logarithm.  ``points`` has shape
    ``(m, n)``, in the coordinates of the problem.
    """
    rng = np.random.default_rng(0)
    width = task.high - task.low
    y = task.low + width * rng.random((samples, len(task.states)))
    uniform = len(y) - samples // 4
    radius = _SMALLEST_RADIUS ** rng.random((samples - uniform, 1))
    y[uniform:] *= radius
    if points is not None:
        y = np.concatenate([y, (points - task.centre) / task.scale])
    free = {n: rng.uniform(float(a), float(b), len(y)) for n, (a, b) in task.free.items()}
    judge = _discrete if task.problem.system.time == "discrete" else _continuous
    value, holds = judge(task, controller, lyapunov, y, free, margin)
    if task.problem.system.time == "continuous":
        unit = rng.random((samples // 4, len(task.states)))
        values, inward = _on_faces(task, controller, lyapunov, unit, free)
        value, holds = np.append(value, values), np.append(holds, inward)
    fails = ~(holds & (value > 0))
    level = float(np.nan_to_num(value[fails], nan=0.0).min()) if fails.any() else float(value.max())
    inside = float(np.mean(value[:uniform] < level))
    return SampledLevel(max(level, 0.0), inside * task.volume)


def _at(task: Task, y: Floats) -> dict[str, Floats]:
    return dict(zip(task.states, (task.centre + task.scale * y).T, strict=True))


def _discrete(
    task: Task,
    controller: Mapping[str, Node],
    lyapunov: Node,
    y: Floats,
    free: Mapping[str, Floats],
    margin: float,
) -> tuple[Floats, np.typing.NDArray[np.bool_]]:
    closed = task.closed(controller)
    now = _at(task, y)
    value, *successor = evaluate([lyapunov, *(closed[x] for x in task.states)], now | dict(free))
    (after,) = evaluate([lyapunov], dict(zip(task.states, successor, strict=True)))
    step = (np.stack(successor, axis=-1) - task.centre) / task.scale
    inside = ((step >= task.low) & (step <= task.high)).all(axis=1)
    return value, inside & (after <= (1 - task.decay - margin) * value)


def _continuous(
    task: Task,
    controller: Mapping[str, Node],
    lyapunov: Node,
    y: Floats,
    free: Mapping[str, Floats],
    margin: float,
) -> tuple[Floats, np.typing.NDArray[np.bool_]]:
    slope = directional(lyapunov, task.closed(controller))
    value, change = evaluate([lyapunov, slope], _at(task, y) | dict(free))
    return value, change <= -(task.decay + margin) * value


def _on_faces(
    task: Task,
    controller: Mapping[str, Node],
    lyapunov: Node,
    unit: Floats,
    free: Mapping[str, Floats],
) -> tuple[Floats, np.typing.NDArray[np.bool_]]:
    """V on the faces of the domain, and whether the loop points inward there."""
    closed = task.closed(controller)
    values, holds = [], []
    for i, x in enumerate(task.states):
        for side, sign in ((task.low, 1), (task.high, -1)):
            y = task.low + (task.high - task.low) * unit
            y[:, i] = side[i]
            drawn = {name: some[: len(y)] for name, some in free.items()}
            value, rate = evaluate([lyapunov, closed[x]], _at(task, y) | drawn)
            values.append(value)
            holds.append(sign * rate > 0)
    return np.concatenate(values), np.concatenate(holds)


def rounded_down(level: float) -> Fraction:
    """``level`` with three significant decimal digits, never above it."""
    if not level > 0:
        return Fraction(0)
    unit = Fraction(10) ** (int(np.floor(np.log10(level))) - 2)
    return Fraction(level) // unit * unit


def at_level(task: Task, lyapunov: Node, level: Fraction) -> tuple[Node, Fraction]:
    """V and its suggested level, scaled to the level that the property names, if it does."""
    if task.level is None or level <= 0:
        return lyapunov, level
    return const(task.level / level) * lyapunov, task.level
