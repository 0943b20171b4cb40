"""Small accepted certificates to damage, and an oracle that knows nothing of proofs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction as Q
from functools import lru_cache

import numpy as np

from certify.errors import CertifyError
from certify.expression import (
    Node,
    affine,
    clip,
    const,
    dot,
    relu,
    select,
    stack,
    substitute,
    tanh,
    var,
)
from certify.expression.evaluate import evaluate
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.format import write_certificate
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

__all__ = ["CLAIMS", "accepted", "same_claim", "still_true"]

X, Y, W, U = var("x"), var("y"), var("w"), var("u")
DISC = X**2 + Y**2
_NETWORK = dot([1, -1], relu(affine([[1, Q("0.5")], [-1, 2]], [0, Q("0.25")], stack([X, Y]))))


def _q(text: str) -> Node:
    return const(Q(text))


def _claim(theorem: str, plant: Mapping[str, Node], **changes: object) -> Claim:
    fields: dict[str, object] = {
        "theorem": theorem,
        "name": theorem,
        "time": "continuous" if theorem.endswith("-C") else "discrete",
        "states": tuple(plant),
        "parameters": (),
        "disturbances": (),
        "box": {x: (Q(-1), Q(1)) for x in plant},
        "plant": plant,
        "controller": {},
        "functions": {},
        "numbers": {},
        "units": dict.fromkeys(plant, "m"),
    }
    return Claim(**(fields | changes))


CLAIMS: Mapping[str, Claim] = {
    "map": _claim(
        "T-STAB-D",
        {"x": _q("0.5") * X + _q("0.2") * Y, "y": _q("0.6") * Y + _q("0.1") * U},
        controller={"u": clip(-2 * X, _q("-0.5"), _q("0.5"))},
        functions={"lyapunov": DISC},
        numbers={"level": Q("0.9"), "decay": Q("0.25")},
        equilibrium={"x": Q(0), "y": Q(0)},
        step=Q("0.05"),
    ),
    "extension": _claim(
        "T-EXT-D",
        {"x": _q("0.5") * X + _q("0.6") * X**3},
        functions={"lyapunov": X**2},
        numbers={"level": Q("0.25"), "decay": Q(0), "volume": Q("1.8"), "steps": Q(16)},
        equilibrium={"x": Q(0)},
    ),
    "recovery": _claim(
        "T-REACH-D",
        {"x": _q("0.5") * X - _q("0.2") * select(X, 1, -1) + _q("0.05") * W},
        disturbances=("w",),
        box={"x": (Q(-1), Q(1)), "w": (Q(-1), Q(1))},
        functions={"target/0": X - _q("0.4"), "target/1": -X - _q("0.4"),
                   "initial/0": X**2 - _q("0.9")},
        numbers={"steps": Q(4), "away": Q(0), "volume": Q("1.9")},
    ),
    "corners": _claim(  # the domain cuts the set of V, and a tree decides
        "T-STAB-D",
        {"x": _q("0.6") * X - _q("0.45") * Y + _q("0.1") * W * X,
         "y": _q("0.4") * X + _q("0.5") * Y - _q("0.1") * select(X - _q("0.5"), X, Y)},
        disturbances=("w",),
        box={"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1)), "w": (Q("-0.5"), Q("0.5"))},
        functions={"lyapunov": DISC},
        numbers={"level": Q("1.5"), "decay": Q("0.1")},
        equilibrium={"x": Q(0), "y": Q(0)},
    ),
    "residual": _claim(
        "T-RES-D",
        {"x": _q("0.5") * X + _q("0.1") * W},
        disturbances=("w",),
        box={"x": (Q(-1), Q(1)), "w": (Q(-1), Q(1))},
        functions={"lyapunov": X**2},
        numbers={"level": Q("0.8"), "decay": Q("0.3"), "residual": Q("0.09"),
                 "residual/x": Q("0.31")},
        equilibrium={"x": Q(0)},
    ),
    "barrier": _claim(
        "T-SAFE-D",
        {"x": _q("0.5") * X + _q("0.3") * Y, "y": _q("0.5") * Y - _q("0.3") * X + _q("0.1") * W},
        disturbances=("w",),
        box={"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1)), "w": (Q(-1), Q(1))},
        functions={"barrier": DISC - _q("0.5"), "initial/0": DISC - _q("0.25"),
                   "unsafe/0": _q("0.64") - DISC},
    ),
    "flow": _claim(
        "T-STAB-C",
        {"x": -X + X**3 + _q("0.1") * tanh(X) * W},
        disturbances=("w",),
        box={"x": (Q(-2), Q(2)), "w": (Q(-1), Q(1))},
        functions={"lyapunov": X**2},
        numbers={"level": Q("0.7"), "decay": Q("0.1")},
        equilibrium={"x": Q(0)},
    ),
    "safety": _claim(
        "T-SAFE-C",
        {"x": -X + Y, "y": -X - Y + W},
        disturbances=("w",),
        box={"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1)), "w": (Q("-0.1"), Q("0.1"))},
        functions={"barrier": DISC - _q("0.5"), "initial/0": DISC - _q("0.25"),
                   "unsafe/0": _q("0.64") - DISC},
    ),
    "output": _claim(
        "T-OUT",
        {"x": X, "y": Y},
        functions={"output": _NETWORK},
        numbers={"lower": Q("-3.26"), "upper": Q("1.51")},
    ),
    "rules": _claim(
        "T-RULE",
        {"x": X, "y": Y},
        controller={"u": select(X - _q("0.25"), _q("0.5"), _q("-0.5"))},
        functions={"rule/r/when/0>": X - _q("0.25"), "rule/r/then/0>=": U - _q("0.5"),
                   "rule/s/then/0>": U + DISC + 1},
    ),
}  # fmt: skip


@lru_cache
def accepted(name: str) -> bytes:
    """The bytes of a certificate for the claim of that name."""
    outcome = BranchAndBound().verify(CLAIMS[name], Options(timeout=60))
    assert outcome.certificate is not None, outcome.advice
    return write_certificate(outcome.certificate)


def same_claim(a: Claim, b: Claim) -> bool:
    """Whether two claims differ in labels only."""
    return a == replace(b, name=a.name, step=a.step, units=a.units)


def still_true(claim: Claim) -> bool:
    """A true claim implies it, or no sample contradicts it and a new proof of it is found."""
    if any(_implied(claim, original) for original in CLAIMS.values()):
        return True
    try:
        outcome = BranchAndBound().verify(claim, Options(timeout=20))
    except (CheckerError, CertifyError):
        return False
    return outcome.verdict is Verdict.PROVED and _sampled(claim)


def _implied(claim: Claim, by: Claim) -> bool:
    """Whether ``claim`` is ``by`` for a smaller level set, which is invariant too as V falls."""
    if not claim.theorem.startswith("T-STAB") or not {"level"} <= {*claim.numbers} & {*by.numbers}:
        return False
    as_large = replace(claim, numbers={**claim.numbers, "level": by.numbers["level"]})
    return claim.numbers["level"] <= by.numbers["level"] and same_claim(as_large, by)


def _sampled(claim: Claim, count: int = 20_000) -> bool:
    """Simulated or evaluated in plain floats, with a little slack for their rounding."""
    rng = np.random.default_rng(0)
    points = {
        n: rng.uniform(float(low), float(high), count) for n, (low, high) in claim.box.items()
    }
    if claim.theorem == "T-OUT":
        (value,) = evaluate([claim.functions["output"]], points)
        lower, upper = (claim.numbers.get(k) for k in ("lower", "upper"))
        above = lower is None or bool((value >= float(lower) - 1e-9).all())
        return above and (upper is None or bool((value <= float(upper) + 1e-9).all()))
    if claim.theorem == "T-RULE":
        return _ruled(claim, points)
    loop = [substitute(claim.plant[x], claim.controller) for x in claim.states]
    if claim.theorem == "T-REACH-D":
        return _recovered(claim, points, loop, rng)
    scale = 1.0 if claim.time == "discrete" else 1e-6
    slopes = evaluate(loop, points)
    base = 0.0 if claim.time == "discrete" else 1.0
    after = {x: base * points[x] + scale * s for x, s in zip(claim.states, slopes, strict=True)}
    kind = "lyapunov" if "lyapunov" in claim.functions else "barrier"
    (now,) = evaluate([claim.functions[kind]], points)
    (then,) = evaluate([claim.functions[kind]], {**points, **after})
    within = np.all([_within(after[x], claim.box[x]) for x in claim.states], axis=0)
    level = float(claim.numbers["level"]) if kind == "lyapunov" else 0
    if claim.time == "discrete" and not within[now <= level].all():
        return False
    if kind == "barrier":
        return _safe(claim, points, now, then)
    low = float(claim.numbers.get("residual", 0))
    kept = all(
        (np.abs(points[x] - float(claim.equilibrium[x])) <= float(bound) + 1e-9).all(
            where=now <= low
        )
        for x in claim.states
        if (bound := claim.numbers.get(f"residual/{x}")) is not None
    )
    inside = (now <= level) & (now > max(low, 1e-6))
    rate = float(claim.numbers["decay"]) * scale
    falls = bool((then <= (1 - rate) * now + 1e-9)[inside].all())
    if low:
        return kept and falls and bool((then <= low + 1e-9)[now <= low].all())
    return falls and bool((now > 0).all())


def _within(values: np.ndarray, ends: tuple[Q, Q]) -> np.ndarray:
    return (values >= float(ends[0]) - 1e-9) & (values <= float(ends[1]) + 1e-9)


def _recovered(
    claim: Claim, points: dict[str, np.ndarray], loop: list[Node], rng: np.random.Generator
) -> bool:
    target, initial = (
        [e for key, e in claim.functions.items() if key.startswith(kind)]
        for kind in ("target", "initial")
    )
    rows = np.all([v <= -1e-9 for v in evaluate(initial, points)], axis=0)
    arrived, since = ~rows, np.zeros(len(rows))
    last = int(claim.numbers["steps"])
    for k in range(last + 20):
        inside = np.all([v <= 1e-9 for v in evaluate(target, points)], axis=0)
        since, arrived = np.where(inside, 0, since + 1), arrived | inside
        out = any((np.abs(points[x][rows]) > float(claim.box[x][1]) + 1e-9).any()
                  for x in claim.states)  # fmt: skip
        if k == last and not arrived.all():
            return False
        if "away" in claim.numbers and (
            out or (k >= last and (since[rows] > int(claim.numbers["away"])).any())
        ):
            return False
        moved = dict(zip(claim.states, evaluate(loop, points), strict=True))
        drawn = {w: rng.uniform(*map(float, claim.box[w]), len(rows)) for w in claim.disturbances}
        points = {**points, **drawn, **moved}
    return True


def _ruled(claim: Claim, points: Mapping[str, np.ndarray]) -> bool:
    for rule in {name.split("/")[1] for name in claim.functions}:
        kept = {"when": np.ones(1, dtype=bool), "then": np.ones(1, dtype=bool)}
        for name, e in claim.functions.items():
            _, other, side, _ = name.split("/")
            if other == rule:
                (value,) = evaluate([substitute(e, claim.controller)], points)
                kept[side] = kept[side] & (value > (1e-9 if side == "when" else -1e-9))
        if (kept["when"] & ~kept["then"]).any():
            return False
    return True


def _safe(claim: Claim, points: Mapping[str, object], now: np.ndarray, then: np.ndarray) -> bool:
    sets = {}
    for kind in ("initial", "unsafe"):
        parts = [e for key, e in claim.functions.items() if key.startswith(kind)]
        sets[kind] = np.all([v <= 0 for v in evaluate(parts, points)], axis=0)
    edge = np.abs(now) < 1e-3
    return not (
        (now > 0)[sets["initial"]].any()
        or (now <= 0)[sets["unsafe"]].any()
        or (then > now + 1e-9)[edge & (claim.time == "continuous")].any()
        or (then > 1e-9)[(now <= 0) & (claim.time == "discrete")].any()
    )
