"""Measure the verifier: ``python benchmarks/run.py [--data FOLDER] [-o FOLDER] [--quick]``.

The pretrained loops at their published and at their largest level, then the case studies.
Every problem is verified and then checked, each in a process of its own with one worker; the
figures are printed and written to ``results.json`` and ``table.md``.  Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pretrained import DATA, LOOPS, convert

CASES = Path(__file__).parents[1] / "case_studies"
# CPU-seconds of alpha-beta-CROWN 2025-12; see README.md for what it verified
PEER = {"pendulum_state_feedback": 8.5, "path_tracking_state_feedback": 10.9}
PEER_NOTE = (
    "alpha-beta-CROWN 2025-12, CPU-seconds of one thread with about 3 s of imports, measured "
    "earlier on a 2-core x86-64 machine: float32 without outward rounding, tolerance 1e-6, and "
    "the hole around the origin is not verified: a weaker property, see benchmarks/README.md."
)
VERIFY = """
import json, sys
from pathlib import Path
from certify import read_problem, save, verify
from certify.report.json import summary
from certify.verifiers.interface import Options
outcome = verify(read_problem(sys.argv[1]), Options(workers=1))
if outcome.certificate is not None:
    save(outcome.certificate, sys.argv[2])
print(json.dumps({**summary(outcome), "boxes": outcome.statistics.get("boxes")}))
"""


@dataclass(frozen=True)
class Usage:
    """What a process took: CPU and wall time in seconds, peak memory in MB, and its answer."""

    cpu: float
    wall: float
    memory: float
    answer: Mapping[str, object]


@dataclass(frozen=True)
class Row:
    """One line of the table; None where something does not apply."""

    problem: str
    asked: str
    verdict: str
    theorem: str
    level: float | None
    boxes: int
    leaves: int
    verify_cpu: float
    verify_wall: float
    verify_mb: float
    check_cpu: float | None
    check_mb: float | None
    certificate_kb: float | None
    peer_cpu: float | None


def measured(command: Sequence[str]) -> Usage:
    """Run ``command``, whose last line on stdout is one JSON object."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        lines = process.stdout.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    unit = 1024 if sys.platform != "darwin" else 1024**2
    if process.returncode not in (0, 1, 3, 4, 5) or not lines:
        raise SystemExit(f"{' '.join(command[-2:])}: ended with code {process.returncode}")
    return Usage(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / unit, json.loads(lines))


