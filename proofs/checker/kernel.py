"""The kernel: accepts a certificate only if every obligation of its claim is proved.

The obligations are derived here from the claim in the file; the file contributes a radius,
coordinates, splits and the degree of each leaf's rule, none of which is believed.  No
tolerance is used anywhere: a leaf closes when a rigorous enclosure says so, and an enclosure
that is not finite says nothing.
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .claim import Claim
from .coordinates import Coordinates, transformed
from .errors import Rejected
from .extension import check_extension
from .format import Certificate, read_certificate
from .intervals import (
    Array,
    Mask,
    above,
    below,
    check_arithmetic,
)
from .models import Block
from .obligations import Obligation, atoms, proved, truth
from .recovery import check_recovery
from .symbols import NO_ROLES, Roles, allocate
from .theorems import applicable, obligations, violation
from .tree import LEAF, Leaves, leaves, root_box

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Accepted", "check", "check_certificate", "open_leaves", "refutes", "to_prove"]

Progress = Callable[[float], None]
_WORTH_SHARING = 10_000  # leaves: below, starting workers takes longer than the check
_BATCH = 1024  # leaves that are evaluated together, at most
_ROOM = 1 << 24  # coefficients that are held together
_AHEAD = 4  # batches that wait for each worker


@dataclass(frozen=True)
class Accepted:
    """What was proved, and from how many leaves for each obligation."""

    certificate: Certificate
    leaves: Mapping[str, int]


def check(data: bytes, workers: int = 1, progress: Progress | None = None) -> Accepted:
    """Check the certificate with the bytes ``data``; raises CheckerError if it is not proved.

    ``progress`` is told the fraction done.
    """
    return check_certificate(read_certificate(data), workers, progress)


def check_certificate(
    certificate: Certificate, workers: int = 1, progress: Progress | None = None
) -> Accepted:
    """The same for a certificate that was read already."""
    wanted, proof = to_prove(certificate), certificate.proof
    counts = {}
    rejected = open_leaves(
        certificate.claim, proof.radius, proof.trees, proof.coordinates, workers, progress,
        symbols=proof.symbols,
    )  # fmt: skip
    for name in wanted:
        if rejected[name].open:
            position = rejected[name].open[0]
            raise Rejected(f"{name}: leaf {position} is not proved{rejected[name].where}")
        counts[name] = rejected[name].leaves
        if counts[name] != _leaf_number(proof.trees[name]):
            raise Rejected(f"{name}: not every leaf was evaluated")
    if proof.paving is not None:
        shown = check_recovery if certificate.claim.theorem == "T-REACH-D" else check_extension
        counts["paving"] = shown(certificate.claim, proof.paving, progress)
    return Accepted(certificate, counts)


def to_prove(certificate: Certificate) -> Mapping[str, Obligation]:
    """The obligations of the claim, each of which ``certificate`` has a tree for.

    Raises CheckerError if its trees, their statements or its assumptions are those of another
    claim.  The trees themselves are not looked at, nor is a paving.
    """
    if certificate.evidence != "kernel":
        raise Rejected(
            f"the evidence is {certificate.evidence[:40]!r}: nothing in this file can be re-checked"
        )
    certificate.claim.check()
    theorem, proof = applicable(certificate.claim), certificate.proof
    wanted = {o.name: o for o in obligations(certificate.claim, proof.radius)}
    if certificate.assumptions != theorem.assumptions:
        raise Rejected("the assumptions printed are not those of the theorem")
    if set(proof.trees) != set(wanted):
        raise Rejected(f"the trees are not those of the obligations of {theorem.id}")
    for name, obligation in wanted.items():
        if proof.statements[name] != obligation.digest():
            raise Rejected(f"{name}: the tree was made for another statement")
    if not {*proof.coordinates, *proof.symbols} <= set(wanted):
        raise Rejected("there are coordinates or symbols for another obligation")
    if theorem.has_paving != (proof.paving is not None):
        raise Rejected(f"{theorem.id} {'needs' if theorem.has_paving else 'has no'} paving")
    return wanted


@dataclass(frozen=True)
class LeafCount:
    """How many leaves a tree has, the positions of those not proved, and where the first is."""

    leaves: int
    open: tuple[int, ...]
    where: str


def open_leaves(
    claim: Claim,
    radius: Fraction | None,
    trees: Mapping[str, bytes],
    coordinates: Mapping[str, Coordinates],
    workers: int = 1,
    progress: Progress | None = None,
    known: Mapping[str, frozenset[int]] | None = None,
    symbols: Mapping[str, int] | None = None,
) -> dict[str, LeafCount]:
    """For every obligation of ``claim`` the leaves of its tree that are not proved.

    Every leaf is evaluated once, except those at the positions ``known``, which only a
    search passes, to save what it has had evaluated before.  ``coordinates`` are those of the
    trees that are not over the obligation's own variables, ``symbols`` how many symbols the models
    of their leaves have at most, where that is stated.  Several ``workers`` share the
    leaves.  Raises Rejected if a tree does not cover its box.
    """
    check_arithmetic()
    known = {name: frozenset() for name in trees} if known is None else known
    stated = {} if symbols is None else dict(symbols)
    job = _Job(tuple(_restated(obligations(claim, radius), coordinates)), stated)
    counts = {o.name: _Count(o) for o in job.wanted}
    work = sum(_leaf_number(trees[name]) - len(known[name]) for name in counts)
    done = 0
    given = (claim.to_json(), radius, dict(coordinates), stated)
    shared = workers if work >= _WORTH_SHARING else 1
    for batch, closed in _evaluated(job, job.batches(trees, known), shared, given):
        counts[batch.name].add(batch.leaves, closed)
        done += len(closed)
        if progress is not None:
            progress(min(done / work, 1.0))
    return {name: count.result() for name, count in counts.items()}


def _leaf_number(tree: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(tree, np.uint8) >= LEAF))


def _restated(
    wanted: Iterable[Obligation], coordinates: Mapping[str, Coordinates]
) -> Iterator[Obligation]:
    """The obligations in the coordinates of their trees."""
    for obligation in wanted:
        chosen = coordinates.get(obligation.name)
        yield obligation if chosen is None else transformed(obligation, chosen)


class _Batch(NamedTuple):
    """Leaves of one degree of one tree."""

    name: str
    leaves: Leaves


class _Job:
    """The obligations that leaves are evaluated for."""

    def __init__(self, wanted: tuple[Obligation, ...], symbols: Mapping[str, int]) -> None:
        self.wanted, self._symbols = wanted, symbols
        self._by_name = {o.name: o for o in wanted}
        self._roles: dict[str, Roles] = {}

    def batches(
        self, trees: Mapping[str, bytes], known: Mapping[str, frozenset[int]]
    ) -> Iterator[_Batch]:
        """The leaves of all trees."""
        for o in self.wanted:
            low, high = root_box(o)
            size = max(1, min(_BATCH, _ROOM // self._coefficients(o, trees[o.name])))
            for group in leaves(trees[o.name], low, high, size, known[o.name]):
                yield _Batch(o.name, group)

    def evaluate(self, batch: _Batch) -> Mask:
        """Which of the leaves are proved."""
        obligation, group = self._by_name[batch.name], batch.leaves
        return proved(
            obligation.formula, self._block(obligation, group.low, group.high, group.degree)
        )

    def _block(self, obligation: Obligation, low: Array, high: Array, degree: int) -> Block:
        return Block(tuple(obligation.box), low, high, degree, self._roles_of(obligation))

    def _roles_of(self, obligation: Obligation) -> Roles:
        name = obligation.name
        if name not in self._roles:
            nodes = [a.node for a in atoms(obligation.formula)]
            self._roles[name] = allocate(nodes, self._symbols.get(name))
        return self._roles[name]

    def _coefficients(self, obligation: Obligation, tree: bytes) -> int:
        """Those that the models of one box take at most."""
        degree = max(max(tree, default=LEAF) - LEAF, 0)
        nodes = [a.node for a in atoms(obligation.formula)]
        return self._roles_of(obligation).coefficients(nodes, len(obligation.box), degree) + 1


class _Count:
    """The leaves of one tree, as they come in."""

    def __init__(self, obligation: Obligation) -> None:
        self._names = tuple(obligation.box)
        self._leaves = 0
        self._open: list[int] = []
        self._first, self._where = sys.maxsize, ""

    def add(self, group: Leaves, closed: Mask) -> None:
        """Count the leaves of ``group``, those ``closed`` and the others."""
        self._leaves += len(closed)
        for i in np.flatnonzero(~closed).tolist():
            if group.positions[i] < self._first:
                self._first = group.positions[i]
                self._where = _middle(self._names, group.low[:, i], group.high[:, i])
            self._open.append(group.positions[i])

    def result(self) -> LeafCount:
        """What came in."""
        where = f" (around {self._where})" if self._open else ""
        return LeafCount(self._leaves, tuple(sorted(self._open)), where)


def _evaluated(
    job: _Job,
    batches: Iterator[_Batch],
    workers: int,
    given: tuple[object, Fraction | None, Mapping[str, Coordinates], Mapping[str, int]],
) -> Iterator[tuple[_Batch, Mask]]:
    """Every batch with what is proved of it, from workers that have derived the obligations."""
    if workers == 1:
        for batch in batches:
            yield batch, job.evaluate(batch)
        return
    import multiprocessing  # slow to import, and one worker does without
    from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor

    context = multiprocessing.get_context("forkserver")
    pool = ProcessPoolExecutor(workers, context, _prepare, given)
    waiting: deque[tuple[_Batch, Future[Mask]]] = deque()
    try:
        for batch in batches:
            waiting.append((batch, pool.submit(_evaluate, batch)))
            if len(waiting) > _AHEAD * workers:
                first, answer = waiting.popleft()
                yield first, answer.result()
        for first, answer in waiting:
            yield first, answer.result()
    except BrokenProcessPool as error:
        raise Rejected("a worker of the checker died: not every leaf was evaluated") from error
    finally:
        pool.shutdown(cancel_futures=True)


_jobs: list[_Job] = []  # of a worker process: the one it was started for


def _prepare(
    data: object, radius: Fraction | None, coordinates: Mapping[str, Coordinates],
    symbols: Mapping[str, int],
) -> None:  # fmt: skip
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # an interrupt ends the worker at once, silently
    check_arithmetic()
    wanted = obligations(Claim.from_json(data), radius)
    _jobs.append(_Job(tuple(_restated(wanted, coordinates)), symbols))


def _evaluate(batch: _Batch) -> Mask:
    return _jobs[-1].evaluate(batch)


def _middle(names: Iterable[str], low: Array, high: Array) -> str:
    """The centre of a box in few digits, whatever its size."""
    centre = (0.5 * low + 0.5 * high).tolist()
    return ", ".join(f"{x} = {value:.6g}" for x, value in zip(names, centre, strict=True))


def refutes(claim: Claim, point: Mapping[str, Fraction]) -> str | None:
    """The name of a condition that is provably false at ``point``, if there is one."""
    check_arithmetic()
    for obligation in violation(claim):
        inside = all(
            name in point and low <= point[name] <= high
            for name, (low, high) in obligation.box.items()
        )
        if not inside:
            continue
        names = tuple(obligation.box)
        low = np.array([[below(point[x])] for x in names])
        high = np.array([[above(point[x])] for x in names])
        if truth(obligation.formula, Block(names, low, high, 0, NO_ROLES)) is False:
            return obligation.name
    return None
