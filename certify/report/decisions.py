"""A controller that is a decision tree, drawn: its splits, and what it decides over two states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from certify.expression import Node, variables
from certify.expression.evaluate import evaluate
from certify.proofs.checker.cases import affine_form
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import stated_rules
from certify.proofs.checker.obligations import Atom

from .drawing import PALETTE, label, plain
from .numerics import Floats, Loop

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Drawn", "draw_map", "draw_tree", "drawn_tree", "map_pairs"]

Mask: TypeAlias = npt.NDArray[np.bool_]

_MOST_LEAVES, _MOST_MAPS = 4000, 3
_LABELLED = 24  # leaves, up to which all splits and decisions are written out
_LEVELS = 4  # of a larger tree
_GRID = (161, 121)


@dataclass(frozen=True)
class Drawn:
    """Nodes of a tree in depth-first order, parents before their children.

    ``below[i]`` are the children (left: the smaller numbers) or (), ``splits[i]`` the variable and
    the threshold, ``values[i]`` the decision of a leaf.
    """

    below: tuple[tuple[int, ...], ...]
    splits: tuple[tuple[str, float] | None, ...]
    values: tuple[tuple[float, ...], ...]
    depths: tuple[int, ...]

    @property
    def leaves(self) -> list[int]:
        """The leaves from left to right."""
        return [i for i, children in enumerate(self.below) if not children]


def drawn_tree(claim: Claim) -> Drawn | None:
    """The controller of ``claim`` as a tree; None if it is none with constants, or too large."""
    below: list[tuple[int, ...]] = []
    splits: list[tuple[str, float] | None] = []
    values: list[tuple[float, ...]] = []
    depths: list[int] = []
    pending: list[tuple[tuple[Node, ...], int, int, int]] = [
        (tuple(claim.controller.values()), 0, -1, 0)
    ]
    while pending:
        nodes, depth, parent, side = pending.pop()
        number = len(below)
        if parent >= 0:
            old = below[parent]
            below[parent] = (number, number) if side == 0 else (old[0], number)
        if number > 2 * _MOST_LEAVES:
            return None
        depths.append(depth)
        condition = next((e.args[0] for e in nodes if e.op == "select"), None)
        if condition is None:
            if any(e.op != "const" for e in nodes):
                return None
            below.append(())
            splits.append(None)
            # decisions are constants, whose data are numbers
            values.append(tuple(float(e.data) for e in nodes))  # type: ignore[arg-type]
            continue
        form = affine_form(condition)
        if form is None or len(form.slopes) != 1:
            return None
        ((name, slope),) = form.slopes.items()
        yes, no = (tuple(_side(e, condition, k) for e in nodes) for k in (1, 2))
        left, right = (no, yes) if slope > 0 else (yes, no)
        below.append((number, number))
        splits.append((name, float(-form.constant / slope)))
        values.append(())
        pending += [(right, depth + 1, number, 1), (left, depth + 1, number, 0)]
    return Drawn(tuple(below), tuple(splits), tuple(values), tuple(depths))


def _side(node: Node, condition: Node, k: int) -> Node:
    same = node.op == "select" and node.args[0] == condition
    return node.args[k] if same else node


def draw_tree(figure: Figure, claim: Claim, tree: Drawn) -> None:
    """The tree from left to right, leaves coloured by the first decision."""
    from matplotlib.collections import LineCollection

    axes = figure.add_subplot()
    at = _places(tree)
    lines = [
        [(at[i], -tree.depths[i]), (at[j], -tree.depths[i]), (at[j], -tree.depths[j])]
        for i, children in enumerate(tree.below)
        for j in children
    ]
    axes.add_collection(LineCollection(lines, colors=PALETTE["faint"], linewidths=0.8))
    leaves = tree.leaves
    points = axes.scatter(
        [at[i] for i in leaves], [-tree.depths[i] for i in leaves],
        c=[tree.values[i][0] for i in leaves], s=max(4, min(40, 3000 / len(leaves))),
        cmap="viridis", zorder=3,
    )  # fmt: skip
    _write(axes, tree, at)
    axes.set_axis_off()
    axes.autoscale_view()
    bar = figure.colorbar(points, ax=axes, orientation="horizontal", fraction=0.05, pad=0.02)
    bar.set_label(label(claim, next(iter(claim.controller))))


def _write(axes: Axes, tree: Drawn, at: Sequence[float]) -> None:
    """Splits of the first levels; all, and the decisions, if the tree is small."""
    small = len(tree.leaves) <= _LABELLED
    box = {"facecolor": PALETTE["paper"], "edgecolor": PALETTE["grid"], "pad": 1.2}
    for i, split in enumerate(tree.splits):
        if split is not None and (small or tree.depths[i] < _LEVELS):
            text = f"{split[0]}\n{split[1]:.4g}"
            axes.text(at[i], -tree.depths[i], text, fontsize=6, ha="center", va="center",
                      bbox=box, zorder=4)  # fmt: skip
        elif split is None and small:
            text = "\n".join(f"{v:.4g}" for v in tree.values[i])
            axes.text(at[i], -tree.depths[i] - 0.25, text, fontsize=6, ha="center", va="top")


def _places(tree: Drawn) -> list[float]:
    """Leaves side by side, a split in the middle of its children."""
    at = [0.0] * len(tree.below)
    for place, i in enumerate(tree.leaves):
        at[i] = float(place)
    for i in range(len(at) - 1, -1, -1):  # children come after their parent
        if tree.below[i]:
            at[i] = sum(at[j] for j in tree.below[i]) / 2
    return at


def map_pairs(claim: Claim, tree: Drawn | None) -> list[tuple[str, str]]:
    """Pairs of states to draw over: one that a rule compares with a decision, with others.

    The others are those that the rules have conditions on, then those that the tree splits most.
    """
    rules, inputs = stated_rules(claim), set(claim.controller)
    compared = [
        x
        for rule in rules
        for atom in rule.then
        for x in variables([atom.node])
        if set(variables([atom.node])) & inputs and x in claim.states
    ]
    counts = Counter(s[0] for s in (tree.splits if tree else ()) if s is not None)
    named = [x for rule in rules for atom in rule.when for x in variables([atom.node])]
    first = next(iter([*compared, *(x for x, _ in counts.most_common()), *claim.states]))
    others = [x for x, _ in counts.most_common() if x != first]
    wanted = [*(x for x in named if x in claim.states and x != first), *others]
    return [(other, first) for other in dict.fromkeys(wanted)][:_MOST_MAPS]


def draw_map(figure: Figure, claim: Claim, pair: tuple[str, str], centre: Floats) -> bool:
    """What is decided over ``pair``, a panel for each input; whether a rule is broken there.

    Inside of the dashed lines the conditions of a rule hold; hatched is where it is broken.
    """
    loop = Loop(claim)
    columns = [loop.names.index(x) for x in pair]
    sides = [np.linspace(loop.low[c], loop.high[c], n) for c, n in zip(columns, _GRID, strict=True)]
    points = np.tile(centre, (_GRID[0] * _GRID[1], 1))
    points[:, columns] = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    decided = dict(
        zip(claim.controller, loop.values(list(claim.controller.values()), points), strict=True)
    )
    applies, broken = _rules_at(claim, loop, points, decided)
    shape = (_GRID[1], _GRID[0])
    panels = figure.subplots(1, len(decided), sharey=True, squeeze=False)[0]
    for axes, (name, value) in zip(panels, decided.items(), strict=True):
        image = axes.pcolormesh(*sides, value.reshape(shape), cmap="viridis", shading="nearest",
                                rasterized=True)  # fmt: skip
        for held in applies:
            if held.any() and not held.all():
                axes.contour(*sides, held.reshape(shape).astype(float), levels=[0.5],
                             colors=PALETTE["paper"], linewidths=1.0, linestyles="--")  # fmt: skip
        if broken.any():
            axes.contourf(*sides, broken.reshape(shape).astype(float), levels=[0.5, 1.5],
                          colors="none", hatches=["xxxx"])  # fmt: skip
        axes.set_xlabel(label(claim, pair[0]))
        axes.set_title(label(claim, name))
        plain(axes)
        figure.colorbar(image, ax=axes)
    panels[0].set_ylabel(label(claim, pair[1]))
    return bool(broken.any())


def _rules_at(
    claim: Claim, loop: Loop, points: Floats, decided: dict[str, Floats]
) -> tuple[list[Mask], Mask]:
    """Where the conditions of each rule hold, and where any rule is broken."""
    names = {x: points[:, i] for i, x in enumerate(loop.names)} | decided
    for x in (*claim.parameters, *claim.disturbances):
        names[x] = np.full(len(points), float(sum(claim.box[x]) / 2))
    applies, broken = [], np.zeros(len(points), dtype=bool)
    for rule in stated_rules(claim):
        held = _all_hold(rule.when, names, len(points))
        applies.append(held)
        broken |= held & ~_all_hold(rule.then, names, len(points))
    return applies, broken


def _all_hold(atoms: Sequence[Atom], names: dict[str, Floats], count: int) -> Mask:
    found = np.ones(count, dtype=bool)
    for atom in atoms:
        value = evaluate([atom.node], names)[0]
        found &= value > 0 if atom.relation == ">" else value >= 0
    return found
