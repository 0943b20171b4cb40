"""What a person can do with a verdict that is not a proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from certify.outcome import Counterexample, OpenBox, Verdict
from certify.proofs.checker.calculus import is_continuous
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.loops import closed_loop
from certify.proofs.checker.stability import decrease
from certify.verifiers.budget import Budget
from certify.verifiers.decay_attack import Effort, slowest
from certify.verifiers.diagnosis import diagnose
from certify.verifiers.lowest import QUICK, violated_level
from certify.verifiers.points import Array, values
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import Piece, pieces

__all__ = ["after_refutation", "open_boxes", "without_answer"]

_CAREFUL = Effort(starts=4096, kept=128, rounds=40)
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


def after_refutation(claim: Claim, counterexample: Counterexample, seed: int) -> str:
    """What to claim instead, as far as samples know: a smaller decay, or a smaller level."""
    if not {"level", "decay"} <= set(claim.numbers) or "residual" in claim.numbers:
        return "try a smaller level or decay, another certificate function or controller"
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    point = np.array([[float(counterexample.point.get(x, claim.box[x][0])) for x in names]])
    slow = slowest(claim, seed, near=point)[1]
    unit = "a step" if claim.time == "discrete" else "per unit of time"
    decay = float(claim.numbers["decay"])
    if values(decrease(claim), names, point)[0] <= 0 < slow <= decay:
        slow = slowest(claim, seed, effort=_CAREFUL, near=point)[1]
        if slow > 0:
            return _smaller_decay(claim, slow, unit)
    v = claim.functions["lyapunov"]
    lowest = min(
        violated_level(claim, v, seed, search=replace(QUICK, near=point)),
        float(values(v, names, point)[0]),
    )
    said = f"the least V at which a condition was found to fail is {lowest:.3g}"
    if slow <= 0:
        said += f", and there are states where V grows by {-slow:.3g} of itself {unit}"
    return f"{said}: try a smaller level, another certificate function or controller"


def _smaller_decay(claim: Claim, slow: float, unit: str) -> str:
    decay = float(claim.numbers["decay"])
    digits = next((n for n in range(3, 17) if f"{slow:.{n}g}" != f"{decay:.{n}g}"), 17)
    said = f"at the states tried V falls by at least {slow:.{digits}g} of itself {unit}"
    ask = f'ask for decay = {0.85 * slow:.2g}, or "largest"'
    # without a rate the theorem needs a continuous loop
    if all(map(is_continuous, closed_loop(claim).values())):
        ask += ", or 0 for convergence at no stated rate"
    return f"{said}, not by {decay:.{digits}g}: {ask}"
