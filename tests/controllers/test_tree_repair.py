"""Repairs keep every rule, change nothing that keeps them, and say where nothing helps."""

from collections.abc import Sequence
from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.controllers.tree_repair import Repair, repair
from certify.controllers.tree_setting import Setting
from certify.decision_tree import DecisionTree, Leaf, Rounding, Split
from certify.errors import InputError
from certify.expression import Node, var
from certify.proofs.checker.cases import Range
from certify.proofs.checker.decisions import Rule, undecided
from certify.proofs.checker.obligations import Atom

T, P, U = var("T"), var("people"), var("u")
BOX = {"T": (Q(10), Q(30)), "people": (Q(0), Q(9))}
CHOICES = [(Q(v),) for v in range(15, 25)]


def rule(name: str, when: Sequence[tuple[str, Node]], then: Sequence[tuple[str, Node]]) -> Rule:
    return Rule(name, tuple(Atom(*a) for a in when), tuple(Atom(*a) for a in then))


COLD = rule("cold", [(">", 2 * P - 1), (">", 20 - T)], [(">", U - T)])
WARM = rule("warm", [(">", 2 * P - 1), (">", 2 * T - 47)], [(">", T - U)])
CAPPED = rule("capped", [], [(">=", 22 - U)])


def tree(rounding: Rounding, *values: int) -> DecisionTree:
    """T at 21.3, and below it people at 4."""
    nodes = (Split(0, Q("21.3"), 1, 2), Split(1, Q(4), 3, 4), *(Leaf((Q(v),)) for v in values))
    return DecisionTree(2, nodes, rounding)


def setting(*rules: Rule, choices: Sequence[tuple[Q, ...]] = CHOICES) -> Setting:
    return Setting(("T", "people"), ("u",), BOX, rules, choices)


def broken(fixed: DecisionTree, *rules: Rule) -> list[str]:
    controller = {"u": fixed([T, P]).args[0]}
    box = {x: Range(*ends) for x, ends in BOX.items()}
    return [r.name for r in rules for _ in undecided(r, box, controller)]


def decisions(fixed: DecisionTree, points: np.ndarray) -> list[float]:
    return fixed.predict(points)[:, 0].tolist()


@pytest.mark.parametrize("rounding", ["none", "float32"])
def test_only_what_breaks_a_rule_is_changed(rounding: Rounding) -> None:
    before = tree(rounding, 24, 15, 22)
    found = repair(before, setting(COLD, WARM))
    assert broken(before, COLD, WARM) == ["cold", "warm"]
    assert broken(found.tree, COLD, WARM) == []
    assert [(c.node, c.before, c.after, c.rules) for c in found.changes] == [
        (3, (Q(15),), (Q(20),), ("cold",)),
        (2, (Q(24),), (Q(23),), ("warm",)),
    ]
    assert not found.impossible
    points = np.array([[t, p] for t in np.linspace(10, 30, 81) for p in (0.0, 0.25, 4.0, 9.0)])
    old, new = decisions(before, points), decisions(found.tree, points)
    for (t, p), a, b in zip(points, old, new, strict=True):
        breaks = p > 0.5 and ((t < 20 and a <= t) or (t > 23.5 and a >= t))
        # at its ends inputs that round to the same number cannot be told apart
        assert (a != b) == breaks or (t in (20.0, 23.5) and p > 0.5), (t, p)


def test_whole_leaves_are_changed_where_the_shape_is_kept() -> None:
    found = repair(tree("float32", 24, 15, 22), setting(COLD, WARM), splits=False)
    assert broken(found.tree, COLD, WARM) == []
    assert found.tree.leaves == 3
    assert decisions(found.tree, np.array([[30.0, 0.0], [12.0, 0.0], [12.0, 8.0]])) == [23, 20, 22]


def test_a_tree_that_keeps_its_rules_is_left_alone() -> None:
    before = tree("none", 20, 20, 21)
    assert repair(before, setting(COLD, WARM)) == Repair(before, ())


def test_rules_that_need_several_decisions_cut_the_leaf() -> None:
    near = rule("near", [(">", 24 - T), (">=", T - 14)], [(">", U - T), (">", T + 3 - U)])
    found = repair(DecisionTree(2, (Leaf((Q(40),)),)), setting(near))
    assert not found.impossible
    assert broken(found.tree, near) == []
    assert len({c.after for c in found.changes}) > 3


def test_conflicts_and_relations_are_told() -> None:
    high = rule("high", [(">", 20 - T)], [(">", U - 23)])
    found = repair(tree("none", 20, 20, 21), setting(CAPPED, high))
    assert found.impossible
    assert all("high" in text for text in found.impossible)
    assert set(broken(found.tree, CAPPED, high)) == {"high"}
    twisted = rule("twisted", [(">", T - 2 * P)], [(">", U - T - P)])
    assert repair(tree("none", 20, 20, 21), setting(twisted)).impossible


@pytest.mark.parametrize("rounding", ["none", "float32"])
def test_rules_between_variables_are_followed_in_steps(rounding: Rounding) -> None:
    """No decision is within 8 of T/2 + people on a leaf, and no box is where one is."""
    middle = T / 2 + P
    slanted = rule("slanted", [(">", T - 2 * P)], [(">", U - middle + 8), (">", middle + 8 - U)])
    choices = [(Q(v),) for v in (8, 14, 20)]
    before = DecisionTree(2, (Leaf((Q(2),)),), rounding)
    found = repair(before, setting(slanted, choices=choices))
    assert not found.impossible
    assert broken(found.tree, slanted) == []
    points = np.random.default_rng(0).uniform([10, 0], [30, 9], (2000, 2))
    chosen = np.array(decisions(found.tree, points))
    bound = points[:, 0] > 2 * points[:, 1]
    assert (np.abs(chosen - points[:, 0] / 2 - points[:, 1]) < 8)[bound].all()
    narrow = rule("narrow", [(">", T - 2 * P)], [(">", U - middle + 1), (">", middle + 1 - U)])
    few = repair(before, setting(narrow, choices=choices[:1]))
    assert few.impossible == ("leaf 0: no decision keeps narrow",)


def test_linear_leaves_are_refused() -> None:
    linear = DecisionTree(2, (Leaf((Q(1),), ((Q(1), Q(0)),)),))
    with pytest.raises(InputError, match="not repaired"):
        repair(linear, setting(COLD))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(11, 29)), min_size=1, max_size=5),
    st.lists(st.integers(15, 24), min_size=6, max_size=6),
    st.sampled_from(["none", "float32"]),
    st.booleans(),
)
def test_random_trees(
    cuts: list[tuple[int, int]], values: list[int], rounding: Rounding, splits: bool
) -> None:
    nodes: list[Split | Leaf] = []
    for k, (feature, bound) in enumerate(cuts):
        nodes += [Split(feature, Q(bound) / (1 + 2 * feature), 2 * k + 1, 2 * k + 2)]
        nodes += [Leaf((Q(values[k]),))]
    nodes += [Leaf((Q(values[-1]),))]
    before = DecisionTree(2, tuple(nodes), rounding)
    found = repair(before, setting(COLD, WARM, CAPPED), splits=splits)
    if not found.impossible:
        assert broken(found.tree, COLD, WARM, CAPPED) == []
    assert splits <= (not found.impossible)
    kept = np.array([[t, 0.0] for t in np.linspace(10, 30, 41)])
    for a, b in zip(decisions(before, kept), decisions(found.tree, kept), strict=True):
        assert a == b or a > 22 or not splits
