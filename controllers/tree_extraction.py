"""Decision trees extracted from a policy: aggregation, weights by what a mistake costs, CART.

A teacher labels states; a tree is fitted to the labels; the tree is run, the states that it comes
to are labelled and added, and so on: it learns what to do where it leads itself.  With ``Q(s, d)``,
the cost from now on of decision ``d`` and the teacher's decisions after it, a row weighs
``max_d Q - min_d Q``: what the worst mistake there costs.  A leaf decides what costs its rows the
least.  Rows of the history may be perturbed, each feature by its own deviation.

Fitting with these weights is the expectation of drawing rows in proportion to them.  References:
Ross, Gordon and Bagnell, A reduction of imitation learning and structured prediction to no-regret
online learning, AISTATS 2011; Bastani, Pu and Solar-Lezama, Verifiable reinforcement learning via
policy extraction, NeurIPS 2018; Breiman et al., Classification and regression trees, 1984.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from certify.decision_tree import DecisionTree, Leaf
from certify.errors import InputError, NetworkError

__all__ = ["Extracted", "Extraction", "Labels", "Loop", "extract", "fitted", "sizes"]

Floats: TypeAlias = npt.NDArray[np.float64]
Decisions: TypeAlias = Sequence[tuple[Fraction, ...]]


@dataclass(frozen=True)
class Extraction:
    """How a tree is extracted.

    ``rounds`` of aggregation follow the first fit, each with ``rows`` labelled rows at most (None:
    all of them); ``leaves`` is the largest tree (None: as CART ends by itself, not pruned).
    ``noise`` is added to the history in deviations of each column; where ``mixed`` in those across
    the entries of one row, whatever their units.  Without ``weighted`` all rows count the same.
    """

    rounds: int = 4
    rows: int | None = 4000
    leaves: int | None = 200
    noise: float = 0.1
    mixed: bool = False
    weighted: bool = True

    @classmethod
    def published(cls, rows: int = 2000, noise: float = 0.05) -> Extraction:
        """Random rows of the history with noise across a row, CART without pruning, no weights.

        The procedure of the published trees for heating and cooling, its fault of mixed units
        included.
        """
        return cls(rounds=0, rows=rows, leaves=None, noise=noise, mixed=True, weighted=False)


@dataclass(frozen=True)
class Labels:
    """What the teacher decides at rows of states, as outputs ``(n, m)``, and how rows weigh.

    ``costs`` are those of every decision there is, ``(n, k)``, if there are finitely many.
    """

    outputs: Floats
    weights: Floats
    costs: Floats | None = None


class Loop(Protocol):
    """A closed loop to extract from; a row of states is all that the teacher needs to know."""

    @property
    def decisions(self) -> Decisions | None:
        """The decisions that may be taken, or None if an output is any number."""

    def history(self) -> Floats:
        """States of the past, ``(n, s)``."""

    def spread(self) -> Floats:
        """By how much noise may move each column of them, ``(s,)``; 0: not at all."""

    def features(self, states: Floats) -> Floats:
        """What a tree reads of them, ``(n, d)``."""

    def labels(self, states: Floats) -> Labels:
        """What the teacher says."""

    def run(self, tree: DecisionTree) -> tuple[Floats, float]:
        """States that the loop comes to under ``tree``, ``(n, s)``, and what that costs."""


@dataclass(frozen=True)
class Extracted:
    """The best tree, what it costs, and all rows that were labelled: features, labels."""

    tree: DecisionTree
    score: float
    features: Floats
    labels: Labels
    scores: tuple[float, ...]


def extract(
    loop: Loop, setting: Extraction, seed: int, tell: Callable[[int, float], None] | None = None
) -> Extracted:
    """The best tree of all rounds, by ``loop.run``; the same for the same ``seed``.

    ``tell`` is called with the number and the score of each round.  Raises ``InputError`` if the
    teacher's labels are not finite.
    """
    rng = np.random.default_rng(seed)
    states = _perturbed(loop, _drawn(loop.history(), setting.rows, rng), setting, rng)
    features, labels = loop.features(states), loop.labels(states)
    found: list[tuple[float, int, DecisionTree]] = []
    for number in range(setting.rounds + 1):
        tree = fitted(features, labels, loop.decisions, setting)
        states, score = loop.run(tree)
        found.append((score, number, tree))
        if tell is not None:
            tell(number, score)
        if number < setting.rounds:
            states = _drawn(states, setting.rows, rng)
            features = np.concatenate([features, loop.features(states)])
            labels = _both(labels, loop.labels(states))
    score, _, tree = min(found, key=lambda f: f[:2])
    return Extracted(tree, score, features, labels, tuple(f[0] for f in found))


def sizes(
    found: Extracted, loop: Loop, setting: Extraction, leaves: Sequence[int]
) -> Iterator[tuple[DecisionTree, float]]:
    """Trees of each size fitted to all that was labelled, and what running them costs."""
    for size in leaves:
        tree = fitted(found.features, found.labels, loop.decisions, replace(setting, leaves=size))
        yield tree, loop.run(tree)[1]


def fitted(
    features: Floats, labels: Labels, decisions: Decisions | None, setting: Extraction
) -> DecisionTree:
    """CART on labelled rows, as a tree with exact thresholds; inputs are rounded to binary32."""
    from certify.io.sklearn import tree_of

    for part in (features, labels.outputs, labels.weights):
        if not np.isfinite(part).all():
            raise InputError("the teacher's labels, or states to learn from, are not finite")
    estimator = _estimator(decisions, setting, len(features))
    weights = labels.weights if setting.weighted else np.ones(len(features))
    if not weights.any():
        weights = np.ones(len(features))
    if decisions is None:
        return tree_of(estimator.fit(features, labels.outputs, sample_weight=weights))
    places = _places(labels.outputs, decisions)
    tree = tree_of(estimator.fit(features, places, sample_weight=weights))
    costs = None
    if labels.costs is not None and setting.weighted:
        costs = np.zeros((len(tree.nodes), len(decisions)))
        np.add.at(costs, estimator.apply(features), labels.costs)
    return _with_decisions(tree, decisions, costs)


def _estimator(decisions: Decisions | None, setting: Extraction, rows: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeRegressor if decisions is None else DecisionTreeClassifier
    if setting.leaves is not None and setting.leaves < 2:
        raise InputError("a tree needs at least two leaves")
    most = None if setting.leaves is None else min(setting.leaves, max(rows, 2))
    return kind(max_leaf_nodes=most, random_state=0)


def _places(outputs: Floats, decisions: Decisions) -> npt.NDArray[np.intp]:
    """The number of each row's decision."""
    table = np.array([[float(v) for v in row] for row in decisions])
    distances = np.abs(outputs[:, None, :] - table[None, :, :]).sum(axis=2)
    if distances.min(axis=1).max(initial=0.0) > 0:
        raise InputError("the teacher decides what is not one of the decisions")
    return np.asarray(distances.argmin(axis=1))


