"""False claims by what happens near the origin, in narrow bumps, and by a wrong V."""

from __future__ import annotations

from claim_builders import (
    DISC,
    HALF,
    HALVES,
    NEAR,
    SADDLE,
    SPIKE,
    TENT,
    TINY,
    FalseClaim,
    W,
    X,
    Y,
    bounded,
    false,
    q,
    stable,
    varying,
)

from certify.expression import absolute, exp, maximum, relu, select, sqrt

__all__ = ["FALSE_ORIGINS"]

_UP = q("1.1") * X

_TREES = (
    false("tree-unstable-leaf-at-rest", "|x| < 0.5 grows",
          stable("D", select(X - q("0.5"), 0 * X, select(X + q("0.5"), _UP, 0 * X)), X**2, "0.9",
                 "0.1")),
    false("tree-unstable-narrow-leaf-at-rest", "|x| < 1e-6 grows",
          stable("D", select(X - q("1e-6"), HALF, select(X + q("1e-6"), _UP, HALF)), X**2, "0.9",
                 "0.1")),
    false("tree-tie-at-rest", "x < 0 grows", stable("D", select(X, HALF, _UP), X**2, "0.9", "0.1")),
    false("tree-other-tie-at-rest", "x > 0 grows",
          stable("D", select(X, _UP, HALF), X**2, "0.9", "0.1")),
    false("tree-unstable-leaf", "x = 0.9 and all above rest",
          stable("D", select(q("0.9") - X, HALF, X), X**2, "0.9", "0.1")),
    false("tree-one-bad-tie", "x = 0.9 rests",
          stable("D", select(q("0.9") - X, HALF, select(X - q("0.9"), HALF, X)), X**2, "0.9",
                 "0.1")),
    false("tree-of-the-weather-at-rest", "w > 0.9 lets x grow",
          stable("D", {"x": X * select(W - q("0.9"), q("1.1"), q("0.5"))}, X**2, "0.9", "0.1",
                 **varying("w", "0", "1"))),
    false("tree-in-a-plane", "y > 0.25 grows",
          stable("D", {"x": HALF, "y": select(Y - q("0.25"), q("1.05") * Y, q("0.5") * Y)},
                 DISC, "0.9", "0.05")),
)  # fmt: skip

_NEAR_THE_ORIGIN = (
    false(
        "unstable-within-1e-4-tent",
        "the slope at 0 is 1.5; the tent ends at 1e-4",
        stable("D", HALF + X * NEAR * q("1e4"), X**2, "0.9"),
    ),
    false(
        "unstable-within-1e-4-bump",
        "the slope at 0 is 1.5, by a Gaussian of width 1e-4",
        stable("D", HALF + X * exp(-((q("1e4") * X) ** 2)), X**2, "0.9"),
    ),
    false(
        "unstable-flow-within-1e-4",
        "x' = x near 0, -x elsewhere",
        stable("C", -X + 2 * X * exp(-((q("1e4") * X) ** 2)), X**2, "0.9"),
    ),
    false(
        "unstable-flow-within-1e-4-tent",
        "x' = x near 0, by a tent",
        stable("C", -X + q("2e4") * X * NEAR, X**2, "0.9"),
    ),
    false(
        "repelled-within-1e-5",
        "x' = 1e-10 x - x**3 repels within |x| < 1e-5",
        stable("C", q("1e-10") * X - X**3, X**2, "0.9"),
    ),
    false(
        "map-repelled-within-1e-6",
        "x+ = x - x**3 + 1e-12 x repels within |x| < 1e-6",
        stable("D", X - X**3 + q("1e-12") * X, X**2, "0.25"),
    ),
    false(
        "slow-centre-manifold-flow",
        "x' = x**3 leaves 0",
        stable("C", X**3, X**2, "0.9"),
        refuted=True,
    ),
    false(
        "slow-centre-manifold-map",
        "x+ = x + x**3 leaves 0",
        stable("D", X + X**3, X**2, "0.25"),
        refuted=True,
    ),
    false(
        "centre-manifold-in-the-plane",
        "x' = x**3 with a fast stable y",
        stable("C", {"x": X**3, "y": -Y}, DISC, "0.5"),
        refuted=True,
    ),
    false(
        "one-eigenvalue-above-1",
        "y grows by 1e-6 a step",
        stable("D", SADDLE, DISC, "0.5"),
        refuted=True,
    ),
    false(
        "flow-eigenvalue-1e-9",
        "y grows at the rate 1e-9",
        stable("C", {"x": -X, "y": q("1e-9") * Y}, DISC, "0.5"),
    ),
    false(
        "kinked-V-grows",
        "|x| grows along x' = 0.1 x",
        stable("C", q("0.1") * X, absolute(X), "0.9"),
        refuted=True,
    ),
    false(
        "kink-one-side",
        "x+ = -1.1 x for x < 0, then 0.5 x",
        stable("D", HALF + q("1.6") * relu(-X), X**2, "0.25", "1/100"),
        refuted=True,
    ),
)

