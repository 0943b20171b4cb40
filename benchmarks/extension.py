"""Measure extensions: ``python benchmarks/extension.py [FILE ...] [--depth N ...] [--steps K]``.

A file is a problem or a certificate of stability in discrete time, such as one of a trained loop;
without files the pretrained loops with two states and the discrete case studies are measured.  The
core is verified first, then extended with finer and finer cells; each certificate is checked.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pretrained import DATA, convert

from certify import load, read_problem
from certify.problem import Stability, Training
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import write_certificate
from certify.proofs.checker.kernel import check
from certify.report.volume import inner_volume
from certify.theorems import claim_of
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

HERE = Path(__file__).parent
PRETRAINED = ("pendulum_state_feedback", "path_tracking_state_feedback")
COLUMNS = (
    "problem", "domain", "core at least", "cells halved", "extended at least", "steps", "cells",
    "kB", "search CPU s", "check CPU s",
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--depth", nargs="+", type=int, default=[12, 15, 18, 21])
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--data", type=Path, default=DATA, help="of the pretrained loops")
    asked = parser.parse_args(arguments)
    print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for file in asked.files or known(asked.data, Path(folder)):
            claim = stated(file)
            for depth in asked.depth if claim is not None else ():
                print("| " + " | ".join(row(claim, depth, asked.steps)) + " |", flush=True)
    return 0


def known(data: Path, folder: Path) -> Iterator[Path]:
    """The problems that need no training."""
    for name in PRETRAINED if data.is_dir() else ():
        yield convert(data / name, folder / name, level="published")
    yield from sorted((HERE.parent / "case_studies").glob("*/problem.toml"))


def stated(file: Path) -> Claim | None:
    """The claim of a problem or a certificate, if a core can be extended."""
    if file.suffix == ".json":
        claim = load(file).claim
    else:
        problem = read_problem(file)
        prop = problem.property
        if not isinstance(prop, Stability) or isinstance(prop.lyapunov, Training):
            return None
        claim = claim_of(problem)
    return replace(claim, theorem="T-EXT-D") if claim.theorem == "T-STAB-D" else None


def row(claim: Claim, depth: int, steps: int) -> list[str]:
    """One line of the table."""
    start = time.process_time()
    outcome = BranchAndBound().verify(claim, Options(extend_depth=depth, extend_steps=steps))
    if outcome.certificate is None:
        return [claim.name, "", outcome.verdict.word, *[""] * (len(COLUMNS) - 3)]
    data = write_certificate(outcome.certificate)
    spent, start = time.process_time() - start, time.process_time()
    cells = check(data).leaves["paving"]
    checked = time.process_time() - start
    sides = [high - low for low, high in (claim.box[x] for x in claim.states)]
    domain = float(sides[0])
    for side in sides[1:]:
        domain *= float(side)
    core = inner_volume(outcome.claim)
    numbers = outcome.claim.numbers
    return [
        claim.name, f"{domain:g}", "" if core is None else f"{float(core.lower):.2f}", str(depth),
        f"{float(numbers['volume']):.2f}", str(numbers["steps"]), str(cells),
        f"{len(data) / 1000:.1f}", f"{spent:.1f}", f"{checked:.1f}",
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
