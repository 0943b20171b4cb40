"""Jobs: what a worker is given of a search, and what it does with it.

A job is a hand of open boxes of one obligation with a number of boxes and seconds to spend on
them; its result are the subtrees, perhaps with boxes still open, which are dealt out again.
What a box becomes depends on nothing but the box, so the finished tree is the same to the byte
wherever and in whatever order jobs run.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from certify.errors import UnsupportedError
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.coordinates import Coordinates, transformed
from certify.proofs.checker.theorems import obligations
from certify.verifiers.engine import Engine
from certify.verifiers.growth import Grown
from certify.verifiers.native import NativeEngine
from certify.verifiers.points import Array
from certify.verifiers.python_engine import PythonEngine
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import OPEN

__all__ = ["Job", "Statement", "perform", "perform_stated"]

_SUSPECTS = 16  # that a job looks for, at most


@dataclass(frozen=True)
class Statement:
    """What a worker needs to derive an obligation by itself, in text, and which engine to use.

    The ``digest`` of what it derives shows a worker that has another version of this package.
    """

    claim: str
    radius: str | None
    name: str
    coordinates: str | None
    symbols: int | None
    digest: str
    native: bool

    @classmethod
    def of(cls, search: ObligationSearch, claim: Claim, radius: Fraction | None) -> Statement:
        """The statement of the obligation of ``search``, which is one of ``claim``."""
        map_ = search.coordinates
        return cls(
            claim=json.dumps(claim.to_json()),
            radius=None if radius is None else str(radius),
            name=search.obligation.name,
            coordinates=None if map_ is None else json.dumps(map_.to_json()),
            symbols=search.symbols,
            digest=search.stated.digest(),
            native=not isinstance(search.engine(), PythonEngine),
        )


@dataclass(frozen=True, eq=False)
class Job:
    """At most ``boxes`` boxes, for about ``seconds``, on open boxes with corners (k, n).

    Or on boxes with ``trees`` of which many leaves are open, for the native engine.
    """

    low: Array
    high: Array
    degrees: tuple[int, ...]
    boxes: int
    seconds: float
    ties: bool
    trees: tuple[bytes, ...] = ()


def perform(engine: Engine, job: Job) -> Grown:
    """Grow the subtrees of ``job``; boxes that there is no time for stay open."""
    if isinstance(engine, PythonEngine):
        return engine.grow_together(
            job.low, job.high, job.boxes, job.degrees, job.seconds, job.ties
        )
    if job.trees:
        return _perform_on_trees(engine, job)
    end = time.monotonic() + job.seconds
    trees = [bytes([OPEN])] * len(job.low)
    suspects = [np.zeros((0, job.low.shape[1]))]
    boxes, stuck = 0, False
    for i, (low, high) in enumerate(zip(job.low, job.high, strict=True)):
        left = end - time.monotonic()
        found = sum(map(len, suspects))
        if stuck or found >= _SUSPECTS or boxes >= job.boxes or (boxes and left <= 0):
            break
        growth = engine.grow(low, high, trees[i], job.boxes - boxes, job.degrees, left, job.ties)
        trees[i], stuck = growth.tree, growth.stuck
        boxes += growth.boxes
        suspects.append(growth.suspects)
    return Grown(tuple(trees), boxes, np.concatenate(suspects), stuck)


def _perform_on_trees(engine: Engine, job: Job) -> Grown:
    assert isinstance(engine, NativeEngine)
    grown = [
        engine.grow(low, high, tree, job.boxes, job.degrees, job.seconds, job.ties, False)
        for low, high, tree in zip(job.low, job.high, job.trees, strict=True)
    ]
    return Grown(
        tuple(g.tree for g in grown),
        sum(g.boxes for g in grown),
        np.concatenate([g.suspects for g in grown]),
        any(g.stuck for g in grown),
    )


def perform_stated(statement: Statement, job: Job) -> Grown:
    """Derive the obligation, if this worker has not yet, and grow the subtrees of ``job``."""
    with _one_at_a_time:  # threads of a worker must not all compile the same
        engine = _engine(statement)
    return perform(engine, job)


_one_at_a_time = threading.Lock()


@lru_cache(maxsize=16)
def _engine(statement: Statement) -> Engine:
    claim = Claim.from_json(json.loads(statement.claim))
    radius = None if statement.radius is None else Fraction(statement.radius)
    derived = {o.name: o for o in obligations(claim, radius)}.get(statement.name)
    map_ = None
    if statement.coordinates is not None:
        map_ = Coordinates.from_json(json.loads(statement.coordinates))
    stated = transformed(derived, map_) if derived and map_ else derived
    if derived is None or stated is None or stated.digest() != statement.digest:
        raise UnsupportedError("a worker has another version of certify: install the same one")
    if not statement.native:
        return PythonEngine(stated, statement.symbols)
    try:
        return NativeEngine(derived, map_, statement.symbols)
    except RuntimeError as error:
        raise UnsupportedError(
            f"on a worker {error}, so that it would find another proof: install certify there "
            "with a C++ compiler, or set CERTIFY_ENGINE=python here"
        ) from error
