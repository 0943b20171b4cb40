"""V of networks with biases: along rays they start at numbers that are not rational."""

from __future__ import annotations

import subprocess
from fractions import Fraction as Q
from pathlib import Path

import pytest

from certify.certificate import save
from certify.expression import Node, affine, const, dot, sin, stack, tanh, var
from certify.io.claim_text import claim_entry
from certify.io.kernel_text import VERSION
from certify.kernels import verified
from certify.outcome import Verdict
from certify.proofs.checker.calculus import substitute
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

KERNEL = Path(__file__).parents[2] / "proofs" / "coq" / "build" / "certify-kernel"
pytestmark = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")
X, Y = var("x"), var("y")


def network(inputs: Node) -> Node:
    """Two hidden layers with biases, both of which start at no rational numbers."""
    first = tanh(affine([[1, Q(1, 2)], [Q(-1, 4), 1]], [Q(1, 3), Q(-1, 5)], inputs))
    second = tanh(affine([[Q(1, 2), Q(-1, 3)], [1, 1]], [Q(1, 7), 0], first))
    return dot([Q(1, 2), Q(-1, 4)], second) + sin(first[0] + Q(1, 10)) / 8


def certificate(time: str, v: Node) -> Certificate:
    rate = Q(1, 2) if time == "discrete" else Q(-1)
    claim = Claim(
        theorem="T-STAB-D" if time == "discrete" else "T-STAB-C", name="biases", time=time,
        states=("x", "y"), parameters=(), disturbances=(),
        box={"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1))}, plant={"x": rate * X, "y": rate * Y},
        controller={}, functions={"lyapunov": v}, numbers={"level": Q(1, 2), "decay": Q(1, 10)},
        equilibrium={"x": Q(0), "y": Q(0)},
    )  # fmt: skip
    outcome = BranchAndBound().verify(claim, Options(timeout=60))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.certificate is not None
    return outcome.certificate


def gap() -> Node:
    """The network less what it is at the origin."""
    return network(stack([X, Y])) - network(stack([const(0), const(0)]))


@pytest.mark.parametrize("time", ["discrete", "continuous"])
def test_whole_claims(time: str, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    found = certificate(time, X**2 + Y**2 + gap() ** 2 / 4)
    save(found, path)
    assert verified(path).whole
    # less what the network is elsewhere V is not 0 at the equilibrium: of that nothing is made
    away = substitute(network(stack([X, Y])), {"x": const(Q(1, 2**40)), "y": const(0)})
    moved = X**2 + Y**2 + (network(stack([X, Y])) - away) ** 2 / 4
    claim = Claim(**{**vars(found.claim), "functions": {"lyapunov": moved}})
    text = tmp_path / "kernel.txt"
    lines = [f"{VERSION} 1", *claim_entry(Certificate(**{**vars(found), "claim": claim}))]
    text.write_text("\n".join(lines) + "\n")
    done = subprocess.run([str(KERNEL), str(text)], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "obligations for a claim like this one" in done.stderr
