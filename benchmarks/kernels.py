"""What the kernel from Coq accepts: ``python benchmarks/kernels.py [CERTIFICATE or PROBLEM ...]``.

Each certificate is given to ``certify check --kernel verified`` in a process of its own, with one
worker.  Problems, ``*.toml``, are verified first.  Without names: the certificates of the case
studies and the loops of our own in ``benchmarks/own``.  A line for each says what was accepted: the
claim, every obligation of which the kernel made itself, or the trees of obligations that the
checker derived; and the CPU-seconds.  The exit status is 1 if one is not accepted for another
reason than that the kernel lacks what it needs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import measured

from certify.kernels import find_program

HERE = Path(__file__).parent
STUDIES = HERE.parent / "case_studies"
_CERTIFY = (sys.executable, "-m", "certify.cli")
_UNSUPPORTED = 2
_HOW = {"claim": "claim", "obligations": "trees"}


@dataclass(frozen=True)
class Answer:
    """What the kernel said of a certificate, and whether that is no contradiction."""

    name: str
    theorem: str
    leaves: int | None
    how: str
    cpu: float
    fine: bool


def given() -> list[Path]:
    """The certificates of the case studies, and the problems of our own."""
    return [*sorted(STUDIES.glob("*/certificate.json")), *sorted(HERE.glob("own/*/problem.toml"))]


def answers(paths: Sequence[Path], timeout: float) -> Iterator[Answer]:
    """One for each of ``paths``; problems get ``timeout`` seconds to be proved."""
    with tempfile.TemporaryDirectory(prefix="certify-") as folder:
        for i, path in enumerate(paths):
            if path.suffix != ".toml":
                yield answer(path.parent.name, path)
                continue
            certificate = Path(folder, f"{i}.json")
            words = ["--workers", "1", "--timeout", f"{timeout:g}", "--out", str(certificate)]
            done = measured([*_CERTIFY, "verify", str(path), "--json", *words])
            if certificate.exists():
                yield answer(path.parent.name, certificate)
            else:
                verdict = f"no certificate: {done.answer.get('verdict')}"
                yield Answer(path.parent.name, "", None, verdict, done.cpu, fine=True)


def answer(name: str, certificate: Path) -> Answer:
    """That of the kernel on ``certificate``."""
    words = ["check", str(certificate), "--kernel", "verified", "--workers", "1", "--json"]
    done = measured([*_CERTIFY, *words])
    found = done.answer
    if found.get("verdict") == "accepted":
        leaves = sum(found["leaves"].values())
        how = _HOW[str(found["checked"])]
        return Answer(name, str(found["theorem"]), leaves, how, done.cpu, fine=True)
    why = str(found.get("error", found.get("verdict"))).splitlines()[0][:90]
    return Answer(name, "", None, f"no: {why}", done.cpu, fine=found.get("exit") == _UNSUPPORTED)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for each problem")
    chosen = parser.parse_args()
    find_program()
    print("| certificate | theorem | leaves | accepted | CPU s |\n|---|---|---|---|---|")
    fine = True
    for row in answers(chosen.paths or given(), chosen.timeout):
        leaves = "" if row.leaves is None else f"{row.leaves:,}"
        print(f"| {row.name} | {row.theorem} | {leaves} | {row.how} | {row.cpu:.1f} |", flush=True)
        fine = fine and row.fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
