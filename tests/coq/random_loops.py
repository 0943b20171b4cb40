"""Random claims about closed loops and decision trees, each with a twin that is false by little.

As in :mod:`random_claims`, for every other theorem about loops, in discrete and in continuous time,
with networks, trees of gains and disturbances in the loop.  V is a quadratic form without mixed
terms, so that what it is at a point of short fractions is known exactly.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction as Q
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from random_claims import MARGIN, SLACK, Twins, claimed, network, number, origin, samples

from certify.expression import Node, const, dot, select, stack, substitute, var
from certify.expression.evaluate import evaluate
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.kernel import refutes

__all__ = ["loop_twins", "recovery"]

_LEVEL, _RESIDUAL = Q(9, 10), Q(3, 10)
_UNIT = (Q(-1), Q(1))
_Values = NDArray[np.float64]


def loop_twins(seed: int) -> Iterator[Twins]:
    """One pair for each kind of claim, or none where the draw is of no use."""
    rng = random.Random(-seed)
    draws: Sequence[Callable[[random.Random], Twins | None]] = (
        lambda r: _fast(r, "T-STAB-D"),
        lambda r: _fast(r, "T-STAB-C"),
        lambda r: _fast(r, "T-RES-D"),
        lambda r: _fast(r, "T-RES-C"),
        _kept,
        _shielded,
        _apart,
        _turned,
        _ruled,
    )
    for draw in draws:
        found = draw(rng)
        if found is not None and refutes(found.false, found.point) is not None:
            yield found


class _Draw(NamedTuple):
    """A loop over a square with V, samples of its states and disturbances, and V at them."""

    claim: Claim
    weights: Mapping[str, int]
    v: Node
    points: Mapping[str, _Values]
    now: _Values

    def then(self) -> _Values:
        """V after a step, or the rate of change of V."""
        if self.claim.time == "discrete":
            changed = substitute(self.v, self.claim.plant)
        else:
            changed = sum(
                (2 * k * var(x) * self.claim.plant[x] for x, k in self.weights.items()), const(0)
            )
        (values,) = evaluate([changed], self.points)
        return np.broadcast_to(values, self.now.shape)

    def at(self, i: int) -> dict[str, Q]:
        """Sample ``i``, exactly."""
        return {x: Q(float(values[i])) for x, values in self.points.items()}

    def exactly(self, point: Mapping[str, Q]) -> Q:
        """V at ``point``."""
        return sum((k * point[x] ** 2 for x, k in self.weights.items()), Q(0))


def _draw(rng: random.Random, theorem: str, *, rests: bool) -> _Draw:
    """A loop; if it ``rests``, 0 is an equilibrium, whatever the disturbance is."""
    discrete = theorem.endswith("-D")
    names = ("x", "y")[: rng.randint(1, 2)]
    inputs = [var(x) for x in names]
    u = network(rng, inputs, biased=not rests)
    u = u - origin(u, names) if rests else u
    if discrete and rng.random() < 0.4:
        u = u + _gains(rng, inputs, 2, rests=rests)
    disturbed = rng.random() < 0.4
    plant = {}
    for x in names:
        linear = dot([number(rng, 0.3) for _ in names], stack(inputs))
        f = linear + const(number(rng, 0.2)) * u
        f = f if discrete else f - const(Q(rng.randint(1, 3))) * var(x)
        if disturbed:
            f = f + const(number(rng, 0.05)) * var("w") * (var(x) if rests else 1)
        plant[x] = f
    weights = {x: rng.randint(1, 4) for x in names}
    box = dict.fromkeys([*names, "w"] if disturbed else names, _UNIT)
    drawn = samples(rng, box)
    v = sum((k * var(x) ** 2 for x, k in weights.items()), const(0))
    (now,) = evaluate([v], drawn)
    claim = replace(
        claimed(theorem, plant, box),
        time="discrete" if discrete else "continuous",
        disturbances=("w",) if disturbed else (),
    )
    return _Draw(claim, weights, v, drawn, now)


def _gains(rng: random.Random, inputs: Sequence[Node], depth: int, *, rests: bool) -> Node:
    """A tree whose leaves are linear, or affine unless it ``rests``."""
    if depth == 0:
        leaf = dot([number(rng, 0.5) for _ in inputs], stack(inputs))
        return leaf if rests else leaf + const(number(rng, 0.1))
    threshold = Q(rng.choice([i for i in range(-12, 13) if i]), 16)
    branches = [_gains(rng, inputs, depth - 1, rests=rests) for _ in range(2)]
    return select(rng.choice(inputs) - const(threshold), *branches)


def _fast(rng: random.Random, theorem: str) -> Twins | None:
    """A decay rate of T-STAB or T-RES."""
    stays = theorem.startswith("T-RES")
    draw = _draw(rng, theorem, rests=not stays)
    least = float(_RESIDUAL) if stays else 0.05
    inside = (draw.now > least) & (draw.now < float(_LEVEL))
    if not inside.any():
        return None
    discrete = draw.claim.time == "discrete"
    change = draw.then() - draw.now if discrete else draw.then()
    rates = np.where(inside, -change / np.where(inside, draw.now, 1), np.inf)
    worst = int(rates.argmin())
    rate = float(rates[worst])
    slower, faster = rate * (1 - rng.choice(MARGIN)), rate + rng.choice(SLACK)
    if not 0.01 < rate < 100 or (discrete and faster >= 1):
        return None
    numbers = {"level": _LEVEL}
    if stays:
        numbers |= {"residual": _RESIDUAL} | {f"residual/{x}": Q(3, 5) for x in draw.weights}
    claim = replace(
        draw.claim,
        functions={"lyapunov": draw.v},
        equilibrium=dict.fromkeys(draw.weights, Q(0)),
    )
    return Twins(
        replace(claim, numbers={**numbers, "decay": Q(slower)}),
        replace(claim, numbers={**numbers, "decay": Q(faster)}),
        draw.at(worst),
    )


def recovery(rng: random.Random) -> Claim:
    """T-REACH-D for a set of V, whose ends are no ends of cells, reached or kept or returned to."""
    draw = _draw(rng, "T-REACH-D", rests=rng.random() < 0.3)
    functions = {"target/0": draw.v - const(Q(rng.randint(1, 6), 7))}
    if rng.random() < 0.5:
        functions["initial/0"] = draw.v - const(Q(rng.randint(1, 8), 9))
    numbers = {"away": Q(rng.randint(0, 2))} if rng.random() < 0.5 else {}
    return replace(draw.claim, functions=functions, numbers=numbers)


def _turned(rng: random.Random) -> Twins | None:
    """T-STAB-D where faces of the domain cut V's set: how large a turn may be to stay inside."""
    draw = _draw(rng, "T-STAB-D", rests=True)
    angle = rng.uniform(0.2, 1.2)
    c, s = (const(Q(round(1024 * f(angle)), 1024)) for f in (math.cos, math.sin))
    x, y = var("x"), var("y")
    turn = {"x": c * x - s * y, "y": s * x + c * y}
    if set(turn) != set(draw.weights):
        return None
    plant = {name: f + const(Q(1, 16)) * draw.claim.plant[name] for name, f in turn.items()}
    level = Q(rng.randint(18, 30), 16)
    v = x**2 + y**2
    (now, *after) = evaluate([v, *plant.values()], draw.points)
    reached = np.where(now <= float(level), np.abs(after).max(axis=0), 0)
    worst = int(reached.argmax())
    gains = ((1 - rng.choice(MARGIN)) / reached[worst], (1 + rng.choice(SLACK)) / reached[worst])
    claim = replace(
        draw.claim,
        functions={"lyapunov": v},
        numbers={"level": level, "decay": Q(1, 1000)},
        equilibrium=dict.fromkeys(plant, Q(0)),
    )
    pair = (
        replace(claim, plant={name: const(Q(float(g))) * f for name, f in plant.items()})
        for g in gains
    )
    return Twins(*pair, draw.at(worst))


