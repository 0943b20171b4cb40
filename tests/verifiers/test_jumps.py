"""Beside the threshold at which a box stays open there is the point that shows why."""

from fractions import Fraction as Q

import pytest

from certify.expression import select, var
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.obligations import Atom, Obligation
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options
from certify.verifiers.jumps import beside_jumps
from certify.verifiers.search import ObligationSearch

X = var("x")
BOX = {"x": (Q(-1), Q(1))}


@pytest.mark.parametrize(("width", "found"), [("1e-7", True), ("0", False)])
def test_a_narrow_strip_beside_a_threshold(width: str, found: bool) -> None:
    bound = Q("0.3")
    narrow = select(X - bound, select(X - bound - Q(width), 1, -1), 1)
    claim = Claim("T-OUT", "strip", "discrete", ("x",), (), (), BOX, {}, {}, {"output": narrow},
                  {"lower": Q(0)})  # fmt: skip
    whole = Obligation("output", "", BOX, Atom(">=", narrow))
    search = ObligationSearch(whole)
    while search.is_open and not search.grow(1000).stuck:
        pass
    assert search.is_open  # the hull of both sides of the threshold is all that a box knows
    counterexample = beside_jumps(claim, [search], 0)
    assert (counterexample is not None) == found
    if counterexample is not None:
        assert 0 < counterexample.point["x"] - bound <= Q(width)


def test_a_tree_in_a_loop_is_decided_leaf_by_leaf() -> None:
    """The hull of both leaves on the threshold would not do: only one product is small."""
    u = select(X - Q("0.1"), X, -X)
    plant = {"x": X * Q("0.5") + u * (X - u) * Q("0.2")}
    functions = {"barrier": X**2 - Q("0.64"), "initial/0": X**2 - Q("0.25"), "unsafe/0": 1 - X}
    claim = Claim("T-SAFE-D", "loop", "discrete", ("x",), (), (), BOX, plant, {}, functions, {})
    outcome = BranchAndBound().verify(claim, Options(timeout=30))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.certificate is not None
    assert {"step/0", "step/1"} <= set(outcome.certificate.proof.trees)
