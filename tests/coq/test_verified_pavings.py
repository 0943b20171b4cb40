"""T-EXT-D by the kernel from Coq: pavings that are true, and none that is not.

Of ``x+ = x/2`` and of ``x+ = w x`` with ``w`` in [1/4, 1/2] it is known exactly after how many
steps all trajectories from a cell are in the core: what the program accepts is compared with that.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as Q
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from certify import kernels
from certify.certificate import save
from certify.cli import main
from certify.errors import UnsupportedError
from certify.expression import var
from certify.io.claim_text import claim_text, derived_text
from certify.io.coq_file import coq_file
from certify.io.paving_text import paving_lines
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.format import Certificate, read_certificate
from certify.proofs.checker.kernel import check_certificate
from certify.proofs.checker.paving import NEVER, Paving
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "case_studies" / "path_tracking" / "certificate.json"
KERNEL = ROOT / "proofs" / "coq" / "build" / "certify-kernel"
built = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")

X, W = var("x"), var("w")
LEVEL = Q(7, 100)
# [-1, 1] in eighths of 2, of which those at the origin are in the core
TREE = b"\x00" + 2 * (b"\x00" + 2 * b"\x00\x41\x41")
HOPS = [2, 2, 1, 0, 0, 1, 1, 1]
TIMES = [2, 2, 1, 0, 0, 1, 2, 3]


def paving(hops: Sequence[int] = HOPS, times: Sequence[int] = TIMES, tree: bytes = TREE) -> Paving:
    return Paving(tree, bytes(hops), np.array(times).astype("<u2").tobytes())


@lru_cache
def certificate(moved: bool) -> Certificate:
    """The core of ``x+ = x/2``, or ``x+ = w x``, extended to all of [-1, 1]."""
    box = {"x": (Q(-1), Q(1))}
    core = Claim(
        theorem="T-STAB-D",
        name="halving",
        time="discrete",
        states=("x",),
        parameters=(),
        disturbances=("w",) if moved else (),
        box=box | {"w": (Q(1, 4), Q(1, 2))} if moved else box,
        plant={"x": X * (W if moved else Q(1, 2))},
        controller={},
        functions={"lyapunov": X**2},
        numbers={"level": LEVEL, "decay": Q(0)},
        equilibrium={"x": Q(0)},
    )
    found = BranchAndBound().verify(core, Options(timeout=30)).certificate
    assert found is not None
    numbers = {**core.numbers, "volume": Q(2), "steps": Q(7, 2)}
    claim = replace(core, theorem="T-EXT-D", numbers=numbers)
    return Certificate(
        claim, THEOREMS["T-EXT-D"].assumptions, "kernel", replace(found.proof, paving=paving())
    )


def with_paving(given: Certificate, cells: Paving, **numbers: Q) -> Certificate:
    claim = replace(given.claim, numbers={**given.claim.numbers, **numbers})
    return replace(given, claim=claim, proof=replace(given.proof, paving=cells))


def answer(lines: Sequence[str], folder: Path) -> tuple[int, str]:
    file = folder / "kernel.txt"
    file.write_text("\n".join(lines) + "\n")
    done = subprocess.run([KERNEL, file], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def is_true(statement: Sequence[str]) -> bool:
    """Whether the paving in a text of a claim about [-1, 1] is as it says, in exact arithmetic."""
    words = iter(" ".join(statement).split())
    steps, volume = int(value(words, "steps")), fraction(words, "volume")
    assert next(words) == "paving"
    pending, total = [(Q(-1), Q(1))], Q(0)
    while pending:
        low, high = pending.pop()
        match next(words):
            case "cut":
                axis, middle = next(words), Q(int(next(words), 16), int(next(words), 16))
                if axis != "0" or not low <= middle <= high:
                    return False
                pending += [(middle, high), (low, middle)]
            case "kept":
                time = int(next(words))
                if time > steps or max(-low, high) ** 2 > LEVEL * 4**time:
                    return False
                total += high - low
    return volume <= total


def value(words: object, name: str) -> str:
    for word in words:  # type: ignore[attr-defined]
        if word == name:
            return str(next(words))  # type: ignore[call-overload]
    raise AssertionError(name)


def fraction(words: object, name: str) -> Q:
    numerator = value(words, name)
    return Q(int(numerator, 16), int(next(words), 16))  # type: ignore[call-overload]


@built
@pytest.mark.parametrize("moved", [False, True])
def test_a_paving_by_hand(moved: bool, tmp_path: Path) -> None:
    given = certificate(moved)
    lines = list(claim_text(given))
    assert is_true(lines)
    status, said = answer(lines, tmp_path)
    assert (status, said.splitlines()[-2:]) == (0, ["proved paving 8 leaves", "accepted"])
    assert "proved paving 8 leaves" in answer(list(derived_text(given)), tmp_path)[1]


def test_the_text_has_the_cells_of_the_paving() -> None:
    cells = paving(times=[NEVER, *TIMES[1:]])
    lines = list(paving_lines(certificate(moved=False).claim, cells))
    assert lines[:5] == ["cut 0 0x0 0x1", "cut 0 -0x1 0x2", "cut 0 -0x3 0x4", "dropped", "kept 2"]
    assert lines.count("dropped") == 1
    assert [x for x in lines if x[0] == "k"] == [f"kept {t}" for t in TIMES[1:]]


@built
@pytest.mark.parametrize("moved", [False, True])
def test_damaged_pavings_are_accepted_only_where_they_are_true(moved: bool, tmp_path: Path) -> None:
    """By the program, and by the checker in Python."""
    rng = random.Random(5 + moved)
    given, judged, both = certificate(moved), {True: 0, False: 0}, []
    for _ in range(40):
        hops, times, tree = list(HOPS), list(TIMES), bytearray(TREE)
        for _ in range(rng.randint(1, 2)):
            match rng.randrange(4):
                case 0:
                    times[rng.randrange(8)] = rng.choice([0, 1, 2, 3, 4, NEVER])
                case 1:
                    hops[rng.randrange(8)] = rng.randint(0, 3)
                case 2:
                    tree[rng.randrange(len(tree))] = rng.choice([0, 0x40, 0x41, 0x42])
                case 3:
                    cell = rng.randrange(8)
                    times[cell], hops[cell] = max(times[cell], 1) - 1, max(hops[cell], 1) - 1
        volume = rng.choice([Q(0), Q(7, 4), Q(2)])
        changed = with_paving(given, paving(hops, times, bytes(tree)), volume=volume)
        try:
            lines = list(claim_text(changed))
        except CheckerError:
            continue
        status, said = answer(lines, tmp_path)
        assert status in (0, 4, 5), said
        judged[status == 0] += 1
        assert status != 0 or is_true(lines), lines
        try:
            check_certificate(changed)
        except CheckerError:
            continue
        assert is_true(lines), lines
        both.append(status == 0)
    assert min(judged.values()) > 5
    # images that end where a cell does are rounded outward in Coq, and a neighbour may be touched
    assert sum(both) > 0.7 * len(both) > 3


@built
@pytest.mark.parametrize("moved", [False, True])
def test_texts_with_other_cells_are_accepted_only_where_they_are_true(
    moved: bool, tmp_path: Path
) -> None:
    """Cuts that are moved, which no certificate can say."""
    rng = random.Random(7 + moved)
    lines, judged = list(claim_text(certificate(moved))), {True: 0, False: 0}
    cuts = [i for i, line in enumerate(lines) if line.startswith("cut ")]
    for _ in range(30):
        other = list(lines)
        place = rng.choice(cuts)
        _, axis, numerator, denominator = other[place].split()
        middle = Q(int(numerator, 16), int(denominator, 16)) + Q(rng.randint(-40, 40), 256)
        axis = rng.choice([axis] * 9 + ["1"])
        other[place] = f"cut {axis} {middle.numerator:#x} {middle.denominator:#x}"
        status, said = answer(other, tmp_path)
        assert status in (0, 4, 5), said
        judged[status == 0] += 1
        assert status != 0 or is_true(other), other[place]
    assert min(judged.values()) > 5


WRONG = {
    "a larger volume": (r"^volume .*$", "volume 0x20000000000000001 0x10000000000000000", 5),
    "fewer steps": (r"^steps 3$", "steps 2", 5),
    "a smaller core": (r"^level .*$", "level 0x1 0x1000", 5),
    "a time for a cell that is on its way": (r"kept 3$", "kept 2", 5),
    "an axis that is none": (r"^cut 0", "cut 1", 5),
    "a cut outside": (r"^cut 0 0x0 0x1$", "cut 0 0x2 0x1", 5),
    "a cut that is no number": (r"^cut 0 0x0 0x1$", "cut 0 nan 0x1", 2),
    "a cut at infinity": (r"^cut 0 0x0 0x1$", "cut 0 0x1 0x0", 2),
    "a time below 0": (r"kept 3$", "kept -1", 2),
    "a time that is spelled in another way": (r"kept 3$", "kept 03", 2),
    "a cell too few": (r"\ndropped|\nkept 3$", "", 2),
    "hops of other cells": (r"^hops 8$", "hops 7", 2),
    "another word for a cell": (r"kept 3$", "keeps 3", 2),
    "a plant that moves faster": (r"^const 0x1 0x2$", "const 0x3 0x2", 5),
}  # fmt: skip


@built
@pytest.mark.parametrize("name", WRONG)
def test_claims_that_are_false_or_damaged_are_not_accepted(name: str, tmp_path: Path) -> None:
    part, other, expected = WRONG[name]
    text = "\n".join(claim_text(certificate(moved=False)))
    wrong = re.sub(part, other, text, count=1, flags=re.MULTILINE)
    assert wrong != text
    status, said = answer([wrong], tmp_path)
    assert (status, "accepted" in said.splitlines()) == (expected, False), said


@built
@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ({"volume": Q(2) + Q(1, 10**20)}, "paving: the cells are smaller than the claim says"),
        ({"steps": Q(5, 2)}, "paving: a cell takes more steps than the claim says"),
    ],
)
def test_the_figure_that_does_not_fit_is_named(
    figure: dict[str, Q], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As by the checker, and with its exit code."""
    path = tmp_path / "certificate.json"
    save(with_paving(certificate(moved=False), paving(), **figure), path)
    for kernel in ("python", "verified"):
        assert main(["check", str(path), "--kernel", kernel]) == 5
        assert said in capsys.readouterr().err


