"""Decision trees with exact thresholds, ties and leaf boxes.

A node sends ``x`` left where ``x[feature] <= threshold``.  Where a tree rounds its inputs to
binary32 first, as scikit-learn does, that is ``round(x) <= threshold``: let ``f`` be the largest
binary32 number ``<= threshold`` and ``g`` the next one above.  Rounding to nearest is monotone; it
takes every real below the midpoint ``m = (f + g)/2`` to at most ``f``, every one above to at least
``g``, and the tie ``m`` to the even significand.  So left is ``x < m``, or ``x <= m`` if the last
bit of ``f`` is 0: of two neighbours exactly one is even, as their bit patterns differ by one, also
across binades, at zero and for subnormals.  ``m`` is rational, so the condition is exact.
IEEE 754-2019, section 4.3.1.

A claim is about real ``x``, rounded once.  It is about every binary64 input as it is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from certify.errors import NetworkError
from certify.expression import Node, as_node, const, select, stack, var
from certify.expression.printer import number_to_text
from certify.proofs.checker.cases import Range
from certify.proofs.checker.intervals import below

__all__ = ["Cut", "DecisionTree", "Leaf", "LeafBox", "Rounding", "Split", "cut_at"]

Rounding: TypeAlias = Literal["none", "float32"]

_FLOAT32 = np.finfo(np.float32)


class Cut(NamedTuple):
    """Left is ``x < bound``, and ``x = bound`` too if ``closed``."""

    bound: Fraction
    closed: bool


def cut_at(threshold: Fraction, rounding: Rounding) -> Cut:
    """The reals that go left at ``threshold``."""
    if rounding == "none":
        return Cut(threshold, closed=True)
    if not Fraction(float(_FLOAT32.min)) <= threshold < Fraction(float(_FLOAT32.max)):
        shown = number_to_text(threshold)[:40]
        raise NetworkError(f"the threshold {shown} is not within the range of float32")
    below = np.float32(float(threshold))
    if Fraction(float(below)) > threshold:
        below = np.nextafter(below, np.float32(-np.inf))
    above = np.nextafter(below, np.float32(np.inf))
    middle = (Fraction(float(below)) + Fraction(float(above))) / 2
    return Cut(middle, closed=below.view(np.uint32).item() % 2 == 0)


@dataclass(frozen=True)
class Split:
    """Node that sends ``x[feature] <= threshold`` to the node ``left``, else to ``right``."""

    feature: int
    threshold: Fraction
    left: int
    right: int


@dataclass(frozen=True)
class Leaf:
    """Output ``k`` is ``constants[k] + weights[k] . x``; no weights: a constant."""

    constants: tuple[Fraction, ...]
    weights: tuple[tuple[Fraction, ...], ...] = ()


class LeafBox(NamedTuple):
    """The node of a leaf and the inputs that reach it, one interval for each."""

    node: int
    box: tuple[Range, ...]


@dataclass(frozen=True)
class DecisionTree:
    """A tree from ``inputs`` reals to as many outputs as its leaves have; node 0 is the root.

    Raises ``NetworkError`` if the nodes are not one tree, or a leaf or split does not fit.
    """

    inputs: int
    nodes: tuple[Split | Leaf, ...]
    rounding: Rounding = "none"

    def __post_init__(self) -> None:
        visits = [0] * len(self.nodes)
        pending = [0]
        while pending:
            i = pending.pop()
            if not 0 <= i < len(visits) or visits[i]:
                raise NetworkError(f"node {i} is not a node, or has two parents")
            visits[i] = 1
            node = self.nodes[i]
            if isinstance(node, Split):
                if not 0 <= node.feature < self.inputs:
                    raise NetworkError(f"node {i} splits input {node.feature} of {self.inputs}")
                pending += (node.right, node.left)
        if not all(visits):
            raise NetworkError(f"node {visits.index(0)} is not below the root")
        sizes = {len(leaf.constants) for leaf in self.nodes if isinstance(leaf, Leaf)}
        if len(sizes) != 1 or 0 in sizes:
            raise NetworkError("all leaves need the same number of outputs, at least one")
        for i, leaf in enumerate(self.nodes):
            if isinstance(leaf, Leaf) and leaf.weights:
                fits = len(leaf.weights) == len(leaf.constants)
                if not fits or any(len(w) != self.inputs for w in leaf.weights):
                    raise NetworkError(f"node {i} needs a weight for each output and input")

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return next(len(leaf.constants) for leaf in self.nodes if isinstance(leaf, Leaf))

    @property
    def leaves(self) -> int:
        """The number of leaves."""
        return sum(isinstance(node, Leaf) for node in self.nodes)

    def __call__(self, args: Sequence[Node]) -> Node:
        """The vector of the outputs for the scalars ``args``: one tree of ``select`` for each."""
        if len(args) != self.inputs:
            raise NetworkError(f"the tree takes {self.inputs} arguments, not {len(args)}")
        if any(a.size for a in args):
            raise NetworkError("the tree takes scalars: index the vector, as in v[0], v[1]")
        order = list(self._preorder())
        return stack(self._expression(k, args, order) for k in range(self.outputs))

    def body(self) -> Node:
        """The outputs over the variables ``x0, x1, ...``."""
        return self([var(f"x{i}") for i in range(self.inputs)])

    def _preorder(self) -> Iterator[int]:
        pending = [0]
        while pending:
            i = pending.pop()
            yield i
            node = self.nodes[i]
            if isinstance(node, Split):
                pending += (node.right, node.left)

    def _expression(self, k: int, args: Sequence[Node], order: Sequence[int]) -> Node:
        built: dict[int, Node] = {}
        for i in reversed(order):
            node = self.nodes[i]
            if isinstance(node, Leaf):
                built[i] = _linear(node, k, args)
                continue
            bound, closed = self.cut(i)
            x, left, right = args[node.feature], built[node.left], built[node.right]
            built[i] = select(x - bound, right, left) if closed else select(bound - x, left, right)
        return built[0]

    def cut(self, i: int) -> Cut:
        """The reals that node ``i``, a split, sends left."""
        node = self.nodes[i]
        assert isinstance(node, Split)
        try:
            return cut_at(node.threshold, self.rounding)
        except NetworkError as error:
            raise NetworkError(f"node {i}: {error}") from None

    def leaf_boxes(self, domain: Sequence[tuple[Fraction, Fraction]]) -> list[LeafBox]:
        """Every leaf that points of ``domain`` reach, with all of those that do, left to right.

        The boxes are disjoint, and cover ``domain``: a side that a tie belongs to is closed.
        """
        if len(domain) != self.inputs:
            raise NetworkError(f"the tree takes {self.inputs} inputs, not {len(domain)}")
        found: list[LeafBox] = []
        pending = [(0, tuple(Range(low, high) for low, high in domain))]
        while pending:
            i, box = pending.pop()
            if any(side.is_empty for side in box):
                continue
            node = self.nodes[i]
            if isinstance(node, Leaf):
                found.append(LeafBox(i, box))
                continue
            (bound, closed), f = self.cut(i), node.feature
            low, high = box[f].below(bound, strict=not closed), box[f].above(bound, strict=closed)
            pending.append((node.right, (*box[:f], high, *box[f + 1 :])))
            pending.append((node.left, (*box[:f], low, *box[f + 1 :])))
        return found

    def predict(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """What constant leaves decide at binary64 ``points`` (rows), a row of outputs for each.

        The leaf is exact; its constants are rounded to binary64.
        """
        result = np.full((len(points), self.outputs), np.nan)
        pending = [(0, np.arange(len(points)))]
        while pending:
            i, rows = pending.pop()
            node = self.nodes[i]
            if isinstance(node, Leaf):
                if node.weights:
                    raise NetworkError(f"node {i} is not constant")
                result[rows] = [float(c) for c in node.constants]
            elif len(rows):
                (bound, closed), x = self.cut(i), points[rows, node.feature]
                near = below(bound)
                left = x <= near if closed or near != bound else x < near
                pending += ((node.right, rows[~left]), (node.left, rows[left]))
        return result

    def leaf_at(self, point: Sequence[Fraction]) -> int:
        """The leaf that ``point`` reaches."""
        i = 0
        while isinstance(node := self.nodes[i], Split):
            bound, closed = self.cut(i)
            x = point[node.feature]
            i = node.left if x < bound or (closed and x == bound) else node.right
        return i


def _linear(leaf: Leaf, k: int, args: Sequence[Node]) -> Node:
    result = as_node(const(leaf.constants[k]))
    for weight, x in zip(leaf.weights[k] if leaf.weights else (), args, strict=False):
        if weight:
            result = result + weight * x
    return result