_BUMPS = (
    false(
        "bump-1e-7-tent",
        "x+ jumps up to 0.56 within 1e-7 of x = 0.123457",
        stable("D", HALF + q("5e6") * TENT, X**2, "0.9"),
    ),
    false(
        "bump-1e-7-gauss",
        "x+ jumps up to 0.56 in a Gaussian of width 1e-7",
        stable("D", HALF + HALF**2 * 100 * SPIKE, X**2, "0.9"),
    ),
    false(
        "bump-1e-7-max",
        "x+ is a spike of width 1e-7, by max",
        stable("D", maximum(HALF, q("0.5") - q("1e7") * absolute(X - q("0.123457"))), X**2, "0.9"),
    ),
    false(
        "bump-1e-7-flow",
        "x' > 0 within 1e-7 of x = 0.123457",
        stable("C", -X + q("1e7") * TENT, X**2, "0.9"),
    ),
    false("output-bump", "the tent reaches 1e-7", bounded(TENT, None, "9e-8")),
)

_V_IS_WRONG = (
    false("V-semidefinite", "V = x**2 is 0 along y", stable("D", HALVES, X**2, "0.5")),
    false(
        "V-semidefinite-square",
        "V = (x + y)**2 is 0 along x = -y",
        stable("D", HALVES, (X + Y) ** 2, "0.5"),
    ),
    false(
        "V-semidefinite-by-relu",
        "V = x**2 + relu(y)**2 is 0 for y < 0",
        stable("D", HALVES, X**2 + relu(Y) ** 2, "0.5"),
    ),
    false("V-is-zero", "V = x - x", stable("D", HALF, X - X, "0.5"), refuted=True),
    false(
        "V-negative",
        "V = x**2 - 2 x**4 < 0 for x**2 > 1/2",
        stable("D", HALF, X**2 - 2 * X**4, "0.9"),
        refuted=True,
    ),
    false(
        "V-negative-in-a-corner",
        "V = |x|**2 - 2.1 x y**3 is negative near (1, 1)",
        stable("D", HALVES, DISC - q("2.1") * X * Y**3, "0.9"),
        refuted=True,
    ),
    false(
        "V-of-third-order",
        "V = x**3 is negative for x < 0",
        stable("D", HALF, X**3, "0.5"),
        refuted=True,
    ),
    false("V-not-zero-at-rest", "V(0) = 1e-30", stable("D", HALF, X**2 + q(TINY), "0.5")),
    false(
        "V-with-second-zero",
        "V = x**2 (x - 1/2)**2 is 0 at 1/2",
        stable("D", HALF, X**2 * (X - q("0.5")) ** 2, "0.05"),
    ),
    false(
        "V-kink-gradient",
        "at x = y the gradient (1, 0) of max(x, y, ..) has p.f > 0",
        stable(
            "C",
            {"x": -X + q("1.5") * Y, "y": -Y + q("1.5") * X},
            maximum(absolute(X), absolute(Y)),
            "0.5",
        ),
        refuted=True,
    ),
    false(
        "V-sqrt-cusp",
        "V = sqrt(|x|) needs a gradient at its cusp; x' = x anyway",
        stable("C", X, sqrt(absolute(X)), "0.5"),
    ),
    false(
        "V-discontinuous",
        "condition: a select is not continuous",
        stable("D", HALF, select(X, X**2, X**2), "0.5"),
    ),
)

FALSE_ORIGINS: tuple[FalseClaim, ...] = (*_TREES, *_NEAR_THE_ORIGIN, *_BUMPS, *_V_IS_WRONG)
