"""Whether a problem states a claim at all: the same checks for files and Python objects.

Nothing here is part of a proof.  The checks find, early and with advice, what no theorem
could use: a state without dynamics, an empty domain, a controller that reads what it cannot
measure, an equilibrium on the boundary.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from certify.checks import (
    InvalidProblemError,
    check_exact,
    check_interval,
    check_known,
    check_names,
    check_over,
    check_scalar,
    check_states,
    check_step,
)
from certify.errors import ProblemError
from certify.expression.printer import number_to_text
from certify.io.units import parse_unit
from certify.problem import (
    Interval,
    Output,
    Problem,
    Recovery,
    Rules,
    Safety,
    Stability,
    System,
    Training,
)
from certify.validate_properties import (
    check_function,
    check_output,
    check_recovery,
    check_rules,
    check_safety,
)

__all__ = ["trains", "validate"]


def validate(problem: Problem) -> None:
    """Raise ``InvalidProblemError`` (a ``ProblemError``) unless ``problem`` is well formed."""
    if not problem.name.strip() or not problem.name.isprintable():
        raise InvalidProblemError(["name"], 'the name is empty; write name = "my-loop"')
    system = problem.system
    _system(system, static=isinstance(problem.property, Output | Rules))
    _domain(system, problem.domain)
    _controller(problem)
    if isinstance(problem.property, Stability):
        _stability(problem, problem.property)
    elif isinstance(problem.property, Safety):
        check_safety(system, problem.property)
    elif isinstance(problem.property, Recovery):
        check_recovery(system, problem.domain, problem.property)
    elif isinstance(problem.property, Rules):
        check_rules(system, problem.property)
    else:
        check_output(system, problem.property)
    _box(problem)


def trains(problem: Problem) -> bool:
    """Whether the property asks to train what it does not give."""
    claim = problem.property
    if isinstance(claim, Stability):
        return isinstance(claim.lyapunov, Training)
    return isinstance(claim, Safety) and isinstance(claim.barrier, Training)


def _system(system: System, *, static: bool) -> None:
    if system.time not in ("discrete", "continuous"):
        raise InvalidProblemError(["system", "time"], 'write time = "discrete" or "continuous"')
    check_states(system.states)
    check_step(system.time, system.step)
    groups = [("states", system.states), ("inputs", system.inputs)]
    groups += [("disturbances", system.disturbances), ("parameters", tuple(system.parameters))]
    check_names((["system", key], names) for key, names in groups)
    for name, (low, high) in system.parameters.items():
        check_interval(["system", "parameters", name], name, (low, high))
    known = (*(n for _, names in groups for n in names), "step")
    for name, text in system.units.items():
        path = ["system", "units", name]
        check_known(path, name, known, "a name of the system")
        try:
            parse_unit(text)
        except ProblemError as error:
            raise InvalidProblemError(path, str(error)) from None
    if system.dynamics or not static:
        _dynamics(system)


def _dynamics(system: System) -> None:
    path = ["system", "dynamics"]
    allowed = {*system.states, *system.inputs, *system.disturbances, *system.parameters}
    for name, node in system.dynamics.items():
        check_known([*path, name], name, system.states, "a state")
        check_scalar([*path, name], node)
        check_over([*path, name], node, allowed, "the dynamics")
    for name in system.states:
        if name not in system.dynamics:
            raise InvalidProblemError(
                path, f'no dynamics for the state {name!r}; write {name} = "..."'
            )


def _domain(system: System, domain: Mapping[str, Interval]) -> None:
    known = (*system.states, *system.disturbances)
    for name, interval in domain.items():
        path = ["domain", name]
        if name in system.inputs:
            advice = f'write {name} = "clip(..., lower, upper)" under [controller]'
            raise InvalidProblemError(path, f"an input has no domain; {advice}")
        if name in system.parameters:
            message = f"{name!r} is a parameter; write its interval under [system] parameters"
            raise InvalidProblemError(path, message)
        check_known(path, name, known, "a state or disturbance")
        check_interval(path, name, interval)
    for name in known:
        if name not in domain:
            message = f"no bounds for {name!r}; write {name} = [lower, upper]"
            raise InvalidProblemError(["domain"], message)


def _controller(problem: Problem) -> None:
    system = problem.system
    for name, node in problem.controller.items():
        path = ["controller", name]
        check_known(path, name, system.inputs, "an input")
        check_scalar(path, node)
        check_over(path, node, system.states, "a controller")
    missing = [u for u in system.inputs if u not in problem.controller]
    if missing and (problem.controller or not trains(problem)):
        message = f'no controller for the input {missing[0]!r}; write {missing[0]} = "..."'
        raise InvalidProblemError(["controller"], message)


def _stability(problem: Problem, claim: Stability) -> None:
    system = problem.system
    for name in claim.equilibrium:
        check_known(["property", "equilibrium", name], name, system.states, "a state")
    for name in system.states:
        value = claim.equilibrium.get(name, Fraction(0))
        path = ["property", "equilibrium", name]
        check_exact(path, value)
        low, high = problem.domain[name]
        if not low < value < high:
            message = f"the equilibrium {name} = {number_to_text(Fraction(value))} is not inside"
            advice = f'write equilibrium = {{ {name} = "..." }} or a larger domain'
            raise InvalidProblemError(path, f"{message} its domain; {advice}")
    _decay(system, claim)
    if claim.level is not None:
        check_exact(["property", "level"], claim.level)
        if claim.level <= 0:
            message = 'the level is positive; write level = "largest" or a positive number'
            raise InvalidProblemError(["property", "level"], message)
    if claim.extend is not None and system.time != "discrete":
        message = "a core is extended in discrete time only; leave extend out"
        raise InvalidProblemError(["property", "extend"], message)
    check_function(["property", "lyapunov"], claim.lyapunov, system, "a Lyapunov function")


def _decay(system: System, claim: Stability) -> None:
    path = ["property", "decay"]
    if claim.decay is None:
        if isinstance(claim.lyapunov, Training):
            raise InvalidProblemError(path, 'training needs a number; write decay = "0.001"')
        return
    check_exact(path, claim.decay)
    if claim.decay < 0 or (system.time == "discrete" and claim.decay >= 1):
        allowed = "0 <= decay < 1" if system.time == "discrete" else "decay >= 0"
        message = f"{system.time} time needs {allowed}; write decay = 0 for strict decrease"
        raise InvalidProblemError(path, message)


def _box(problem: Problem) -> None:
    """The factor of the domain; and that no more than one number is to be the largest."""
    path = ["property", "box"]
    if problem.box is not None:
        check_exact(path, problem.box)
        if problem.box <= 0:
            raise InvalidProblemError(
                path, 'the box is a positive factor; write box = "largest" or a number'
            )
    claim = problem.property
    numbers = {"box": problem.box}
    if isinstance(claim, Stability):
        numbers |= {"decay": claim.decay, "level": claim.level}
    wanted = [name for name, value in numbers.items() if value is None]
    if len(wanted) > 1:
        message = f"{wanted[0]} and {wanted[-1]} cannot both be the largest"
        raise InvalidProblemError(
            ["property", wanted[0]], f"{message}; write a number for {wanted[-1]}"
        )
