"""Trees decide exactly as scikit-learn does, also next to their thresholds."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import (
    BaseDecisionTree,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeRegressor,
)

from certify.errors import NetworkError
from certify.expression import const, var
from certify.expression.exact import exact
from certify.io.network import Network
from certify.io.sklearn import read_tree, split

Floats = npt.NDArray[np.float64]


def at(network: Network, point: Floats) -> list[Fraction]:
    names = [f"a{i}" for i in range(network.inputs)]
    values = dict(zip(names, (Fraction(float(p)) for p in point), strict=True))
    vector = network([var(n) for n in names])
    return [exact(vector[k], values) for k in range(network.outputs)]


def neighbours(threshold: float) -> Floats:
    """binary64 numbers around the threshold, its binary32 neighbours and their midpoints."""
    centre = np.float32(threshold)
    around = [centre]
    for direction in (-np.inf, np.inf):
        step = centre
        for _ in range(2):
            step = np.nextafter(step, np.float32(direction))
            around.append(step)
    singles = np.sort(np.array(around, dtype=np.float64))
    middles = (singles[:-1] + singles[1:]) / 2
    found = [np.float64(threshold), *singles, *middles]
    found += [np.nextafter(v, d) for v in found for d in (-np.inf, np.inf)]
    return np.array(found)


def data(seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    points = rng.choice([0.1, 0.3, 1.0, 2.0**-30, -7.7, 3.3e5], (60, 2)) * rng.normal(size=(60, 2))
    return points, np.round(np.sin(points[:, 0] * 3) + points[:, 1], 3)


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeRegressor(max_depth=5, random_state=0),
        DecisionTreeRegressor(max_leaf_nodes=9, criterion="absolute_error", random_state=0),
        ExtraTreeRegressor(max_depth=5, random_state=0),
        DecisionTreeClassifier(max_depth=5, random_state=0),
    ],
    ids=str,
)
def test_predictions_next_to_every_threshold(estimator: BaseDecisionTree) -> None:
    points, target = data(0)
    if isinstance(estimator, DecisionTreeClassifier):
        target = np.round(target)
    estimator.fit(points, target)
    network = read_tree(estimator)
    tree = estimator.tree_
    checked = []
    for feature, threshold in zip(tree.feature, tree.threshold, strict=True):
        if feature >= 0:
            near = neighbours(threshold)
            rows = np.repeat(points[:2], len(near), axis=0)
            rows[:, feature] = np.tile(near, 2)
            checked.append(rows)
    rows = np.vstack([points, *checked])
    assert len(rows) > 300
    wanted = estimator.predict(rows)
    assert all(
        at(network, row) == [Fraction(float(w))] for row, w in zip(rows, wanted, strict=True)
    )


def test_several_outputs() -> None:
    points, target = data(1)
    estimator = DecisionTreeRegressor(max_depth=3).fit(points, np.column_stack([target, -target]))
    network = read_tree(estimator)
    assert network.outputs == 2
    for row, wanted in zip(points, estimator.predict(points), strict=True):
        assert at(network, row) == [Fraction(float(w)) for w in wanted]


SPECIAL = [0.0, -0.0, 5e-324, -5e-324, 2.0**-149, -(2.0**-149), 2.0**-150, -(2.0**-150), 1e-40]
SPECIAL += [
    2.0**-126,
    1.0,
    2.0 - 2.0**-24,
    2.0,
    -2.0,
    float(np.finfo(np.float32).min),
    3.4e38,
    1 / 3,
]


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.sampled_from(SPECIAL),
        st.floats(-3.4e38, 3.4e38),
        st.floats(-(2.0**127), 2.0**127, width=32),
        st.floats(-10, 10),
    )
)
def test_rounding_to_binary32_is_exact(threshold: float) -> None:
    node = split(var("x"), threshold, const(1), const(0))
    with np.errstate(over="ignore", under="ignore"):
        for value in neighbours(threshold):
            if abs(value) <= np.finfo(np.float32).max:
                wanted = bool(np.float32(value) <= np.float64(threshold))
                assert exact(node, {"x": Fraction(float(value))}) == wanted, value


def test_reals_between_the_binary64_numbers() -> None:
    middle = Fraction(1) + Fraction(1, 2**24)
    tiny = Fraction(1, 10**40)
    even = split(var("x"), 1.0, const(1), const(0))
    odd = split(var("x"), 1.0 + 2.0**-23, const(1), const(0))
    assert [exact(even, {"x": middle + d}) for d in (-tiny, 0, tiny)] == [1, 1, 0]
    above = middle + Fraction(1, 2**23)
    assert [exact(odd, {"x": above + d}) for d in (-tiny, 0, tiny)] == [1, 0, 0]


class Mine(DecisionTreeRegressor):
    def predict(self, points: Floats, check_input: bool = True) -> Floats:
        return super().predict(points, check_input) + 1


def huge_value() -> DecisionTreeRegressor:
    tree = DecisionTreeRegressor().fit([[0.0], [1.0]], [0.0, 1.0])
    tree.tree_.value[1] = np.inf
    return tree


POINTS = [[0.0], [1.0]]


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (RandomForestRegressor(), "RandomForestRegressor is not read: give a DecisionTree"),
        (DecisionTreeRegressor(), "tree is not fitted"),
        (Mine().fit(POINTS, [0, 1]), "Mine is not read"),
        (huge_value(), "a value that is not finite"),
        (DecisionTreeClassifier().fit(POINTS, ["a", "b"]), "numeric class labels"),
        (DecisionTreeClassifier().fit(POINTS, [[0, 1], [1, 0]]), "numeric class labels"),
        (DecisionTreeClassifier().fit(POINTS, [0, 2**60 + 1]), "too large"),
    ],
    ids=str,
)
def test_refusals(estimator: BaseDecisionTree, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        read_tree(estimator)


@pytest.mark.parametrize("threshold", [np.nan, np.inf, -np.inf, 3.5e38, -3.5e38])
def test_thresholds_beyond_binary32(threshold: float) -> None:
    with pytest.raises(NetworkError, match="not within the range of float32"):
        split(var("x"), threshold, const(1), const(0))
