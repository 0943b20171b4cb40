"""Trees changed for a target: every step ends in it, and only what did not is changed."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from certify import pipeline
from certify.cli import app
from certify.errors import InputError, UnsupportedError
from certify.io.toml import read_problem
from certify.io.tree_file import read_tree_file
from certify.outcome import Verdict
from certify.tree_targets import read_guard

# below 21 degrees 15, above it 23; people do not matter to it
TREE = {
    "format": "certify-tree-1", "inputs": 2, "rounding": "float32",
    "nodes": [{"feature": 0, "threshold": 21, "left": 1, "right": 2}, {"value": [15]},
              {"value": [23]}],
}  # fmt: skip
SYSTEM = """name = "room"
[system]
time = "discrete"
"""
RULES = (
    SYSTEM
    + """states = ["T", "people"]
inputs = ["heating"]
disturbances = ["next"]
[system.dynamics]
T = "T"
people = "next"
[networks]
policy = "tree.json"
[controller]
heating = "policy(T, people)"
[domain]
T = [10, 35]
people = [0, 11]
next = [0, 11]
[property]
kind = "tree"
decisions = [15, 17, 19, 21, 23]
[property.rules]
cold = "when people > 0.5 and T < 18 then heating > T"
"""
)
ROOM = (
    SYSTEM
    + """states = ["T", "spare"]
disturbances = ["people", "draught"]
[system.let]
air = "T + (policy(T, people)[0] - T)/2 + draught"
[system.dynamics]
T = "air"
spare = "min(1, max(100*(3/4 - people), min(air - 20, 23 - air)))"
[networks]
policy = "TREE"
[domain]
T = ["LOW", 24]
spare = [-16, 16]
people = [0, 11]
draught = ["-1/4", "1/4"]
[property]
kind = "recovery"
target = "spare >= 0"
initial = "spare >= 0"
away = 0
depth = 4
"""
)


def room(folder: Path, tree: str = "tree.json", low: str = "19", text: str = ROOM) -> Path:
    path = folder / f"room-{tree[:-5]}.toml"
    path.write_text(text.replace("TREE", tree).replace("LOW", low))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tree.json").write_text(json.dumps(TREE))
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path


def repaired(folder: Path, target: Path, *more: str) -> tuple[int, dict]:
    found = CliRunner().invoke(app, [
        "repair", str(folder / "rules.toml"), "--target", str(target), "-o",
        str(folder / "fixed.json"), "--json", *more,
    ])  # fmt: skip
    return found.exit_code, json.loads(found.stdout)


def test_every_step_ends_in_the_target_and_rules_hold(folder: Path) -> None:
    before = pipeline.verify(read_problem(room(folder)))
    code, told = repaired(folder, room(folder))
    assert before.verdict is Verdict.UNKNOWN
    assert (code, told["verdict"], told["not_repaired"]) == (0, "proved", [])
    after = pipeline.verify(read_problem(room(folder, "fixed.json")))
    assert after.verdict is Verdict.PROVED
    old, new = read_tree_file(folder / "tree.json"), read_tree_file(folder / "fixed.json")
    rng = np.random.default_rng(0)
    points = rng.uniform([19, 0], [24, 11], (5000, 2))
    points[:, 1] = points[:, 1].round()
    chosen, air = new.predict(points)[:, 0], points[:, 0]
    for draught in (-0.25, 0.25):
        nxt = air + (chosen - air) / 2 + draught
        assert ((nxt >= 19) & (nxt <= 24)).all()
        there = points[:, 1] > 0.5
        assert ((nxt >= 20) & (nxt <= 23))[there].all()
    assert new.leaves > old.leaves


def test_what_no_decision_does_is_told(folder: Path) -> None:
    """From 16.5 degrees half the way to 23 is not 20."""
    _, told = repaired(folder, room(folder, low="16.5"))
    assert told["not_repaired"]
    assert all("no decision is known" in text for text in told["not_repaired"])
    assert any("people" in text for text in told["not_repaired"])


def test_logged_costs_choose_among_what_does(folder: Path) -> None:
    """Around 20.5 degrees 21 and 23 do, and the log says which of them is cheap."""
    log = folder / "log.csv"
    rows = ["T,people,cost0,cost1,cost2,cost3,cost4", *(["20.5,3,9,9,9,5,0"] * 4)]
    log.write_text("\n".join(rows) + "\n")
    repaired(folder, room(folder), "--data", str(log))
    dear = read_tree_file(folder / "fixed.json").predict(np.array([[20.5, 3.0]]))[0, 0]
    log.write_text("\n".join([rows[0], *(["20.5,3,9,9,9,0,5"] * 4)]) + "\n")
    repaired(folder, room(folder), "--data", str(log))
    assert (dear, read_tree_file(folder / "fixed.json").predict(np.array([[20.5, 3.0]]))[0, 0]) == (
        23,
        21,
    )


def test_other_problems_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="kind"):
        read_guard(folder / "rules.toml")
    twice = room(folder, text=ROOM.replace("policy(T, people)[0]", "policy(T + 1, people)[0]"))
    with pytest.raises(UnsupportedError, match="different variables"):
        read_guard(twice)
    none = room(folder, text=ROOM.replace("policy(T, people)[0]", "21"))
    with pytest.raises(UnsupportedError, match="0 calls"):
        read_guard(none)
