"""The same problem with another way of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from certify.errors import ProblemError
from certify.expression import topological
from certify.problem import Problem, Stability, Training

__all__ = ["baseline", "is_polynomial", "option", "with_options"]

_POLYNOMIAL = {"add", "const", "mul", "neg", "pow", "sub", "var"}


def baseline(problem: Problem, family: str) -> Problem:
    """The same with the saturated regulator, and what ``family`` finds for it as V."""
    prop = problem.property
    assert isinstance(prop, Stability)
    assert isinstance(prop.lyapunov, Training)
    kept = {k: v for k, v in prop.lyapunov.options.items() if k == "controller"}
    lyapunov = Training(family, kept)
    return replace(problem, property=replace(prop, lyapunov=lyapunov, extend=None, level=None))


def is_polynomial(problem: Problem) -> bool:
    """Whether the plant is, limits of the inputs apart."""
    parts = topological(list(problem.system.dynamics.values()))
    return all(node.op in _POLYNOMIAL for node in parts)


def option(text: str) -> tuple[str, int | str]:
    """The name and the value of ``features=7``; ValueError where there is no equals sign."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise ValueError(text)
    return name, int(value) if value.isdecimal() else value


def with_options(problem: Problem, given: Mapping[str, int | str]) -> Problem:
    """The same with training options in the place of those stated."""
    prop = problem.property
    if not given:
        return problem
    if not isinstance(prop, Stability) or not isinstance(prop.lyapunov, Training):
        raise ProblemError(f"{problem.name}: nothing is trained, so --set has nothing to change")
    lyapunov = replace(prop.lyapunov, options={**prop.lyapunov.options, **given})
    return replace(problem, property=replace(prop, lyapunov=lyapunov))
