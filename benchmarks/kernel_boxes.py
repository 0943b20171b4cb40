"""Boxes per second of the kernel from Coq on random closed loops with networks.

Writes the decrease of ``|x|^2`` along ``x' = 0.8 x + 0.05 B n(x)`` over a box as an obligation in the
kernel's text, with a uniform tree of boxes in degree 1 (slopes), and times the program on one core.
Run ``python benchmarks/kernel_boxes.py proofs/coq/build/certify-kernel``.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

LOOPS = (
    ("2-16-16-1 tanh", (2, 16, 16, 1), "tanh", 12),
    ("6-64-64-1 relu", (6, 64, 64, 1), "relu", 9),
)


def spelled(number: Fraction) -> str:
    sign = "-" if number < 0 else ""
    return f"{sign}{abs(number.numerator):#x} {number.denominator:#x}"


def affine(rows: list[list[Fraction]], argument: int) -> str:
    words = [f"affine {len(rows)}"]
    for row in rows:
        words += [spelled(Fraction(0)), str(len(row)), *map(spelled, row)]
    return " ".join([*words, str(argument)])


def weights(chance: random.Random, rows: int, columns: int, size: float) -> list[list[Fraction]]:
    """Numbers of 24 bits, as those of networks in single precision are."""
    return [
        [Fraction(round(chance.gauss(0, size) * 2**20), 2**20) for _ in range(columns)]
        for _ in range(rows)
    ]


def text(layers: tuple[int, ...], activation: str, depth: int) -> str:
    """The obligation ``|x|^2 - |x'|^2 + 1/4 > 0`` on the unit cube, halved ``depth`` times."""
    chance = random.Random(0)
    n = layers[0]
    program = [f"var {i}" for i in range(n)]
    program.append("stack " + " ".join([str(n), *(str(n - 1 - i) for i in range(n))]))
    state = len(program) - 1
    for columns, rows in zip(layers[:-1], layers[1:], strict=True):
        program.append(affine(weights(chance, rows, columns, columns**-0.5), 0))
        if rows != layers[-1]:
            program.append(f"call {activation} 0")
    output = len(program) - 1
    ones = [[Fraction(1)] * n]
    program.append(
        affine(
            [[Fraction(4, 5) if i == j else Fraction(0) for j in range(n)] for i in range(n)],
            len(program) - 1 - state,
        )
    )
    program.append(affine(weights(chance, n, 1, 0.05), len(program) - 1 - output))
    program += ["add 1 0", "mul 0 0", affine(ones, 0)]
    program.append(f"mul {len(program) - 1 - state} {len(program) - 1 - state}")
    program += [affine(ones, 0), "sub 0 2", "const 0x1 0x4", "add 1 0"]
    box = " ".join(["-0x1 0x1 0x1 0x1"] * n)

    def tree(level: int) -> str:
        return "41" if level == depth else f"{level % n:02x}" + 2 * tree(level + 1)

    grown = tree(0)
    return "\n".join(
        [
            "certify-kernel-3 1",
            "obligation descent",
            f"box {n}",
            *([box[: len(box) // n].strip()] * n),
            f"program {len(program)}",
            *program,
            "goal positive 0",
            f"flags {len(program)} {'0' * len(program)}",
            "coordinates 0",
            f"tree {len(grown) // 2} {grown}",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernel", type=Path)
    kernel = parser.parse_args().kernel
    for name, layers, activation, depth in LOOPS:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text(layers, activation, depth))
            file.flush()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            answer = subprocess.run(
                [kernel, file.name], capture_output=True, text=True, check=False
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"{name}: {answer.stdout.strip().splitlines()}, {2**depth} leaves, {2**depth / seconds:.0f} leaves/s"
        )
        if answer.returncode:
            print(answer.stderr)


if __name__ == "__main__":
    main()
