"""What a trainer needs of a problem, as float64 numbers and closed-loop expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from certify.errors import ProblemError
from certify.expression import Node, const, directional, substitute
from certify.expression.evaluate import evaluate
from certify.problem import Interval, Problem, Stability

__all__ = ["Floats", "Task", "check_equilibrium", "jacobian", "task_of"]

Floats = npt.NDArray[np.float64]

_LARGEST_RESIDUAL = 1e-6


@dataclass(frozen=True)
class Task:
    """A stability problem around ``centre``.

    ``scale`` is the larger distance from the equilibrium to the faces of the domain for each
    state; ``low < 0 < high`` is the domain in coordinates ``(x - centre) / scale``.  All have
    shape ``(n,)``.  ``free`` bounds uncertain parameters and disturbances.
    """

    problem: Problem
    equilibrium: Mapping[str, Fraction]
    centre: Floats
    scale: Floats
    low: Floats
    high: Floats
    decay: float
    level: Fraction | None
    free: Mapping[str, Interval]

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states, in order."""
        return self.problem.system.states

    @property
    def volume(self) -> float:
        """The volume of the domain."""
        return float(np.prod((self.high - self.low) * self.scale))

    def closed(self, controller: Mapping[str, Node]) -> dict[str, Node]:
        """The dynamics with the inputs replaced by ``controller``."""
        dynamics = self.problem.system.dynamics
        return {x: substitute(dynamics[x], controller) for x in self.states}

    def at_equilibrium(self, inputs: Mapping[str, Fraction]) -> dict[str, float]:
        """Values of every variable: equilibrium, given inputs, middle of the rest."""
        middle = {name: float(low + high) / 2 for name, (low, high) in self.free.items()}
        given = {u: float(inputs.get(u, 0)) for u in self.problem.system.inputs}
        return {x: float(v) for x, v in self.equilibrium.items()} | given | middle


def task_of(problem: Problem) -> Task:
    """The task of ``problem``; ProblemError if it is not one that a trainer can take."""
    claim, system = problem.property, problem.system
    if not isinstance(claim, Stability):
        raise ProblemError("a controller is trained for a property of kind stability")
    equilibrium = {x: Fraction(claim.equilibrium.get(x, 0)) for x in system.states}
    for x, value in equilibrium.items():
        if not problem.domain[x][0] < value < problem.domain[x][1]:
            raise ProblemError(f"the equilibrium {x} = {value} is not inside the domain")
    centre = np.array([float(v) for v in equilibrium.values()])
    bounds = np.array([[float(b) for b in problem.domain[x]] for x in system.states])
    low, high = bounds[:, 0] - centre, bounds[:, 1] - centre
    scale = np.maximum(-low, high)
    return Task(
        problem=problem,
        equilibrium=equilibrium,
        centre=centre,
        scale=scale,
        low=low / scale,
        high=high / scale,
        decay=float(claim.decay or 0),
        level=claim.level,
        free={**system.parameters, **{w: problem.domain[w] for w in system.disturbances}},
    )


def jacobian(
    task: Task,
    functions: Mapping[str, Node],
    names: tuple[str, ...],
    inputs: Mapping[str, Fraction],
    what: str = "the dynamics",
) -> Floats:
    """``d f_i / d name_j`` at the equilibrium, from the exact symbolic derivatives.

    A kink at the equilibrium counts with the mean of its slopes.  Raises ProblemError where a
    derivative is undefined, which calls the functions ``what``.
    """
    point = task.at_equilibrium(inputs)
    rows = [[directional(f, {name: const(1)}) for name in names] for f in functions.values()]
    values = np.array([[float(v) for v in evaluate(row, point)] for row in rows])
    if not np.isfinite(values).all():
        raise ProblemError(f"{what} have no derivative at the equilibrium")
    return values.reshape(len(functions), len(names))


def check_equilibrium(task: Task, inputs: Mapping[str, Fraction]) -> None:
    """ProblemError unless the plant rests at the equilibrium under ``inputs``."""
    dynamics = task.problem.system.dynamics
    values = evaluate([dynamics[x] for x in task.states], task.at_equilibrium(inputs))
    rest = task.centre if task.problem.system.time == "discrete" else np.zeros(len(task.states))
    residual = np.abs(np.array([float(v) for v in values]) - rest) / task.scale
    if not (residual <= _LARGEST_RESIDUAL).all():
        worst = task.states[int(np.argmax(np.nan_to_num(residual, nan=np.inf)))]
        raise ProblemError(
            f"the plant does not rest at the equilibrium: {worst} moves; write the input that "
            'holds it as the training option u_equilibrium = { input = "value" }'
        )
