"""Measure the verifier: ``python benchmarks/run.py [--only NAME ...] [--timeout S] [--quick]``.

Pretrained loops at their published and at their largest level, loops of our own, the case
studies, and problems that grow.  Each is verified and then checked, in processes of their own
with one worker.  The figures are printed and written to ``table.md``, ``table.csv`` and
``figure.svg``.  Nothing is asserted.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import growth
from measure import Row, measured, row
from present import draw, table, write_csv
from pretrained import DATA, LOOPS, convert

HERE = Path(__file__).parent
CASES = HERE.parent / "case_studies"
PEER_NOTE = (
    "Peer: alpha-beta-CROWN 2025-12, CPU-seconds of one thread with about 3 s of imports, "
    "measured earlier on a 2-core x86-64 machine: float32 without outward rounding, tolerance "
    "1e-6, and the hole around the origin is not verified: a weaker property, see "
    "benchmarks/README.md. `>` where it had not finished when it was stopped."
)


@dataclass(frozen=True)
class Job:
    """A problem to measure: its name, its group, and how its file comes to be."""

    name: str
    group: str
    problem: Callable[[], Path]
    level: str = ""
    width: int | None = None

    @property
    def folder(self) -> str:
        """The folder of its results."""
        return "-".join(part for part in (self.name, self.level) if part)


def jobs(data: Path, out: Path, quick: bool) -> Iterator[Job]:
    """All problems; the quick ones are those at published levels that are not a series."""
    if data.is_dir():
        for level in ("published",) if quick else ("published", "largest"):
            for name in LOOPS:
                target = out / "problems" / f"{name}-{level}"
                make = partial(convert, data / name, target, level=level)
                yield Job(name, "pretrained", make, level)
    else:
        print(f"{data} is absent: the pretrained loops are left out")
    for problem in sorted((HERE / "own").glob("*/problem.toml")):
        yield Job(problem.parent.name, "own", partial(Path, problem))
    for problem in sorted(CASES.glob("*/problem.toml")):
        stated = tomllib.loads(problem.read_text(encoding="utf-8"))["property"]
        if "train" in (stated.get("lyapunov") or stated.get("barrier") or {}):
            print(f"{problem.parent.name} is trained before it is verified: `make demo` runs it")
        else:
            yield Job(problem.parent.name, "case study", partial(Path, problem))
    for size in () if quick else growth.sizes():
        make = partial(growth.write, size, out / "problems" / size.name)
        yield Job(size.name, "growth", make, width=size.width)


def start_up(folder: Path) -> float:
    """CPU-seconds of ``certify verify`` on an interval bound that one box proves."""
    problem = folder / "nothing.toml"
    problem.write_text(
        'name = "nothing"\n[system]\ntime = "discrete"\nstates = ["x"]\n[domain]\nx = [0, 1]\n'
        '[property]\nkind = "output"\nexpression = "x"\nupper = 2\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "certify.cli", "verify", str(problem), "--json"]
    certificate = folder / "nothing.json"
    command += ["--workers", "1", "--out", str(certificate)]
    return min(measured(command).cpu for _ in range(3))


def wanted(job: Job, only: list[str]) -> bool:
    """Whether the names or patterns of the command line, if any, ask for this problem."""
    return not only or any(fnmatch(name, p) for p in only for name in (job.name, job.folder))


def main() -> None:
    """Measure, print one table, write it down and draw it."""
    parser = argparse.ArgumentParser(description="Measure certify, one process for each problem.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the pretrained loops")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/bench"))
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="a problem, or chain_*; repeats"
    )
    parser.add_argument("--timeout", type=float, default=300, help="seconds for each problem")
    parser.add_argument("--quick", action="store_true", help="published levels, and no series")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for package in ("certify", "controllers", "proofs", "verifiers"):  # as installed packages are
        compileall.compile_dir(HERE.parent / package, quiet=2)
    load = os.getloadavg()[0]
    starting = start_up(options.out)
    found: list[Row] = []
    for job in jobs(options.data, options.out, options.quick):
        if not wanted(job, options.only):
            continue
        place = options.out / "results" / job.folder
        r = row(job.name, job.group, job.problem(), place, options.timeout, job.width)
        found.append(r)
        print(f"{job.folder}: {r.verdict}, {r.verify_cpu:.1f} s", flush=True)
        write_csv(options.out / "table.csv", found)  # kept if a later one is interrupted
    if not found:
        parser.error("no problem has such a name")
    after, cores = os.getloadavg()[0], os.cpu_count()
    notes = [
        f"Machine: {platform.machine()}, {cores} cores, Python {platform.python_version()}; "
        f"load {load:.1f} before, {after:.1f} after. Timeout {options.timeout:g} s.",
        f"Start-up of `certify verify`: {starting:.2f} CPU-seconds (included in verify).",
        "Verify is the whole command, with the kernel's check of every leaf; check repeats that "
        "check in a process of its own. Ratio is the peer's CPU-seconds over verify's.",
        PEER_NOTE,
    ]
    text = table(found) + "\n" + "\n".join(f"- {note}" for note in notes) + "\n"
    print(f"\n{text}")
    (options.out / "table.md").write_text(text, encoding="utf-8")
    if find_spec("matplotlib") is None:
        print("no figure: it needs matplotlib, pip install 'certify[report]'")
    else:
        draw(options.out / "figure.svg", found)
        print(options.out / "figure.svg")


if __name__ == "__main__":
    main()
