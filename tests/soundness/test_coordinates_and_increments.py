"""False claims behind slanted axes, limits of a step, increments and work done before."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest
from claim_builders import OVAL, TURN, TURNED, P, X, Y, bounded, claim, q, stable

from certify.expression import Node, const, relu
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.coordinates import Coordinates, transformed
from certify.proofs.checker.errors import CheckerError, Rejected
from certify.proofs.checker.format import Certificate, Proof, write_certificate
from certify.proofs.checker.kernel import check
from certify.proofs.checker.language import increment, topological
from certify.proofs.checker.loops import closed_loop, stays_inside
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import Atom, Obligation, atoms, proved
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.proofs.checker.tree import LEAF, leaves, root_box
from certify.verifiers import doubts
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options
from certify.verifiers.points import Sampled, Table
from certify.verifiers.proof_run import ProofRun
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import ACCEPTED

_DEPTH = 8
_SLANTED = [
    Coordinates((Q(0), Q(0)), ((Q(1), Q(1)), (Q(1), Q(-1)))),
    Coordinates((Q(1, 2), Q(3)), ((Q(1), Q(0)), (Q(1), Q(1)))),  # x is kept, and y leans on it
    Coordinates((Q(-5), Q(1, 3)), ((Q(-2), Q(1, 3)), (Q(0), Q(1)))),
    Coordinates((Q(0), Q(7)), ((Q(0), Q(1)), (Q(1), Q(0)))),  # the variables exchanged
    Coordinates((Q(0), Q(0)), ((Q(1, 10**9), Q(1)), (Q(0), Q(10**9)))),
]


def _halved(variables: int, leaf: int, depth: int = _DEPTH) -> bytes:
    tree = bytes([leaf])
    for i in reversed(range(depth)):
        tree = bytes([i % variables]) + tree + tree
    return tree


def _certificate(
    of: Claim, leaf: int = 0x41, axes: Coordinates | None = None, depth: int = _DEPTH
) -> bytes:
    radius = Q(1, 4) if THEOREMS[of.theorem].has_radius else None
    wanted = obligations(of, radius)
    proof = Proof(
        radius,
        {o.name: _halved(len(o.box), leaf, depth) for o in wanted},
        {o.name: o.digest() for o in wanted},
        {} if axes is None else {o.name: axes for o in wanted},
    )
    return write_certificate(Certificate(of, THEOREMS[of.theorem].assumptions, "kernel", proof))


@pytest.mark.parametrize("leaf", [0x40, 0x41, 0x42])
@pytest.mark.parametrize("axes", _SLANTED)
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_no_corner_of_the_box_is_lost_to_slanted_axes(
    signs: tuple[int, int], axes: Coordinates, leaf: int
) -> None:
    corner = signs[0] * X + signs[1] * Y  # 2 at one corner only
    with pytest.raises(Rejected):
        check(_certificate(bounded(corner, None, "1.999"), leaf, axes))
    check(_certificate(bounded(corner, None, "4"), 0x41, axes, 12))


def test_a_matrix_that_misses_a_direction_is_refused() -> None:
    flat = Coordinates((Q(0), Q(0)), ((Q(1), Q(0)), (Q(1), Q(0))))
    with pytest.raises(CheckerError):
        check(_certificate(bounded(X - Y, None, "0.5"), 0x41, flat))


def test_a_fixed_variable_may_lean() -> None:
    fixed = Obligation("t", "", {"x": (Q(1), Q(1)), "y": (Q(-1), Q(1))}, Atom(">", X - Y))
    there = transformed(fixed, _SLANTED[0])
    # w = (x + y, x - y) / 2
    assert dict(there.box) == {"_w_0": (Q(0), Q(1)), "_w_1": (Q(0), Q(1))}


@pytest.mark.parametrize(
    ("low", "high", "after"),
    [
        ("-1", "3", const(Q(3)) + q("0.001") * relu(X)),
        ("-1/3", "2", -q("0.34") + 0 * X),
        ("-2", "1/7", q("0.95") * X + q("0.05") * const(Q(1, 7)) + q("1e-4") * P),
        ("-3", "1", q("0.8") * X - q("0.6001")),
    ],
)
def test_a_step_just_over_a_limit_is_not_pulled_back(low: str, high: str, after: Node) -> None:
    barrier = const(-1) + 0 * X
    functions = {"barrier": barrier, "initial/0": barrier, "unsafe/0": const(1) + 0 * X}
    box = {"x": (Q(low), Q(high)), "p": (Q(-1), Q(1))}
    of = claim("T-SAFE-D", {"x": after}, parameters=("p",), box=box, functions=functions)
    with pytest.raises(Rejected):
        check(_certificate(of))


@pytest.mark.parametrize("op", ["log", "sqrt", "recip"])
def test_an_increment_is_undefined_where_an_end_is(op: str) -> None:
    box = {"x": (Q(1, 2), Q(1)), "y": (Q(-1), Q(0))}
    for gap in (Y, 0 * Y - 1):
        wanted = Obligation("t", "", box, Atom("defined", increment(op, 0, X, gap)))
        assert not _closes(wanted)
    assert _closes(Obligation("t", "", box, Atom("defined", increment(op, 0, X, Y / 4))))


def _closes(wanted: Obligation) -> bool:
    names = allocate(a.node for a in atoms(wanted.formula))
    return all(
        bool(proved(wanted.formula, Block(tuple(wanted.box), g.low, g.high, d, names)).all())
        for d in (0, 1, 2)
        for g in leaves(_halved(2, 0x40 + d), *root_box(wanted))
    )


def test_what_a_file_says_was_accepted_is_checked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # V = x**2 grows where x**2 > 5/6; the saved search says that one leaf was accepted
    of = stable("D", q("0.5") * X + q("0.6") * X**3, X**2, "0.95")
    monkeypatch.setattr(doubts, "falsify", lambda *_: None)
    options = Options(boxes=2000, checkpoint=tmp_path / "saved")
    run = ProofRun(of, options)
    run._choose_parameters()
    run.searches = [ObligationSearch(o) for o in obligations(of, run.radius)]
    for search in run.searches:
        search.tree = bytes([LEAF + 1 + ACCEPTED])
    run.checkpoint._save(run._state())
    assert BranchAndBound().verify(of, options).verdict is not Verdict.PROVED


def test_a_step_below_the_excess_of_a_level_is_inside() -> None:
    of = stable("D", TURN, OVAL, "0.7", **TURNED)
    f = closed_loop(of)
    parts = stays_inside(of, f, OVAL)
    points = np.random.default_rng(1).uniform(-1, 1, (20_000, 2))
    points[:, 1] /= 8
    v, *steps = Table([OVAL, f["x"], f["y"]], ("x", "y")).at(points)
    outside = [steps[0] > 1, steps[0] < -1, steps[1] > 1, steps[1] < -1]
    for part, out in zip(parts, outside, strict=True):
        with_v = [a for a in part.parts if OVAL in topological([a.node])]
        assert len(with_v) == 1
        held = Sampled(with_v[0], ("x", "y")).margin(points) >= 0
        assert held.sum() > 1000
        assert not (held & out & (v <= 0.7)).any()
    assert (outside[0] & (v < 0.7)).any()
    assert stays_inside(of, f) == tuple(
        replace(part, parts=(part.parts[0], *part.parts[2:])) for part in parts
    )
