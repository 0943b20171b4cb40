"""Boxes per second of the kernel from Coq on random closed loops with networks.

Writes the decrease of ``|x|^2`` along ``x' = 0.8 x + B n(x)`` over a box as an obligation in the
kernel's text, with a uniform tree of boxes in degree 1 (slopes), and times the program on one core:
``python benchmarks/kernel_boxes.py proofs/coq/build/certify-kernel``.
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

from certify.io.kernel_text import VERSION

# name, sizes of layers, activation, how often the box is halved
LOOPS = (
    ("2-16-16-1 tanh", (2, 16, 16, 1), "tanh", 13),
    ("6-64-64-1 relu", (6, 64, 64, 1), "relu", 11),
)


def spelled(number: Fraction) -> str:
    """The number in the words of the kernel's text."""
    sign = "-" if number < 0 else ""
    return f"{sign}{abs(number.numerator):#x} {number.denominator:#x}"


def affine(rows: list[list[Fraction]], argument: int) -> str:
    """The node ``rows v`` without a bias, ``v`` being so far back."""
    words = [f"affine {len(rows)}"]
    for row in rows:
        words += [spelled(Fraction(0)), str(len(row)), *map(spelled, row)]
    return " ".join([*words, str(argument)])


def weights(chance: random.Random, rows: int, columns: int, size: float) -> list[list[Fraction]]:
    """Numbers of some 20 bits: as those of networks in single precision, they are binary64."""

    def number() -> Fraction:
        return Fraction(round(chance.gauss(0, size) * 2**20), 2**20)

    return [[number() for _ in range(columns)] for _ in range(rows)]


def nodes(layers: tuple[int, ...], activation: str) -> list[str]:
    """The program of ``|x|^2 - |x'|^2 + 1/4``."""
    chance = random.Random(0)
    n = layers[0]
    program = [f"var {i}" for i in range(n)]
    program.append(" ".join(map(str, ["stack", n, *reversed(range(n))])))
    state = n
    for columns, rows in itertools.pairwise(layers):
        program.append(affine(weights(chance, rows, columns, columns**-0.5), 0))
        if rows != layers[-1]:
            program.append(f"call {activation} 0")
    output = len(program) - 1
    ones = [[Fraction(1)] * n]
    identity = [[Fraction(i == j) for j in range(n)] for i in range(n)]
    damped = [[Fraction(4, 5) * x for x in row] for row in identity]
    program.append(affine(damped, len(program) - 1 - state))
    program.append(affine(weights(chance, n, 1, 0.05), len(program) - 1 - output))
    program += ["add 1 0", "mul 0 0", affine(ones, 0)]
    back = len(program) - 1 - state
    return [*program, f"mul {back} {back}", affine(ones, 0), "sub 0 2", "const 0x1 0x4", "add 1 0"]


def text(layers: tuple[int, ...], activation: str, depth: int) -> str:
    """The obligation that it is positive on [-1, 1]^n, and its tree of equal boxes."""
    n = layers[0]
    program = nodes(layers, activation)

    def tree(level: int) -> str:
        return "41" if level == depth else f"{level % n:02x}" + 2 * tree(level + 1)

    grown = tree(0)
    lines = [f"{VERSION} 1", "obligation", f"box {n}", *["-0x1 0x1 0x1 0x1"] * n]
    lines += [f"program {len(program)}", *program, "goal positive 0"]
    lines += ["differences 0", "proofs 1", "descent"]
    lines += [f"flags {len(program)} {'0' * len(program)}", "coordinates 0"]
    return "\n".join([*lines, f"tree {len(grown) // 2} {grown}", ""])


def seconds_of(kernel: Path, statement: str) -> tuple[float, str]:
    """Processor time of the kernel on a text, and what it prints; an error unless it accepts."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(statement)
        file.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = subprocess.run([kernel, file.name], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        answer.stdout.strip().replace("\n", "; "),
    )


def main() -> None:
    """Print a line for each loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernel", type=Path)
    kernel = parser.parse_args().kernel
    for name, layers, activation, depth in LOOPS:
        seconds, said = seconds_of(kernel, text(layers, activation, depth))
        print(f"{name}: {said}: {seconds:.2f} s, {2**depth / seconds:.0f} leaves/s")


if __name__ == "__main__":
    main()
