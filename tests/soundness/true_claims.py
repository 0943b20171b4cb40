"""True twins of the false claims, and claims whose largest level is known."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction as Q

from claim_builders import (
    BAD,
    CUBIC,
    DISC,
    DISC_BAD,
    DISC_INSIDE,
    DISC_START,
    HALF,
    INSIDE,
    LINEAR,
    OVAL,
    ROTATION,
    SKEW,
    SPRING,
    START,
    TENT,
    TINY,
    TURN,
    TURNED,
    WIDE,
    OpenLevel,
    P,
    U,
    W,
    X,
    Y,
    bounded,
    q,
    safe,
    stable,
    varying,
)
from false_extensions import extended
from false_recoveries import ALL, BANG, JUMP, NEAR, QUICK, RIGHT, recovering
from false_rules import ruled

from certify.expression import absolute, clip, exp, recip, relu, select, stack, var
from certify.proofs.checker.claim import Claim

__all__ = ["LEVELS", "TRUE"]

TRUE: Mapping[str, Claim] = {
    "map-level": stable("D", CUBIC, X**2, "0.83"),
    "map-stays-in-domain": stable("D", TURN, OVAL, "0.573", **TURNED),
    "flow-level": stable("C", SPRING, X**2, "0.99", **WIDE),
    "skew-level": stable("C", LINEAR, SKEW, "0.99"),
    "decay": stable("D", HALF, X**2, "0.9", "0.74"),
    "contracts-within-1e-4": stable(
        "D", HALF + q("0.4") * X * exp(-((q("1e4") * X) ** 2)), X**2, "0.9"
    ),
    "bump-pulls-in": stable("D", HALF - q("1e5") * X * TENT, X**2, "0.9"),
    "slow-centre-manifold": stable("C", {"x": -X, "y": -Y - Y**3}, DISC, "0.9"),
    "damped-rotation": stable(
        "D", {x: q("0.9") * e for x, e in ROTATION.items()}, DISC, "0.9", "0.1"
    ),
    "decay-below-float": stable("D", HALF, X**2, "0.9", TINY),
    "V-with-kinks": stable("C", {"x": -X, "y": -Y}, absolute(X) + absolute(Y), "0.9"),
    "rest-elsewhere": stable(
        "D", HALF + q("0.125"), (X - q("0.25")) ** 2, "0.1", equilibrium={"x": Q(1, 4)}
    ),
    "pole-outside": stable("D", HALF + q("0.01") * X * recip(X - 2), X**2, "0.9"),
    "pole-in-another-component": bounded(relu(stack([recip(X), Y]))[1], "0", "1"),
    "pole-not-chosen": bounded(select(absolute(X) - q("0.001"), Y, X), "-2", "2"),
    "no-overflow": bounded(exp(700 * X), "0", "2e304"),
    "barrier": safe("D", HALF, INSIDE, START, BAD),
    "barrier-flow": safe("C", {"x": -X + Y, "y": -X - Y}, DISC_INSIDE, DISC_START, DISC_BAD),
    "barrier-disturbed": safe("C", -X + W, INSIDE, START, BAD, **varying("w", "0", "0.49")),
    "disturbance": stable("D", W * X, X**2, "0.5", **varying("w", "0", "0.99")),
    "parameters": stable("D", P * var("r") * X, X**2, "0.5", parameters=("p", "r"),
                         box={"p": (Q(0), Q("0.99")), "r": (Q(0), Q(1))}),
    "tree": stable("D", X * select(X - q("0.5"), q("0.9"), q("0.5")), X**2, "0.9", "1/10"),
    "tree-of-lines": stable(
        "D",
        {"x": select(X - q("0.5"), q("0.3") * X + q("0.1"), select(X + q("0.4"), HALF, 0 * X))},
        X**2, "0.9", "1/2",
    ),
    "tree-of-the-weather": stable(
        "D", {"x": X * select(W - q("0.5"), q("0.5"), q("-0.6"))}, X**2, "0.9", "1/2",
        **varying("w", "0", "1"),
    ),
    "extension": extended(stable("D", CUBIC, X**2, "0.25"), "1.825", "30"),
    "extension-disturbed": extended(
        stable("D", W * X + q("0.6") * X**3, X**2, "0.1", **varying("w", "0", "0.5")), "1.82"
    ),
    "extension-parameter": extended(
        stable("D", P * X + q("0.6") * X**3, X**2, "0.1", **varying("p", "0", "0.5", "parameters")),
        "1.82",
    ),
    "extension-rotation": extended(
        stable("D", {x: q("0.9") * e for x, e in ROTATION.items()}, DISC, "0.25"), "3.1"
    ),
    "recovery": recovering(QUICK, NEAR, ALL, "3"),
    "recovery-kept": recovering(BANG, (X - q("0.3"), -X - q("0.25")), ALL, "5", "0"),
    "recovery-back": recovering(JUMP, RIGHT, ALL, away="1"),
    "recovery-weather": recovering(
        QUICK + q("0.04") * W, NEAR, ALL, away="0", **varying("w", "-1", "1")
    ),
    "recovery-leaf": recovering(
        select(W - q("0.9"), q("0.6") * X, QUICK), NEAR, ALL, away="0", **varying("w", "0", "1")
    ),
    "rule-off-a-tie": ruled(select(X, 1, -1), when={">": X}, then={">": U}),
    "rule-off-an-end": ruled(select(X, 1, -1), when={">": X}, then={">=": U - X}),
    "rule-of-a-relation": ruled(select(X, 1, -1), when={">": X}, then={">=": 2 * U + Y - X}),
    "rule-for-a-parameter": ruled(
        select(X, 1, -1), when={">": X}, then={">=": U - P}, **varying("p", "0", "1", "parameters")
    ),
    "output": bounded(X * Y, "-1", "1"),
    "clipped-output": bounded(clip(3 * X, q("-0.5"), q("0.5")), "-0.5", "0.5"),
}  # fmt: skip

LEVELS: tuple[OpenLevel, ...] = (
    OpenLevel("map", stable("D", CUBIC, X**2, None), 5 / 6),
    OpenLevel("flow", stable("C", SPRING, X**2, None, **WIDE), 1.0),
    OpenLevel("skew-in-a-box", stable("C", LINEAR, SKEW, None), 1.0),
    OpenLevel("disc-in-a-box", stable("C", {"x": -X + 2 * Y, "y": -2 * X - Y}, DISC, None), 1.25),
    OpenLevel("scaled-map", stable("D", CUBIC, 1000 * X**2, None), 5000 / 6),
    OpenLevel("kinked", stable("C", SPRING, absolute(X), None, **WIDE), 1.0),
    OpenLevel(
        "disturbed",
        stable(
            "C",
            -X + W * X**3,
            X**2,
            None,
            disturbances=("w",),
            box={"x": (Q(-2), Q(2)), "w": (Q(-1), Q(2))},
        ),
        0.5,
    ),
    OpenLevel(
        "uncertain",
        stable(
            "D",
            P * X + q("0.5") * X**3,
            X**2,
            None,
            parameters=("p",),
            box={"p": (Q(0), Q("0.75"))},
        ),
        0.5,
    ),
)
