"""The fault of the published checker of HVAC trees, made again, and that ours does not have it.

To find the box of a leaf one goes up from it and asks of every node on the way whether it is the
left child of its parent.  The published code asks this of the leaf each time.  A leaf is the child
of its own parent only, so that every condition further up counts as "right": nearly all boxes are
wrong, most are empty, and leaves that break a rule are not seen.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from certify.decision_tree import DecisionTree, cut_at
from certify.expression import var
from certify.io.sklearn import tree_of
from certify.proofs.checker.cases import Range
from certify.proofs.checker.claim import Claim
from certify.verifiers.tree_rules import examined

DOMAIN = [(Fraction(0), Fraction(20)), (Fraction(10), Fraction(35)), (Fraction(-20), Fraction(40))]
NAMES = ("people", "T", "outdoor")


@pytest.fixture(scope="module")
def estimator() -> DecisionTreeClassifier:
    """Decisions like those of a noisy planner: low and high setpoints at random."""
    rng = np.random.default_rng(7)
    points = np.column_stack(
        [rng.integers(0, 12, 900), rng.normal(21.5, 1.5, 900), rng.normal(5, 9, 900)]
    )
    warm = rng.random(900) < 0.5
    return DecisionTreeClassifier(random_state=0).fit(
        points, np.where(warm, 22, rng.integers(15, 20, 900))
    )


def boxes_by_the_leaf(estimator: DecisionTreeClassifier) -> dict[int, tuple[Range, ...]]:
    """As published: whether the *leaf* is a left child is asked at every node above it."""
    tree = estimator.tree_
    parent = {c: i for i in range(tree.node_count)
              for c in (tree.children_left[i], tree.children_right[i]) if c >= 0}  # fmt: skip
    found = {}
    for leaf in np.flatnonzero(tree.children_left < 0).tolist():
        box, node = [Range(*ends) for ends in DOMAIN], leaf
        while node in parent:
            node = parent[node]
            f = tree.feature[node]
            bound, closed = cut_at(Fraction(float(tree.threshold[node])), "float32")
            is_left = tree.children_left[node] == leaf
            side = box[f].below if is_left else box[f].above
            box[f] = side(bound, strict=closed != is_left)
        found[leaf] = tuple(box)
    return found


def seen(tree: DecisionTree, boxes: dict[int, tuple[Range, ...]]) -> set[int]:
    """The leaves with such boxes that break: when people > 0 and T < 20 then heating > T."""
    found = set()
    for leaf, box in boxes.items():
        people, warmth = box[0].above(Fraction(0), strict=True), box[1]
        value = tree.nodes[leaf].constants[0]  # type: ignore[union-attr]
        cold = warmth.below(Fraction(20), strict=True).above(value, strict=False)
        if not any(side.is_empty for side in (people, cold, box[2])):
            found.add(leaf)
    return found


def claim_of(tree: DecisionTree) -> Claim:
    people, warmth = var("people"), var("T")
    functions = {"rule/cold/when/0>": people, "rule/cold/when/1>": 20 - warmth,
                 "rule/cold/then/0>": var("u") - warmth}  # fmt: skip
    box = dict(zip(NAMES, DOMAIN, strict=True))
    controller = {"u": tree([var(x) for x in NAMES]).args[0]}
    return Claim("T-RULE", "hvac", "discrete", NAMES, (), (), box, {}, controller, functions, {})


def test_nearly_all_boxes_were_wrong_and_why(estimator: DecisionTreeClassifier) -> None:
    tree = tree_of(estimator)
    ours = {leaf.node: leaf.box for leaf in tree.leaf_boxes(DOMAIN)}
    theirs = boxes_by_the_leaf(estimator)
    right = [leaf for leaf in theirs if theirs[leaf] == ours.get(leaf)]
    assert len(ours) > 200
    # what is right: the way to the leaf goes right at every node, but perhaps at the last
    assert 1 <= len(right) <= 3
    # scikit-learn itself says which leaf a point reaches: it is in our box of it, not in theirs
    points = np.column_stack(
        [np.full(200, 5.0), np.linspace(15, 27, 200), np.linspace(-9, 20, 200)]
    )
    for point, leaf in zip(points, estimator.apply(points), strict=True):
        assert inside(ours[leaf], point)
    missed = sum(
        not inside(theirs[leaf], p) for p, leaf in zip(points, estimator.apply(points), strict=True)
    )
    assert missed > 100


def inside(box: Sequence[Range], point: np.ndarray) -> bool:
    sides = zip(box, map(Fraction, point.tolist()), strict=True)
    return all(not s.above(x, strict=False).below(x, strict=False).is_empty for s, x in sides)


def test_leaves_that_break_the_rule_were_not_seen(estimator: DecisionTreeClassifier) -> None:
    tree = tree_of(estimator)
    ours = {leaf.node: leaf.box for leaf in tree.leaf_boxes(DOMAIN)}
    found = examined(claim_of(tree))
    assert len(found.violations) == len(seen(tree, ours)) > 10
    assert len(seen(tree, boxes_by_the_leaf(estimator))) < len(found.violations) / 5
    for violation in found.violations:
        point = [float(violation.point[x]) for x in NAMES]
        assert point[0] > 0
        assert estimator.predict([point])[0] <= point[1] < 20
