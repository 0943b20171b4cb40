"""Trees extracted from a policy: where they lead themselves, weighted by what mistakes cost."""

from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
import pytest

from certify.controllers.random_shooting import Shooting
from certify.controllers.tree_extraction import Extraction, Labels, extract, fitted, sizes
from certify.decision_tree import DecisionTree, Leaf
from certify.errors import InputError

UP, DOWN = (Q(1),), (Q(-1),)


class Walk:
    """x moves by the decision; to be at 7 costs nothing, being elsewhere the distance.

    The history is near 7, and runs start at 0: what to do below 6 is seen only there.
    """

    decisions = (UP, DOWN)

    def history(self) -> np.ndarray:
        return np.linspace(6, 8, 40).reshape(-1, 1)

    def spread(self) -> np.ndarray:
        return np.array([0.5])

    def features(self, states: np.ndarray) -> np.ndarray:
        return states

    def labels(self, states: np.ndarray) -> Labels:
        x = states[:, 0]
        # to go up is right below 7, and between 3 and 4, where the teacher is asked in vain
        costs = np.abs(x[:, None] + np.array([[1.0, -1.0]]) - 7)
        least = costs.min(axis=1, keepdims=True)
        outputs = np.where(costs.argmin(axis=1) == 0, 1.0, -1.0)
        return Labels(outputs[:, None], (costs - least).max(axis=1), costs - least)

    def run(self, tree: DecisionTree) -> tuple[np.ndarray, float]:
        x, seen, spent = 0.0, [], 0.0
        for _ in range(20):
            seen.append([x])
            x += float(tree.predict(np.array([[x]]))[0, 0])
            spent += abs(x - 7)
        return np.array(seen), spent


SETTING = Extraction(rounds=3, rows=None, leaves=4, noise=0.0)


def test_the_tree_walks_to_where_it_costs_least() -> None:
    told: list[tuple[int, float]] = []
    found = extract(Walk(), SETTING, 0, lambda n, s: told.append((n, s)))
    assert found.score == min(found.scores) == min(s for _, s in told)
    assert len(found.features) == 40 + 3 * 20
    assert found.tree.predict(np.array([[0.0], [5.0], [6.5], [9.0]]))[:, 0].tolist() == [
        1,
        1,
        1,
        -1,
    ]
    again = extract(Walk(), SETTING, 0)
    assert again.tree == found.tree


def test_states_that_the_tree_comes_to_are_labelled() -> None:
    """With a history that says down, only what the tree itself visits says up."""

    class Misled(Walk):
        def history(self) -> np.ndarray:
            return np.linspace(8, 9, 40).reshape(-1, 1)

    none = extract(Misled(), replace(SETTING, rounds=0), 0)
    some = extract(Misled(), SETTING, 0)
    assert none.score > 5 * some.score


def test_a_leaf_decides_what_costs_its_rows_least_and_not_what_most_of_them_say() -> None:
    features = np.array([[0.0], [0.0], [0.0], [1.0]])
    costs = np.array([[0.0, 0.1], [0.0, 0.1], [5.0, 0.0], [0.0, 1.0]])
    outputs = np.array([[1.0], [1.0], [-1.0], [1.0]])
    labels = Labels(outputs, costs.max(axis=1), costs)
    tree = fitted(features, labels, (UP, DOWN), SETTING)
    assert tree.predict(np.array([[0.0], [1.0]]))[:, 0].tolist() == [-1, 1]
    same = fitted(features, labels, (UP, DOWN), replace(SETTING, weighted=False))
    assert same.predict(np.array([[0.0], [1.0]]))[:, 0].tolist() == [1, 1]


def test_sizes_are_kept_and_the_published_procedure_is_not_pruned() -> None:
    found = extract(Walk(), SETTING, 0)
    assert [t.leaves <= n for (t, _), n in zip(
        sizes(found, Walk(), SETTING, (2, 3)), (2, 3), strict=True)] == [True, True]  # fmt: skip
    published = Extraction.published(rows=30)
    assert (published.rounds, published.leaves, published.weighted) == (0, None, False)
    one = extract(Walk(), published, 0)
    assert len(one.features) == 30
    assert one.tree.predict(one.features).tolist() == one.labels.outputs.tolist()  # not pruned


def test_noise_is_that_of_each_feature_or_of_a_row_as_published() -> None:
    class Two(Walk):
        def history(self) -> np.ndarray:
            return np.column_stack([np.full(500, 7.0), np.full(500, 900.0), np.arange(500.0)])

        def spread(self) -> np.ndarray:
            return np.array([0.5, 100.0, 0.0])

        def run(self, tree: DecisionTree) -> tuple[np.ndarray, float]:
            return self.history(), 0.0

    for mixed, wanted in ((False, [0.5, 100.0]), (True, [446.5, 446.5])):
        setting = Extraction(rounds=0, rows=None, leaves=3, noise=1.0, mixed=mixed)
        moved = extract(Two(), setting, 0).features - Two().history()
        np.testing.assert_allclose(moved[:, :2].std(axis=0), wanted, rtol=0.15)
        assert not moved[:, 2].any()


def test_any_number_may_be_decided_where_decisions_are_not_listed() -> None:
    class Linear(Walk):
        decisions = None  # type: ignore[assignment]

        def labels(self, states: np.ndarray) -> Labels:
            return Labels(np.clip(7 - states, -1, 1), np.ones(len(states)))

    found = extract(Linear(), replace(SETTING, leaves=8), 0)
    assert found.tree.leaves == 8
    values = {float(n.constants[0]) for n in found.tree.nodes if isinstance(n, Leaf)}
    assert min(values) < -0.5 < 0.5 < max(values)
    assert found.tree.rounding == "float32"


def test_labels_that_are_no_numbers_or_no_decisions_are_refused() -> None:
    class Broken(Walk):
        value = np.nan

        def labels(self, states: np.ndarray) -> Labels:
            return Labels(np.full((len(states), 1), self.value), np.ones(len(states)))

    with pytest.raises(InputError, match="not finite"):
        extract(Broken(), SETTING, 0)
    Broken.value = 0.5
    with pytest.raises(InputError, match="not one of the decisions"):
        extract(Broken(), SETTING, 0)
    with pytest.raises(InputError, match="at least two leaves"):
        extract(Walk(), replace(SETTING, leaves=1), 0)


def test_shooting_finds_the_best_first_decision() -> None:
    def model(k: int, states: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after = states + np.array([[1.0], [-1.0], [0.0]])[chosen]
        return after, np.abs(after[:, 0] - 7) + (chosen == 2) * 0.25

    shooting, rng = Shooting(3, samples=2000, horizon=4), np.random.default_rng(0)
    assert [shooting.decide(model, np.array([x]), rng) for x in (0.0, 6.0, 7.0, 9.0)] == [
        0,
        0,
        2,
        1,
    ]
    # 0 -> 4: distances 6 + 5 + 4 + 3; down first: 8 + 7 + 6 + 5; to wait costs a quarter
    costs = shooting.costs(model, np.array([0.0]), rng)
    np.testing.assert_allclose(costs, [18.0, 26.0, 22.25])


def test_a_plan_whose_cost_is_no_number_is_never_the_best() -> None:
    def model(k: int, states: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return states, np.where(chosen == 0, np.nan, 1.0)

    shooting, rng = Shooting(2, samples=200, horizon=2), np.random.default_rng(0)
    assert shooting.costs(model, np.zeros(1), rng).tolist() == [np.inf, 2.0]
    with pytest.raises(InputError):
        Shooting(2, samples=0)
