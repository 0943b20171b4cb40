"""Leaves that the kernel from Coq does not close at once are tried in higher degrees and halved."""

from __future__ import annotations

import subprocess
from fractions import Fraction as Q
from pathlib import Path

import pytest

from certify.io.kernel_text import VERSION, number, numbers

KERNEL = Path(__file__).parents[2] / "proofs" / "coq" / "build" / "certify-kernel"
pytestmark = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")


def answer(tmp_path: Path, program: list[str], leaf: str, halvings: int) -> str:
    """What the kernel says of ``program > 0`` on [0, 1] x {1/10}, a face of no binary64 number."""
    lines = [
        f"{VERSION} 1",
        "obligation",
        "box 2",
        numbers((Q(0), Q(1))),
        numbers((Q(1, 10), Q(1, 10))),
        f"program {len(program)}",
        *program,
        "goal positive 0",
        "differences 0",
        "proofs 1",
        "face",
        f"flags {len(program)} {'0' * len(program)}",
        "coordinates 0",
        f"tree 1 {leaf}",
    ]
    text = tmp_path / "kernel.txt"
    text.write_text("\n".join(lines) + "\n")
    command = [str(KERNEL), "--halvings", str(halvings), str(text)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 5), done.stderr
    return done.stdout.split()[0]


def wave(offset: Q) -> list[str]:
    """``s**2 - s + y + offset`` with ``s = sin(20 x)``, which no degree bounds at once."""
    sine = ["var 0", f"const {number(Q(20))}", "mul 1 0", "call sin 0"]
    return [*sine, "mul 0 0", "sub 0 1", "var 1", "add 1 0", f"const {number(offset)}", "add 1 0"]


@pytest.mark.parametrize("leaf", ["40", "41", "42"])
def test_on_a_face_of_no_width_what_is_wide_is_halved(leaf: str, tmp_path: Path) -> None:
    true, false = wave(Q(1, 5)), wave(Q(1, 10))  # at least 1/20, and -1/20 at some points
    assert answer(tmp_path, true, leaf, 0) == "open"
    assert answer(tmp_path, true, leaf, 24) == "proved"
    assert answer(tmp_path, false, leaf, 24) == "open"


@pytest.mark.parametrize("leaf", ["40", "41", "42"])
def test_a_leaf_is_tried_in_the_degrees_above_its_own(leaf: str, tmp_path: Path) -> None:
    """``x**2 - x + 3/10`` is at least 1/20, which a quadratic shows at once."""
    square = ["var 0", "call pow 2 0", "var 0", "sub 1 0", f"const {number(Q(3, 10))}", "add 1 0"]
    assert answer(tmp_path, square, leaf, 0) == "proved"
