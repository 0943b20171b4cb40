"""A neural controller with a quadratic Lyapunov function.

First the policy, from the linear regulator, by gradients through roll-outs; then V of the
linear closed loop.  With ``rounds = 0`` that is all: V proves a core, and what reaches it is for
an extension (T-EXT-D) to show.  Otherwise policy and V are trained together for the largest
volume of ``{V <= 1}`` in the domain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from certify.controllers.largest_ellipsoid import largest_ellipsoid, linear_plant
from certify.controllers.lqr import gain, quadratic_root, sum_of_squares
from certify.controllers.neural_lyapunov import check_options, first_state
from certify.controllers.neural_model import candidate_of
from certify.controllers.options import QuadraticOptions, read_options
from certify.controllers.policy_network import half_ranges
from certify.controllers.policy_stage import Pace, train_policy
from certify.controllers.quadratic_stage import root_of, train_quadratic
from certify.controllers.registry import Candidate, Counterexamples, TrainingStep
from certify.controllers.sampled_level import at_level, rounded_down, sampled_level
from certify.controllers.task import Floats, Task, jacobian, task_of
from certify.controllers.training_loop import Training
from certify.controllers.training_state import TrainingState, deterministic, fingerprint
from certify.errors import ProblemError
from certify.problem import Problem

__all__ = ["train"]

_PACE = Pace(rate=1e-2, report=10, borderline=0.05, outward=True)
_SHRUNK, _SHRUNK_MORE = 1.1, 2.0


def train(
    problem: Problem,
    options: Mapping[str, object],
    *,
    seed: int,
    progress: Callable[[TrainingStep], None],
    counterexamples: Counterexamples | None = None,
    checkpoint: Path | None = None,
) -> Candidate:
    """A candidate for ``problem``; if that gives the controller, only V is made.

    Reproducible and resumed like the neural family; all properties are sampled, none proved.
    Raises ``ProblemError`` for options it does not know and when the linear loop of plant and
    policy is not stable.
    """
    task = task_of(problem)
    settings = read_options(QuadraticOptions, options, problem)
    check_options(task, settings)
    with deterministic():
        feedback, root = _ellipsoid(task, settings)
        state = first_state(task, settings, seed, feedback=feedback, saturated=True)
        _prepare(state)
        identity = fingerprint(task, settings, seed)
        training = Training(task, settings, state, progress, checkpoint, identity)
        training.resume()
        if state.phase == "policy":
            if not problem.controller:
                train_policy(training, "quadratic", _PACE)
            state.phase = "quadratic"
            _start(task, settings, state, None if settings.policy_steps else root)
        if settings.rounds:
            train_quadratic(training, settings, counterexamples)
        return _finished(task, settings, state)


def _ellipsoid(task: Task, settings: QuadraticOptions) -> tuple[Floats | None, Floats | None]:
    """The gain and the root of V to start from, where the regulator's own are not asked for."""
    if settings.start != "ellipsoid" or task.problem.controller:
        return None, None
    if settings.reads:
        raise ProblemError("the largest ellipsoid is of feedback of all states; leave reads out")
    half, s = half_ranges(task, settings), task.scale
    plant = linear_plant(task, settings)
    regulator = -gain(task, settings) * s / half[:, None]
    feedback, root = largest_ellipsoid(plant, regulator, task.decay)
    return -feedback * half[:, None] / s, root / s


def _start(
    task: Task, settings: QuadraticOptions, state: TrainingState, root: Floats | None
) -> None:
    """Let V have this ``root``, or be that of the linear loop, with its ellipsoid in the domain;
    smaller to train.
    """
    shrink = _SHRUNK
    if root is None:
        shrink = _SHRUNK_MORE
        root = _linear_root(task, settings, state)
    with torch.no_grad():
        state.parameters["R"].copy_(torch.tensor(root * task.scale))
        if settings.rounds:
            state.parameters["R"].mul_(shrink)


def _linear_root(task: Task, settings: QuadraticOptions, state: TrainingState) -> Floats:
    controller = candidate_of(task, settings, state.parameters).controller
    loop = jacobian(task, task.closed(controller), task.states, settings.u_equilibrium)
    root = quadratic_root(task, loop)
    if root is None:
        pole = float(np.abs(np.linalg.eigvals(loop)).max())
        raise ProblemError(
            "the linearised closed loop is not stable, so that it has no quadratic V (largest pole "
            f"{pole:.6g}); train the policy for more policy_steps or with another seed"
        )
    return root


def _prepare(state: TrainingState) -> None:
    """Room for a factor of the root of V, to train in the place of the root, as it is of the order
    of one, and for how slow the loop is at first.
    """
    size = len(state.parameters["R"])
    factor = torch.eye(size, dtype=torch.float64).requires_grad_()
    state.parameters |= {"M": factor, "slowness": torch.ones(1, dtype=torch.float64)}
    state.optimizer.add_param_group({"params": [factor]})


def _finished(task: Task, settings: QuadraticOptions, state: TrainingState) -> Candidate:
    """The candidate, with the level that a dense sample of the exact functions shows."""
    last = settings.kept == "last" or not state.best
    parameters = state.parameters if last else state.best
    candidate = candidate_of(task, settings, parameters)
    root = root_of(parameters).detach().numpy() / task.scale
    lyapunov = sum_of_squares(task, np.linalg.qr(root)[1])
    attacked = np.linalg.solve(root, state.pool.numpy().T).T / task.scale
    attacked = attacked[((attacked >= task.low) & (attacked <= task.high)).all(axis=1)]
    points = np.concatenate([attacked, state.found.numpy()]) * task.scale + task.centre
    found = sampled_level(
        task,
        candidate.controller,
        lyapunov,
        margin=0.0,
        samples=settings.samples,
        points=points,
    )
    lyapunov, level = at_level(task, lyapunov, rounded_down(float(settings.share) * found.level))
    return replace(
        candidate,
        lyapunov=lyapunov,
        suggested_level=level,
        sampled_volume=found.volume,
        history=tuple(state.history),
    )
