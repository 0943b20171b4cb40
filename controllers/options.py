"""The options of the controller families, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from fractions import Fraction
from typing import ClassVar, TypeVar

from certify.errors import ProblemError
from certify.problem import Interval, Problem

__all__ = [
    "LqrOptions",
    "NeuralOptions",
    "PolicyOptions",
    "QuadraticOptions",
    "TreeOptions",
    "read_options",
]


@dataclass(frozen=True)
class LqrOptions:
    """Saturation, equilibrium input and weights of the quadratic regulator.

    In a problem file those in ``[controller] train`` and in the property's ``train`` are one
    set; they reach a trainer with the former under the key ``controller``.

    ``limits`` is the interval to which an input is clipped (absent: not clipped);
    ``u_equilibrium`` the input that holds the equilibrium (default 0).  The cost is
    ``sum w_i (x_i - x*_i)**2 + sum w_j (u_j - u*_j)**2``; by default ``w_i = 1 / h_i**2``
    with half the width of the domain, and ``w_j`` likewise with half the limits, or 1.
    ``samples`` is the number of states at which the level is looked for.
    """

    family: ClassVar[str] = "lqr"
    limits: Mapping[str, Interval] = field(default_factory=dict)
    u_equilibrium: Mapping[str, Fraction] = field(default_factory=dict)
    state_weights: Mapping[str, Fraction] = field(default_factory=dict)
    input_weights: Mapping[str, Fraction] = field(default_factory=dict)
    samples: int = 200_000


@dataclass(frozen=True)
class PolicyOptions(LqrOptions):
    """Size of a policy, and the effort of its training through roll-outs.

    ``hidden`` ReLU units; ``policy_steps`` updates through roll-outs of ``horizon`` steps, from
    half of ``batch`` states.  Roll-outs four times as long from ``judged`` states tell which
    policy is the best.  ``leak`` is the slope that gradients see where an input is at a limit, so
    that it can leave it again.  ``period`` is the time that a step of a roll-out takes, in
    continuous time; it is the unit of time of ``margin`` there too.
    """

    hidden: int = 8
    policy_steps: int = 60
    horizon: int = 60
    batch: int = 1024
    judged: int = 2048
    leak: Fraction = Fraction(0)
    period: Fraction = Fraction(1, 20)


@dataclass(frozen=True)
class NeuralOptions(PolicyOptions):
    """Effort for a neural Lyapunov function.

    ``features`` tanh units in it.  After the policy's own training come ``value_steps`` updates of
    V alone, towards what its roll-outs cost, and ``rounds`` of ``steps`` updates of both functions
    on ``batch`` states, with counterexamples added between rounds.
    ``margin`` is the decrease asked for beyond the decay, relative to V; ``penalty`` weighs
    violations against volume.
    """

    family: ClassVar[str] = "neural"
    features: int = 8
    value_steps: int = 0
    rounds: int = 3
    steps: int = 1000
    margin: Fraction = Fraction(1, 50)
    penalty: Fraction = Fraction(200)


@dataclass(frozen=True)
class QuadraticOptions(PolicyOptions):
    """Effort for a quadratic Lyapunov function, which is that of the linear loop at first.

    ``rounds`` of ``steps`` updates of policy and function on ``batch`` states follow, none by
    default: then V is a small core, for an extension to grow from.  ``margin`` is the decrease
    asked for beyond the decay, relative to that of the linear loop; ``penalty`` weighs violations
    against the logarithm of the volume.
    """

    family: ClassVar[str] = "quadratic"
    leak: Fraction = Fraction(1, 5)
    rounds: int = 0
    steps: int = 1000
    margin: Fraction = Fraction(1, 20)
    penalty: Fraction = Fraction(100)


@dataclass(frozen=True)
class TreeOptions(LqrOptions):
    """How a tree is extracted from the regulator, or from the controller given.

    ``leaves`` is its largest size; ``rounds`` of aggregation follow the first fit, each with
    ``rows`` labelled states at most; ``noise`` is added to the first states, in deviations.
    """

    family: ClassVar[str] = "tree"
    leaves: int = 64
    rounds: int = 4
    rows: int = 4000
    noise: Fraction = Fraction(1, 10)


Options = TypeVar("Options", bound=LqrOptions)


def read_options(kind: type[Options], options: Mapping[str, object], problem: Problem) -> Options:
    """``options`` as ``kind``; an unknown key or a value of the wrong kind is a ProblemError."""
    known = [f.name for f in fields(kind)]
    values: dict[str, object] = {}
    for key, value in _merged(kind, options).items():
        if key not in known:
            raise ProblemError(f"training option {key!r} is not known; {_advice(key, known)}")
        values[key] = _READERS[key](f"training option {key!r}", value, problem)
    return kind(**values)  # type: ignore[arg-type]  # every value was read for its field


def _merged(kind: type[LqrOptions], options: Mapping[str, object]) -> dict[str, object]:
    """The options with those of the controller's own table beside the others."""
    merged = {key: value for key, value in options.items() if key != "controller"}
    own = options.get("controller", {})
    if not isinstance(own, Mapping):
        raise ProblemError("training option 'controller': write a table")
    if own.get("family", kind.family) != kind.family:
        other = own["family"]
        message = f"the controller cannot be of family {other!r} with a certificate of family"
        raise ProblemError(f"{message} {kind.family!r}; write the same for both")
    for key, value in own.items():
        if key in merged:
            raise ProblemError(f"training option {key!r} is given twice; delete one of them")
        if key != "family":
            merged[key] = value
    return merged


def _advice(name: str, known: Collection[str]) -> str:
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


def _table(where: str, value: object, names: Collection[str], what: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ProblemError(f"{where}: write a table with one entry for each {what}")
    for name in value:
        if name not in names:
            raise ProblemError(f"{where}: {name!r} is not an {what}; {_advice(name, names)}")
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


_READERS: Mapping[str, Callable[[str, object, Problem], object]] = {
    "limits": _limits,
    "u_equilibrium": _inputs,
    "state_weights": _state_weights,
    "input_weights": _input_weights,
    "samples": _count(100),
    "hidden": _count(1),
    "features": _count(0),
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
}
