"""Linear-quadratic regulator with saturation, and its quadratic Lyapunov function.

With ``A = df/dx`` and ``B = df/du`` at the equilibrium, ``u = clip(u* - K (x - x*))`` where K
minimises the quadratic cost of the linear system, and ``V = |R (x - x*)|**2`` where ``R'R``
solves the Lyapunov equation of ``A - B K``.  Where inputs read ``r(x)`` and not all states
``u = clip(u* - K (r(x) - r(x*)))``, each with those columns of K that it reads.  Reference:
Anderson and Moore, Optimal Control: Linear Quadratic Methods, 1990, chapters 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import control
import numpy as np

from certify.controllers.information import Information, information_of
from certify.controllers.options import LqrOptions, read_options
from certify.controllers.output_feedback import Pattern, least_costly
from certify.controllers.registry import Candidate, Counterexamples, TrainingStep
from certify.controllers.sampled_level import at_level, rounded_down, sampled_level
from certify.controllers.task import Floats, Task, check_equilibrium, jacobian, task_of
from certify.errors import ProblemError
from certify.expression import Node, clip, const, var
from certify.problem import Problem

__all__ = [
    "gain",
    "limited",
    "linearised",
    "quadratic_root",
    "regulator",
    "sum_of_squares",
    "train",
]

_DIGITS = 6


def train(
    problem: Problem,
    options: Mapping[str, object],
    *,
    seed: int,
    progress: Callable[[TrainingStep], None],
    counterexamples: Counterexamples | None = None,
    checkpoint: Path | None = None,
) -> Candidate:
    """The regulator of ``problem``, or only its V if the problem gives the controller.

    Nothing is random or slow here: ``seed``, ``counterexamples`` and ``checkpoint`` are not
    used.  The coefficients are decimals of six digits.  Raises ``ProblemError`` for options it
    does not know and when the linear closed loop is not stable.
    """
    task = task_of(problem)
    settings = read_options(LqrOptions, options, problem)
    controller = dict(problem.controller) or regulator(task, settings)
    names = task.states
    loop = jacobian(task, task.closed(controller), names, settings.u_equilibrium)
    root = quadratic_root(task, loop)
    if root is None:
        raise ProblemError("the linearised closed loop is not stable: no quadratic V exists")
    lyapunov = sum_of_squares(task, root)
    found = sampled_level(task, controller, lyapunov, margin=0.0, samples=settings.samples)
    lyapunov, level = at_level(task, lyapunov, rounded_down(found.level))
    done = TrainingStep("lqr", 1, 1, None, float(level), found.volume)
    progress(done)
    return Candidate(
        controller=controller,
        lyapunov=lyapunov,
        suggested_level=level,
        sampled_volume=found.volume,
        history=(done,),
    )


def gain(task: Task, settings: LqrOptions) -> Floats:
    """The gain K, of shape ``(inputs, terms)``, for ``u = u* - K (r(x) - r(x*))``.

    The terms are the states where the options do not say what the inputs read.  Raises
    ``ProblemError`` if the plant does not rest at the equilibrium or cannot be stabilised there
    by linear feedback.
    """
    system = task.problem.system
    a, b = linearised(task, settings)
    weights = settings.state_weights
    default = dict(zip(task.states, 1 / task.scale**2, strict=True))
    q = np.diag([float(weights.get(x, default[x])) for x in task.states])
    r = np.diag([float(settings.input_weights.get(u, _effort(settings, u))) for u in system.inputs])
    if settings.reads:
        return _output_gain(task, information_of(task, settings), (a, b, q, r))
    regulator = control.dlqr if system.time == "discrete" else control.lqr
    try:
        k, _, poles = regulator(a, b, q, r)
    except (np.linalg.LinAlgError, control.ControlArgument, ValueError) as error:
        raise ProblemError(f"the plant cannot be stabilised at the equilibrium: {error}") from error
    stable = np.abs(poles) < 1 if system.time == "discrete" else np.real(poles) < 0
    if not (np.isfinite(k).all() and stable.all()):
        raise ProblemError("the plant cannot be stabilised at the equilibrium by linear feedback")
    return np.asarray(k, dtype=np.float64)


def _output_gain(
    task: Task, information: Information, plant: tuple[Floats, Floats, Floats, Floats]
) -> Floats:
    """The gain for what is read; computed with states and terms in units of the domain."""
    a, b, q, r = plant
    s, z = task.scale, information.scale
    pattern = Pattern(
        a * s / s[:, None],
        b / s[:, None],
        information.slopes * s / z[:, None],
        information.seen,
        q * np.outer(s, s),
        r,
        discrete=task.problem.system.time == "discrete",
    )
    try:
        return -least_costly(pattern) / z
    except (np.linalg.LinAlgError, control.ControlArgument, ValueError) as error:
        raise ProblemError(f"no linear feedback of what the inputs read: {error}") from error


def linearised(task: Task, settings: LqrOptions) -> tuple[Floats, Floats]:
    """A and B of the plant at the equilibrium; ProblemError if it does not rest there."""
    system = task.problem.system
    if not system.inputs:
        raise ProblemError("the system has no inputs: there is no controller to train")
    check_equilibrium(task, settings.u_equilibrium)
    dynamics = {x: system.dynamics[x] for x in task.states}
    a = jacobian(task, dynamics, task.states, settings.u_equilibrium)
    return a, jacobian(task, dynamics, system.inputs, settings.u_equilibrium)


def _effort(settings: LqrOptions, name: str) -> float:
    if name not in settings.limits:
        return 1.0
    low, high = settings.limits[name]
    return float(2 / (high - low)) ** 2


def quadratic_root(task: Task, loop: Floats) -> Floats | None:
    """Upper triangular R with ``V = |R (x - x*)|**2`` decreasing along the linear ``loop``.

    ``P = R'R`` solves ``A'PA - P = -Q`` (discrete) or ``A'P + PA = -Q`` with Q of
    the scale of the domain, and ``{V <= 1}`` is the largest such ellipsoid inside the domain.
    None if ``loop`` is not stable.
    """
    discrete = task.problem.system.time == "discrete"
    poles = np.linalg.eigvals(loop)
    if not (np.abs(poles) < 1 if discrete else np.real(poles) < 0).all():
        return None
    equation = control.dlyap if discrete else control.lyap
    p = np.asarray(equation(loop.T, np.diag(1 / task.scale**2)), dtype=np.float64)
    reach = np.minimum(-task.low, task.high) * task.scale
    p *= np.max(np.sqrt(np.diag(np.linalg.inv(p))) / reach) ** 2
    try:
        lower = np.linalg.cholesky((p + p.T) / 2)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(lower.T, dtype=np.float64)


def limited(settings: LqrOptions, name: str, value: Node) -> Node:
    """``value`` clipped to the limits of the input ``name``, if it has any."""
    return clip(value, *settings.limits[name]) if name in settings.limits else value


def regulator(task: Task, settings: LqrOptions) -> dict[str, Node]:
    """The saturated linear-quadratic regulator, an expression for each input."""
    rows = zip(task.problem.system.inputs, gain(task, settings), strict=True)
    deviation = information_of(task, settings).deviations()
    return {
        u: limited(settings, u, const(settings.u_equilibrium.get(u, 0)) - _linear(row, deviation))
        for u, row in rows
    }


def sum_of_squares(task: Task, root: Floats) -> Node:
    """``|R (x - x*)|**2`` for an upper triangular R, with coefficients of six digits."""
    deviation = _deviation(task)
    return sum((_linear(row[i:], deviation[i:]) ** 2 for i, row in enumerate(root)), const(0))


def _deviation(task: Task) -> list[Node]:
    return [var(x) - const(value) for x, value in task.equilibrium.items()]


def _linear(row: Floats, terms: Sequence[Node]) -> Node:
    short = [Fraction(f"{k:.{_DIGITS}g}") for k in row]
    return sum((const(k) * x for k, x in zip(short, terms, strict=True) if k), const(0))
