"""Certificates made by hand to get a false claim past the checker; all found by attack."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
import pytest
from claim_builders import UNIT, X, bounded, q, safe, stable
from false_claims import FALSE
from flint import ctx

from certify.expression import Node, const, cos, dot, exp, log, recip, relu, sin, stack, tanh, var
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError, Rejected
from certify.proofs.checker.format import Certificate, Proof, write_certificate
from certify.proofs.checker.intervals import Interval, above, below
from certify.proofs.checker.kernel import check, check_certificate
from certify.proofs.checker.models import Block
from certify.proofs.checker.paving import Paving
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.theorems import THEOREMS, obligations

HALF = q("0.5") * X
STABLE = stable("D", HALF, X**2, "0.5")
SAFE = safe("D", HALF, X**2 - q("0.25"), X**2 - q("0.09"), q("0.36") - X**2)
ONE_LEAF = b"\x41"


def forge(claim: Claim, tree: bytes = ONE_LEAF) -> bytes:
    """A certificate of ``claim`` with everything right but the proof."""
    radius = Q(1, 4) if claim.theorem.startswith(("T-STAB", "T-EXT")) else None
    wanted = obligations(claim, radius)
    theorem = THEOREMS[claim.theorem]
    cells = sum(byte >= 0x40 for byte in tree)
    paving = Paving(tree, b"\x01" * cells, b"\x01\x00" * cells) if theorem.has_paving else None
    trees = {o.name: tree for o in wanted}
    proof = Proof(radius, trees, {o.name: o.digest() for o in wanted}, paving=paving)
    return write_certificate(Certificate(claim, theorem.assumptions, "kernel", proof))


def enclosure(low: Q, high: Q, degree: int, e: Node) -> Interval:
    """The range of ``e`` for x between ``low`` and ``high``."""
    ends = np.array([[below(low)]]), np.array([[above(high)]])
    return Block(("x",), *ends, degree, allocate([e])).range(e)


def off_centre(low: Q, high: Q, depth: int, width: Q) -> Node:
    """0 on nearly all of [low, high], rising to ``width`` at its end, as nested relus.

    Each relu drops nine tenths of the range but shifts the model's centre by half as much, so
    that the centre ends far below the range.
    """
    e = X
    for _ in range(depth):
        cut = low + Q(9, 10) * (high - low)
        e, low, high = relu(e - const(cut)), Q(0), high - cut
    return const(width / high) * e


@pytest.mark.parametrize("depth", [1, 4, 8, 11, 14, 17])
@pytest.mark.parametrize("width", [Q(1, 5), Q(1, 20), Q(3, 2)])
@pytest.mark.parametrize("g", [sin, cos, tanh, exp, lambda a: log(a + 1), lambda a: recip(a + 1)])
def test_expansion_about_a_point_outside_the_range(depth: int, width: Q, g) -> None:
    # the remainder of Taylor's formula was taken over the range of the argument only
    e = g(off_centre(*UNIT, depth, width))
    for degree in (1, 2):
        reach = enclosure(*UNIT, degree, e)
        for end in UNIT:
            value = enclosure(end, end, 0, e)
            assert reach.low <= value.high
            assert reach.high >= value.low


def test_an_empty_range_proves_no_false_claim() -> None:
    # sin of it is 0 at x = 0, and was "proved" to be at most -3/10
    e = sin(off_centre(*UNIT, 14, Q(1, 5)))
    with pytest.raises(Rejected):
        check(forge(bounded(e, None, "-0.3")))


@pytest.mark.parametrize("tree", [b"\x40", b"\x41", b"\x42"])
def test_a_component_is_defined_by_itself_and_a_product_by_all(tree: bytes) -> None:
    y = var("y")
    vector = relu(stack([recip(X), y]))
    check(forge(bounded(vector[1], "0", "1"), tree))
    for e in (vector[0], dot([0, 1], vector), vector[1] + 0 * vector[0], (vector * vector)[0]):
        with pytest.raises(Rejected):
            check(forge(bounded(e, "-5", "5"), tree))


_QUARTERS = b"\x00\x00\x41\x41\x00\x41\x41"
_SQUARES = _QUARTERS.replace(b"\x41", b"\x42")


@pytest.mark.parametrize("tree", [b"\x40", b"\x41", b"\x42", b"\x00\x41\x42", _QUARTERS, _SQUARES])
def test_a_few_large_leaves_prove_no_false_claim(tree: bytes) -> None:
    accepted = []
    for false in FALSE:
        with contextlib.suppress(CheckerError):
            check(forge(false.claim, tree))
            accepted.append(false.name)
    assert not accepted


def _with(claim: Claim, **changes: object) -> Claim:
    return replace(claim, **changes)


@pytest.mark.parametrize(
    "claim",
    [
        _with(STABLE, functions={**STABLE.functions, "lyapunov/2": -(X**2)}),
        _with(STABLE, functions={"lyapunov/2": X**2}),
        _with(STABLE, functions={**STABLE.functions, "output": recip(X)}),
        _with(STABLE, numbers={**STABLE.numbers, "residual/x": Q(0)}),
        _with(STABLE, numbers={**STABLE.numbers, "residual/other": Q(7)}),
        _with(STABLE, numbers={**STABLE.numbers, "upper": Q(7)}),
        _with(STABLE, numbers={"decay": Q(0)}),
        _with(STABLE, plant={}),
        _with(STABLE, equilibrium={}),
        _with(STABLE, theorem="T-STAB-X"),
        _with(STABLE, theorem="T-RES-D"),
        _with(SAFE, functions={**SAFE.functions, "barrier/1": X}),
        _with(SAFE, functions={k: e for k, e in SAFE.functions.items() if k != "barrier"}),
        _with(SAFE, functions={k: e for k, e in SAFE.functions.items() if k != "unsafe/0"}),
        _with(SAFE, functions={**SAFE.functions, "unsafe": X, "unsafe/x": X}),
        _with(SAFE, numbers={"residual/x": Q(1)}),
        _with(SAFE, plant={}),
        _with(bounded(X, "-1", "1"), functions={"output": X, "output/2": recip(X)}),
        _with(bounded(X, "-1", "1"), numbers={}),
        _with(bounded(X, "-1", "1"), numbers={"upper": Q(1), "level": Q(1)}),
    ],
)
def test_a_theorem_gets_exactly_what_it_speaks_of(claim: Claim) -> None:
    # what the theorem does not use would be printed beside the verdict as if it were proved
    with pytest.raises(CheckerError):
        check(forge(claim))


def _renamed(name: str) -> Claim:
    p = var(name)
    return Claim(**{**vars(STABLE), "plant": {"x": HALF + 0 * p}, "parameters": (name,),
                    "box": {"x": UNIT, name: (Q(1), Q(1))}})  # fmt: skip


@pytest.mark.parametrize(
    "claim",
    [
        _renamed("_radius"),
        _renamed("_d_x"),
        _with(STABLE, states=("x", "x")),
        _with(STABLE, states=(), box={}, plant={}, equilibrium={}),
        _with(STABLE, parameters=("x",)),
        _with(STABLE, controller={"x": X}),
        _with(STABLE, controller={"u": var("u")}),
        _with(STABLE, box={"x": (Q(1), Q(-1))}),
        _with(STABLE, box={"x": (Q(0), Q(0))}),
        _with(STABLE, box={**STABLE.box, "z": UNIT}),
        _with(STABLE, plant={"x": HALF + 0 * var("z")}),
        _with(STABLE, functions={"lyapunov": X**2 + 0 * var("z")}),
    ],
)
@pytest.mark.parametrize("through", ["file", "memory"])
def test_names_are_declared_once_and_not_the_checkers_own(claim: Claim, through: str) -> None:
    with pytest.raises(CheckerError):
        _offer(claim, through)


def _offer(claim: Claim, through: str) -> None:
    wanted = obligations(claim, Q(1, 4))
    trees = {o.name: _QUARTERS for o in wanted}
    proof = Proof(Q(1, 4), trees, {o.name: o.digest() for o in wanted})
    certificate = Certificate(claim, THEOREMS[claim.theorem].assumptions, "kernel", proof)
    if through == "memory":
        check_certificate(certificate)
    else:
        check(write_certificate(certificate))


HUGE = Q(16**6000 + 1, 3)


@pytest.mark.parametrize(
    "claim",
    [
        _with(STABLE, box={"x": (-HUGE, HUGE)}),
        _with(STABLE, box={"x": (-1 / HUGE, 1 / HUGE)}),
        _with(STABLE, numbers={"level": HUGE, "decay": Q(0)}),
        safe("C", -X, X**2 - 1, X**2 - 1, 4 - X**2, box={"x": (Q(-1), HUGE)}),
        bounded(X, "0", "1", box={"x": (Q(-1), HUGE)}),
        bounded(X * const(HUGE), "0", "1"),
        bounded(exp(X * const(HUGE)), "0", "1"),
        bounded(sin(X * const(HUGE)) + const(HUGE), "0", "1"),
    ],
)
def test_numbers_beyond_all_formats_are_rejected_not_crashed_on(claim: Claim) -> None:
    with pytest.raises(CheckerError):
        check(forge(claim))


def test_the_safety_conclusion_is_about_the_domain_only() -> None:
    # {x**2 <= 100} is proved safe on [-1, 1]: the words have to say so
    claim = safe("D", HALF, X**2 - 1, X**2 - 100, 4 - X**2)
    check(forge(claim))
    for letter in "CD":
        assert "initial set within the domain" in THEOREMS[f"T-SAFE-{letter}"].conclusion


@pytest.mark.parametrize("bits", [2, 8, 12, 53, 500])
def test_a_precision_changed_by_others_makes_no_bound_wrong(bits: int) -> None:
    peak = Q(15707963267948966, 10**16)
    turn = Q(62831853071795864769, 10**19)
    before = ctx.prec
    try:
        for turns in (0, 3, 1261):
            ctx.prec = bits
            x = peak + turns * turn
            reach = enclosure(x - 1, x + Q(1, 1000), 0, sin(X))
            assert not reach.high < 1
        ctx.prec = bits
        with pytest.raises(Rejected):
            check(forge(bounded(sin(X), None, "0.9999999", box={"x": (Q(1), Q(2))})))
    finally:
        ctx.prec = before


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_leaf_among_thousands_is_found(workers: int) -> None:
    depth = 14
    tree = b"".join([b"\x00"] * depth) + b"\x40"
    full = b"\x40"
    for _ in range(depth):
        full = b"\x00" + full + full
    assert len(full) > 20_000  # large enough to be dealt out to workers
    assert check(forge(bounded(X, "-1", "1"), full), workers).leaves == {"output": 2**depth}
    with pytest.raises(Rejected, match=f"leaf {len(full) - 1} "):
        check(forge(bounded(X, "-1", "0.9999"), full), workers)
    with pytest.raises(Rejected, match="ends before"):
        check(forge(bounded(X, "-1", "1"), tree + full), workers)


def test_a_reason_is_short_enough_to_read() -> None:
    with pytest.raises(CheckerError) as refusal:
        check(b'{"format":"' + b"a" * 10**6 + b'"}')
    assert len(str(refusal.value)) < 1000
