"""Set-valued steps along a ray: distinct steps have distinct choices, there as anywhere."""

from __future__ import annotations

from fractions import Fraction as Q

import pytest
from claim_builders import X, Y, q, stable

from certify.expression import Node
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.format import Certificate, Proof, write_certificate
from certify.proofs.checker.kernel import check
from certify.proofs.checker.language import step
from certify.proofs.checker.theorems import THEOREMS, obligations


def _halved(box: int, times: int) -> bytes:
    """Every one of the first ``box`` variables bisected in turn, ``times`` times in all."""
    tree = b"\x41"
    for i in reversed(range(times)):
        tree = bytes([i % box]) + tree + tree
    return tree


def _forged(claim: Claim) -> bytes:
    """A certificate whose cube around the equilibrium is the whole box."""
    wanted = obligations(claim, Q(1))
    trees = {o.name: _halved(len(o.box), 10) for o in wanted}
    proof = Proof(Q(1), trees, {o.name: o.digest() for o in wanted})
    return write_certificate(
        Certificate(claim, THEOREMS[claim.theorem].assumptions, "kernel", proof)
    )


@pytest.mark.parametrize(
    "gap",
    [
        step(X - X) - step(0 * X),  # any value in [-1, 1], at every x
        step(X - X) - step(X + (-X)),
    ],
)
def test_two_steps_do_not_become_one_along_a_ray(gap: Node) -> None:
    # x+ may be 5.5 x at every x, and the difference of the steps was "simplified" to 0
    claim = stable("D", q("0.5") * X + 5 * gap * X, X**2, "0.01", "0.5")
    with pytest.raises(CheckerError):
        check(_forged(claim))


def test_two_steps_do_not_become_one_where_their_arguments_agree() -> None:
    # at x = 0 the next x may be 4 y: V grows sixteenfold
    gap = step(X) - step(X + 0 * Y)
    plant = {"x": q("0.5") * X + 4 * gap * Y, "y": q("0.5") * Y}
    claim = stable("D", plant, X**2 + Y**2, "0.01", "0.5")
    with pytest.raises(CheckerError):
        check(_forged(claim))