def row(name: str, problem: Path, certificate: Path) -> Row:
    """Verify the problem, have its certificate checked, and measure both."""
    prop = tomllib.loads(problem.read_text(encoding="utf-8"))["property"]
    done = measured([sys.executable, "-c", VERIFY, str(problem), str(certificate)])
    answer = done.answer
    checker = [sys.executable, "-m", "certify.proofs.checker", str(certificate), "1"]
    checked = measured(checker) if answer["verdict"] == "proved" else None
    verdict = str(answer["verdict"])
    if checked is not None and checked.answer.get("verdict") != "accepted":
        verdict = f"REJECTED: {checked.answer.get('reason')}"
    return Row(
        problem=name,
        asked=str(prop.get("level", "largest" if prop["kind"] == "stability" else "-")),
        verdict=verdict,
        theorem=str(answer["theorem"]),
        level=_number(answer["level"]),
        boxes=int(_number(answer["boxes"]) or 0),
        leaves=int(_number(answer["leaves"]) or 0),
        verify_cpu=done.cpu,
        verify_wall=done.wall,
        verify_mb=done.memory,
        check_cpu=None if checked is None else checked.cpu,
        check_mb=None if checked is None else checked.memory,
        certificate_kb=None if checked is None else certificate.stat().st_size / 1000,
        peer_cpu=None if "level" not in prop or prop["level"] == "largest" else PEER.get(name),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def start_up(folder: Path) -> float:
    """CPU-seconds of ``certify verify`` on an interval bound that one box proves."""
    problem = folder / "nothing.toml"
    problem.write_text(
        'name = "nothing"\n[system]\ntime = "discrete"\nstates = ["x"]\n[domain]\nx = [0, 1]\n'
        '[property]\nkind = "output"\nexpression = "x"\nupper = 2\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "certify.cli", "verify", str(problem), "--json"]
    return min(measured([*command, "--workers", "1"]).cpu for _ in range(3))


def rows(data: Path, out: Path, quick: bool) -> Iterator[Row]:
    """All rows, each as soon as it is measured."""
    if data.is_dir():
        for name in LOOPS:
            for level in ("published",) if quick else ("published", "largest"):
                problem = convert(data / name, out / f"{name}-{level}", level=level)
                yield row(name, problem, problem.with_name("certificate.json"))
    else:
        print(f"{data} is absent: the pretrained loops are left out, only case studies run")
    for problem in sorted(CASES.glob("*/problem.toml")):
        name, text = problem.parent.name, problem.read_text(encoding="utf-8")
        if _trains(tomllib.loads(text)):
            print(f"{name} is trained before it is verified: `make demo` runs it, not this")
            continue
        (out / name).mkdir(parents=True, exist_ok=True)
        yield row(name, problem, out / name / "certificate.json")


def _trains(problem: Mapping[str, Mapping[str, Mapping[str, object]]]) -> bool:
    prop = problem["property"]
    return "train" in (prop.get("lyapunov") or prop.get("barrier") or {})


COLUMNS = ("problem", "level asked", "verdict", "theorem", "level", "boxes", "leaves",
           "verify CPU s", "MB", "check CPU s", "MB", "certificate kB", "peer CPU s")  # fmt: skip


def cells(r: Row) -> list[str]:
    """The row as text."""
    times = [r.verify_cpu, r.verify_mb, r.check_cpu, r.check_mb, r.certificate_kb, r.peer_cpu]
    forms = ["{:.1f}", "{:.0f}", "{:.1f}", "{:.0f}", "{:.1f}", "{:.1f}"]
    shown = ["-" if v is None else form.format(v) for v, form in zip(times, forms, strict=True)]
    level = "-" if r.level is None else f"{r.level:.7g}"
    return [r.problem, r.asked, r.verdict, r.theorem, level, str(r.boxes), str(r.leaves), *shown]


def table(found: Sequence[Row]) -> str:
    """All rows as a Markdown table with aligned columns."""
    lines = [list(COLUMNS), *(cells(r) for r in found)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    lines.insert(1, ["-" * w for w in widths])
    texts = (" | ".join(c.ljust(w) for c, w in zip(x, widths, strict=True)) for x in lines)
    return "".join(f"| {text} |\n" for text in texts)


def main() -> None:
    """Measure, print one table, and write it down."""
    parser = argparse.ArgumentParser(description="Measure certify on problems not made for it.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the pretrained loops")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/bench"))
    parser.add_argument("--quick", action="store_true", help="published levels only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    load, cores = os.getloadavg()[0], os.cpu_count()
    machine = f"{platform.machine()}, {cores} cores, Python {platform.python_version()}"
    starting = start_up(options.out)
    found: list[Row] = []
    for r in rows(options.data, options.out, options.quick):
        found.append(r)
        print(f"{r.problem} ({r.asked}): {r.verdict}, {r.verify_cpu:.1f} s", flush=True)
    after = os.getloadavg()[0]
    notes = [
        f"Machine: {machine}; load {load:.1f} before, {after:.1f} after.",
        f"Start-up of `certify verify`: {starting:.2f} CPU-seconds (included above).",
        "Verify includes the kernel's check of every leaf in the same process; check repeats it "
        "in a process of its own.",
        f"Peer: {PEER_NOTE}",
    ]
    text = table(found) + "\n" + "\n".join(f"- {note}" for note in notes) + "\n"
    print(f"\n{text}")
    (options.out / "table.md").write_text(text, encoding="utf-8")
    data = {"machine": machine, "load": [load, after], "start_up_cpu": starting}
    data["rows"] = [asdict(r) for r in found]
    (options.out / "results.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
