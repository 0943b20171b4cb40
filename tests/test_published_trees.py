"""The benchmark of labelled decisions: what it counts, and what it says of other tables."""

import gzip
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from certify import check

NAMES = ("time", "Outdoor Drybulb(Environment)", "Zone People Occupant Count(SPACE1-1)",
         "Zone Air Temperature(SPACE1-1)", "action")  # fmt: skip


@pytest.fixture(scope="module")
def trees() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
        yield importlib.import_module("published_trees")
        sys.modules.pop("published_trees", None)


def rows(count: int = 200) -> np.ndarray:
    """Decisions of a careless thermostat, with people and air in the last columns but one."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform([0, -5, 0, 15], [24, 10, 11, 27], (count, 4)).round(3)
    return np.column_stack([inputs, rng.choice([15.0, 18.0, 22.0], count)])


def written(folder: Path, table: list[list[str]], name: str = "decisions_here.csv.gz") -> Path:
    text = "\n".join(",".join(row) for row in table) + "\n"
    data = gzip.compress(text.encode()) if name.endswith("gz") else text.encode()
    (folder / name).write_bytes(data)
    return folder


def table(order: tuple[int, ...] = (0, 1, 2, 3, 4)) -> list[list[str]]:
    """The rows with their columns in another order."""
    return [[NAMES[i] for i in order], *([str(row[i]) for i in order] for row in rows())]


def plainly_broken(tree: object, people: int, air: int) -> int:
    """Leaves of scikit-learn's arrays with occupied points below 20 that are not warmer."""
    count, pending = 0, [(0, {people: (0.0, 99.0), air: (-99.0, 99.0)})]
    while pending:
        node, box = pending.pop()
        f, t = tree.feature[node], tree.threshold[node]
        if f < 0:
            low, high = box[air]
            heating = (15.0, 18.0, 22.0)[int(tree.value[node][0].argmax())]
            count += bool(box[people][1] > 0 and low < 20 and heating < min(high, 20))
            continue
        low, high = box.get(f, (-999.0, 999.0))
        pending.append((tree.children_left[node], {**box, f: (low, min(high, t))}))
        pending.append((tree.children_right[node], {**box, f: (max(low, t), high)}))
    return count


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (3, 1, 2, 0, 4)])
def test_all_broken_leaves_are_counted_and_none_is_left(
    trees: ModuleType, order: tuple[int, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, table(order))
    assert trees.main([str(folder), "--seeds", "0", "-o", str(tmp_path / "out")]) == 0
    cells = capsys.readouterr().out.splitlines()[-1].strip("| ").split(" | ")
    row = dict(zip(trees.COLUMNS, cells, strict=True))
    from sklearn.tree import DecisionTreeClassifier

    values = rows()[:, order]
    fitted = DecisionTreeClassifier(random_state=0).fit(values[:, :-1], values[:, -1])
    expected = plainly_broken(fitted.tree_, order.index(2), order.index(3))
    assert row["break cold"] == str(expected)
    assert expected > 0
    assert (row["after repair"], row["verdict"]) == ("0 broken, 0 open", "proved")
    check(tmp_path / "out" / "here-0" / "certificate.json")


def test_rows_that_are_not_numbers_are_left_out_and_told(
    trees: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = table()
    damaged[3][1], damaged[7][4] = "nan", ""
    folder = written(tmp_path, damaged, "decisions_here.csv")
    assert trees.main([str(folder), "--seeds", "0", "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert "2 rows that are not numbers are left out" in told.err
    assert "| here-0 | 198 |" in told.out


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "a row of names and rows of 0 numbers are needed"),
        ([["a", "b"], ["1", "2"]], '0 columns but the last are named "people"'),
        ([list(NAMES), ["1"] * 5, ["1"] * 4], "not all rows have 5 columns"),
        ([list(NAMES), ["nan"] * 5], "it has no row of numbers"),
        (None, "there is no decisions_CITY.csv"),
    ],
)
def test_other_tables_are_refused_with_the_reason(
    trees: ModuleType,
    lines: list[list[str]] | None,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if lines is not None:
        written(tmp_path, lines)
    assert trees.main([str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


def test_a_city_that_is_not_there_is_named(
    trees: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, table())
    assert trees.main([str(tmp_path), "--cities", "here", "nowhere"]) == 2
    assert "decisions_nowhere" in capsys.readouterr().err
