"""How the claims of this suite are built, and the systems that they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction as Q

from certify.expression import Node, absolute, const, exp, relu, var
from certify.proofs.checker.claim import Claim

__all__ = [
    "BAD",
    "CUBIC",
    "DISC",
    "DISC_BAD",
    "DISC_INSIDE",
    "DISC_START",
    "HALF",
    "HALVES",
    "INSIDE",
    "LEAST",
    "LINEAR",
    "NEAR",
    "OSCILLATOR",
    "OVAL",
    "ROTATION",
    "SADDLE",
    "SKEW",
    "SPIKE",
    "SPRING",
    "START",
    "TENT",
    "TINY",
    "TURN",
    "TURNED",
    "UNIT",
    "VAN_DER_POL",
    "WIDE",
    "FalseClaim",
    "OpenLevel",
    "P",
    "U",
    "W",
    "X",
    "Y",
    "bounded",
    "claim",
    "false",
    "q",
    "safe",
    "stable",
    "varying",
]

X, Y, P, W, U = var("x"), var("y"), var("p"), var("w"), var("u")
DISC = X**2 + Y**2
UNIT = (Q(-1), Q(1))


@dataclass(frozen=True)
class FalseClaim:
    """A claim and one line on why it does not hold."""

    name: str
    why: str
    claim: Claim
    refuted: bool = False


@dataclass(frozen=True)
class OpenLevel:
    """A claim without a level, and the largest level for which its conditions hold."""

    name: str
    claim: Claim
    largest: float


def q(text: str) -> Node:
    """The constant that ``text`` spells."""
    return const(Q(text))


def claim(theorem: str, plant: Mapping[str, Node], **changes: object) -> Claim:
    states = tuple(plant)
    box = dict.fromkeys(states, UNIT)
    fields: dict[str, object] = {
        "theorem": theorem,
        "name": "soundness",
        "time": "continuous" if theorem.endswith("-C") else "discrete",
        "states": states,
        "parameters": (),
        "disturbances": (),
        "plant": plant,
        "controller": {},
        "functions": {},
        "numbers": {},
    }
    box |= dict(changes.pop("box", {}))
    result = Claim(**(fields | changes | {"box": box}))
    result.check()
    return result


def stable(
    kind: str,
    plant: Mapping[str, Node] | Node,
    v: Node,
    level: str | None,
    decay: str = "0",
    **changes: object,
) -> Claim:
    """Stability of the origin; ``kind`` is D or C, a plain node is the plant of one state."""
    plant = {"x": plant} if isinstance(plant, Node) else plant
    numbers = {"decay": Q(decay)} | ({} if level is None else {"level": Q(level)})
    fields = {
        "functions": {"lyapunov": v},
        "numbers": numbers,
        "equilibrium": {x: Q(0) for x in plant},
    }
    return claim(f"T-STAB-{kind}", plant, **(fields | changes))


def safe(
    kind: str, plant: Mapping[str, Node] | Node, barrier: Node, initial: Node, unsafe: Node,
    **changes: object,
) -> Claim:  # fmt: skip
    """Safety: sets are where their function is <= 0."""
    plant = {"x": plant} if isinstance(plant, Node) else plant
    functions = {"barrier": barrier, "initial/0": initial, "unsafe/0": unsafe}
    return claim(f"T-SAFE-{kind}", plant, functions=functions, **changes)


def bounded(e: Node, lower: str | None, upper: str | None, **changes: object) -> Claim:
    """``lower <= e <= upper`` over x and y in [-1, 1]."""
    numbers = {k: Q(t) for k, t in (("lower", lower), ("upper", upper)) if t is not None}
    plant = {"x": X, "y": Y}
    return claim("T-OUT", plant, functions={"output": e}, numbers=numbers, **changes)


def varying(name: str, low: str, high: str, kind: str = "disturbances") -> dict[str, object]:
    return {kind: (name,), "box": {name: (Q(low), Q(high))}}


HALF = q("0.5") * X
HALVES = {"x": HALF, "y": q("0.5") * Y}
ROTATION = {"x": q("0.6") * X - q("0.8") * Y, "y": q("0.8") * X + q("0.6") * Y}
OSCILLATOR = {"x": Y, "y": -X}
# a shrinking turn: on V = OVAL <= level the largest next x is 1/4 + 0.99 sqrt(level), where V falls
TURN = {"x": q("0.25") + q("7.92") * Y, "y": q("-0.12375") * (X - q("0.25"))}
OVAL = (X - q("0.25")) ** 2 + 64 * Y**2
TURNED = {"equilibrium": {"x": Q(1, 4), "y": Q(0)}}
SPRING = -X + X**3  # V = x**2 decreases exactly where x**2 < 1
CUBIC = q("0.5") * X + q("0.6") * X**3  # V = x**2 decreases exactly where x**2 < 5/6
LINEAR = {"x": Y, "y": -X - Y}
SKEW = X**2 + X * Y + Y**2  # on x = 1 the flow points out for y > 0, where V > 1
VAN_DER_POL = {"x": -Y, "y": X - (1 - X**2) * Y}  # dV/dt = -2 (1 - x**2) y**2 for V = x**2 + y**2
TENT = relu(q("1e-7") - absolute(X - q("0.123457")))
SPIKE = exp(-((q("1e7") * (X - q("0.123457"))) ** 2))
NEAR = relu(q("1e-4") - absolute(X))
SADDLE = {"x": HALF, "y": q("1.000001") * Y}
TINY, LEAST = "1e-30", "1e-60"
INSIDE = X**2 - q("0.25")
START = X**2 - q("0.09")
BAD = q("0.36") - X**2
DISC_INSIDE = DISC - q("0.25")
DISC_START = DISC - q("0.09")
DISC_BAD = q("0.36") - DISC
WIDE = {"box": {"x": (Q(-2), Q(2))}}


def false(name: str, why: str, claim: Claim, *, refuted: bool = False) -> FalseClaim:
    return FalseClaim(name, why, claim, refuted)
