"""False claims about targets that are reached, kept or returned to."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction as Q

from claim_builders import HALF, UNIT, P, W, X, Y, claim, false, q, varying

from certify.expression import Node, const, recip, select
from certify.proofs.checker.claim import Claim

__all__ = ["FALSE_RECOVERIES", "recovering"]


def recovering(
    plant: Node | Mapping[str, Node],
    target: tuple[Node, ...],
    initial: tuple[Node, ...],
    steps: str | None = None,
    away: str | None = None,
    **changes: object,
) -> Claim:
    """T-REACH-D; sets are where all expressions are ``<= 0``."""
    rows = {"x": plant} if isinstance(plant, Node) else dict(plant)
    functions = {f"target/{i}": e for i, e in enumerate(target)}
    functions |= {f"initial/{i}": e for i, e in enumerate(initial)}
    given = {k: Q(t) for k, t in (("steps", steps), ("away", away)) if t is not None}
    return claim("T-REACH-D", rows, functions=functions, **({"numbers": given} | changes))


ALL = (X - 2,)
NEAR = (X - q("0.1"), -X - q("0.1"))
RIGHT = (-X,)
BANG = X - q("0.2") * select(X, 1, -1)
BANG_OTHER_TIE = X + q("0.2") * select(-X, 1, -1)
TURN: Mapping[str, Node] = {"x": -Y, "y": X}
CORNER = (q("0.5") - X, q("0.5") - Y)
QUICK = q("0.45") * X
JUMP = select(X, q("-0.625"), q("0.625"))

FALSE_RECOVERIES = (
    false("recovery-too-soon", "0.45**2 is above 0.2", recovering(QUICK, NEAR, ALL, "2")),
    false("recovery-never", "0 rests, and 0 is not in the target",
          recovering(HALF, (q("0.01") - X,), RIGHT)),
    false("recovery-not-kept", "x = 0.01 goes to -0.19",
          recovering(BANG, (X - q("0.2"), -X - q("0.1")), ALL, away="0")),
    false("recovery-tie", "x = 0 goes to 0.2, not to -0.2",
          recovering(BANG, (X + q("0.05"),), (X - q("0"), -X), "1")),
    false("recovery-other-tie", "x = 0 goes to -0.2, not to 0.2",
          recovering(BANG_OTHER_TIE, (q("0.05") - X,), (X, -X), "1")),
    false("recovery-every-other", "0.625 goes to -0.625", recovering(JUMP, RIGHT, ALL, away="0")),
    false("recovery-back-too-late", "two of four states in a row are on the left",
          recovering(TURN, (q("0.25") - X,), CORNER, away="1")),
    false("recovery-out-and-back", "above 0.6 the domain is left before the return",
          recovering(select(X - 1, 0 * X, select(X - q("0.6"), q("1.7") * X, QUICK)), NEAR, ALL)),
    false("recovery-leaves-later", "after the target x doubles until the domain is left",
          recovering(2 * X, RIGHT, (q("0.1") - X,), away="0")),
    false("recovery-thrown-out", "the target is reached and left for ever",
          recovering(select(X - q("0.5"), X, select(q("0.1") - X, const(1), QUICK)), NEAR,
                     (X - q("0.5"),), away="100")),
    false("recovery-undefined", "at x = 3/4 there is no next state",
          recovering(QUICK + 0 * recip(X - q("0.75")), NEAR, ALL)),
    false("recovery-some-weather", "w = 1 pushes by 0.06, and 0.06/0.55 is above 0.1",
          recovering(QUICK + q("0.06") * W, NEAR, ALL, away="0", **varying("w", "-1", "1"))),
    false("recovery-some-parameter", "p = 1 stays where it is",
          recovering(P * X, NEAR, ALL, **varying("p", "0", "1", "parameters"))),
    false("recovery-a-leaf-of-the-weather", "for w > 0.9 the tree does nothing",
          recovering(select(W - q("0.9"), X, QUICK), NEAR, ALL, **varying("w", "0", "1"))),
    false("recovery-one-start", "x = 1 rests", recovering(select(1 - X, QUICK, X), NEAR, ALL)),
    false("recovery-volume", "the domain has the volume 2", recovering(
        QUICK, NEAR, ALL, numbers={"volume": Q(2) + Q(1, 10**20)}, box={"x": UNIT})),
)  # fmt: skip
