"""Rows of matrices in the kernel from Coq: entries from ``2^-1000`` to ``2^960``, and what cancels.

The largest value of a row on a box is known exactly; a bound below it by next to nothing is false.
"""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from fractions import Fraction as Q
from pathlib import Path
from typing import NamedTuple

import pytest

from certify.io.kernel_text import VERSION, number, numbers

KERNEL = Path(__file__).parents[2] / "proofs" / "coq" / "build" / "certify-kernel"
pytestmark = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")

_ROWS = 120
_LARGEST = 960  # the exponent of a product, so that sums are finite
_STYLES = {"large": (300, 900), "small": (-1000, -300), "mixed": (-900, 900), "near 1": (-30, 30)}
_FALSE = (45, 50, 52, 53, 55, 60)  # by 2^-this of the sizes of all products together
_TRUE = 30


class Row(NamedTuple):
    """A box, weights and a bias, with a bound that is true or false."""

    box: list[tuple[Q, Q]]
    weights: list[Q]
    bias: Q
    bound: Q
    true: bool


def drawn(rng: random.Random, low: int, high: int) -> Q:
    """A number of 53 bits with an exponent between ``low`` and ``high``."""
    size = Q((1 << 52) | rng.getrandbits(52)) * Q(2) ** (rng.randint(low, high) - 52)
    return rng.choice((-1, 1)) * size


def random_row(rng: random.Random) -> Row:
    style = rng.choice(sorted(_STYLES))
    box, weights = [], []
    for _ in range(rng.randint(1, 5)):
        e = rng.randint(*_STYLES[style]) // rng.choice((1, 2))
        centre, half = drawn(rng, max(-1000, e - 2), e), abs(drawn(rng, e - 10, e))
        ends = sorted(Q(float(end)) for end in (centre - half, centre + half))
        box.append((ends[0], ends[1]))
        w = rng.randint(-900, min(900, _LARGEST - e)) if style == "mixed" else rng.randint(-60, 60)
        weights.append(drawn(rng, w, w))
    if style == "near 1":
        box[-1] = box[0]
    bias = drawn(rng, -300, 300) if rng.random() < 0.5 else Q(0)
    top = bias + sum(w * ends[w > 0] for w, ends in zip(weights, box, strict=True))
    size = abs(bias) + sum(
        abs(w) * max(map(abs, ends)) for w, ends in zip(weights, box, strict=True)
    )
    true = rng.random() < 0.4
    gap = size * Q(1, 2**_TRUE) if true else -size * Q(1, 2 ** rng.choice(_FALSE))
    return Row(box, weights, bias, top + gap, true)


def lines_of(row: Row, name: str, rng: random.Random) -> list[str]:
    """The obligation that the bound holds, in a matrix with other rows or alone."""
    n, others = len(row.box), rng.choice((0, 3, 7))
    rows = [(row.bias, row.weights)]
    rows += [(Q(0), [drawn(rng, -60, 60) for _ in row.box]) for _ in range(others)]
    matrix = (f"{number(bias)} {n} {numbers(weights)}" for bias, weights in rows)
    program = [
        *(f"var {i}" for i in range(n)),
        f"stack {n} {' '.join(str(n - 1 - i) for i in range(n))}",
        f"affine {len(rows)} {' '.join(matrix)} 0",
        "index 0 0",
        f"const {number(row.bound)}",
        "sub 0 1",
    ]
    return [
        "obligation",
        f"box {n}",
        *map(numbers, row.box),
        f"program {len(program)}",
        *program,
        "goal positive 0",
        "differences 0",
        "proofs 1",
        name,
        f"flags {len(program)} {'0' * len(program)}",
        "coordinates 0",
        f"tree 1 {rng.choice(('40', '41', '42'))}",
    ]


def test_no_bound_below_the_largest_value_is_accepted(tmp_path: Path) -> None:
    rng = random.Random(11)
    rows = [random_row(rng) for _ in range(_ROWS)]
    lines = [line for i, row in enumerate(rows) for line in lines_of(row, f"row{i}", rng)]
    text = tmp_path / "kernel.txt"
    text.write_text("\n".join([f"{VERSION} {_ROWS}", *lines]) + "\n")
    command = [str(KERNEL), "--all", "--halvings", "0", str(text)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 5, done.stderr
    said = [line.split() for line in done.stdout.splitlines()[:-1]]
    assert [words[1] for words in said] == [f"row{i}" for i in range(_ROWS)]
    counts = Counter((row.true, words[0]) for row, words in zip(rows, said, strict=True))
    assert counts[False, "open"] > 50
    assert not counts[False, "proved"]
    assert counts[True, "proved"] > 0.6 * (counts[True, "proved"] + counts[True, "open"]) > 15