def _guarded(draw: _Draw, plant: Mapping[str, Node], level: Q) -> Claim:
    functions = {
        "barrier": draw.v - const(level),
        "initial/0": draw.v - const(level / 2),
        "unsafe/0": const(level * Q(21, 20)) - draw.v,
    }
    return replace(draw.claim, plant=plant, functions=functions)


def _kept(rng: random.Random) -> Twins | None:
    """T-SAFE-D: how large a loop may be as a whole for the sets of V to be kept."""
    draw = _draw(rng, "T-SAFE-D", rests=False)
    reached = np.where(draw.now < float(_LEVEL), draw.then(), 0)
    worst = int(reached.argmax())
    if reached[worst] <= 0:
        return None
    most = float(np.sqrt(float(_LEVEL) / reached[worst]))
    gains = most * (1 - rng.choice(MARGIN)), most * (1 + rng.choice(SLACK))
    pair = ({x: const(Q(g)) * f for x, f in draw.claim.plant.items()} for g in gains)
    return Twins(*(_guarded(draw, plant, _LEVEL) for plant in pair), draw.at(worst))


def _shielded(rng: random.Random) -> Twins | None:
    """T-SAFE-C: how much of the state may be added to a loop that keeps a set of V."""
    draw = _draw(rng, "T-SAFE-C", rests=False)
    near = np.abs(draw.now - 0.7) < 0.1
    if not near.any():
        return None
    outward = np.where(near, draw.then() / (2 * np.where(near, draw.now, 1)), -np.inf)
    worst = int(outward.argmax())
    point = draw.at(worst)
    most, level = -float(outward[worst]), draw.exactly(point)
    gains = most - rng.choice((0.1, 0.3, 1.0)), most + rng.choice(SLACK)
    pair = ({x: f + const(Q(g)) * var(x) for x, f in draw.claim.plant.items()} for g in gains)
    return Twins(*(_guarded(draw, plant, level) for plant in pair), point)