def _with_decisions(tree: DecisionTree, decisions: Decisions, costs: Floats | None) -> DecisionTree:
    """``tree`` whose leaves hold numbers of decisions, with these, the cheapest where known."""
    nodes = list(tree.nodes)
    for i, node in enumerate(nodes):
        if isinstance(node, Leaf):
            place = int(node.constants[0]) if costs is None else int(np.argmin(costs[i]))
            nodes[i] = Leaf(tuple(decisions[place]))
    return DecisionTree(tree.inputs, tuple(nodes), tree.rounding)


def _drawn(states: Floats, rows: int | None, rng: np.random.Generator) -> Floats:
    if not len(states):
        raise NetworkError("there are no states to extract a tree from")
    if rows is None or rows >= len(states):
        return states
    return states[rng.choice(len(states), rows, replace=False)]


def _perturbed(loop: Loop, states: Floats, setting: Extraction, rng: np.random.Generator) -> Floats:
    kicks = setting.noise * rng.standard_normal(states.shape)
    spread = loop.spread()
    if setting.mixed:
        spread = states[:, spread > 0].std(axis=1, keepdims=True) * (spread > 0)
    return np.asarray(states + kicks * spread, dtype=np.float64)


def _both(one: Labels, two: Labels) -> Labels:
    costs = None
    if one.costs is not None and two.costs is not None:
        costs = np.concatenate([one.costs, two.costs])
    outputs = np.concatenate([one.outputs, two.outputs])
    return Labels(outputs, np.concatenate([one.weights, two.weights]), costs)
