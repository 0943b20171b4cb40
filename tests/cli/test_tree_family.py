"""The family of trees, and the command that extracts one: from a regulator, to a file."""

from pathlib import Path

import numpy as np
import pytest
from cli_runs import certify

from certify.controllers.plant_loop import PlantLoop
from certify.controllers.registry import trainer
from certify.errors import ProblemError, UnsupportedError
from certify.expression.evaluate import evaluate
from certify.io.toml import read_problem
from certify.io.tree_file import read_tree_file
from certify.problem import Problem

PROBLEM = """\
name = "two tanks"
[system]
time = "{time}"
states = ["x", "v"]
inputs = ["u"]
disturbances = ["w"]
[system.dynamics]
x = "0.8*x + 0.1*v"
v = "0.7*v + 0.2*u + w"
[controller]
{controller}
[domain]
x = [-2, 2]
v = [-2, 2]
w = ["-0.01", "0.01"]
[property]
kind = "{kind}"
{rest}
"""
TRAINED = 'train = { family = "tree", leaves = 12, limits = { u = ["-1", "1"] } }'
STABLE = '[property.lyapunov]\ntrain = { family = "tree" }'
GIVEN = 'u = "clip(-x - v, -1, 1)"'
BOUNDED = 'expression = "u"\nupper = 1'


def problem(tmp_path: Path, time="discrete", controller=TRAINED, kind="stability", rest=STABLE):
    file = tmp_path / "problem.toml"
    text = PROBLEM.format(time=time, controller=controller, kind=kind, rest=rest)
    file.write_text(text)
    return file


def train(stated: Problem, seed: int = 0, **more: object):
    options = dict(stated.property.lyapunov.options)  # type: ignore[union-attr]
    options["controller"] = {**options["controller"], **more}
    return trainer("tree")(stated, options, seed=seed, progress=lambda _: None)


def test_the_tree_is_what_the_regulator_does_nearly(tmp_path: Path) -> None:
    stated = read_problem(problem(tmp_path))
    found, again = train(stated), train(stated)
    assert found.trees == again.trees
    (tmp_path / "policy.json").write_text(found.trees["policy"])
    tree = read_tree_file(tmp_path / "policy.json")
    assert tree.leaves == 12
    points = np.random.default_rng(0).uniform(-2, 2, (100, 2))
    values = evaluate([found.controller["u"]], dict(zip("xv", points.T, strict=True)))[0]
    assert values.tolist() == tree.predict(points)[:, 0].tolist()
    assert np.abs(values).max() <= 1
    assert tree.predict(np.zeros((1, 2)))[0, 0] == 0  # holds the equilibrium exactly
    fine = train(stated, leaves=200)
    scores = [min(s.loss for s in c.history if s.phase == "tree") for c in (found, fine)]
    assert scores[1] < scores[0] / 4
    with pytest.raises(ProblemError, match="leaves"):
        train(stated, leaves=1)


def test_a_tree_is_extracted_from_any_controller(tmp_path: Path) -> None:
    file = problem(tmp_path, controller=GIVEN, kind="output", rest=BOUNDED)
    ended = certify("extract", file, "-o", tmp_path / "t.json", "--leaves", "30", "--curve",
                    tmp_path / "curve.csv", "--json")  # fmt: skip
    assert ended.code == 0
    assert ended.answer["leaves"] == 30
    costs = dict(ended.answer["curve"])
    assert costs[2] > 4 * costs[16] > 16 * costs[256]
    tree = read_tree_file(tmp_path / "t.json")
    points = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    gaps = tree.predict(points)[:, 0] - np.clip(-points.sum(axis=1), -1, 1)
    assert np.sqrt(np.mean(gaps**2)) < 0.25
    head, *rows = (tmp_path / "curve.csv").read_text().splitlines()
    assert (head, len(rows)) == ("leaves,cost", 9)


def test_what_is_no_loop_in_discrete_time_is_refused(tmp_path: Path) -> None:
    file = problem(tmp_path, time="continuous", controller=GIVEN, kind="output", rest=BOUNDED)
    assert certify("extract", file, "-o", tmp_path / "t.json").code == 2
    assert not (tmp_path / "t.json").exists()
    with pytest.raises(UnsupportedError, match="controller"):
        PlantLoop(read_problem(problem(tmp_path)))


def test_states_weigh_by_what_the_worst_input_costs(tmp_path: Path) -> None:
    from certify.expression import var

    stated = read_problem(problem(tmp_path, controller=GIVEN, kind="output", rest=BOUNDED))
    loop = PlantLoop(stated, var("v") ** 2)
    weights = loop.labels(np.array([[0.0, 0.0], [0.0, 1.0]])).weights
    # v+ = 0.7 v + 0.2 u with u in [-1, 1]: squares from 0.04 to 0.04, and from 0.25 to 0.81
    np.testing.assert_allclose(weights, [0.0, 0.56], atol=1e-9)
    assert PlantLoop(stated).labels(np.zeros((3, 2))).weights.tolist() == [1, 1, 1]
