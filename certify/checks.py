"""The single checks that a problem passes, each with the place of the fault and the way out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from fractions import Fraction

from certify.errors import ProblemError
from certify.expression.functions import RESERVED
from certify.expression.printer import number_to_text
from certify.problem import Interval
from certify.proofs.checker.language import Node, variables

__all__ = [
    "InvalidProblemError",
    "check_exact",
    "check_interval",
    "check_known",
    "check_names",
    "check_over",
    "check_scalar",
    "check_states",
    "check_step",
]


class InvalidProblemError(ProblemError):
    """A fault at ``path``, the keys that lead to it in a problem file."""

    def __init__(self, path: Sequence[str], message: str) -> None:
        self.path = tuple(path)
        self.message = message
        super().__init__(f"{'.'.join(path)}: {message}")


def check_names(groups: Iterable[tuple[Sequence[str], Iterable[str]]]) -> None:
    """Names are identifiers, not reserved, and given once over all ``(path, names)`` groups."""
    seen: set[str] = set()
    for path, names in groups:
        for name in names:
            fault = _fault(name, seen)
            if fault:
                raise InvalidProblemError([*path, name], f"{name[:60]!r} {fault}")
            seen.add(name)


def _fault(name: str, seen: Collection[str]) -> str:
    if not (name.isascii() and name.isidentifier()):
        return "is not a name; write a name with letters, digits and _"
    if name in RESERVED:
        return "means something else in expressions; write another name"
    return "is declared twice; write another name for one of them" if name in seen else ""


def check_states(states: Sequence[str]) -> None:
    """There is at least one state."""
    if not states:
        raise InvalidProblemError(["system", "states"], 'no states; write states = ["x"]')


def check_step(time: str, step: Fraction | None) -> None:
    """The ``step``, in seconds, is positive and only there in discrete ``time``."""
    if step is None:
        return
    path = ["system", "step"]
    check_exact(path, step)
    if time == "continuous":
        message = 'a continuous system has no step; delete it, or write time = "discrete"'
        raise InvalidProblemError(path, message)
    if step <= 0:
        raise InvalidProblemError(path, 'the step is positive; write step = "0.05"')


def check_known(path: Sequence[str], name: str, known: Collection[str], what: str) -> None:
    """``name`` is one of ``known``, which are ``what`` (``"a state"``)."""
    if name in known:
        return
    close = get_close_matches(name[:60], list(known), n=1)
    advice = f"did you mean {close[0]!r}?" if close else f"write one of: {_listed(known)}"
    raise InvalidProblemError(path, f"{name[:60]!r} is not {what}; {advice}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "(there are none)"


def check_exact(path: Sequence[str], value: object) -> None:
    """``value`` is an integer or a ``Fraction``, which mean exactly what they say."""
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise InvalidProblemError(path, f'{value!r} is not exact; write Fraction("0.05")')


def check_scalar(path: Sequence[str], node: object) -> None:
    """``node`` is an expression with one component."""
    if not isinstance(node, Node):
        raise InvalidProblemError(path, f"expected an expression, found {type(node).__name__}")
    if node.size:
        raise InvalidProblemError(path, f"a vector of {node.size}; write one component of it")


def check_over(path: Sequence[str], node: Node, allowed: Collection[str], what: str) -> None:
    """``node``, which is ``what``, depends on no names but the ``allowed``."""
    for name in variables([node]):
        if name not in allowed:
            message = f"{what} cannot depend on {name!r}; write it over: {_listed(sorted(allowed))}"
            raise InvalidProblemError(path, message)


def check_interval(path: Sequence[str], name: str, interval: Interval) -> None:
    """``interval`` holds exact bounds with ``lower < upper``."""
    for bound in interval:
        check_exact(path, bound)
    low, high = interval
    if low >= high:
        shown = f"[{number_to_text(Fraction(low))}, {number_to_text(Fraction(high))}]"
        kind = "reversed" if low > high else "a single point"
        advice = f"write {name} = [lower, upper] with lower < upper"
        raise InvalidProblemError(path, f"the interval {shown} is {kind}; {advice}")
