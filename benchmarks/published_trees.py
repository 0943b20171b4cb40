"""Measure the trees of labelled decisions: ``python benchmarks/published_trees.py [FOLDER]``.

For every ``decisions_CITY.csv`` or ``.csv.gz`` in FOLDER (``../shared/data/hvac``) a tree is fitted
as it was published: CART, not pruned, a class for each decision, on all columns but the last.  All of
its leaves are decided, it is repaired, and the proof for the repaired tree is re-checked.  A column
with "People" in its name and one with "Zone Air Temperature" are what the rules are about.
``--own`` adds trees of the office of ``case_studies/hvac``, which need no data; ``--kernel verified``
checks by the kernel from Coq as well.  Files go to ``--out``, for ``certify rules`` and the like.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeClassifier

from certify import check, pipeline
from certify.certificate import save
from certify.controllers.tree_visits import Visits
from certify.decision_tree import DecisionTree
from certify.errors import CertifyError, InputError
from certify.io.sklearn import tree_of
from certify.io.tree_file import tree_text
from certify.kernels import verified
from certify.tree_problems import TreeProblem, read_tree_problem
from certify.verifiers.tree_rules import examined

DATA = Path(__file__).parents[2] / "shared" / "data" / "hvac"
COLUMNS = (
    "tree", "rows", "leaves", "break cold", "break warm", "after repair", "leaves after",
    "decisions changed", "fit", "decide", "repair", "prove and check", "verdict",
)  # fmt: skip
_MARGIN = 100  # by which the domain is larger than the data
_Result = TypeVar("_Result")
Floats = npt.NDArray[np.float64]


class Decisions(NamedTuple):
    """``inputs`` (n, features) with their ``names``, which of them are people and air, labels."""

    names: tuple[str, ...]
    people: str
    air: str
    inputs: Floats
    labels: Floats


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 if a tree is not proved after its repair, 2 if a file is not read."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--cities", nargs="+", help="all in the folder, if not given")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1], help="of ties in CART")
    parser.add_argument("--own", action="store_true", help="the office's trees as well")
    parser.add_argument("--kernel", choices=("python", "verified"), default="python")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/published-trees"))
    asked = parser.parse_args(arguments)
    code = 0
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    try:
        found = [(name, read(path)) for name, path in tables(asked.folder, asked.cities)]
        found += [own()] if asked.own else []
        for name, table in found:
            for seed in asked.seeds:
                cells = measured(table, seed, asked.out / f"{name}-{seed}", asked.kernel)
                print(f"| {name}-{seed} | " + " | ".join(cells) + " |", flush=True)
                code = code if cells[-1] == "proved" else 1
    except CertifyError as error:
        print(f"published_trees: {error}", file=sys.stderr)
        return 2
    return code


def tables(folder: Path, cities: Sequence[str] | None) -> list[tuple[str, Path]]:
    """The files of labelled decisions by their cities."""
    paths = sorted(p for end in ("csv", "csv.gz") for p in folder.glob(f"decisions_*.{end}"))
    found = {p.name.removeprefix("decisions_").split(".")[0]: p for p in paths}
    missing = sorted(set(cities or ()) - set(found))
    if missing or not found:
        which = f"decisions_{missing[0]}" if missing else "decisions_CITY"
        raise InputError(f"{folder}: there is no {which}.csv or {which}.csv.gz")
    return [(city, found[city]) for city in cities or found]


def read(path: Path) -> Decisions:
    """The labelled decisions in a CSV file, the label last; rows that are not numbers are left out.

    Raises ``InputError`` for a file without the columns of people and air, or without rows.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", newline="", encoding="utf-8") as file:
            head, *rows = list(csv.reader(file)) or [[]]
        values = np.array([[_number(v) for v in row] for row in rows], dtype=float)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: {error}") from None
    except ValueError:
        raise InputError(
            f"{path}: not all rows have {len(head)} columns, as the first has"
        ) from None
    if values.shape[1:] != (len(head),):
        raise InputError(f"{path}: a row of names and rows of {len(head)} numbers are needed")
    good = np.isfinite(values).all(axis=1)
    if not good.all():
        print(f"{path}: {np.sum(~good)} rows that are not numbers are left out", file=sys.stderr)
    if not good.any():
        raise InputError(f"{path}: it has no row of numbers")
    names = _names(head[:-1])
    people, air = (_column(path, head, names, part) for part in ("people", "zone air temperature"))
    return Decisions(names, people, air, values[good, :-1], values[good, -1])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _names(head: Sequence[str]) -> tuple[str, ...]:
    """Names of variables for the columns: their words, with a number for each."""
    words = [re.sub(r"[^A-Za-z]+", "_", text.split("(")[0]).strip("_") for text in head]
    return tuple(f"{word or 'x'}_{i}" for i, word in enumerate(words))


