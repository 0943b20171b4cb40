"""False claims about how far a core can be extended."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as Q

from claim_builders import CUBIC, DISC, HALF, ROTATION, UNIT, WIDE, P, W, X, Y, false, q, stable

from certify.expression import Node, recip, select
from certify.proofs.checker.claim import Claim

__all__ = ["FALSE_EXTENSIONS", "extended"]


def extended(core: Claim, volume: str | None = None, steps: str | None = None) -> Claim:
    """``core``, a claim of T-STAB-D, extended; what is not given is to be found."""
    given = {k: Q(t) for k, t in (("volume", volume), ("steps", steps)) if t is not None}
    return replace(core, theorem="T-EXT-D", numbers={**core.numbers, **given})


def _cubic(gain: Node, **changes: object) -> Claim:
    """Points with ``gain + 0.6 x**2 < 1`` converge."""
    return stable("D", gain * X + q("0.6") * X**3, X**2, "0.1", **changes)


_FLIPPED = stable("D", -CUBIC, X**2, "0.25")
_OUT_AND_BACK = select(X - 1, 0 * X, select(X - q("0.6"), q("1.7") * X, HALF))
_SLOW = {x: q("0.99") * e for x, e in ROTATION.items()}

FALSE_EXTENSIONS = (
    false("extension-beyond-fixed-points", "x**2 = 5/6 rests, |x| < 0.91288 converges",
          extended(stable("D", CUBIC, X**2, "0.25"), "1.82575")),
    false("extension-all", "the same, all of the domain",
          extended(stable("D", CUBIC, X**2, "0.25"), "2")),
    false("extension-too-soon", "the same, 1.8 of it needs more than 4 steps",
          extended(stable("D", CUBIC, X**2, "0.25"), "1.8", "4")),
    false("extension-beyond-a-cycle", "x**2 = 5/6 is a cycle of two steps",
          extended(_FLIPPED, "1.82575")),
    false("extension-core-false", "V grows beyond x**2 = 5/6",
          extended(stable("D", CUBIC, X**2, "0.9"), "1"), refuted=True),
    false("extension-out-and-back", "x > 0.6 leaves the domain before it returns to 0",
          extended(stable("D", _OUT_AND_BACK, X**2, "0.1", "0.1"), "1.61")),
    false("extension-undefined", "at x = 3/4 there is no next state",
          extended(stable("D", HALF + 0 * recip(X - q("0.75")), X**2, "0.25"), "2")),
    false("extension-least-gain", "with w = 1/2 only x**2 < 5/6 converges",
          extended(_cubic(W, disturbances=("w",), box={"x": UNIT, "w": (Q(0), Q(1, 2))}),
                   "1.82575")),
    false("extension-some-parameter", "with p = 1/2 the same",
          extended(_cubic(P, parameters=("p",), box={"x": UNIT, "p": (Q(0), Q(1, 2))}),
                   "1.82575")),
    false("extension-of-a-wide-box", "x**2 < 5/6 of [-2, 2]",
          extended(stable("D", CUBIC, X**2, "0.25", **WIDE), "1.82575")),
    false("extension-rotation", "what leaves the square by turning is outside of it",
          extended(stable("D", _SLOW, DISC, "0.5"), "3.99")),
    false("extension-saddle", "y doubles: nothing but the axis stays",
          extended(stable("D", {"x": HALF, "y": 2 * Y}, DISC, "0.25"), "1/100"), refuted=True),
)  # fmt: skip
