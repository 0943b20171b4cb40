"""What a person can do with a verdict that is not a proof."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certify.outcome import OpenBox, Verdict
from certify.proofs.checker.claim import Claim
from certify.verifiers.budget import Budget
from certify.verifiers.decay_attack import slowest
from certify.verifiers.diagnosis import diagnose
from certify.verifiers.points import Array
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import Piece, pieces

__all__ = ["after_refutation", "open_boxes", "without_answer"]

_SHOWN = 400  # open boxes of one obligation


def open_boxes(searches: Sequence[ObligationSearch]) -> tuple[OpenBox, ...]:
    """Boxes that are left, in the variables of their obligations."""
    result = []
    for search in searches:
        for piece in pieces(search.tree, search.low, search.high)[:_SHOWN]:
            low, high = _hull(search, piece)
            pairs = zip(low.tolist(), high.tolist(), strict=True)
            box = dict(zip(search.obligation.box, pairs, strict=True))
            result.append(OpenBox(search.obligation.name, box))
    return tuple(result)


def _hull(search: ObligationSearch, piece: Piece) -> tuple[Array, Array]:
    """The smallest box around ``piece`` in the variables of the obligation."""
    if search.coordinates is None:
        return piece.low, piece.high
    middle, reach = (piece.low + piece.high) / 2, (piece.high - piece.low) / 2
    centre = search.points(middle[None])[0]
    spread = np.abs(np.array(search.coordinates.matrix, dtype=float)) @ reach
    return centre - spread, centre + spread


def without_answer(
    verdict: Verdict, searches: Sequence[ObligationSearch], budget: Budget
) -> tuple[str, ...]:
    """What is left and why, where there is no answer."""
    if verdict not in (Verdict.UNKNOWN, Verdict.TIMED_OUT):
        return ()
    return diagnose(searches, budget.boxes / max(budget.accounts["search"], 1e-3))


def after_refutation(claim: Claim, seed: int) -> str:
    """What to claim instead: perhaps a smaller decay, which samples do not contradict."""
    advice = "try a smaller level or decay, another certificate function or controller"
    if {"level", "decay"} <= set(claim.numbers) and "residual" not in claim.numbers:
        decay = float(claim.numbers["decay"])
        slow = slowest(claim, seed)[1]
        if 0 < slow < decay:
            advice += f"; no sample of the level set contradicts a decay of {0.9 * slow:.2g}"
    return advice
