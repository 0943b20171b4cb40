"""``python -m certify.case_studies.hvac``: the whole study, from weather to figures."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from certify.case_studies.hvac.drawings import draw_curve
from certify.case_studies.hvac.office import FOLDER
from certify.case_studies.hvac.repairing import repaired, stated
from certify.case_studies.hvac.study import Row, Size, Study
from certify.case_studies.hvac.weather import CLIMATES
from certify.io.tree_file import read_tree_file

_SMALL = Size(days=2, lessons=1, samples=20, horizon=4, fitting=50, rows=20, leaves=8, curve=(4, 8))


def main(words: Sequence[str] | None = None) -> None:
    """Do the study for each climate, and write tables, trees and certificates."""
    parser = argparse.ArgumentParser(prog="python -m certify.case_studies.hvac")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/hvac"), help="folder to write")
    parser.add_argument("--climate", nargs="+", choices=sorted(CLIMATES), default=sorted(CLIMATES))
    parser.add_argument("--keep", action="store_true", help="keep what this folder holds of it")
    parser.add_argument("--small", action="store_true", help="a few days and samples, to try it")
    asked = parser.parse_args(words)
    for name in asked.climate:
        found = json.dumps(_studied(name, asked.out, asked.small), indent=1)
        (asked.out / name / "study.json").write_text(found + "\n", encoding="utf-8")
    table = _table(asked.out)
    (asked.out / "table.md").write_text(table, encoding="utf-8")
    print(table, flush=True)
    if asked.keep:
        _keep(asked.out, table)


def _studied(climate: str, out: Path, small: bool) -> dict[str, object]:
    start, folder = time.process_time(), out / climate
    folder.mkdir(parents=True, exist_ok=True)
    study = Study(climate, _SMALL if small else Size(), folder)
    models = study.models()
    study.baselines()
    before = time.process_time()
    found, curve = study.extraction()
    trees = {"tree": found.tree, "published procedure": study.published()}
    spent = time.process_time() - before
    lines = [(r.name, r.kwh, r.violations) for r in study.rows if r.name != "MBRL"]
    draw_curve(folder / "curve.svg", curve, lines)
    repairs = {}
    for name, tree in trees.items():
        study.tree(name, tree)
        done = repaired(study, folder / name.split()[0], tree, draw=name == "tree")
        study.tree(f"{name}, repaired", done.repair.tree)
        repairs[name] = done.summary(tree)
    return {
        "rows": [vars(row) for row in study.rows],
        "models": models,
        "curve": curve,
        "rounds": found.scores,
        "repairs": repairs,
        "extraction_seconds": spent,
        "seconds": time.process_time() - start,
    }


def _keep(out: Path, table: str) -> None:
    """The repaired tree of the cold climate, with its problem and figures, and the table."""
    folder = out / "cold" / "tree"
    stated(FOLDER, read_tree_file(folder / "repaired.json"))
    for path in folder.glob("*.svg"):
        shutil.copyfile(path, FOLDER / path.name)
    for path in out.glob("*/curve.svg"):
        shutil.copyfile(path, FOLDER / f"curve-{path.parent.name}.svg")
    (FOLDER / "table.md").write_text(table, encoding="utf-8")


def _table(out: Path) -> str:
    """A line for each controller in each climate that was studied in ``out``, now or before."""
    lines = ["| climate | controller | kWh | outside of comfort | us a decision | leaves |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for path in sorted(out.glob("*/study.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        lines += [_line(path.parent.name, Row(**row)) for row in rows]
    return "\n".join(lines) + "\n"


def _line(climate: str, row: Row) -> str:
    spent = "" if row.microseconds is None else f"{row.microseconds:.3g}"
    leaves = "" if row.leaves is None else str(row.leaves)
    share = f"{100 * row.violations:.2f} %"
    return f"| {climate} | {row.name} | {row.kwh:.1f} | {share} | {spent} | {leaves} |"


if __name__ == "__main__":
    main()
