"""What the kernel from Coq accepts: ``python benchmarks/kernels.py [CERTIFICATE or PROBLEM ...]``.

Each certificate is given to ``certify check --kernel verified`` in a process of its own, with one
worker.  For problems, ``*.toml``, it is made first, by ``certify run``.  Without names: the
certificates of the case studies and the loops of our own in ``benchmarks/own``; with ``--made``
also those case studies whose certificate is not shipped, of which some are trained for minutes.  A
line for each says what was accepted: the claim, every obligation of which the kernel made itself,
or the trees of obligations that the checker derived; and the CPU-seconds of the check.  The exit
status is 1 if a certificate is not accepted.
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

HERE = Path(__file__).resolve().parent
STUDIES = HERE.parent / "case_studies"
_CERTIFY = (sys.executable, "-m", "certify.cli")
_HOW = {"claim": "claim", "obligations": "trees"}


@dataclass(frozen=True)
class Answer:
    """What the kernel said of a certificate, and whether it accepts it, or there is none."""

    name: str
    theorem: str
    leaves: int | None
    how: str
    cpu: float
    fine: bool


def given(*, made: bool) -> list[Path]:
    """The certificates of the case studies, and the problems of our own; those too of which the
    certificate is ``made`` by the command.
    """
    stored = sorted(STUDIES.rglob("certificate.json"))
    others = {p.parent for p in STUDIES.rglob("problem.toml")} - {p.parent for p in stored}
    problems = [folder / "problem.toml" for folder in sorted(others)] if made else []
    return [*stored, *problems, *sorted(HERE.glob("own/*/problem.toml"))]


def answers(paths: Sequence[Path], timeout: float) -> Iterator[Answer]:
    """One for each of ``paths``; problems get ``timeout`` seconds to be proved."""
    with tempfile.TemporaryDirectory(prefix="certify-") as folder:
        for i, path in enumerate(paths):
            if path.suffix != ".toml":
                yield answer(_name(path), path)
                continue
            out = Path(folder, str(i))
            words = ["--workers", "1", "--timeout", f"{timeout:g}", "--out", str(out)]
            done = measured([*_CERTIFY, "run", str(path), "--json", *words])
            if (out / "certificate.json").exists():
                yield answer(_name(path), out / "certificate.json")
            else:
                verdict = f"no certificate: {done.answer.get('verdict')}"
                yield Answer(_name(path), "", None, verdict, done.cpu, fine=True)


def _name(path: Path) -> str:
    """The folder of ``path``, below that of the case studies if it is there."""
    folder = path.resolve().parent
    return str(folder.relative_to(STUDIES)) if folder.is_relative_to(STUDIES) else folder.name


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
    return Answer(name, "", None, f"no: {why}", done.cpu, fine=False)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for each problem")
    parser.add_argument(
        "--made", action="store_true", help="case studies without a certificate too"
    )
    chosen = parser.parse_args()
    find_program()
    print("| certificate | theorem | leaves | accepted | CPU s |\n|---|---|---|---|---|")
    fine = True
    for row in answers(chosen.paths or given(made=chosen.made), chosen.timeout):
        leaves = "" if row.leaves is None else f"{row.leaves:,}"
        print(f"| {row.name} | {row.theorem} | {leaves} | {row.how} | {row.cpu:.1f} |", flush=True)
        fine = fine and row.fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
