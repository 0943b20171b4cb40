"""Certificates with pavings for random loops: what the search finds, and damaged and false ones.

A cell is false if a trajectory from one of its points is not in the core or the target by the time
that the paving says, by far more than rounding, or leaves the domain before; one that is not kept,
if it has initial states.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
from numpy.typing import NDArray
from random_loops import recovery

from certify.expression import Node, const
from certify.expression.evaluate import evaluate
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.paving import NEVER, Paving, cells_of
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

__all__ = ["extended_certificates", "recovered_certificates"]

_SEARCH = Options(timeout=5, boxes=3000, extend_depth=8, extend_steps=8)
_LEVEL = Q(1, 4)
_STARTS = 64  # points that are followed from a cell
_CLEAR = 1e-6  # of a number of order 1
_LEAST = Q(1, 10**30)


def extended_certificates(core: Claim, rng: random.Random) -> Iterator[tuple[str, Certificate]]:
    """Each with ``searched``, ``damaged`` or ``false``; ``core`` is a claim of T-STAB-D."""
    numbers = {"level": _LEVEL, "decay": core.numbers["decay"]}
    return _certificates(replace(core, theorem="T-EXT-D", numbers=numbers), rng)


def recovered_certificates(seed: int) -> Iterator[tuple[str, Certificate]]:
    """The same for the recovery of a random loop."""
    rng = random.Random(seed)
    return _certificates(recovery(rng), rng)


def _certificates(open_claim: Claim, rng: random.Random) -> Iterator[tuple[str, Certificate]]:
    found = BranchAndBound().verify(open_claim, _SEARCH).certificate
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
        if _has_initial_states(found, cell, rng):
            yield "false", _edited(found, cell, rng.randint(0, 9), NEVER)
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


def _points(given: Certificate, cell: int, rng: random.Random) -> dict[str, NDArray[np.float64]]:
    """States of a cell."""
    paving, states = given.proof.paving, given.claim.states
    assert paving is not None
    cells = cells_of(given.claim, paving)
    draws = np.random.default_rng(rng.randrange(1 << 30))
    low, high = cells.low[:, cell, None], cells.high[:, cell, None]
    return dict(zip(states, draws.uniform(low, high, (len(states), _STARTS)), strict=True))


def _has_initial_states(given: Certificate, cell: int, rng: random.Random) -> bool:
    initial = [e for key, e in given.claim.functions.items() if key.startswith("initial")]
    values = evaluate(initial, _points(given, cell, rng))
    return bool(initial) and bool((np.max(values, axis=0) < -_CLEAR).any())


def _goal(claim: Claim) -> list[Node]:
    """What is not positive in the core or the target."""
    if "lyapunov" in claim.functions:
        return [claim.functions["lyapunov"] - const(claim.numbers["level"])]
    return [e for key, e in claim.functions.items() if key.startswith("target")]


def _late(given: Certificate, cell: int, most: int, rng: random.Random) -> int:
    """Before how many steps, ``most`` at the most, some trajectory from a cell is not there.

    ``most`` too if it leaves the domain before it is.
    """
    claim, points = given.claim, _points(given, cell, rng)
    draws = np.random.default_rng(rng.randrange(1 << 30))
    outside = np.ones(_STARTS, dtype=bool)  # of the core or target, until now
    for step in range(most):
        outside &= np.max(evaluate(_goal(claim), points), axis=0) > _CLEAR
        if not outside.any():
            return step
        moved = {w: draws.choice([-1.0, 1.0], _STARTS) for w in claim.disturbances}
        after = evaluate([claim.plant[x] for x in claim.states], {**points, **moved})
        points = dict(zip(claim.states, after, strict=True))
        if (outside & (np.abs(np.array(after)).max(axis=0) > 1 + _CLEAR)).any():
            return most
    return most
