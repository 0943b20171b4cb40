"""Numbers behind a verdict: a counterexample's values, and why a set stays residual."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certify.expression import Node, const, directional, substitute
from certify.outcome import Counterexample
from certify.proofs.checker.claim import Claim, Interval
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.intervals import above, below
from certify.proofs.checker.loops import closed_loop
from certify.proofs.checker.models import Block
from certify.proofs.checker.stability import decrease
from certify.proofs.checker.symbols import NO_ROLES
from certify.proofs.checker.theorems import violation

from .words import clean, set_size, with_unit

__all__ = ["Point", "condition_text", "evidence_point", "residual_reason"]


@dataclass(frozen=True)
class Point:
    """A counterexample: the false condition, the point and what the functions are there.

    ``coordinates`` are exact rationals as text, ``shown`` the same in float64 with units.
    """

    condition: str
    statement: str
    coordinates: Mapping[str, str]
    shown: Mapping[str, str]
    values: tuple[tuple[str, str], ...]


def condition_text(claim: Claim, name: str) -> str:
    """The condition ``name`` of the theorem in words, as far as the claim allows."""
    try:
        texts = {o.name: o.text for o in violation(claim)}
    except (CheckerError, KeyError):
        return "a condition of the theorem"
    return texts.get(name, "a condition of the theorem near the equilibrium")


def evidence_point(claim: Claim, counterexample: Counterexample | None) -> Point | None:
    """The counterexample with everything that a reader wants to see at that point."""
    if counterexample is None:
        return None
    point = counterexample.point
    return Point(
        condition=clean(counterexample.condition),
        statement=condition_text(claim, counterexample.condition),
        coordinates={clean(x): str(value) for x, value in point.items()},
        shown={
            clean(x): with_unit(f"{float(value):.9g}", claim.units.get(x, ""))
            for x, value in point.items()
        },
        values=_values(claim, point),
    )


def _values(claim: Claim, point: Mapping[str, Fraction]) -> tuple[tuple[str, str], ...]:
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    if not all(x in point for x in names):
        return ()
    block = _one_box({x: (point[x], point[x]) for x in names})
    result = []
    for name, node in _interesting(claim).items():
        low, high = (float(end[0]) for end in block.range(node))
        text = f"{0.5 * low + 0.5 * high:.9g}" + _outside(claim, name, low, high)
        result.append((name, "undefined" if math.isnan(low) else text))
    return (*result, *_fall(claim, block))


def _outside(claim: Claim, name: str, low: float, high: float) -> str:
    """That the next value of a state, which is between ``low`` and ``high``, is not allowed."""
    x = name.removesuffix(" after one step")
    if x == name or x not in claim.box or (claim.box[x][0] <= high and low <= claim.box[x][1]):
        return ""
    ends = ", ".join(f"{float(end):g}" for end in claim.box[x])
    return f", outside its domain [{ends}]"


def _fall(claim: Claim, block: Block) -> list[tuple[str, str]]:
    """How much V falls relative to V itself, which two rounded values of V would not show."""
    if not {"level", "decay"} <= set(claim.numbers):
        return []
    try:
        beyond, v = (block.range(e) for e in (decrease(claim), claim.functions["lyapunov"]))
    except CheckerError:
        return []
    decay = float(claim.numbers["decay"])
    with np.errstate(all="ignore"):
        share = decay + float((beyond.low[0] + beyond.high[0]) / (v.low[0] + v.high[0]))
    label = "fall of V / V" if claim.time == "discrete" else "-(dV/dt) / V"
    return [(label, f"{share:.4g}, claimed: at least {decay:g}")] if math.isfinite(share) else []


def _one_box(box: Mapping[str, Interval]) -> Block:
    """Enclosures over one box."""
    low = np.array([[below(low)] for low, _ in box.values()])
    return Block(
        tuple(box), low, np.array([[above(high)] for _, high in box.values()]), 0, NO_ROLES
    )


def _interesting(claim: Claim) -> dict[str, Node]:
    if claim.theorem == "T-RULE":
        return dict(claim.controller)
    nodes: dict[str, Node] = {}
    f = closed_loop(claim)
    for name, label in (("lyapunov", "V"), ("barrier", "barrier")):
        e = claim.functions.get(name)
        if e is None:
            continue
        nodes[label] = e
        try:
            if claim.time == "discrete":
                nodes[f"{label} after one step"] = substitute(e, f)
            else:
                nodes[f"d{label}/dt"] = directional(e, f)
        except CheckerError:
            continue
    nodes |= {f"{x} after one step" if claim.time == "discrete" else f"d{x}/dt": f[x] for x in f}
    for name, e in claim.functions.items():
        if name not in ("lyapunov", "barrier"):
            nodes["expression" if name == "output" else name.replace("/", " ")] = e
    return nodes


def residual_reason(claim: Claim) -> str:
    """Why convergence to the equilibrium is not claimed, and how large what is left is."""
    if "residual" not in claim.numbers and not claim.theorem.startswith("T-RES"):
        return ""
    moves = _moves(claim)
    cause = (
        f"In exact arithmetic the stated equilibrium is not one: {', '.join(moves)}. Rounded "
        "weights, uncertain parameters and disturbances do this."
        if moves
        else "Exact arithmetic does not show that the stated equilibrium is one."
    )
    size = "; ".join(f"{x}: {bound}" for x, bound in set_size(claim).items())
    reached = f" The residual set is this close to it: {size}." if size else ""
    return (
        f"Convergence to a residual set. {cause} So no theorem can promise convergence to that "
        f"point; what is proved is convergence to a small set around it.{reached}"
    )


def _moves(claim: Claim) -> list[str]:
    """How far the loop provably moves states off the equilibrium, or their derivatives."""
    at = {x: (value, value) for x, value in claim.equilibrium.items()}
    rest = {p: claim.box[p] for p in (*claim.parameters, *claim.disturbances)}
    block = _one_box({**at, **rest})
    result = []
    for x, f in closed_loop(claim).items() if at else ():
        here = const(claim.equilibrium[x]) if claim.time == "discrete" else const(0)
        low, high = (float(end[0]) for end in block.range(f - here))
        if low > 0 or high < 0:
            what = f"{x} moves by" if claim.time == "discrete" else f"d{x}/dt is"
            result.append(f"{what} up to {max(abs(low), abs(high)):.2g}")
    return result
