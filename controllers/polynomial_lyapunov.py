"""A polynomial Lyapunov function of the saturated regulator, or of a given controller.

V is a sum of monomials of degree 2 to ``degree`` of which the level set ``{V <= 1}`` is made
larger and larger, each time by a linear program over samples: with the coefficients as unknowns
V, and how it changes along the loop, are linear.  Where V was below a level a little above 1 it has
to decrease at a rate, elsewhere and where the loop leaves the domain it has to be above 1, and what
remains above 1 of the former is minimised.  This is the expanding-interior iteration with samples
in the place of the multipliers of a sum-of-squares program; what it finds is for a verifier to
prove.  References: Jarvis-Wloszek, Lyapunov based analysis and controller synthesis for polynomial
systems using sum-of-squares optimization, 2003; Topcu, Packard and Seiler, Local stability
analysis using simulations and sum-of-squares programming, 2008.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from certify.controllers.lqr import quadratic_root, regulator
from certify.controllers.options import PolynomialOptions, read_options
from certify.controllers.registry import Candidate, Counterexamples, TrainingStep
from certify.controllers.sampled_level import at_level, rounded_down, sampled_level
from certify.controllers.task import Floats, Task, jacobian, task_of
from certify.errors import ProblemError
from certify.expression import Node, const, directional, var
from certify.expression.evaluate import evaluate
from certify.problem import Problem

__all__ = ["train"]

_DIGITS = 8
_SMALLEST = 1e-3
_ABOVE = 1.02
_GROWTH, _LEAST_GROWTH = 0.5, 0.02
_RATE = 0.05  # of the slowest pole's
_POSITIVE, _TINY = 0.02, 1e-12  # of the first quadratic
_FIRST, _CUTS, _ADDED = 20, 30, 300  # samples in a program: one in so many first, added by tries
_Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Sample:
    """Monomials at sampled states and along the loop, each of shape (N, terms), and which states
    have to be above the level: those where the loop leaves the domain.
    """

    values: Floats
    changes: Floats
    leaves: _Marks


def train(
    problem: Problem,
    options: Mapping[str, object],
    *,
    seed: int,
    progress: Callable[[TrainingStep], None],
    counterexamples: Counterexamples | None = None,
    checkpoint: Path | None = None,
) -> Candidate:
    """A polynomial V for ``problem``, and the regulator if no controller is given.

    ``counterexamples`` and ``checkpoint`` are not used.  Raises ``ProblemError`` for options it
    does not know and when the linear closed loop is not stable.
    """
    task = task_of(problem)
    settings = read_options(PolynomialOptions, options, problem)
    controller = dict(problem.controller) or regulator(task, settings)
    loop = jacobian(task, task.closed(controller), task.states, settings.u_equilibrium)
    root = quadratic_root(task, loop)
    if root is None:
        raise ProblemError("the linearised closed loop is not stable: no polynomial V exists")
    exponents = _exponents(len(task.states), settings.degree)
    sample = _sampled(task, controller, exponents, settings.points, seed)
    first = np.zeros(len(exponents))
    quadratic = (root * task.scale).T @ (root * task.scale)
    for k, powers in enumerate(exponents[: len(root) * (len(root) + 1) // 2]):
        i, j = (n for n, power in enumerate(powers) for _ in range(power))
        first[k] = quadratic[i, j] * (1 if i == j else 2)
    history: list[TrainingStep] = []

    def tell(step: int, volume: float) -> None:
        history.append(TrainingStep("polynomial", step, settings.rounds, None, 1.0, volume))
        progress(history[-1])

    rate = task.decay + _RATE * _slowest(loop, problem.system.time == "continuous")
    weights = _expanded(sample, first, rate, settings.rounds, lambda k, v: tell(k, v * task.volume))
    lyapunov = _polynomial(task, exponents, weights)
    found = sampled_level(task, controller, lyapunov, margin=0.0, samples=settings.samples)
    lyapunov, level = at_level(task, lyapunov, rounded_down(found.level))
    return Candidate(
        controller=controller,
        lyapunov=lyapunov,
        suggested_level=level,
        sampled_volume=found.volume,
        history=tuple(history),
    )


def _exponents(states: int, degree: int) -> list[tuple[int, ...]]:
    """Those of the monomials of degree 2 and up."""
    chosen = [
        c for d in range(2, degree + 1) for c in combinations_with_replacement(range(states), d)
    ]
    return [tuple(c.count(i) for i in range(states)) for c in chosen]


def _slowest(loop: Floats, flows: bool) -> float:
    """The relative decrease per step, or time, that no quadratic exceeds."""
    poles = np.linalg.eigvals(loop)
    return float(-2 * poles.real.max() if flows else 1 - np.abs(poles).max() ** 2)


def _sampled(
    task: Task,
    controller: Mapping[str, Node],
    exponents: Sequence[tuple[int, ...]],
    count: int,
    seed: int,
) -> _Sample:
    """``count`` uniform states, as many at radii spread in the logarithm, some on faces."""
    rng = np.random.default_rng(seed)
    n = len(task.states)
    y = task.low + (task.high - task.low) * rng.random((3 * count, n))
    y[count : 2 * count] *= _SMALLEST ** rng.random((count, 1))
    flows = task.problem.system.time == "continuous"
    if flows:
        at, up = rng.integers(n, size=count), rng.random(count) < 0.5
        y[np.arange(2 * count, 3 * count), at] = np.where(up, task.high[at], task.low[at])
    free = {name: rng.uniform(float(a), float(b), len(y)) for name, (a, b) in task.free.items()}
    closed = task.closed(controller)
    point = dict(zip(task.states, (task.centre + task.scale * y).T, strict=True)) | free
    moved = np.stack(evaluate([closed[x] for x in task.states], point), axis=-1)
    terms = [_monomial(task, powers) for powers in exponents]
    values = np.stack(evaluate(terms, point), axis=-1)
    if flows:
        changes = np.stack(evaluate([directional(m, closed) for m in terms], point), axis=-1)
        outward = np.where(y >= task.high, moved, np.where(y <= task.low, -moved, -1.0))
        stays = (outward < 0).all(axis=1)
    else:
        successors = dict(zip(task.states, moved.T, strict=True))
        changes = np.stack(evaluate(terms, successors), axis=-1) - values
        after = (moved - task.centre) / task.scale
        stays = ((after >= task.low) & (after <= task.high)).all(axis=1)
    leaves = np.asarray(~(stays & np.isfinite(changes).all(axis=1)))
    return _Sample(values, np.where(leaves[:, None], 0.0, changes), leaves)


def _monomial(task: Task, powers: Sequence[int]) -> Node:
    """The monomial in ``y = (x - x*) / scale``."""
    factors = [
        ((var(x) - const(task.equilibrium[x])) * const(1 / Fraction(scale))) ** power
        for x, scale, power in zip(task.states, task.scale.tolist(), powers, strict=True)
        if power
    ]
    return prod(factors, start=const(1))


def _polynomial(task: Task, exponents: Sequence[tuple[int, ...]], weights: Floats) -> Node:
    """V with coefficients of a few digits, over the states themselves."""
    total = const(0)
    for powers, weight in zip(exponents, weights, strict=True):
        scale = float(np.prod(task.scale ** np.array(powers)))
        factor = Fraction(f"{weight / scale:.{_DIGITS}g}")
        deviations = zip(task.states, powers, strict=True)
        parts = [(var(x) - const(task.equilibrium[x])) ** k for x, k in deviations if k]
        total = total + prod(parts, start=const(factor))
    return total


def _expanded(
    sample: _Sample, first: Floats, rate: float, rounds: int, tell: Callable[[int, float], None]
) -> Floats:
    """The coefficients after ``rounds`` linear programs, from the quadratic ``first``.

    ``tell`` gets the part of the uniform samples below the level.
    """
    value = sample.values @ first
    fails = (sample.changes @ first > -rate * value) | sample.leaves
    weights = first / (float(value[fails].min()) if fails.any() else float(value.max()))
    growth = _GROWTH
    for k in range(rounds):
        held = (sample.values @ weights <= 1 + growth) & ~sample.leaves
        better = _program(sample, held, _POSITIVE * value, rate)
        if better is not None:
            weights = better
        elif growth < _LEAST_GROWTH:
            break
        else:
            growth /= 2
        uniform = sample.values[: len(held) // 3]
        tell(k + 1, float(np.mean(uniform @ weights <= 1)))
    return weights


def _program(sample: _Sample, held: _Marks, least: Floats, rate: float) -> Floats | None:
    """The coefficients of a linear program over some of the samples, and over those that its
    solutions fail; None where it is not feasible, or does not come to an end.
    """
    used = np.zeros(len(held), dtype=np.bool_)
    used[::_FIRST] = True
    for _ in range(_CUTS):
        weights = _solved(sample, held & used, ~held & used, least, rate)
        if weights is None:
            return None
        value = sample.values @ weights
        rises = np.maximum(sample.changes @ weights + rate / 2 * value, least / 2 - value)
        wrong = np.where(held, rises / np.maximum(least, _TINY), 1 - value)
        worst = np.argsort(-wrong)[:_ADDED]
        worst = worst[wrong[worst] > 0]
        if not len(worst):
            return weights
        used[worst] = True
    return None


def _solved(
    sample: _Sample, inner: _Marks, outer: _Marks, least: Floats, rate: float
) -> Floats | None:
    """The coefficients with the least sum of what V of the states ``inner`` is above 1."""
    values = sample.values[inner]
    count, terms = values.shape
    scale = np.maximum(least[inner], _TINY)[:, None]
    rows = [
        (sample.changes[inner] + rate * values) / scale,
        -values / scale,
        -sample.values[outer],
        values,
    ]
    bounds = np.concatenate(
        [np.zeros(count), -np.ones(count), np.full(outer.sum(), -_ABOVE), np.ones(count)]
    )
    slack = np.zeros((len(bounds), count))
    slack[-count:] = -np.eye(count)
    cost = np.concatenate([np.zeros(terms), np.ones(count)])
    limits = [(None, None)] * terms + [(0, None)] * count
    program = np.hstack([np.concatenate(rows), slack])
    solved = linprog(cost, program, bounds, bounds=limits, method="highs")
    return np.asarray(solved.x[:terms]) if solved.status == 0 else None
