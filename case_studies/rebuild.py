"""Rebuild case studies: prove, check and report each, and keep its certificate and results.

``python case_studies/rebuild.py [NAME ...]`` runs ``certify run`` on the problems named, or
on all of them, writes reports to ``out/NAME`` and, where the certificate has less than 2 MB,
``certificate.json`` and ``results.json`` beside the problem, with a drawing of an extension.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from certify.pipeline import run
from certify.report.figures import figures
from certify.verifiers.interface import Options

HERE = Path(__file__).parent
LARGEST_CERTIFICATE = 2_000_000
KEPT = ("verdict", "theorem", "evidence", "level", "volume", "volume_interval", "volume_kind",
        "residual", "seconds", "cpu_seconds", "leaves")  # fmt: skip


def results(summary: Mapping[str, object], old: Path) -> dict[str, object]:
    """The figures of ``results.json``: ours anew, the ``published`` ones as they stand."""
    data = {key: summary[key] for key in KEPT}
    data["leaves"] = data["leaves"] or 0  # rules are decided without a tree
    if summary["extension"] is not None:
        data["extension"] = summary["extension"]
    for key in ("seconds", "cpu_seconds"):
        data[key] = round(float(str(summary[key])), 2)
    if old.is_file():
        data["published"] = json.loads(old.read_text(encoding="utf-8"))["published"]
    else:
        data["published"] = []
    return data


def rebuild(name: str, out: Path) -> str:
    """Run the case study ``name``; one line about it."""
    done = run(HERE / name / "problem.toml", out / name, options=Options(workers=1))
    certificate = done.files.get("certificate")
    if done.accepted is None or certificate is None:
        return f"{name}: {done.outcome.verdict.word}: {done.outcome.advice}"
    if certificate.stat().st_size < LARGEST_CERTIFICATE:
        shutil.copyfile(certificate, HERE / name / "certificate.json")
    for picture in figures(done.outcome):
        if picture.name == "paving":
            (HERE / name / "region.svg").write_text(picture.svg + "\n", encoding="utf-8")
    target = HERE / name / "results.json"
    text = json.dumps(results(done.summary, target), indent=1)
    target.write_text(text + "\n", encoding="utf-8")
    return f"{name}: {done.summary['verdict']}, {done.summary['leaves']} leaves"


def main() -> None:
    """Rebuild what the command line names."""
    names = sys.argv[1:] or sorted(
        str(p.parent.relative_to(HERE)) for p in HERE.rglob("problem.toml")
    )
    for name in names:
        print(rebuild(name, Path("out")), flush=True)


if __name__ == "__main__":
    main()
