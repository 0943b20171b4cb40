"""False claims about levels, decay rates and the numbers of stability."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as Q

from claim_builders import (
    CUBIC,
    DISC,
    HALF,
    LEAST,
    LINEAR,
    OSCILLATOR,
    OVAL,
    ROTATION,
    SKEW,
    SPRING,
    TINY,
    TURN,
    TURNED,
    WIDE,
    FalseClaim,
    X,
    Y,
    false,
    q,
    stable,
)

__all__ = ["FALSE_LEVELS"]

_LEVEL_TOO_LARGE = (
    false(
        "map-level-0.1%",
        "x+ = x/2 + 0.6 x**3 stops shrinking at x**2 = 5/6",
        stable("D", CUBIC, X**2, "0.8341667"),
        refuted=True,
    ),
    false(
        "map-leaves-domain",
        "V falls everywhere, but x+ = 1.0007 follows from x = 1/4",
        stable("D", TURN, OVAL, "0.575", **TURNED),
        refuted=True,
    ),
    false("map-level-1e-6", "the same, 1e-6 above 5/6", stable("D", CUBIC, X**2, "0.83333417")),
    false(
        "flow-level-0.1%",
        "x' = -x + x**3 has another equilibrium at x**2 = 1",
        stable("C", SPRING, X**2, "1.001", **WIDE),
        refuted=True,
    ),
    false(
        "flow-level-1e-6", "the same, 1e-6 above 1", stable("C", SPRING, X**2, "1.000001", **WIDE)
    ),
    false(
        "flow-level-exact",
        "the same, the level set touches the other equilibrium",
        stable("C", SPRING, X**2, "1", **WIDE),
    ),
    false(
        "skew-level-0.1%",
        "{V <= level} pokes through x = 1, where the flow points out",
        stable("C", LINEAR, SKEW, "1.001"),
        refuted=True,
    ),
    false("skew-level-1e-6", "the same, 1e-6 above 1", stable("C", LINEAR, SKEW, "1.000001")),
    false(
        "decay-too-fast",
        "|x+|**2 = 0.25 |x|**2 is not below 0.2 |x|**2",
        stable("D", HALF, X**2, "0.9", "0.8"),
        refuted=True,
    ),
    false(
        "decay-too-fast-1e-9",
        "the decay of x/2 is exactly 0.75",
        stable("D", HALF, X**2, "0.9", "0.750000001"),
        refuted=True,
    ),
    false(
        "decay-exactly-attained",
        "condition: V(x+) equals (1 - decay) V everywhere: strictness is refused",
        stable("D", HALF, X**2, "0.9", "0.75"),
    ),
    false(
        "flow-decay-1e-9",
        "dV/dt = -2 V for x' = -x",
        stable("C", -X, X**2, "0.9", "2.000000001"),
        refuted=True,
    ),
)

_MARGINAL = (
    false("rotation", "3/5, 4/5 is a rotation", stable("D", ROTATION, DISC, "0.9")),
    false(
        "rotation-1e-30",
        "a rotation does not decay at any rate",
        stable("D", ROTATION, DISC, "0.9", TINY),
    ),
    false("oscillator", "energy is conserved", stable("C", OSCILLATOR, DISC, "0.9")),
    false("oscillator-1e-30", "energy is conserved", stable("C", OSCILLATOR, DISC, "0.9", TINY)),
    false("identity-1e-60", "x+ = x does not decay", stable("D", X, X**2, "0.5", LEAST)),
    false("growth-1e-30", "x+ = (1 + 1e-30) x grows", stable("D", (1 + q(TINY)) * X, X**2, "0.5")),
    false("growth-1e-60-flow", "x' = 1e-60 x grows", stable("C", q(LEAST) * X, X**2, "0.5")),
    false(
        "decay-just-below",
        "x' = -1e-30 x decays at 2e-30, not at 2.1e-30",
        stable("C", -q(TINY) * X, X**2, "0.5", "2.1e-30"),
    ),
    false(
        "damped-in-one-axis", "x never moves", stable("D", {"x": X, "y": q("0.5") * Y}, DISC, "0.5")
    ),
)

_NUMBERS = (
    false("decay-1", "decay 1 would need V(x+) < 0", stable("D", HALF, X**2, "0.5", "1")),
    false("decay-negative", "a negative rate allows growth", stable("D", X * 2, X**2, "0.2", "-5")),
    false(
        "level-negative", "the set is empty and holds no equilibrium", stable("D", HALF, X**2, "-1")
    ),
    false("level-zero", "condition: the set is a point", stable("D", HALF, X**2, "0")),
    false(
        "rest-on-a-face",
        "the equilibrium is not inside the domain",
        stable("D", HALF, X**2, "0.5", box={"x": (Q(0), Q(1))}),
    ),
    false(
        "rest-elsewhere",
        "x+ = x/2 does not rest at 1/4",
        stable("D", HALF, (X - q("0.25")) ** 2, "0.1", equilibrium={"x": Q(1, 4)}),
    ),
    false(
        "off-by-1e-9",
        "x+ = x/2 + 1e-9 does not rest at 0",
        stable("D", HALF + q("1e-9"), X**2, "0.5"),
    ),
    false(
        "off-by-1e-9-flow",
        "x' = 1e-9 - x does not rest at 0",
        stable("C", q("1e-9") - X, X**2, "0.5"),
    ),
    false(
        "off-by-1e-300",
        "x+ = x/2 + 1e-300 does not rest at 0",
        stable("D", HALF + q("1e-300"), X**2, "0.5"),
    ),
    false(
        "wrong-time",
        "condition: a discrete theorem on a flow",
        replace(stable("D", HALF, X**2, "0.5"), time="continuous"),
    ),
)

FALSE_LEVELS: tuple[FalseClaim, ...] = (*_LEVEL_TOO_LARGE, *_MARGINAL, *_NUMBERS)
