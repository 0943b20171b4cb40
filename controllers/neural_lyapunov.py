"""A neural controller with a neural Lyapunov function, trained against counterexamples.

First the policy, from the linear regulator, by gradients through roll-outs; then both
functions together, so that the largest volume of ``{V <= 1}`` in the domain decreases and
stays, on random states, on states found by gradient ascent, and on the counterexamples of a
verifier.  References: Dai et al., Lyapunov-stable neural-network control, RSS 2021 (the
form of V and the condition); Yang et al., Lyapunov-stable neural control for state and
output feedback, ICML 2024 (training against cheap attacks).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import torch

from certify.controllers.information import information_of
from certify.controllers.lqr import gain, quadratic_root
from certify.controllers.lyapunov_forms import form_of
from certify.controllers.neural_model import Model, candidate_of, new_parameters
from certify.controllers.neural_stage import train_neural
from certify.controllers.options import NeuralOptions, PolicyOptions, read_options
from certify.controllers.policy_stage import train_policy
from certify.controllers.registry import Candidate, Counterexamples, TrainingStep
from certify.controllers.sampled_level import at_level, rounded_down, sampled_level
from certify.controllers.task import Floats, Task, jacobian, task_of
from certify.controllers.training_loop import Training
from certify.controllers.training_state import TrainingState, deterministic, fingerprint
from certify.controllers.value_stage import fit_value
from certify.errors import ProblemError
from certify.problem import Problem

__all__ = ["check_options", "first_state", "train"]


def train(
    problem: Problem,
    options: Mapping[str, object],
    *,
    seed: int,
    progress: Callable[[TrainingStep], None],
    counterexamples: Counterexamples | None = None,
    checkpoint: Path | None = None,
) -> Candidate:
    """A candidate for ``problem``; if that gives the controller, only V is trained.

    The bytes of the candidate depend on the problem, the options, the ``seed`` and the answers
    of ``counterexamples`` alone (same machine, same torch), also when the training was
    interrupted and resumed from ``checkpoint``.  Every property of it is sampled, none proved.

    Raises ``ProblemError`` for options it does not know and when the plant cannot be
    stabilised at the equilibrium by linear feedback.
    """
    task = task_of(problem)
    settings = read_options(NeuralOptions, options, problem)
    check_options(task, settings)
    with deterministic():
        state = first_state(task, settings, seed, settings.features)
        identity = fingerprint(task, settings, seed)
        training = Training(task, settings, state, progress, checkpoint, identity)
        training.resume()
        if state.phase == "policy":
            if not problem.controller:
                train_policy(training, "value")
            state.phase = "value"
            _start_quadratic(task, settings, state)
        if state.phase == "value":
            if settings.value_steps:
                fit_value(training, settings)
            training.enter("lyapunov")
        train_neural(training, settings, counterexamples)
        return _finished(task, settings, state)


def check_options(task: Task, settings: PolicyOptions) -> None:
    """ProblemError if the policy has too few units for the regulator that it starts as."""
    if not task.problem.controller:
        inputs = max((len(i) for i, _ in information_of(task, settings).groups), default=0)
        if settings.hidden < 2 * inputs:
            raise ProblemError(
                f"training option 'hidden': {settings.hidden} units cannot hold the linear "
                f"regulator of {inputs} inputs; write at least {2 * inputs}"
            )
    if isinstance(settings, NeuralOptions):
        _check_form(task, settings)


def _check_form(task: Task, settings: NeuralOptions) -> None:
    form, fewest = form_of(settings), form_of(settings).fewest(len(task.states))
    if settings.features < fewest:
        raise ProblemError(
            f"training option 'features': a V of form {settings.form!r} over {len(task.states)} "
            f"states needs at least {fewest}"
        )
    if settings.layers > form.deepest:
        raise ProblemError(
            f"training option 'layers': a V of form {settings.form!r} has {form.deepest} at most"
        )


def first_state(
    task: Task,
    settings: PolicyOptions,
    seed: int,
    features: int = 0,
    *,
    feedback: Floats | None = None,
    saturated: bool = False,
) -> TrainingState:
    """Where training starts: the gain ``feedback`` as a policy, ``features`` in V.

    The gain is that of the linear regulator if none is given.
    """
    generator = torch.Generator().manual_seed(seed)
    if feedback is None and not task.problem.controller:
        feedback = gain(task, settings)
    parameters = new_parameters(task, settings, feedback, generator, features, saturated=saturated)
    for value in parameters.values():
        value.requires_grad_()
    none = torch.zeros((0, len(task.states)), dtype=torch.float64)
    return TrainingState(
        parameters=parameters,
        optimizer=torch.optim.Adam(list(parameters.values()), betas=(0.9, 0.98)),
        generator=generator,
        pool=none,
        near=none,
        borderline=none,
        found=none,
    )


def _start_quadratic(task: Task, settings: NeuralOptions, state: TrainingState) -> None:
    """Let V start as the quadratic of the linear closed loop, with half the domain inside."""
    controller = candidate_of(task, settings, state.parameters).controller
    loop = jacobian(task, task.closed(controller), task.states, settings.u_equilibrium)
    root = quadratic_root(task, loop)
    with torch.no_grad():
        if root is not None:
            form_of(settings).start(state.parameters, torch.tensor(root * task.scale))
        model = Model.of(task, settings, state.parameters)
        width = torch.tensor(task.high - task.low)
        unit = torch.rand((4096, len(width)), generator=state.generator, dtype=torch.float64)
        middle = model.lyapunov(torch.tensor(task.low) + width * unit).median()
        model.form.divide(state.parameters, middle)


def _finished(task: Task, settings: NeuralOptions, state: TrainingState) -> Candidate:
    """The best candidate, with the level that a dense sample of the exact functions shows."""
    candidate = candidate_of(task, settings, state.best or state.parameters)
    attacked = torch.cat([state.pool, state.found]).numpy() * task.scale + task.centre
    time = settings.period if task.problem.system.time == "continuous" else 1
    found = sampled_level(
        task,
        candidate.controller,
        candidate.lyapunov,
        margin=float(settings.margin / 2 / time),
        samples=settings.samples,
        points=attacked,
    )
    level = rounded_down(found.level) if found.level > 0 else Fraction(0)
    lyapunov, level = at_level(task, candidate.lyapunov, level)
    return replace(
        candidate,
        lyapunov=lyapunov,
        suggested_level=level,
        sampled_volume=found.volume,
        history=tuple(state.history),
    )