@built
def test_a_case_study_is_accepted_as_a_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(STUDY), "--kernel", "verified"]) == 0
    said = capsys.readouterr().out
    assert "ExtensionClaim.extended_claim" in said
    assert "not as a claim" not in said


@built
def test_where_the_core_is_not_made_in_coq_its_obligations_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of a claim is refused; cells are shown under the conclusion for the core."""
    lines = list(claim_text(read_certificate(STUDY.read_bytes())))
    other = [re.sub(r"^cube .*", "cube 2 0x0 0x1 0x0 0x1", line) for line in lines]
    monkeypatch.setattr(kernels, "claim_text", lambda _: other)
    found = kernels.verified(STUDY)
    assert not found.whole
    assert found.leaves["paving"] == 1508
    said = kernels.checked(found.claim, whole=False).proved
    assert "it is reached from the cells as claimed" in said


def test_a_theorem_of_coq_about_derived_obligations_has_no_cells() -> None:
    given = certificate(moved=False)
    with pytest.raises(UnsupportedError, match="--kernel verified"):
        list(coq_file(given, whole=False))
    whole = "\n".join(coq_file(given, whole=True))
    assert "Extended (ExtensionClaim (Claim" in whole
    assert "(Cut 0 ((0x0) # 0x1)%Q" in whole
