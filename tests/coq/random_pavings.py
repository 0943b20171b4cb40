"""Certificates of T-EXT-D for random loops: what the search finds, and damaged and false ones.

A cell is false if a trajectory from one of its points is not in the core by the time that the
paving says, by far more than rounding, or leaves the domain before.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
from numpy.typing import NDArray

from certify.expression.evaluate import evaluate
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.extension import Extension
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.paving import NEVER, Paving
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

__all__ = ["extended_certificates"]

_SEARCH = Options(timeout=5, boxes=3000, extend_depth=8, extend_steps=8)
_LEVEL = Q(1, 4)
_STARTS = 64  # points that are followed from a cell
_CLEAR = 1e-6  # of the level, or of a side of the domain
_LEAST = Q(1, 10**30)


def extended_certificates(core: Claim, rng: random.Random) -> Iterator[tuple[str, Certificate]]:
    """Each with ``searched``, ``damaged`` or ``false``; ``core`` is a claim of T-STAB-D."""
    numbers = {"level": _LEVEL, "decay": core.numbers["decay"]}
    claim = replace(core, theorem="T-EXT-D", numbers=numbers)
    found = BranchAndBound().verify(claim, _SEARCH).certificate
    if found is None or found.proof.paving is None:
        return
    yield "searched", found
    claim = found.claim
    yield "false", _with(found, volume=claim.numbers["volume"] + _LEAST)
    last = int(_times(found)[_kept(found)].max(initial=0))
    yield "false", _with(found, steps=last - _LEAST)
    cells = np.flatnonzero(_kept(found))
    if len(cells):
        cell = rng.choice(cells.tolist())
        yield "damaged", _edited(found, cell, rng.randint(0, 9), rng.randint(0, 9))
        late = _late(found, cell, int(claim.numbers["steps"]) + 1, rng)
        if late > 0:
            yield "false", _edited(found, cell, rng.randint(0, 9), late - 1)
    others = np.flatnonzero(~_kept(found))
    if len(others):
        cell, steps = rng.choice(others.tolist()), int(claim.numbers["steps"])
        if _late(found, cell, steps + 1, rng) > steps:
            yield "false", _edited(found, cell, rng.randint(0, 9), steps)


def _times(given: Certificate) -> NDArray[np.uint16]:
    assert given.proof.paving is not None
    return np.frombuffer(given.proof.paving.times, "<u2")


def _kept(given: Certificate) -> NDArray[np.bool_]:
    return _times(given) != NEVER


def _with(given: Certificate, **numbers: Q) -> Certificate:
    return replace(given, claim=replace(given.claim, numbers={**given.claim.numbers, **numbers}))


def _edited(given: Certificate, cell: int, hops: int, time: int) -> Certificate:
    paving = given.proof.paving
    assert paving is not None
    times, all_hops = _times(given).copy(), bytearray(paving.hops)
    times[cell], all_hops[cell] = time, hops
    changed = Paving(paving.tree, bytes(all_hops), times.tobytes())
    return replace(given, proof=replace(given.proof, paving=changed))


def _late(given: Certificate, cell: int, most: int, rng: random.Random) -> int:
    """Before how many steps, ``most`` at the most, some trajectory from a cell is not in the core.

    ``most`` too if it leaves the domain before it is.
    """
    claim, paving = given.claim, given.proof.paving
    assert paving is not None
    cells = Extension(claim, paving).cells
    draws = np.random.default_rng(rng.randrange(1 << 30))
    low, high = cells.low[:, cell, None], cells.high[:, cell, None]
    points = dict(zip(claim.states, draws.uniform(low, high, (len(low), _STARTS)), strict=True))
    level = float(claim.numbers["level"]) * (1 + _CLEAR)
    outside = np.ones(_STARTS, dtype=bool)  # of the core, until now
    for step in range(most):
        (v,) = evaluate([claim.functions["lyapunov"]], points)
        outside &= v > level
        if not outside.any():
            return step
        moved = {w: draws.choice([-1.0, 1.0], _STARTS) for w in claim.disturbances}
        after = evaluate([claim.plant[x] for x in claim.states], {**points, **moved})
        points = dict(zip(claim.states, after, strict=True))
        if (outside & (np.abs(np.array(after)).max(axis=0) > 1 + _CLEAR)).any():
            return most
    return most
