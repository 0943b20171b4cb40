"""Whether a property states something: what :mod:`certify.validate` checks of each kind.

All of these raise ``InvalidProblemError``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from certify.checks import InvalidProblemError, check_exact, check_known, check_over, check_scalar
from certify.problem import Interval, Output, Recovery, Rules, Safety, System, Training
from certify.proofs.checker.language import Node

__all__ = ["check_function", "check_output", "check_recovery", "check_rules", "check_safety"]


def check_function(path: Sequence[str], given: Node | Training, system: System, what: str) -> None:
    """That a certificate function, if given, is one of the states."""
    if not isinstance(given, Training):
        check_scalar(path, given)
        check_over(path, given, system.states, what)


def check_safety(system: System, claim: Safety) -> None:
    """That sets and barrier are about states."""
    _set_of_states("initial", claim.initial, system)
    _set_of_states("unsafe", claim.unsafe, system)
    check_function(["property", "barrier"], claim.barrier, system, "a barrier")


def _check_distribution(
    name: str, pieces: Sequence[tuple[Fraction, Fraction, Fraction]], domain: Mapping[str, Interval]
) -> None:
    path = ["property", "distribution", name]
    check_known(path, name, tuple(domain), "a state or disturbance")
    ends = [end for low, high, _ in pieces for end in (low, high)]
    whole = [ends[0], ends[-1]] == list(domain[name]) if pieces else False
    if not whole or ends[1:-1:2] != ends[2::2] or any(low >= high for low, high, _ in pieces):
        message = "the pieces do not make up its domain; write [low, high, probability] in order"
        raise InvalidProblemError(path, message)
    if min(mass for _, _, mass in pieces) < 0 or sum(mass for _, _, mass in pieces) != 1:
        raise InvalidProblemError(path, "the probabilities are not >= 0 with the sum 1")


def _set_of_states(key: str, parts: Sequence[Node], system: System) -> None:
    path = ["property", key]
    if not parts:
        raise InvalidProblemError(path, f'no conditions; write {key} = "x - 1 <= 0"')
    for node in parts:
        check_scalar(path, node)
        check_over(path, node, system.states, "a set of states")


def check_recovery(system: System, domain: Mapping[str, Interval], claim: Recovery) -> None:
    """That the sets are about states, in discrete time, and the numbers counts."""
    _set_of_states("target", claim.target, system)
    if claim.initial:
        _set_of_states("initial", claim.initial, system)
    if system.time != "discrete":
        message = 'a target is reached in discrete time only; write time = "discrete"'
        raise InvalidProblemError(["system", "time"], message)
    for key, number in (("steps", claim.steps), ("away", claim.away)):
        if number is not None:
            check_exact(["property", key], number)
            if number < 0:
                raise InvalidProblemError(["property", key], f"write {key} = 0 or more")
    for name, pieces in claim.distribution.items():
        _check_distribution(name, pieces, domain)


def check_output(system: System, claim: Output) -> None:
    """That the expression has a bound."""
    path = ["property", "expression"]
    check_scalar(path, claim.expression)
    allowed = {*system.states, *system.inputs, *system.disturbances, *system.parameters}
    check_over(path, claim.expression, allowed, "an output")
    if claim.lower is None and claim.upper is None:
        raise InvalidProblemError(["property"], "no bound; write lower, upper or both")
    for key, bound in (("lower", claim.lower), ("upper", claim.upper)):
        if bound is not None:
            check_exact(["property", key], bound)
    if claim.lower is not None and claim.upper is not None and claim.lower > claim.upper:
        raise InvalidProblemError(
            ["property", "lower"], "lower is above upper; write lower <= upper"
        )


def check_rules(system: System, claim: Rules) -> None:
    """That every rule has a name and a conclusion, and decisions are of all inputs."""
    if not claim.rules:
        advice = 'write [property.rules] with cold = "when T < 20 then heating > T"'
        raise InvalidProblemError(["property", "rules"], f"no rules; {advice}")
    allowed = {*system.states, *system.inputs, *system.disturbances, *system.parameters}
    for name, rule in claim.rules.items():
        path = ["property", "rules", name]
        if not (name.isascii() and name.isidentifier() and name[0].isalpha()):
            message = f"{name[:40]!r} is not a name; write letters, digits and _"
            raise InvalidProblemError(path, message)
        if not rule.then:
            raise InvalidProblemError(path, 'no conclusion; write "when T < 20 then heating > T"')
        for atom in (*rule.when, *rule.then):
            check_scalar(path, atom.node)
            check_over(path, atom.node, allowed, "a rule")
    for row in claim.decisions or ():
        if len(row) != len(system.inputs):
            message = f"a decision has a value for each of the {len(system.inputs)} inputs"
            raise InvalidProblemError(["property", "decisions"], message)
        for value in row:
            if abs(value) > 10**100:
                raise InvalidProblemError(["property", "decisions"], "a decision is above 1e100")
