"""The kernel: accepts a certificate only if every obligation of its claim is proved.

The obligations are derived here from the claim in the file; the file contributes a radius,
splits and the degree of each leaf's rule, none of which is believed.  No tolerance is used
anywhere: a leaf closes when a rigorous enclosure says so, and an enclosure that is not
finite says nothing.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from fractions import Fraction

from .claim import Claim
from .errors import Rejected
from .format import Certificate, read_certificate
from .models import Box, Evaluator, exact_ball, set_precision
from .obligations import Obligation, holds, truth
from .theorems import applicable, obligations, violation
from .tree import LEAF, leaves

__all__ = ["Accepted", "check", "check_certificate", "open_leaves", "refutes"]

Progress = Callable[[float], None]
_WORTH_SHARING = 4000  # bytes of trees: below, starting workers takes longer than the check
_SHARES = 32  # of the leaves of one tree, dealt out like cards to the workers


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
    counts, rejected = (
        {},
        open_leaves(certificate.claim, proof.radius, proof.trees, workers, progress),
    )
    for name in wanted:
        if rejected[name].open:
            position = rejected[name].open[0]
            raise Rejected(f"{name}: leaf {position} is not proved{rejected[name].where}")
        counts[name] = rejected[name].leaves
        if counts[name] != sum(byte >= LEAF for byte in proof.trees[name]):
            raise Rejected(f"{name}: not every leaf was evaluated")
    return Accepted(certificate, counts)


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
    workers: int = 1,
    progress: Progress | None = None,
    known: Mapping[str, frozenset[int]] | None = None,
) -> dict[str, LeafCount]:
    """For every obligation of ``claim`` the leaves of its tree that are not proved.

    Every leaf is evaluated once, except those at the positions ``known``, which only a
    search passes, to save what it has had evaluated before.  With several ``workers`` each
    walks all of the trees and evaluates its share.  Raises Rejected if a tree does not cover
    its box.
    """
    known = {name: frozenset() for name in trees} if known is None else known
    work = sum(len(tree) - len(known[name]) for name, tree in trees.items())
    if workers == 1 or work < _WORTH_SHARING:
        job = _Job(tuple(obligations(claim, radius)), trees, known)
        return _merged(map(job.count, range(_SHARES)), progress)
    context = multiprocessing.get_context("forkserver")
    given = (claim.to_json(), radius, dict(trees), dict(known))
    pool = ProcessPoolExecutor(workers, context, _prepare, given)
    try:
        return _merged(pool.map(_count, range(_SHARES)), progress)
    except BrokenProcessPool as error:
        raise Rejected("a worker of the checker died: not every leaf was evaluated") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _merged(
    shares: Iterator[dict[str, LeafCount]], progress: Progress | None
) -> dict[str, LeafCount]:
    total: dict[str, LeafCount] = {}
    for done, share in enumerate(shares, start=1):
        for name, part in share.items():
            known = total.get(name, LeafCount(0, (), ""))
            first = min(known, part, key=lambda c: c.open[0] if c.open else 1 << 60)
            both = tuple(sorted(known.open + part.open))
            total[name] = LeafCount(known.leaves + part.leaves, both, first.where)
        if progress is not None:
            progress(done / _SHARES)
    return total


@dataclass(frozen=True)
class _Job:
    """The leaves of some trees, to be evaluated in shares."""

    wanted: tuple[Obligation, ...]
    trees: Mapping[str, bytes]
    known: Mapping[str, frozenset[int]]

    def count(self, share: int) -> dict[str, LeafCount]:
        """Evaluate one share: every ``_SHARES``-th leaf of every tree, from ``share`` on."""
        return {o.name: self._count(o, share) for o in self.wanted}

    def _count(self, obligation: Obligation, share: int) -> LeafCount:
        count, where, known = 0, "", self.known[obligation.name]
        rejected: list[int] = []
        for i, leaf in enumerate(leaves(self.trees[obligation.name], obligation.box)):
            if i % _SHARES != share or leaf.position in known:
                continue
            count += 1
            if not holds(obligation.formula, Evaluator(leaf.box, leaf.degree)):
                where = where or f" (around {_middle(leaf.box)})"
                rejected.append(leaf.position)
        return LeafCount(count, tuple(rejected), where)


_jobs: list[_Job] = []  # of a worker process: the one it was started for


def _prepare(
    data: object,
    radius: Fraction | None,
    trees: Mapping[str, bytes],
    known: Mapping[str, frozenset[int]],
) -> None:
    _jobs.append(_Job(tuple(obligations(Claim.from_json(data), radius)), trees, known))


def _count(share: int) -> dict[str, LeafCount]:
    return _jobs[-1].count(share)


def _middle(box: Box) -> str:
    """The centre of ``box`` in few digits, whatever its size."""
    balls = ((x, exact_ball((low + high) / 2)) for x, (low, high) in box.items())
    return ", ".join(f"{x} = {ball.str(6, radius=False)}" for x, ball in balls)


def refutes(claim: Claim, point: Mapping[str, Fraction]) -> str | None:
    """The name of a condition that is provably false at ``point``, if there is one."""
    set_precision()
    for obligation in violation(claim):
        inside = all(
            name in point and low <= point[name] <= high
            for name, (low, high) in obligation.box.items()
        )
        box = {name: (point[name], point[name]) for name in obligation.box} if inside else {}
        if inside and truth(obligation.formula, Evaluator(box, 0)) is False:
            return obligation.name
    return None
