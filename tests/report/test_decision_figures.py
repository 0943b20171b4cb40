"""The figures of rules: the tree as it is, and maps that show where a rule is broken."""

from fractions import Fraction as Q

import numpy as np
import pytest

from certify.decision_tree import DecisionTree, Leaf, Split
from certify.expression import Node, const, select, var
from certify.io.toml import read_problem
from certify.outcome import Outcome
from certify.pipeline import verify
from certify.proofs.checker.claim import Claim
from certify.report.decisions import drawn_tree, map_pairs
from certify.report.figures import figures

PROBLEM = """\
name = "room"
[system]
time = "discrete"
states = ["T", "people", "hour"]
inputs = ["heating", "cooling"]
[controller]
heating = "{heating}"
cooling = "25"
[domain]
T = [10, 30]
people = [0, 9]
hour = [0, 24]
[property]
kind = "tree"
[property.rules]
cold = "when people > 0.5 and T < 20 then heating > T"
"""
NODES = (
    Split(0, Q(18), 1, 2), Leaf((Q(21), Q(25))), Split(2, Q(7), 3, 4), Leaf((Q(19), Q(25))),
    Leaf((Q(21), Q(23))),
)  # fmt: skip


def claim_with(controller: dict[str, Node], tmp_path) -> tuple[Claim, Outcome]:
    (tmp_path / "p.toml").write_text(PROBLEM.format(heating="20"))
    problem = read_problem(tmp_path / "p.toml")
    outcome = verify(type(problem)(**{**vars(problem), "controller": controller}))
    return outcome.claim, outcome


def test_the_tree_drawn_is_the_tree(tmp_path) -> None:
    tree = DecisionTree(3, NODES)
    parts = tree([var(x) for x in ("T", "people", "hour")]).args
    claim, outcome = claim_with(dict(zip(("heating", "cooling"), parts, strict=True)), tmp_path)
    drawn = drawn_tree(claim)
    assert drawn is not None
    assert [drawn.values[i] for i in drawn.leaves] == [(21, 25), (19, 25), (21, 23)]
    assert [s for s in drawn.splits if s] == [("T", 18), ("hour", 7)]
    assert [drawn.depths[i] for i in drawn.leaves] == [1, 2, 2]
    rng = np.random.default_rng(0)
    for row in rng.uniform((10, 0, 0), (30, 9, 24), (50, 3)):
        at, i = dict(zip(claim.states, row, strict=True)), 0
        while drawn.below[i]:
            name, threshold = drawn.splits[i] or ("", 0.0)
            i = drawn.below[i][0 if at[name] <= threshold else 1]
        assert drawn.values[i] == tuple(tree.predict(row.reshape(1, 3))[0])
    assert map_pairs(claim, drawn) == [("people", "T"), ("hour", "T")]
    pictures = {p.name: p for p in figures(outcome)}
    assert set(pictures) == {"tree", "decisions-0", "decisions-1"}
    assert "of 3 leaves" in pictures["tree"].caption
    # 19 is decided where T = 19.5 and hour <= 7: the rule is broken there
    assert "Hatched" in pictures["decisions-1"].caption


@pytest.mark.parametrize("value", ["22", "linear"])
def test_what_is_no_tree_has_maps_all_the_same(value: str, tmp_path) -> None:
    linear = select(var("T") - 15, const(22), 30 - var("T") / 8)
    heating = linear if value == "linear" else const(22)
    claim, outcome = claim_with({"heating": heating, "cooling": const(24)}, tmp_path)
    assert (drawn_tree(claim) is None) == (value == "linear")
    names = {p.name for p in figures(outcome)}
    assert {n for n in names if n.startswith("decisions")} == {"decisions-0"}
    assert all("No rule is broken" in p.caption for p in figures(outcome) if p.name != "tree")
