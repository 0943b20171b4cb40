"""The command about probabilities: how likely the target is after a step, for every leaf."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated

import typer

from certify import arguments as args
from certify.proofs.checker.intervals import above, below
from certify.terminal import print_json

__all__ = ["chances"]

_LISTED = 20

Boxes = Annotated[int, typer.Option("--boxes", min=1, help="how many boxes to bound")]


def chances(problem: args.ProblemFile, boxes: Boxes = 100_000, as_json: args.Json = False) -> None:
    """Bound the probability of the target after one step, for every leaf of the trees."""
    from certify.errors import InputError
    from certify.io.toml import read_problem
    from certify.problem import Recovery
    from certify.theorems import claim_of
    from certify.verifiers.leaf_chances import chances as bounded

    stated = read_problem(problem)
    if not isinstance(stated.property, Recovery):
        raise InputError(f'{problem}: this is about a target: write kind = "recovery"')
    claim = claim_of(stated)
    found = sorted(bounded(claim, stated.property.distribution, boxes), key=lambda c: c.lower)
    lower = sum((c.mass * c.lower for c in found), Fraction(0))
    upper = sum((c.mass * c.upper for c in found), Fraction(0))
    if as_json:
        print_json({
            "leaves": [
                {"mass": float(c.mass), "lower": below(c.lower), "upper": above(c.upper),
                 "box": {x: [str(s.low), str(s.high)] for x, s in c.box.items()}}
                for c in found
            ],
            "lower": below(lower), "upper": above(upper),
        })  # fmt: skip
        return
    typer.echo(f"{len(found)} leaves; the target after a step: {_interval(lower, upper)}")
    typer.echo("bounds from enclosures for the stated distribution; the least likely leaves:")
    for c in found[:_LISTED]:
        where = ", ".join(
            f"{x} {float(s.low):.6g} to {float(s.high):.6g}"
            for x, s in c.box.items()
            if (s.low, s.high) != claim.box[x]
        )
        typer.echo(f"  {_interval(c.lower, c.upper)}, mass {float(c.mass):.3g}: {where}")


def _interval(lower: Fraction, upper: Fraction) -> str:
    """With six decimals, rounded outward."""
    low, high = math.floor(lower * 10**6), math.ceil(upper * 10**6)
    return f"{low / 10**6:.6f} to {high / 10**6:.6f}"
