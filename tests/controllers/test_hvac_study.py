"""The study of the office in its small setting, and what it is made of."""

import json
from pathlib import Path

import numpy as np

from certify import check
from certify.case_studies.hvac.__main__ import main
from certify.case_studies.hvac.office import Office, discomfort, simulate
from certify.case_studies.hvac.planning import cost, planned_costs
from certify.case_studies.hvac.weather import CLIMATES, january
from certify.io.toml import read_problem
from certify.tree_problems import read_costs, read_log, read_tree_problem
from certify.verifiers.tree_rules import examined

FOLDER = Path(__file__).parents[2] / "case_studies" / "hvac"


def test_the_weather_is_within_the_domain_of_the_problem() -> None:
    domain = read_problem(FOLDER / "problem.toml").domain
    for climate in CLIMATES:
        for seed in range(3):
            weather = january(climate, seed)
            assert len(weather) == 2976
            for column, name in zip(
                weather.rows().T, ("out", "sun", "people", "hour"), strict=True
            ):
                assert domain[name][0] <= column.min() <= column.max() <= domain[name][1]
    cold, desert = january("cold", 1), january("desert", 1)
    assert cold.out.mean() + 5 < desert.out.mean()
    assert (january("cold", 1).out == cold.out).all()
    assert (january("cold", 2).out != cold.out).any()
    assert not desert.sun[desert.hour < 6].any()


def test_planned_costs_are_kept_when_the_plan_is_run() -> None:
    """The plan from the start promises what the month then costs, but for the grid."""
    office, weather = Office(), january("cold", 5, days=2)
    costs = planned_costs(office, weather)

    def best(k: int, states: np.ndarray) -> np.ndarray:
        return office.decisions[costs(np.full(len(states), k), states).argmin(axis=1)]

    month, other = (simulate(office, [weather], p)[0] for p in (
        best, lambda k, s: office.decisions[[6]]))  # fmt: skip
    spent = [float(cost(m.kwh, m.after, m.states[:, 4]).sum()) for m in (month, other)]
    promised = float(costs(np.zeros(1, dtype=int), month.states[:1]).min())
    assert abs(promised - spent[0]) < 0.02 * spent[0]
    assert spent[0] < 0.9 * spent[1]
    assert (month.kwh >= 0).all()
    assert discomfort(np.array([19.0, 19.0, 24.0]), np.array([1.0, 0.0, 2.0])).tolist() == [
        1,
        0,
        0.5,
    ]


def test_the_small_study_repairs_and_proves(tmp_path: Path) -> None:
    main(["--small", "--climate", "cold", "-o", str(tmp_path)])
    found = json.loads((tmp_path / "cold" / "study.json").read_text())
    rows = {row["name"]: row for row in found["rows"]}
    for name in ("tree", "published procedure"):
        folder, repair = tmp_path / "cold" / name.split()[0], found["repairs"][name]
        before = read_tree_problem(folder / "problem.toml")
        broken = examined(before.claim())
        assert sum(repair["broken"].values()) == len(broken.violations) > 0
        assert (repair["verdict"], repair["accepted"]) == ("proved", True)
        check(folder / "certificate.json")
        assert rows[name]["leaves"] == before.tree.leaves
        points = read_log(folder / "log.csv", before.features)
        costs = read_costs(folder / "log.csv", 10)
        assert costs is not None
        assert costs.shape == (len(points), 10)
        assert (costs.min(axis=1) == 0).all()
    # random shooting takes far longer; the factor of the study is in its table
    assert rows["MPC"]["microseconds"] > 100 * rows["tree"]["microseconds"]
    assert rows["dynamic programming"]["kwh"] < rows["default"]["kwh"]
    assert {"curve.svg", "thermal.onnx"} <= {p.name for p in (tmp_path / "cold").iterdir()}
    assert "<svg" in (tmp_path / "cold" / "tree" / "after-tree.svg").read_text()
