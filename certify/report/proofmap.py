"""Where and how deep the proof had to look: leaves over the domain and by depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from certify.proofs.checker.obligations import Obligation

from .drawing import PALETTE, plain
from .leaves import DrawnLeaf, drawn_leaves, statistics
from .numerics import Slice, crosses
from .scene import Scene, frame
from .volume import certified_set

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_depths", "draw_leaf_map", "mapped_obligation"]

_MOST_VECTORS = 3000
_MOST_LEAVES = 150_000
_FINE = 301
_RULES = ("interval bounds", "affine bounds")


def mapped_obligation(
    scene: Scene, wanted: Sequence[Obligation]
) -> tuple[Obligation, bytes] | None:
    """The obligation over exactly the two states with the largest tree, if there is one."""
    certificate = scene.outcome.certificate
    if certificate is None or not scene.is_plane:
        return None
    trees = certificate.proof.trees
    flat = [
        (o, trees[o.name])
        for o in wanted
        if set(o.box) == set(scene.loop.names) and all(a < b for a, b in o.box.values())
    ]
    best = max(flat, key=lambda pair: len(pair[1]), default=None)
    return best if best is not None and len(best[1]) <= 2 * _MOST_LEAVES else None


def draw_leaf_map(axes: Axes, scene: Scene, obligation: Obligation, tree: bytes) -> None:
    """Every leaf of ``tree`` as a box, coloured by the rule that closes it.

    Leaves whose midpoint lies outside the set of the claim are pale: there the obligation
    asks for nothing else.
    """
    from matplotlib.collections import PolyCollection

    frame(axes, scene)
    found = drawn_leaves(tree, obligation.box)
    outside = _outside(scene, found)
    many = len(found) > _MOST_VECTORS
    for degree, color in enumerate((PALETTE["gold"], PALETTE["certified"])):
        for pale in (True, False):
            corners = [
                _corners(scene, leaf)
                for leaf, out in zip(found, outside, strict=True)
                if leaf.degree == degree and out == pale
            ]
            if not corners:
                continue
            where = "outside the set" if pale else "in the set"
            boxes = PolyCollection(
                corners, facecolors=color + ("26" if pale else "99"), zorder=1,
                edgecolors=PALETTE["muted"] + ("00" if many else "80"),
                linewidths=0.0 if many else 0.3, rasterized=many,
            )  # fmt: skip
            axes.add_collection(boxes)
            axes.fill(
                [np.nan], [np.nan], facecolor=color + ("26" if pale else "99"),
                edgecolor=PALETTE["muted"], linewidth=0.3,
                label=f"{_RULES[degree]}, {where}: {len(corners)}",
            )  # fmt: skip
    _outline(axes, scene)


def _outside(scene: Scene, found: Sequence[DrawnLeaf]) -> list[bool]:
    target = certified_set(scene.claim)
    if target is None:
        return [False] * len(found)
    middles = np.array([[sum(leaf.box[x]) / 2 for x in scene.loop.names] for leaf in found])
    return [bool(v > 0) for v in scene.loop.values([target], middles)[0]]


def _corners(scene: Scene, leaf: DrawnLeaf) -> list[tuple[float, float]]:
    (a, b), (c, d) = (leaf.box[scene.loop.names[k]] for k in scene.pair)
    return [(a, c), (b, c), (b, d), (a, d)]


def _outline(axes: Axes, scene: Scene) -> None:
    target = certified_set(scene.claim)
    if target is None:
        return
    fine = Slice(scene.loop, scene.pair, _FINE, scene.centre)
    values = fine.grid(scene.loop.values([target], fine.points)[0])
    if crosses(values, 0):
        axes.contour(fine.x, fine.y, values, levels=[0], colors=PALETTE["ink"], linewidths=1.3)
        axes.plot([], [], color=PALETTE["ink"], linewidth=1.3, label="boundary of the set")


def draw_depths(figure: Figure, trees: dict[str, bytes]) -> None:
    """For each kind of obligation, how many leaves lie how deep, by rule."""
    kinds: dict[str, Counter[tuple[int, int]]] = {}
    number: Counter[str] = Counter()
    for name, tree in trees.items():
        kind = name.split("/")[0]
        number[kind] += 1
        counts = kinds.setdefault(kind, Counter())
        for depth, degree, leaves in statistics(tree).histogram:
            counts[depth, degree] += leaves
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for axes, (kind, counts) in zip(panels, kinds.items(), strict=True):
        deepest = max(depth for depth, _ in counts)
        below = np.zeros(deepest + 1)
        for degree, color in enumerate((PALETTE["gold"], PALETTE["certified"])):
            height = np.array([counts[depth, degree] for depth in range(deepest + 1)], dtype=float)
            axes.bar(
                range(deepest + 1), height, bottom=below, width=0.85, color=color + "99",
                edgecolor=color, linewidth=0.5, label=_RULES[degree],
            )  # fmt: skip
            below += height
        times = f" ({number[kind]} trees)" if number[kind] > 1 else ""
        axes.set_title(f"{kind}{times}")
        axes.set_xlabel("bisections")
        axes.set_xlim(-0.9, max(deepest, 4) + 0.9)
        plain(axes)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.yaxis.get_major_locator().set_params(integer=True)
    panels[0].set_ylabel("leaves")