def _apart(rng: random.Random) -> Twins | None:
    """T-SAFE-D of a loop that shrinks: an unsafe or an initial set that is too near."""
    draw = _draw(rng, "T-SAFE-D", rests=True)
    plant = {x: const(Q(1, 8)) * f for x, f in draw.claim.plant.items()}
    given = _guarded(draw, plant, _LEVEL)
    x = rng.choice(tuple(draw.weights))
    slack = Q(rng.choice(SLACK)) * rng.choice((0, 1))  # sets are closed
    margin = Q(rng.choice(MARGIN))
    if rng.random() < 0.5:
        key = "unsafe/0"
        worst = int(np.where(draw.now <= 0.9, draw.points[x], -np.inf).argmax())
        end = draw.at(worst)[x]
        ends = (1 + margin, end - slack)
        functions = [const(e) - var(x) for e in ends]
    else:
        key = "initial/0"
        worst = int(np.where(draw.now > 0.9, draw.now, np.inf).argmin())
        levels = (_LEVEL * (1 - margin), draw.exactly(draw.at(worst)) + slack)
        functions = [draw.v - const(e) for e in levels]
    pair = (replace(given, functions={**given.functions, key: f}) for f in functions)
    return Twins(*pair, draw.at(worst))


def _ruled(rng: random.Random) -> Twins | None:
    """T-RULE: the largest decision of a tree where a state is beyond an end, perhaps a tie."""
    names = ("x", "y", "z")[: rng.randint(1, 3)]
    box = {x: (Q(-2), Q(2)) for x in names}
    u = _decisions(rng, [var(x) for x in names], 3)
    drawn = {x: np.round(values * 4) / 4 for x, values in samples(rng, box).items()}
    (values,) = evaluate([u], drawn)
    end = Q(rng.randint(-8, 6), 4)
    when, then = (rng.choice((">", ">=")) for _ in range(2))
    values = np.broadcast_to(values, drawn["x"].shape)
    here = drawn["x"] > float(end) if when == ">" else drawn["x"] >= float(end)
    if not here.any():
        return None
    worst = int(np.where(here, values, -np.inf).argmax())
    point = {x: Q(float(row[worst])) for x, row in drawn.items()}
    most = Q(float(values[worst]))
    below = most - (Q(1, 10 ** rng.choice((3, 12, 30, 300))) if then == ">=" else 0)
    claim = replace(claimed("T-RULE", {}, box), states=names, controller={"u": u})
    pair = (
        replace(
            claim,
            functions={
                f"rule/limit/when/0{when}": var("x") - const(end),
                f"rule/limit/then/0{then}": const(bound) - var("u"),
            },
        )
        for bound in (Q(9), below)
    )
    return Twins(*pair, point)


def _decisions(rng: random.Random, inputs: Sequence[Node], depth: int) -> Node:
    if depth == 0:
        leaf = const(Q(rng.randint(-16, 16), 8))
        return leaf if rng.random() < 0.7 else leaf + const(Q(1, 4)) * rng.choice(inputs)
    threshold = const(Q(rng.randint(-7, 7), 4))
    side = rng.choice(inputs)
    condition = side - threshold if rng.random() < 0.5 else threshold - side
    return select(condition, *(_decisions(rng, inputs, depth - 1) for _ in range(2)))
