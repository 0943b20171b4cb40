"""Rays through maxima whose sides start at irrational numbers, as those of clipped networks do."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction as Q
from pathlib import Path

import pytest

from certify.expression import Node, const, maximum, minimum, sin, tanh, var
from certify.io.claim_text import claim_entry, claim_text
from certify.io.kernel_text import VERSION
from certify.outcome import Verdict
from certify.proofs.checker.calculus import substitute
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

KERNEL = Path(__file__).parents[2] / "proofs" / "coq" / "build" / "certify-kernel"
pytestmark = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")
X = var("x")
NETWORK = tanh(X + Q(1, 3))
INPUTS = {
    "a limit that is not met": maximum(NETWORK, Q(-1, 2)),
    "a limit that is met": minimum(NETWORK, Q(1, 4)),
    "both limits": minimum(maximum(NETWORK, Q(-1, 2)), Q(2, 5)),
    "a limit that is not rational": maximum(NETWORK, sin(X / 4 + Q(1, 3))),
    "sides that are equal at the equilibrium": maximum(NETWORK, tanh(Q(1, 3) - X)),
}


def certificate(u: Node) -> Certificate:
    """Of ``x+ = x/2 + (u(x) - u(0))/4``."""
    claim = Claim(
        theorem="T-STAB-D", name="clipped", time="discrete", states=("x",), parameters=(),
        disturbances=(), box={"x": (Q(-1), Q(1))},
        plant={"x": X / 2 + (u - substitute(u, {"x": const(0)})) / 4},
        controller={}, functions={"lyapunov": X**2},
        numbers={"level": Q(15, 16), "decay": Q(1, 10)}, equilibrium={"x": Q(0)},
    )  # fmt: skip
    outcome = BranchAndBound().verify(claim, Options(timeout=30))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.certificate is not None
    return outcome.certificate


def answer(text: str, folder: Path) -> tuple[int, str]:
    file = folder / "kernel.txt"
    file.write_text(text + "\n")
    done = subprocess.run([KERNEL, file], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", INPUTS)
def test_the_kernel_makes_and_proves_rays(name: str, tmp_path: Path) -> None:
    text = "\n".join(claim_text(certificate(INPUTS[name])))
    status, said = answer(text, tmp_path)
    assert status == 0, said
    assert "proved ray/x+" in said
    # x+ = 2 x + ... is unstable: whatever is made, along the rays it is not proved
    faster = re.sub(r"^const 0x1 0x2$", "const 0x2 0x1", text, count=1, flags=re.MULTILINE)
    assert faster != text
    status, said = answer(faster, tmp_path)
    assert (status, "accepted" in said.splitlines()) == (5, False), said


def test_inputs_that_are_not_0_at_the_equilibrium_have_no_rays(tmp_path: Path) -> None:
    """What is taken away is the input elsewhere, by ``2**-40``: nothing is made of that."""
    u = INPUTS["a limit that is not met"]
    found = certificate(u)
    plant = {"x": X / 2 + (u - substitute(u, {"x": const(Q(1, 2**40))})) / 4}
    moved = Certificate(**{**vars(found), "claim": Claim(**{**vars(found.claim), "plant": plant})})
    status, said = answer("\n".join([f"{VERSION} 1", *claim_entry(moved)]), tmp_path)
    assert status == 4, said
    assert "obligations for a claim like this one" in said
