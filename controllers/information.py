"""What each input is a function of: all states, or the expressions that it reads.

With terms ``r(x)`` an input is a function of ``z = (r(x) - r(x*)) / scale`` that vanishes at 0, so
that a controller of what a sensor and an observer give, ``u = pi(z_hat, y - y_hat)``, and the
corrections of that observer, which read ``y - y_hat`` alone, are inputs of one plant in the states
and the errors of their estimate.  Without ``reads`` every input reads all states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from certify.controllers.options import LqrOptions
from certify.controllers.task import Floats, Task, jacobian
from certify.errors import ProblemError
from certify.expression import Node, const, substitute, var
from certify.expression.evaluate import evaluate

__all__ = ["Information", "information_of"]

_SAMPLES = 4096


@dataclass(frozen=True)
class Information:
    """``terms`` are all that is read, ``rest`` their values at the equilibrium.

    ``scale`` is how far each goes from there in the domain, of shape ``(p,)``, and ``slopes`` the
    derivatives by the states there, ``(p, n)``.  A group has the positions of the inputs that read
    the same, and of the terms they read.
    """

    terms: tuple[Node, ...]
    rest: tuple[Node, ...]
    scale: Floats
    slopes: Floats
    groups: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Which input reads which term, of shape ``(m, p)``."""
        found = np.zeros((sum(len(g) for g, _ in self.groups), len(self.terms)), dtype=bool)
        for inputs, terms in self.groups:
            found[np.ix_(inputs, terms)] = True
        return found

    def deviations(self) -> list[Node]:
        """``r(x) - r(x*)`` for each term."""
        return [term - value for term, value in zip(self.terms, self.rest, strict=True)]


def information_of(task: Task, settings: LqrOptions) -> Information:
    """What the inputs of ``task`` read under ``settings``.

    Raises ``ProblemError`` where a term has no value in a part of the domain, or no derivative at
    the equilibrium.
    """
    inputs, reads = task.problem.system.inputs, settings.reads
    everything = tuple(var(x) for x in task.states)
    wanted = [_distinct(reads.get(u, everything)) for u in inputs]
    terms = _distinct([term for row in wanted for term in row]) or everything
    places = [tuple(terms.index(term) for term in row) for row in wanted]
    groups = {seen: tuple(i for i, p in enumerate(places) if p == seen) for seen in places}
    at = {x: const(v) for x, v in task.equilibrium.items()}
    functions = {str(k): term for k, term in enumerate(terms)}
    slopes = jacobian(task, functions, task.states, settings.u_equilibrium, "the terms read")
    return Information(
        terms=terms,
        rest=tuple(substitute(term, at) for term in terms),
        scale=_reaches(task, terms, slopes),
        slopes=slopes,
        groups=tuple((members, seen) for seen, members in groups.items()),
    )


def _distinct(terms: Sequence[Node]) -> tuple[Node, ...]:
    return tuple({term.digest: term for term in terms}.values())


def _reaches(task: Task, terms: Sequence[Node], slopes: Floats) -> Floats:
    """How far ``terms`` go from their values at the equilibrium: to first order, or as sampled."""
    unit = np.random.default_rng(0).random((_SAMPLES, len(task.states)))
    unit[0] = task.low / (task.low - task.high)  # the equilibrium
    states = (task.centre + task.scale * (task.low + (task.high - task.low) * unit)).T
    values = np.array(evaluate(terms, dict(zip(task.states, states, strict=True))))
    if not np.isfinite(values).all():
        raise ProblemError("an input reads what is not defined in all of the domain")
    linear = np.abs(slopes) @ task.scale
    # A hundredth less than what is sampled: of a linear term the former is the larger.
    sampled = 0.99 * np.abs(values - values[:, :1]).max(axis=1)
    reach = np.maximum(linear, sampled)
    return np.asarray(np.where(reach > 0, reach, 1.0), dtype=np.float64)
