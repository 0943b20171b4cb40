"""How the values of training options are read, strictly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from fractions import Fraction

from certify.errors import ProblemError
from certify.expression import Node, variables
from certify.problem import Interval, Problem

__all__ = ["READERS", "advice"]

_STARTS = ("regulator", "ellipsoid")
_KEPT = ("largest", "last")


def advice(name: str, known: Collection[str]) -> str:
    """What to write instead of ``name``."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"write one of: {', '.join(known)}"


def _number(where: str, value: object) -> Fraction:
    """An exact number; a float is the binary64 number that it is."""
    try:
        if isinstance(value, str | int | float | Fraction) and not isinstance(value, bool):
            return Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        pass
    raise ProblemError(f'{where}: {value!r} is not a number; write for example "0.05"')


def _exact(where: str, value: object) -> Fraction:
    """A number that becomes part of the claim: not one that was rounded on the way."""
    if isinstance(value, float) and not value.is_integer():
        raise ProblemError(f'{where}: {value!r} is rounded; write "{value!r}" in quotes')
    return _number(where, value)


def _positive(where: str, value: object, _problem: Problem) -> Fraction:
    number = _number(where, value)
    if number <= 0:
        raise ProblemError(f"{where}: {value!r} is not positive")
    return number


def _part(where: str, value: object, _problem: Problem) -> Fraction:
    number = _number(where, value)
    if not 0 < number <= 1:
        raise ProblemError(f"{where}: {value!r} is not above 0 and at most 1")
    return number


def _factor(where: str, value: object, _problem: Problem) -> Fraction:
    number = _number(where, value)
    if number <= 1:
        raise ProblemError(f"{where}: {value!r} is not above 1")
    return number


def _weight(where: str, value: object, _problem: Problem) -> Fraction:
    number = _number(where, value)
    if number < 0:
        raise ProblemError(f"{where}: {value!r} is negative")
    return number


def _share(where: str, value: object, _problem: Problem) -> Fraction:
    number = _number(where, value)
    if not 0 <= number <= 1:
        raise ProblemError(f"{where}: {value!r} is not between 0 and 1")
    return number


def _count(lowest: int) -> Callable[[str, object, Problem], int]:
    def read(where: str, value: object, _problem: Problem) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            raise ProblemError(f"{where}: write an integer of at least {lowest}, not {value!r}")
        return value

    return read


def _one_of(words: Collection[str]) -> Callable[[str, object, Problem], str]:
    def read(where: str, value: object, _problem: Problem) -> str:
        if not isinstance(value, str) or value not in words:
            raise ProblemError(f"{where}: write one of {', '.join(words)}, not {value!r}")
        return value

    return read


def _name(where: str, value: object, _problem: Problem) -> str:
    if not isinstance(value, str):
        raise ProblemError(f"{where}: write a name in quotes, not {value!r}")
    return value


def _table(where: str, value: object, names: Collection[str], what: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ProblemError(f"{where}: write a table with one entry for each {what}")
    for name in value:
        if name not in names:
            raise ProblemError(f"{where}: {name!r} is not an {what}; {advice(name, names)}")
    return value


def _limits(where: str, value: object, problem: Problem) -> Mapping[str, Interval]:
    read: dict[str, Interval] = {}
    for name, pair in _table(where, value, problem.system.inputs, "input").items():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ProblemError(f'{where}: write {name} = ["lower", "upper"], not {pair!r}')
        low, high = (_exact(f"{where}, {name}", bound) for bound in pair)
        if low >= high:
            raise ProblemError(f"{where}: {name} = {pair!r} is empty; write the lower bound first")
        read[name] = (low, high)
    return read


def _inputs(where: str, value: object, problem: Problem) -> Mapping[str, Fraction]:
    table = _table(where, value, problem.system.inputs, "input")
    return {name: _exact(f"{where}, {name}", number) for name, number in table.items()}


def _input_weights(where: str, value: object, problem: Problem) -> Mapping[str, Fraction]:
    table = _table(where, value, problem.system.inputs, "input")
    return {name: _positive(f"{where}, {name}", w, problem) for name, w in table.items()}


def _state_weights(where: str, value: object, problem: Problem) -> Mapping[str, Fraction]:
    table = _table(where, value, problem.system.states, "entry of states")
    return {name: _positive(f"{where}, {name}", w, problem) for name, w in table.items()}


def _reads(where: str, value: object, problem: Problem) -> Mapping[str, tuple[Node, ...]]:
    system, read = problem.system, {}
    table = _table(where, value, system.inputs, "input")
    for name in system.inputs if table else ():
        terms = table.get(name)
        if not isinstance(terms, list | tuple) or not terms:
            example = system.states[0]
            raise ProblemError(f'{where}: write {name} = ["{example}"], a list of what it reads')
        read[name] = tuple(_term(f"{where}, {name}", term, system.states) for term in terms)
    return read


def _term(where: str, value: object, states: Collection[str]) -> Node:
    if not isinstance(value, Node) or value.size:
        raise ProblemError(f"{where}: {value!r} is not a scalar expression of the states")
    for name in variables([value]):
        if name not in states:
            raise ProblemError(f"{where}: {name!r} is not a state; {advice(name, states)}")
    return value


READERS: Mapping[str, Callable[[str, object, Problem], object]] = {
    "reads": _reads,
    "limits": _limits,
    "u_equilibrium": _inputs,
    "state_weights": _state_weights,
    "input_weights": _input_weights,
    "samples": _count(100),
    "hidden": _count(1),
    "features": _count(0),
    "degree": _count(2),
    "points": _count(100),
    "policy_steps": _count(0),
    "horizon": _count(1),
    "value_steps": _count(0),
    "rounds": _count(0),
    "steps": _count(1),
    "batch": _count(16),
    "judged": _count(16),
    "leaves": _count(2),
    "rows": _count(16),
    "leak": _share,
    "period": _positive,
    "noise": _share,
    "margin": _positive,
    "penalty": _positive,
    "penalty_start": _part,
    "settle": _share,
    "near": _count(0),
    "start": _one_of(_STARTS),
    "form": _name,
    "layers": _count(1),
    "boxes": _count(0),
    "first": _part,
    "growth": _factor,
    "reach": _state_weights,
    "start_reach": _state_weights,
    "share": _share,
    "kept": _one_of(_KEPT),
    "outreach": _weight,
    "face_margin": _weight,
    "face_weight": _positive,
    "tied": _count(0),
    "steepness": _positive,
}
