"""Random claims about small networks, each with a twin that is false by next to nothing.

The false twin contradicts the value at a point where the true one is attained or nearly so; the
checker confirms that its condition is false there, in exact or rigorous arithmetic.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction as Q

import numpy as np

from certify.expression import (
    Node,
    absolute,
    affine,
    atan,
    clip,
    const,
    cos,
    dot,
    exp,
    index,
    log,
    maximum,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    substitute,
    tanh,
    var,
)
from certify.expression.evaluate import evaluate
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.kernel import refutes

__all__ = [
    "MARGIN",
    "SLACK",
    "Twins",
    "claimed",
    "network",
    "number",
    "origin",
    "samples",
    "twins",
]

_SAMPLES = 400
SLACK = (1e-12, 1e-9, 1e-6, 1e-3)  # by how much the false twin is false, in units of the spread
MARGIN = (0.02, 0.1, 0.3)  # and by how much the true one is true, by the samples
_ACTIVATIONS: Sequence[Callable[[Node], Node]] = (relu, tanh, sin, atan, absolute)
_OUTER: Sequence[Callable[[Node], Node]] = (
    lambda e: e,
    lambda e: sin(e) + e**2,
    lambda e: exp(const(Q(-1, 2)) * e),
    lambda e: recip(e**2 + 1),
    lambda e: sqrt(e**2 + 1),
    lambda e: log(e**2 + 2),
    lambda e: clip(e, const(Q(-1, 2)), const(Q(3, 4))) * e,
    lambda e: maximum(e, const(Q(1, 3)) - e),
    lambda e: select(e, e, e**3),
    lambda e: cos(e) * e,
)


@dataclass(frozen=True)
class Twins:
    """Two claims that differ in one number, and a point where the false one fails."""

    true: Claim
    false: Claim
    point: Mapping[str, Q]


def twins(seed: int) -> Iterator[Twins]:
    """One pair for each kind of claim, or none where the draw is of no use."""
    rng = random.Random(seed)
    for draw in (_bounded, _stable, _creased):
        found = draw(rng)
        if found is not None and refutes(found.false, found.point) is not None:
            yield found


def number(rng: random.Random, size: float) -> Q:
    return Q(round(rng.gauss(0, size) * 1024), 1024)


def _layer(rng: random.Random, inputs: int, outputs: int, biased: bool) -> tuple[object, object]:
    rows = [[number(rng, 0.7) for _ in range(inputs)] for _ in range(outputs)]
    return rows, [number(rng, 0.3) if biased else Q(0) for _ in range(outputs)]


def network(rng: random.Random, inputs: Sequence[Node], biased: bool) -> Node:
    """A network with one or two hidden layers and one output."""
    layer: Node = stack(inputs)
    width = len(inputs)
    for _ in range(rng.choice((1, 1, 2))):
        rows, bias = _layer(rng, width, width := rng.randint(2, 6), biased)
        layer = rng.choice(_ACTIVATIONS)(affine(rows, bias, layer))
    return dot([number(rng, 0.6) for _ in range(width)], layer)


def claimed(theorem: str, plant: Mapping[str, Node], box: Mapping[str, tuple[Q, Q]]) -> Claim:
    return Claim(
        theorem=theorem,
        name="random",
        time="discrete",
        states=tuple(plant),
        parameters=(),
        disturbances=(),
        box=box,
        plant=plant,
        controller={},
        functions={},
        numbers={},
    )


def samples(rng: random.Random, box: Mapping[str, tuple[Q, Q]]) -> dict[str, np.ndarray]:
    """Points whose coordinates are short fractions, so that they are exact as floats."""
    draws = np.random.default_rng(rng.randrange(1 << 30))
    return {
        x: np.round(draws.uniform(float(low), float(high), _SAMPLES) * 4096) / 4096
        for x, (low, high) in box.items()
    }


def _at(points: Mapping[str, np.ndarray], i: int) -> dict[str, Q]:
    return {x: Q(float(values[i])) for x, values in points.items()}


def _bounded(rng: random.Random) -> Twins | None:
    """An upper bound of a network in an expression."""
    names = ("x", "y", "z")[: rng.randint(1, 3)]
    inputs = [var(x) for x in names]
    e = rng.choice(_OUTER)(network(rng, inputs, biased=True))
    if rng.random() < 0.5:
        e = e * rng.choice(inputs) + index(stack([e, *inputs]), 1)
    box = {x: (-Q(rng.randint(1, 32), 16), Q(rng.randint(1, 32), 16)) for x in names}
    points = samples(rng, box)
    (values,) = evaluate([e], points)
    spread = float(values.max() - values.min())
    if not np.isfinite(spread) or spread <= 0:
        return None
    best = int(values.argmax())
    claim = replace(claimed("T-OUT", {x: var(x) for x in names}, box), functions={"output": e})
    above = float(values[best]) + rng.choice(MARGIN) * spread
    below = float(values[best]) - rng.choice(SLACK) * spread
    return _twins(claim, "upper", above, below, _at(points, best))


def _stable(rng: random.Random) -> Twins | None:
    """A decay rate of a loop closed by a network that is 0 at the origin or nearly so."""
    names, loop = _loop(rng)
    v = sum((const(Q(rng.randint(1, 4))) * var(x) ** 2 for x in names), const(0))
    return _decaying(rng, loop, v)


def _creased(rng: random.Random) -> Twins | None:
    """The same of a V with a kink in a network, along which its fall is shown by branches."""
    names, loop = _loop(rng)
    phi = network(rng, [var(x) for x in names], biased=True)
    phi = const(Q(rng.randint(1, 4), 8)) * (phi - origin(phi, names))
    kink = rng.choice((absolute, relu))(phi)
    v = kink + sum((const(Q(rng.randint(1, 4), 2)) * absolute(var(x)) for x in names), const(0))
    return _decaying(rng, loop, v)


def _loop(rng: random.Random) -> tuple[tuple[str, ...], dict[str, Node]]:
    names = ("x", "y")[: rng.randint(1, 2)]
    inputs = [var(x) for x in names]
    u = network(rng, inputs, biased=False)
    u = u - origin(u, names)
    return names, {
        x: dot([number(rng, 0.3) for _ in names], stack(inputs)) + const(number(rng, 0.2)) * u
        for x in names
    }


def _decaying(rng: random.Random, loop: dict[str, Node], v: Node) -> Twins | None:
    names = tuple(loop)
    box = dict.fromkeys(names, (Q(-1), Q(1)))
    points = samples(rng, box)
    (now,) = evaluate([v], points)
    (then,) = evaluate([substitute(v, loop)], points)
    inside = (now > 0.05) & (now < 0.9)
    if not inside.any():
        return None
    falls = np.where(inside, 1 - then / np.where(inside, now, 1), np.inf)
    worst = int(falls.argmin())
    rate = float(falls[worst])
    if not 0.01 < rate < 0.99:
        return None
    claim = replace(
        claimed("T-STAB-D", loop, box),
        functions={"lyapunov": v},
        numbers={"level": Q(9, 10)},
        equilibrium=dict.fromkeys(names, Q(0)),
    )
    slower, faster = rate * (1 - rng.choice(MARGIN)), rate + rng.choice(SLACK)
    return _twins(claim, "decay", slower, faster, _at(points, worst)) if faster < 1 else None


def origin(u: Node, names: Sequence[str]) -> Node:
    """What ``u`` is at the origin, as an expression without variables."""
    return substitute(u, {x: const(0) for x in names})


def _twins(claim: Claim, key: str, true: float, false: float, point: Mapping[str, Q]) -> Twins:
    return Twins(
        replace(claim, numbers={**claim.numbers, key: Q(true)}),
        replace(claim, numbers={**claim.numbers, key: Q(false)}),
        point,
    )
