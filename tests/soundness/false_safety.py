"""False claims about safety, domains, disturbances and parameters."""

from __future__ import annotations

from fractions import Fraction as Q

from claim_builders import (
    BAD,
    DISC,
    DISC_BAD,
    DISC_INSIDE,
    DISC_START,
    HALF,
    INSIDE,
    OSCILLATOR,
    SKEW,
    START,
    VAN_DER_POL,
    FalseClaim,
    P,
    W,
    X,
    Y,
    false,
    q,
    safe,
    stable,
    varying,
)

from certify.expression import as_node, maximum, recip, select, var

__all__ = ["FALSE_SAFETY"]

_SAFETY = (
    false(
        "barrier-touches-unsafe",
        "condition: x = 1/2 has barrier 0 and is unsafe",
        safe("D", HALF, INSIDE, START, q("0.25") - X**2),
    ),
    false(
        "barrier-on-unsafe",
        "x = 0.45 has barrier < 0 and is unsafe",
        safe("D", HALF, INSIDE, START, q("0.2") - X**2),
        refuted=True,
    ),
    false(
        "initial-outside",
        "x = 0.51 is initial and has barrier > 0",
        safe("D", HALF, INSIDE, X**2 - q("0.2601"), BAD),
        refuted=True,
    ),
    false(
        "initial-outside-1e-9",
        "condition: the initial set is 1e-9 too large",
        safe("D", HALF, INSIDE, X**2 - q("0.250000001"), BAD),
    ),
    false(
        "barrier-jumped-over",
        "x = 1/4 goes to 3/4, past the unsafe shell",
        safe("D", q("3") * X, INSIDE, X**2 - q("0.0625"), BAD),
        refuted=True,
    ),
    false(
        "jump-through-a-gap",
        "x = -1/2 goes to 0.6, past the ring 0.1 <= |x| <= 0.5",
        safe(
            "D",
            q("-1.2") * X,
            maximum(INSIDE, -(X**2) + q("0.01")),
            (X + q("0.3")) ** 2 - q("0.0001"),
            BAD,
        ),
        refuted=True,
    ),
    false(
        "leaves-the-domain",
        "x+ = 3 x leaves [-1, 1] although barrier(3 x) <= 0",
        safe("D", q("3") * X, X - X - 1, START, q("5") - X),
        refuted=True,
    ),
    false(
        "leaves-through-a-face",
        "y drifts out of the domain; the barrier does not see y",
        safe("C", {"x": -X, "y": as_node(1) + 0 * Y}, INSIDE, DISC_START, BAD),
        refuted=True,
    ),
    false(
        "slides-along-a-face",
        "condition: y' = 0 on the face is not strictly inward",
        safe("C", {"x": -X, "y": 0 * Y}, INSIDE, DISC_START, BAD),
    ),
    false(
        "pushed-out",
        "x' = x on the barrier",
        safe("C", {"x": X, "y": Y}, DISC_INSIDE, DISC_START, DISC_BAD),
    ),
    false(
        "pushed-out-1e-12",
        "the drift 1e-12 is outward",
        safe("C", {"x": q("1e-12") * X, "y": q("1e-12") * Y}, DISC_INSIDE, DISC_START, DISC_BAD),
    ),
    false(
        "circles-on-the-barrier",
        "condition: a centre does not decrease on the barrier",
        safe("C", OSCILLATOR, DISC_INSIDE, DISC_START, DISC_BAD),
    ),
    false(
        "disturbed-out",
        "w = 1/2 pushes x = 1/2 outward",
        safe("C", -q("0.9") * X + W, INSIDE, START, BAD, **varying("w", "0", "0.5")),
        refuted=False,
    ),
    false(
        "pole-in-barrier",
        "barrier 1/x has no value at 0: trajectories cross it",
        safe("C", X - X + 1, recip(X) + 2, (X + q("0.2")) ** 2 - q("0.0001"), q("0.5") - X),
    ),
    false(
        "discontinuous-barrier",
        "a barrier that jumps is not crossed continuously",
        safe("C", X - X + 1, select(X - q("0.5"), as_node(1), as_node(-1)), START, q("0.6") - X),
    ),
)

_DOMAIN = (
    false(
        "next-state-leaves",
        "(x, y) = (1, 0) goes to (1.05, ..)",
        stable("D", {"x": q("0.9") * X + q("0.9") * Y, "y": q("-0.5") * X}, X**2 + 3 * Y**2, "1.2"),
        refuted=True,
    ),
    false(
        "leaves-with-V-small",
        "V barely sees x, which triples",
        stable("D", {"x": q("-3") * X, "y": q("0.1") * Y}, q("1e-3") * X**2 + Y**2, "0.5"),
        refuted=True,
    ),
    false(
        "level-set-cut-by-the-domain",
        "x' > 0 at (1, 1), which has V <= level",
        stable("C", {"x": -X + 2 * Y, "y": -2 * Y - X}, DISC, "2.5"),
        refuted=True,
    ),
    false(
        "level-beyond-the-limit-cycle",
        "(1 - x**2) changes its sign inside the level set",
        stable(
            "C",
            VAN_DER_POL,
            DISC + q("0.2") * X * Y,
            "3",
            box={"x": (Q(-2), Q(2)), "y": (Q(-2), Q(2))},
        ),
        refuted=True,
    ),
)

_UNCERTAIN = (
    false(
        "disturbance-at-its-end",
        "w = 1 makes x+ = 1.05 x",
        stable("D", (q("0.05") + W) * X, X**2, "0.5", **varying("w", "0", "1")),
        refuted=True,
    ),
    false(
        "disturbance-at-its-end-only",
        "w = 1 makes x+ = x, no decrease",
        stable("D", W * X, X**2, "0.5", **varying("w", "0", "1")),
    ),
    false(
        "disturbance-adds",
        "x+ = x/2 + w does not rest at 0",
        stable("D", HALF + W, X**2, "0.5", **varying("w", "-1/100", "1/100")),
    ),
    false(
        "parameters-at-a-corner",
        "p = r = 1 makes the gain 1.01, the other corners 0.01",
        stable(
            "D",
            (q("0.01") + P * var("r")) * X,
            X**2,
            "0.5",
            parameters=("p", "r"),
            box={"p": (Q(0), Q(1)), "r": (Q(0), Q(1))},
        ),
        refuted=True,
    ),
    false(
        "parameters-at-a-corner-1e-9",
        "p = r = 1 makes the gain 1 + 1e-9",
        stable(
            "D",
            (q("1e-9") + P * var("r")) * X,
            X**2,
            "0.5",
            parameters=("p", "r"),
            box={"p": (Q(0), Q(1)), "r": (Q(0), Q(1))},
        ),
    ),
    false(
        "parameter-flips-damping",
        "p = -1/10 is negative damping",
        stable(
            "C", {"x": Y, "y": -X - P * Y}, SKEW, "0.5", **varying("p", "-0.1", "1", "parameters")
        ),
        refuted=True,
    ),
    false(
        "rest-depends-on-parameter",
        "x+ = x/2 + p rests at 2 p",
        stable("D", HALF + P, X**2, "0.5", **varying("p", "0", "1e-12", "parameters")),
    ),
    false(
        "pole-at-parameter",
        "p = 0 has no 1/p",
        stable("D", HALF + 0 * X * recip(P), X**2, "0.5", **varying("p", "-1", "1", "parameters")),
    ),
)

FALSE_SAFETY: tuple[FalseClaim, ...] = (*_SAFETY, *_DOMAIN, *_UNCERTAIN)
