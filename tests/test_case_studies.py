"""Every committed case study says what its certificate proves, and the checker agrees."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from certify import check
from certify.certificate import load
from certify.io.toml import read_problem
from certify.pipeline import asks_for_training
from certify.problem import Problem
from certify.theorems import claim_of

CASES = Path(__file__).parents[1] / "case_studies"
FOLDERS = sorted(p.parent for p in CASES.rglob("problem.toml"))
PROVED = sorted(p.parent for p in CASES.rglob("certificate.json"))
KEYS = {
    *("verdict", "theorem", "evidence", "level", "volume", "volume_interval", "volume_kind"),
    *("residual", "seconds", "cpu_seconds", "leaves", "published"),
}
LARGEST = 2_000_000


def given(folders: list[Path]) -> list[object]:
    return [pytest.param(folder, id=str(folder.relative_to(CASES))) for folder in folders]


def stated(folder: Path) -> Problem:
    problem = read_problem(folder / "problem.toml")
    if asks_for_training(problem):
        pytest.skip("its controller and certificate function are trained")
    return problem


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_there_are_some() -> None:
    names = {folder.name for folder in PROVED}
    assert names >= {"van_der_pol", "double_integrator", "pendulum_onnx", "cruise_control"}


@pytest.mark.parametrize("folder", given(FOLDERS))
def test_a_folder_is_complete(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"certify run case_studies/{folder.relative_to(CASES)}/problem.toml" in text
    assert (folder / "certificate.json").is_file() == (folder / "results.json").is_file()


@pytest.mark.parametrize("folder", given(PROVED))
def test_the_checker_accepts_and_the_results_agree(folder: Path) -> None:
    path = folder / "certificate.json"
    assert path.stat().st_size < LARGEST
    accepted = check(path)
    claim, found = accepted.certificate.claim, results(folder)
    assert set(found) - {"extension"} == KEYS
    assert (found["verdict"], found["evidence"]) == ("proved", "kernel")
    assert found["theorem"] == claim.theorem
    trees = {k: n for k, n in accepted.leaves.items() if k != "paving"}
    assert found["leaves"] == sum(trees.values())
    level = claim.numbers.get("level")
    assert found["level"] == (None if level is None else float(level))
    residual = claim.numbers.get("residual")
    assert (found["residual"] is None) == (residual is None)
    if residual is not None:
        bounds = {x: float(claim.numbers[f"residual/{x}"]) for x in claim.states}
        assert found["residual"] == {"level": float(residual), "bounds": bounds}
    volume = claim.numbers.get("volume")
    assert ("extension" in found) == (volume is not None)
    if volume is not None:
        assert found["extension"]["volume_kind"] == "certified"
        assert found["extension"]["volume"] <= volume
        assert found["extension"]["cells"] == accepted.leaves["paving"]
        assert found["extension"]["steps"] == claim.numbers["steps"]
    for figure in found["published"]:
        assert set(figure) == {"what", "value", "source"}


@pytest.mark.parametrize("folder", given(PROVED))
def test_the_certificate_is_about_the_problem_beside_it(folder: Path) -> None:
    problem, certificate = stated(folder), load(folder / "certificate.json")
    claim = claim_of(problem)
    found = certificate.claim.numbers
    assert claim.numbers.items() <= found.items()
    assert replace(claim, numbers=found).to_json() == certificate.claim.to_json()
    assert certificate.sources == problem.sources


@pytest.mark.parametrize("folder", given(PROVED))
def test_the_readme_gives_the_figures(folder: Path) -> None:
    text, found = (folder / "README.md").read_text(encoding="utf-8"), results(folder)
    numbers = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))}
    wanted = [found["level"]]
    if "extension" in found:
        wanted += [found["extension"]["volume"], found["extension"]["steps"]]
    if found["residual"] is not None:
        wanted += [found["residual"]["level"], *found["residual"]["bounds"].values()]
    assert {float(n) for n in wanted if n is not None} <= numbers