def _column(path: Path, head: Sequence[str], names: Sequence[str], part: str) -> str:
    found = [n for text, n in zip(head, names, strict=False) if part in text.lower()]
    if len(found) != 1:
        raise InputError(
            f'{path}: {len(found)} columns but the last are named "{part}", one is to be'
        )
    return found[0]


def own() -> tuple[str, Decisions]:
    """States of the office with noise, four times each, and the best decisions, as a table."""
    from certify.case_studies.hvac.office import FEATURES
    from certify.case_studies.hvac.study import Size, Study

    study = Study("cold", Size(), Path())
    states = np.tile(study.loop.history(), (4, 1))
    rng = np.random.default_rng(0)
    states[:, 2:6] += 0.3 * study.loop.spread()[2:6] * rng.standard_normal((len(states), 4))
    labels = study.loop.labels(states).outputs[:, 0]
    return "office", Decisions(FEATURES, "people", "T", study.loop.features(states), labels)


def measured(table: Decisions, seed: int, folder: Path, kernel: str) -> list[str]:
    """The cells of a row, and the files it is made of in ``folder``."""
    fitted, fit = timed(lambda: fit_tree(table, seed))
    problem = stated(table, fitted, folder)
    claim = problem.claim()
    found, decide = timed(lambda: examined(claim))
    log = Visits(table.inputs)
    fixed, repair = timed(lambda: problem.repaired(splits=True, log=log))
    (folder / "repaired.json").write_text(tree_text(fixed.tree), encoding="utf-8")
    changed = (fixed.tree.predict(table.inputs) != fitted.predict(table.inputs)).any(axis=1)
    after = problem.using(fixed.tree, "repaired.json")

    def proved() -> str:
        outcome = pipeline.verify(after)
        if outcome.certificate is None:
            return outcome.verdict.word
        save(outcome.certificate, folder / "certificate.json")
        check(folder / "certificate.json")
        if kernel == "verified":
            verified(folder / "certificate.json")
        return outcome.verdict.word

    left = examined(TreeProblem(after, problem.file, fixed.tree, problem.features,
                                problem.inputs).claim())  # fmt: skip
    verdict, check_seconds = timed(proved)
    broken = [str(found.count(rule)) for rule in ("cold", "warm")]
    leaves = f"{len(left.violations)} broken, {left.open} open"
    numbers = f"{changed.sum()} of {len(changed)}"
    seconds = [f"{s:.2g}" for s in (fit, decide, repair, check_seconds)]
    return [str(len(table.inputs)), str(fitted.leaves), *broken, leaves, str(fixed.tree.leaves),
            numbers, *seconds, verdict]  # fmt: skip


def timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    """What ``work`` returns, and the CPU-seconds it takes."""
    start = time.process_time()
    return work(), time.process_time() - start


def fit_tree(table: Decisions, seed: int) -> DecisionTree:
    """The tree as published: a classifier that is not pruned."""
    return tree_of(DecisionTreeClassifier(random_state=seed).fit(table.inputs, table.labels))


def stated(table: Decisions, tree: DecisionTree, folder: Path) -> TreeProblem:
    """The tree with the two rules over a domain beyond all of its splits, written to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tree.json").write_text(tree_text(tree), encoding="utf-8")
    with (folder / "data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([table.names, *table.inputs.tolist()])
    ends = zip(table.inputs.min(axis=0), table.inputs.max(axis=0), strict=True)
    sides = [f"{x} = [{int(np.floor(a)) - _MARGIN}, {int(np.ceil(b)) + _MARGIN}]"
             for x, (a, b) in zip(table.names, ends, strict=True)]  # fmt: skip
    choices = [str(Fraction(v)) for v in np.unique(table.labels).tolist()]
    air, people = table.air, table.people
    lines = [
        'name = "decisions"', "[system]", 'time = "discrete"',
        "states = [" + ", ".join(f'"{x}"' for x in table.names) + "]", 'inputs = ["heating"]',
        "[networks]", 'policy = "tree.json"', "[controller]",
        f'heating = "policy({", ".join(table.names)})"', "[domain]", *sides,
        "[property]", 'kind = "tree"',
        "decisions = [" + ", ".join(f'"{v}"' for v in choices) + "]", "[property.rules]",
        f'cold = "when {people} > 0 and {air} < 20 then heating > {air}"',
        f'warm = "when {people} > 0 and {air} > 23.5 then heating < {air}"',
    ]  # fmt: skip
    path = folder / "problem.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_tree_problem(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
