"""Repairs weighed by what decisions cost where a tree was used; fast decisions are those of it."""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tree_repair import BOX, COLD, WARM, broken, tree

from certify.controllers.tree_repair import repair
from certify.controllers.tree_setting import Setting
from certify.controllers.tree_visits import Visits
from certify.decision_tree import DecisionTree, Leaf, Split
from certify.errors import InputError, NetworkError
from certify.proofs.checker.cases import Range
from certify.tree_decision import decider

CHOICES = [(Q(v),) for v in (15, 20, 22, 24)]
POINTS = np.array([[19.0, 3.0], [19.0, 4.0], [12.0, 0.0], [25.0, 2.0]])  # T, people


def setting(costs: np.ndarray | None, points: np.ndarray = POINTS) -> Setting:
    return Setting(("T", "people"), ("u",), BOX, (COLD, WARM), CHOICES, Visits(points, costs))


def test_of_what_keeps_the_rules_the_cheapest_is_taken() -> None:
    costs = np.array([[0, 3, 1, 2], [0, 3, 1, 2], [9, 0, 0, 0], [0, 0, 0, 0]], dtype=float)
    before = tree("none", 22, 15, 24)
    near, cheap = repair(before, setting(None)), repair(before, setting(costs))
    for found in (near, cheap):
        assert broken(found.tree, COLD, WARM) == []
    (one,), (two,) = near.changes, cheap.changes
    assert (one.after, one.visits, one.loss) == ((Q(20),), 2, None)  # the nearest to 15
    # 22 costs the two logged states in the box 2 more than 15; the third one is elsewhere
    assert (two.after, two.visits, two.loss) == ((Q(22),), 2, 2.0)


def test_a_log_that_does_not_fit_is_refused() -> None:
    before = tree("none", 22, 15, 24)
    for costs in (np.zeros((4, 3)), np.full((4, 4), np.nan)):
        with pytest.raises(InputError, match="cost"):
            repair(before, setting(costs))
    with pytest.raises(InputError, match="2 numbers"):
        repair(before, setting(None, POINTS[:, :1]))


NUMBERS = st.one_of(
    st.floats(-4, 4), st.sampled_from([0.0, -0.0, 1.0, 0.1, np.nextafter(0.1, 1), 5e-324])
)
ENDS = st.one_of(NUMBERS.map(Q), st.sampled_from([Q(1, 10), Q(1, 3), Q(0), Q(1)]))


@settings(max_examples=200, deadline=None)
@given(NUMBERS, ENDS, ENDS, st.booleans(), st.booleans())
def test_membership_is_exact(x: float, a: Q, b: Q, left: bool, right: bool) -> None:
    low, high = min(a, b), max(a, b)
    inside = low <= Q(x) <= high and not (left and Q(x) == low) and not (right and Q(x) == high)
    side = Range(low, high, left, right)
    assert Visits(np.array([[x]])).inside([side]).tolist() == [inside]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["none", "float32"]), ENDS, st.lists(NUMBERS, min_size=1, max_size=8))
def test_fast_decisions_are_those_of_the_tree(rounding, threshold: Q, xs: list[float]) -> None:
    nodes = (Split(0, threshold, 1, 2), Leaf((Q(1),)), Split(0, threshold + 1, 3, 4),
             Leaf((Q(2),)), Leaf((Q(3),)))  # fmt: skip
    made = DecisionTree(1, nodes, rounding)
    near = float(threshold)
    points = [*xs, near, float(np.nextafter(near, 9)), float(np.nextafter(near, -9))]
    points += [float(np.float32(near)), float(np.nextafter(np.float32(near), np.float32(9)))]
    decide = decider(made)
    assert [decide((x,)) for x in points] == [(v,) for (v,) in made.predict(
        np.array(points).reshape(-1, 1)).tolist()]  # fmt: skip


def test_leaves_that_are_not_constant_are_not_decided_fast() -> None:
    with pytest.raises(NetworkError, match="not constant"):
        decider(DecisionTree(1, (Leaf((Q(1),), ((Q(2),),)),)))
