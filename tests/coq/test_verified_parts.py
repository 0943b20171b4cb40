"""T-STAB-D of loops with trees by the kernel from Coq, which makes an obligation of each part."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from fractions import Fraction as Q
from functools import lru_cache
from pathlib import Path

import pytest

from certify.expression import Node, const, select, var
from certify.io.claim_text import claim_text, has_claim_text
from certify.io.part_names import in_parts, ordered_parts
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate, read_certificate
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "case_studies" / "double_integrator_model_tree" / "certificate.json"
KERNEL = ROOT / "proofs" / "coq" / "build" / "certify-kernel"
built = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")
X, W = var("x"), var("w")


@lru_cache
def study() -> str:
    return "\n".join(claim_text(read_certificate(STUDY.read_bytes())))


def answer(text: str, folder: Path) -> tuple[int, str]:
    file = folder / "kernel.txt"
    file.write_text(text + "\n")
    done = subprocess.run([KERNEL, file], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def found(plant: Node, decay: str = "1/16") -> Certificate:
    """On [-1, 1] with V = x**2, for w in [1/4, 1/2]."""
    claim = Claim(
        theorem="T-STAB-D", name="tree", time="discrete", states=("x",), parameters=(),
        disturbances=("w",), box={"x": (Q(-1), Q(1)), "w": (Q(1, 4), Q(1, 2))},
        plant={"x": plant}, controller={}, functions={"lyapunov": X**2},
        numbers={"level": Q(15, 16), "decay": Q(decay)}, equilibrium={"x": Q(0)},
    )  # fmt: skip
    certificate = BranchAndBound().verify(claim, Options(timeout=30)).certificate
    assert certificate is not None
    return certificate


LOOPS = {
    "a threshold": select(X - Q(1, 2), W * X - Q(1, 8), W * X),
    "two thresholds": select(X - Q(1, 2), X / 4, select(X + Q(1, 2), W * X, X / 3)),
    "two trees": select(X - Q(1, 2), W * X, X / 4) + select(X + Q(1, 4), const(0), X / 8),
}


@built
@pytest.mark.parametrize("name", LOOPS)
def test_parts_are_those_of_the_checker(name: str, tmp_path: Path) -> None:
    given = found(LOOPS[name])
    assert has_claim_text(given)
    assert len(ordered_parts(given)) == 2 + (name.startswith("two"))
    status, said = answer("\n".join(claim_text(given)), tmp_path)
    assert status == 0, said
    trees = dict(given.proof.trees)
    trees.pop("descent/1")
    fewer = replace(given, proof=replace(given.proof, trees=trees))
    assert not in_parts(fewer)
    assert not has_claim_text(fewer)


def test_parts_are_in_the_order_of_their_boxes() -> None:
    given = read_certificate(STUDY.read_bytes())
    names = ordered_parts(given)
    assert sorted(names) == sorted(n for n in given.proof.trees if n.startswith("descent/"))
    assert names != sorted(names)
    assert len(names) == 40


WRONG = {
    "a larger level": (r"^level .*$", "level 0x1000 0x1", (5,)),
    "a decay that is too large": (r"^decay .*$", "decay 0x1 0x8", (5,)),
    "no decay": (r"^decay .*$", "decay 0x0 0x1", (4,)),
    "another equilibrium": (r"^rest .*$", "rest 2 0x1 0x1000 0x0 0x1", (4,)),
    "a cube over several parts": (r"^cube .*$", "cube 2 0x1 0x1 0x1 0x1", (4,)),
    "a cube that is empty": (r"^cube .*$", "cube 2 0x0 0x1 0x0 0x1", (4,)),
    "another plant": (r"^const 0x1 0xa$", "const -0x1 0xa", (4, 5)),
}


@built
@pytest.mark.parametrize("name", WRONG)
def test_claims_that_are_false_or_damaged_are_not_accepted(name: str, tmp_path: Path) -> None:
    part, other, expected = WRONG[name]
    wrong = re.sub(part, other, study(), count=1, flags=re.MULTILINE)
    assert wrong != study()
    status, said = answer(wrong, tmp_path)
    assert status in expected, said
    assert "accepted" not in said.splitlines()


@built
def test_no_leaf_may_push_the_other_way(tmp_path: Path) -> None:
    """Each number of the tree that is negated makes another loop; few of them are still stable."""
    numbers = list(re.finditer(r"^const (-?)(0x\w+) (0x\w+)$", study(), re.MULTILINE))
    refused = 0
    for m in numbers[:: len(numbers) // 12]:
        sign = "" if m[1] else "-"
        other = f"{study()[: m.start()]}const {sign}{m[2]} {m[3]}{study()[m.end() :]}"
        refused += answer(other, tmp_path)[0] != 0
    assert refused > 8
