"""T-RES by the kernel from Coq, as whole claims: true ones, and none that is not."""

from __future__ import annotations

import re
import shutil
import subprocess
from fractions import Fraction as Q
from functools import lru_cache
from pathlib import Path

import pytest

from certify.certificate import save
from certify.cli import main
from certify.coq_theorem import prove_in_coq
from certify.expression import var
from certify.io.claim_text import claim_text
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate, read_certificate
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "case_studies" / "leaky_tank" / "certificate.json"
KERNEL = ROOT / "proofs" / "coq" / "build" / "certify-kernel"
pytestmark = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")

THEOREMS = ("T-RES-D", "T-RES-C")
WRONG = {
    "a smaller residual set": (r"^residual .*$", "residual 0x1 0x10000000000", 5),
    "a residual level above the other": (r"^residual .*$", "residual 0x1000 0x1", 4),
    "a residual level below 0": (r"^residual .*$", "residual -0x1 0x1000", 4),
    "smaller bounds": (r"^cube (\d+) .*$", None, 5),
    "larger disturbances": (r"^others .*$", "others 1 -0x2 0x1 0x2 0x1", 5),
    "a faster decay than any": (r"^decay .*$", "decay 0x2 0x1", {"T-RES-D": 4, "T-RES-C": 5}),
    "no residual level": (r"^residual .*\n", "", 2),
}


@lru_cache
def certificate(theorem: str) -> Certificate:
    """The leaky tank; and ``dx/dt = w - x`` with ``|w| <= 1/100`` on [-1, 1]."""
    if theorem == "T-RES-D":
        return read_certificate(STUDY.read_bytes())
    x, w = var("x"), var("w")
    claim = Claim(
        theorem=theorem,
        name="disturbed",
        time="continuous",
        states=("x",),
        parameters=(),
        disturbances=("w",),
        box={"x": (Q(-1), Q(1)), "w": (Q(-1, 100), Q(1, 100))},
        plant={"x": w - x},
        controller={},
        functions={"lyapunov": x**2},
        numbers={
            "level": Q(1, 4), "decay": Q(1, 2), "residual": Q(1, 100), "residual/x": Q(1, 8)
        },
        equilibrium={"x": Q(0)},
    )  # fmt: skip
    found = BranchAndBound().verify(claim, Options(timeout=30)).certificate
    assert found is not None
    return found


def text_of(theorem: str) -> str:
    return "\n".join(claim_text(certificate(theorem))) + "\n"


def answer(text: str, folder: Path) -> tuple[int, str]:
    file = folder / "kernel.txt"
    file.write_text(text)
    done = subprocess.run([KERNEL, file], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("theorem", THEOREMS)
def test_true_claims_are_accepted(theorem: str, tmp_path: Path) -> None:
    status, said = answer(text_of(theorem), tmp_path)
    assert (status, said.splitlines()[-1]) == (0, "accepted")
    assert said.count("proved face/") == {"T-RES-D": 0, "T-RES-C": 2}[theorem]


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("theorem", THEOREMS)
def test_claims_that_are_false_or_damaged_are_not_accepted(
    theorem: str, name: str, tmp_path: Path
) -> None:
    part, other, expected = WRONG[name]
    text = text_of(theorem)
    if other is None:
        count = re.search(part, text, re.MULTILINE)
        assert count
        other = f"cube {count[1]}" + " 0x0 0x1" * int(count[1])
    wrong = re.sub(part, other, text, count=1, flags=re.MULTILINE)
    assert wrong != text
    status, said = answer(wrong, tmp_path)
    assert status == (expected[theorem] if isinstance(expected, dict) else expected), said
    assert "accepted" not in said.splitlines()


def test_a_case_study_is_accepted_as_a_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(STUDY), "--kernel", "verified"]) == 0
    said = capsys.readouterr().out
    assert "ResidualClaim.settling_steps" in said
    assert "not as a claim" not in said


@pytest.mark.skipif(shutil.which("coqc") is None, reason="Coq is not installed")
def test_a_claim_is_a_theorem_of_coq(tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    save(certificate("T-RES-C"), path)
    found = prove_in_coq(path)
    assert found.whole
    assert "Theorem certificate : true_of stated." in found.file.read_text()
