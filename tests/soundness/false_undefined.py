"""False claims by undefinedness and overflow, about trees and outputs."""

from __future__ import annotations

from claim_builders import HALF, FalseClaim, U, X, Y, bounded, false, q, stable

from certify.expression import (
    absolute,
    as_node,
    clip,
    dot,
    exp,
    log,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    tanh,
)

__all__ = ["FALSE_UNDEFINED"]

_UNDEFINED = (
    false(
        "pole-in-plant",
        "1/(x - 1/2) has no value at 1/2",
        stable("D", HALF + q("1e-9") * X * recip(X - q("0.5")), X**2, "0.9"),
    ),
    false(
        "pole-times-zero",
        "0 * 1/(x - 1/2) has no value at 1/2",
        stable("D", HALF + 0 * recip(X - q("0.5")), X**2, "0.9"),
    ),
    false(
        "log-in-plant",
        "log has no value for x <= -1/2",
        stable("D", HALF + 0 * X * log(X + q("0.5")), X**2, "0.9"),
    ),
    false(
        "sqrt-in-V",
        "sqrt(x + 1/2) has no value for x < -1/2",
        stable("D", HALF, X**2 + 0 * X**2 * sqrt(X + q("0.5")), "0.9"),
    ),
    false(
        "log-in-V",
        "log(x + 0.9) has no value at -0.9",
        stable("C", -X, X**2 + 0 * log(X + q("0.9")), "0.9"),
    ),
    false(
        "pole-in-controller",
        "u = 1/(x - 1/2) has no value at 1/2",
        stable("D", HALF + 0 * U, X**2, "0.9", controller={"u": recip(X - q("0.5"))}),
    ),
    false(
        "sqrt-in-controller",
        "u = x sqrt(1/2 - x) has no value beyond 1/2",
        stable("D", HALF + q("0.01") * U, X**2, "0.9", controller={"u": X * sqrt(q("0.5") - X)}),
    ),
    false("pole-cancelled", "1/x - 1/x has no value at 0", bounded(recip(X) - recip(X), "-1", "1")),
    false("pole-in-output", "1/x has no value at 0", bounded(recip(X), None, "1000000000")),
    false("pole-on-the-edge", "1/(x - 1) has no value at 1", bounded(recip(X - 1), None, "0")),
    false(
        "pole-in-used-component",
        "relu(1/x) has no value at 0",
        bounded(relu(stack([recip(X), Y]))[0], "-2", None),
    ),
    false(
        "pole-in-dead-weight",
        "a weight of 0 does not remove a pole",
        bounded(dot([0, 1], stack([recip(X), Y])), "-2", "2"),
    ),
    false(
        "pole-in-chosen-branch",
        "1/x is chosen at x = 1e-3",
        bounded(select(q("0.001") - absolute(X), recip(X), Y), "-2000", "2000"),
    ),
    false(
        "undefined-condition",
        "a tree that tests 1/x has no value at 0",
        bounded(select(recip(X), Y, Y), "-2", "2"),
    ),
    false(
        "infinity-minus-infinity",
        "exp(exp(exp(1000 x))) - itself + 2 is 2, not <= 1",
        bounded(exp(exp(exp(1000 * X))) - exp(exp(exp(1000 * X))) + 2, None, "1"),
    ),
    false(
        "zero-times-infinity",
        "0 * exp(exp(exp(1000 x))) + y reaches 1, not 1/2",
        bounded(0 * exp(exp(exp(1000 * X))) + Y, None, "0.5"),
    ),
    false(
        "overflow",
        "exp(1000) is not below 1e308",
        bounded(exp(1000 * X), None, "1e308"),
        refuted=True,
    ),
    false(
        "overflow-of-x+",
        "x+ = x/2 + 1e-9 (exp(1000 x) - 1) x leaves the domain at x = 1",
        stable("D", HALF + q("1e-9") * (exp(1000 * X) - 1) * X, X**2, "0.9"),
        refuted=True,
    ),
)

_TREES = (
    false(
        "tree-at-its-threshold",
        "at x = 1/2 exactly the other branch doubles x",
        stable(
            "D", select(X - q("0.5"), HALF, select(q("0.5") - X, HALF, 2 * X)), X**2, "0.9", "1/100"
        ),
    ),
    false(
        "tree-branch-grows",
        "x > 1/2 gives x+ = 1.1 x",
        stable("D", select(X - q("0.5"), q("1.1") * X, HALF), X**2, "0.5", "1/100"),
        refuted=True,
    ),
    false(
        "tree-without-a-rate",
        "condition: a discontinuous loop needs a positive decay",
        stable("D", select(X, HALF, q("0.4") * X), X**2, "0.5"),
    ),
    false(
        "tree-output-at-its-threshold",
        "the output is 5 at x = y only",
        bounded(select(X - Y, X, select(Y - X, Y, as_node(5))), None, "2"),
    ),
    false(
        "tree-flow",
        "condition: a discontinuous vector field slides",
        stable("C", select(X, -X, -X), X**2, "0.5", "1/100"),
    ),
)

_OUTPUTS = (
    false(
        "output-off-by-1e-12", "x y reaches 1", bounded(X * Y, None, "0.999999999999"), refuted=True
    ),
    false("output-off-by-1e-12-below", "x**2 reaches 0", bounded(X**2, "1e-12", None)),
    false(
        "output-off-by-1e-30",
        "clip(3 x) reaches 1/2",
        bounded(clip(3 * X, q("-0.5"), q("0.5")), None, "0.499999999999999999999999999999"),
    ),
    false(
        "sine-of-float-pi",
        "sin reaches 1 inside [-1, 1] * 1.6",
        bounded(sin(q("1.6") * X), None, "0.999999999999"),
    ),
    false("sine-of-a-large-angle", "sin(1e6 x) reaches 1", bounded(sin(10**6 * X), None, "0.999")),
    false("sine-of-a-huge-angle", "sin(1e30 x) reaches 1", bounded(sin(10**30 * X), None, "0.9")),
    false(
        "tanh-saturates-not-to-1", "tanh(1) > 0.76", bounded(tanh(X), None, "0.76"), refuted=True
    ),
    false("bounds-crossed", "nothing is >= 1 and <= -1", bounded(X, "1", "-1"), refuted=True),
    false(
        "dependency", "x - x y / y has no value at y = 0", bounded(X - X * Y * recip(Y), "-1", "1")
    ),
)

FALSE_UNDEFINED: tuple[FalseClaim, ...] = (*_UNDEFINED, *_TREES, *_OUTPUTS)
