"""T-EXT-D: what the kernel accepts of a hand-made paving, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as Q
from functools import lru_cache

import numpy as np
import pytest

from certify.expression import recip, select, var
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import Rejected, TheoremError
from certify.proofs.checker.extension import Extension, Orbit, check_extension
from certify.proofs.checker.format import Certificate, read_certificate, write_certificate
from certify.proofs.checker.kernel import check, check_certificate
from certify.proofs.checker.paving import NEVER, Paving
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

X, W = var("x"), var("w")
UNIT = (Q(-1), Q(1))


def claim(plant: object = None, level: str = "0.07", **changes: object) -> Claim:
    """``x+ = x/2`` on [-1, 1] and the core ``x**2 <= level``, |x| < 0.2645..."""
    fields: dict[str, object] = {
        "theorem": "T-EXT-D",
        "name": "halving",
        "time": "discrete",
        "states": ("x",),
        "parameters": (),
        "disturbances": (),
        "box": {"x": UNIT},
        "plant": {"x": X * Q(1, 2) if plant is None else plant},
        "controller": {},
        "functions": {"lyapunov": X**2},
        "numbers": {"level": Q(level), "decay": Q(0), "volume": Q(2), "steps": Q(3)},
        "equilibrium": {"x": Q(0)},
    }
    return Claim(**(fields | changes))


# [-1, 1] in eighths of 2: those at the origin are in the core, |x| <= 1/4
TREE = b"\x00" + 2 * (b"\x00" + 2 * b"\x00\x41\x41")
HOPS = [2, 2, 1, 0, 0, 1, 1, 1]
TIMES = [2, 2, 1, 0, 0, 1, 2, 3]


def paving(hops: Sequence[int] = HOPS, times: Sequence[int] = TIMES, tree: bytes = TREE) -> Paving:
    return Paving(tree, bytes(hops), np.array(times).astype("<u2").tobytes())


def changed(values: Sequence[int], **entries: int) -> list[int]:
    return [entries.get(f"_{i}", v) for i, v in enumerate(values)]


def accepts(paving: Paving, about: Claim | None = None) -> bool:
    try:
        check_extension(claim() if about is None else about, paving)
    except Rejected:
        return False
    return True


def test_a_paving_by_hand() -> None:
    assert check_extension(claim(), paving()) == 8


@pytest.mark.parametrize(
    ("name", "hops", "times"),
    [
        ("a time that is too early", HOPS, changed(TIMES, _0=1)),
        ("another", HOPS, changed(TIMES, _7=1)),
        ("times that do not fall", HOPS, changed(TIMES, _5=2, _6=2)),
        ("fewer hops than needed", changed(HOPS, _0=1), changed(TIMES, _0=1)),
        ("no hops outside of the core", changed(HOPS, _2=0), TIMES),
        ("no hops, and a late time", changed(HOPS, _2=0), changed(TIMES, _2=2)),
        ("a time below the hops", HOPS, changed(TIMES, _2=0)),
        ("more steps than claimed", HOPS, changed(TIMES, _0=4)),
        ("a cell that others need is dropped", HOPS, changed(TIMES, _5=NEVER)),
    ],
)
def test_what_is_wrong_is_rejected(name: str, hops: list[int], times: list[int]) -> None:
    assert accepts(paving())
    assert not accepts(paving(hops, times), claim(numbers={**claim().numbers, "volume": Q(0)}))


def test_later_times_and_dropped_cells_are_not_wrong() -> None:
    wide = claim(numbers={**claim().numbers, "steps": Q(9), "volume": Q(7, 4)})
    assert accepts(paving(times=changed(TIMES, _0=9, _7=5)), wide)
    assert accepts(paving(times=changed(TIMES, _0=NEVER)), wide)
    assert not accepts(paving(times=changed(TIMES, _0=NEVER, _7=NEVER)), wide)


def test_swapped_hops() -> None:
    assert not accepts(paving(hops=changed(HOPS, _0=1, _2=2)))


def test_the_claimed_volume_and_steps_are_compared_exactly() -> None:
    least = Q(1, 10**30)
    numbers = claim().numbers
    assert not accepts(paving(), claim(numbers={**numbers, "volume": 2 + least}))
    assert not accepts(paving(), claim(numbers={**numbers, "steps": 3 - least}))
    assert accepts(paving(), claim(numbers={**numbers, "volume": 2 - least, "steps": Q(7, 2)}))


def test_cells_cannot_rely_on_each_other_in_a_circle() -> None:
    # x+ = -x: the outer cells map onto each other for ever
    swap = claim(-X, numbers={**claim().numbers, "volume": Q(0), "steps": Q(60000)})
    for first in range(0, 60000, 999):
        times = [first, first, first, 0, 0, first + 1, first + 1, first + 1]
        assert not accepts(paving([1, 1, 1, 0, 0, 1, 1, 1], times), swap)


def test_an_image_outside_of_the_domain_is_rejected_although_it_returns() -> None:
    # 0.9 goes to 1.8, which is outside, and from there into the core
    jump = select(X - 1, X * 0, select(X - Q(5, 8), X * 2, X * Q(1, 2)))
    late = claim(jump, numbers={**claim().numbers, "volume": Q(0), "steps": Q(9)})
    assert not accepts(paving(changed(HOPS, _7=2)), late)
    assert not accepts(paving(changed(HOPS, _7=3), changed(TIMES, _7=9)), late)
    assert accepts(paving(times=changed(TIMES, _7=NEVER, _6=NEVER)), late)


def test_a_value_that_is_not_defined_is_in_no_cell() -> None:
    pole = X * Q(1, 2) + 0 * recip(X - Q(7, 8))
    about = claim(pole, numbers={**claim().numbers, "volume": Q(0)})
    assert not accepts(paving(), about)
    assert accepts(paving(times=changed(TIMES, _7=NEVER)), about)


def test_disturbances_differ_in_each_step_and_parameters_do_not() -> None:
    moving = claim(X * W, disturbances=("w",), box={"x": UNIT, "w": (Q(-1, 2), Q(1, 2))})
    orbit = Orbit(moving)
    assert orbit.names(2) == ("x", "_0_w", "_1_w")
    assert orbit.after(2)["x"] is (X * var("_0_w")) * var("_1_w")
    assert accepts(paving(), moving)
    beyond = claim(X * W, disturbances=("w",), box={"x": UNIT, "w": (Q(-1, 2), Q(3, 5))})
    assert not accepts(paving(), beyond)
    fixed = claim(X * W, parameters=("w",), box={"x": UNIT, "w": (Q(-1, 2), Q(1, 2))})
    assert Orbit(fixed).names(2) == ("x", "w")
    assert accepts(paving(), fixed)


def test_every_cell_shown_holds_by_simulation() -> None:
    certificate = extended("cubic")
    cells = Extension(certificate.claim, certificate.proof.paving).cells
    points = np.linspace(cells.low[0, cells.kept], cells.high[0, cells.kept], 9)
    times = np.broadcast_to(cells.times[cells.kept], points.shape)
    steps = int(certificate.claim.numbers["steps"])
    entered = np.full(points.shape, 10**6)
    for k in range(steps + 1):
        assert (np.abs(points) <= 1).all()
        entered = np.minimum(entered, np.where(points**2 <= 0.25 + 1e-12, k, 10**6))
        points = 0.5 * points + 0.6 * points**3
    assert (entered <= times).all()


@lru_cache
def extended(name: str = "halving") -> Certificate:
    about = claim() if name == "halving" else claim(X * Q(1, 2) + X**3 * Q(3, 5), "0.25")
    numbers = {k: about.numbers[k] for k in ("level", "decay")}
    outcome = BranchAndBound().verify(
        replace(about, numbers=numbers), Options(timeout=60, extend_depth=10)
    )
    assert outcome.verdict is Verdict.PROVED, outcome.advice
    assert outcome.certificate is not None
    return outcome.certificate


def test_a_certificate_is_read_back_and_accepted() -> None:
    certificate = extended()
    data = write_certificate(certificate)
    accepted = check(data)
    assert read_certificate(data) == certificate
    assert accepted.leaves["paving"] > 0
    assert accepted.certificate.claim.numbers["volume"] == 2


def test_a_paving_goes_with_its_theorem_only() -> None:
    certificate = extended()
    without = replace(certificate, proof=replace(certificate.proof, paving=None))
    with pytest.raises(Rejected, match="needs paving"):
        check_certificate(without)
    numbers = {k: certificate.claim.numbers[k] for k in ("level", "decay")}
    core = replace(certificate.claim, theorem="T-STAB-D", numbers=numbers)
    with pytest.raises(Rejected, match="has no paving"):
        check_certificate(replace(certificate, claim=core))
    with pytest.raises(TheoremError, match="needs the numbers"):
        check_certificate(replace(certificate, claim=replace(certificate.claim, numbers=numbers)))
    assert THEOREMS["T-EXT-D"].assumptions == THEOREMS["T-STAB-D"].assumptions


def test_the_core_is_proved_too() -> None:
    # everything lands in {V <= level}, of which nothing is shown
    certificate = extended()
    wider = replace(
        certificate.claim,
        plant={"x": X * Q(101, 100)},
        numbers={**certificate.claim.numbers, "volume": Q(0)},
    )
    with pytest.raises(Rejected):
        check_certificate(replace(certificate, claim=wider))
