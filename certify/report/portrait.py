"""The state space drawn: flow, certified set, sampled attraction, open boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from certify.expression import Node
from certify.outcome import Verdict

from .drawing import PALETTE
from .numerics import Floats, Slice, crosses
from .scene import Sampled, Scene, Window, frame
from .volume import certified_set
from .words import rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_flow", "draw_paths", "draw_portrait", "draw_set", "rim"]

_FINE, _ARROWS = 301, 19
_CONTOURS = (0.1, 0.25, 0.5, 0.75, 1.5, 2.5, 4.0, 6.0, 10.0, 20.0, 40.0, 80.0)
_TRAJECTORIES = 10
_UNSEEN = 0.002
_LOWEST = -1e301


def draw_portrait(axes: Axes, scene: Scene, seen: Sampled) -> None:
    """All layers of the portrait of a stability claim, from back to front."""
    target = certified_set(scene.claim)
    window = frame(axes, scene, seen.extent)
    fine = Slice(scene.loop, scene.pair, _FINE, scene.centre, window)
    draw_set(axes, scene, fine, target)
    _residual(axes, scene, fine)
    seen.draw(axes)
    if scene.is_plane:
        draw_flow(axes, scene, window)
    _contours(axes, scene, fine)
    draw_open_boxes(axes, scene)
    if scene.is_plane and target is not None:
        starts = rim(scene, target, _TRAJECTORIES)
        if len(starts):
            draw_paths(axes, scene, starts)
    _equilibrium(axes, scene)
    draw_counterexample(axes, scene)


def draw_flow(axes: Axes, scene: Scene, window: Window) -> None:
    """Streamlines of a differential equation, or arrows towards the next state."""
    loop, pair = scene.loop, scene.pair
    continuous = scene.claim.time == "continuous"
    grid = Slice(loop, pair, 60 if continuous else _ARROWS, scene.centre, window)
    change = loop.field(grid.points) - (0 if continuous else grid.points)
    u, v = (grid.grid(change[:, k]) for k in pair)
    if continuous:
        axes.streamplot(
            grid.x, grid.y, u, v, color=PALETTE["faint"], linewidth=0.6, density=1.1,
            arrowsize=0.7, arrowstyle="-|>", zorder=1,
        )  # fmt: skip
        return
    wide, tall = grid.x[-1] - grid.x[0], grid.y[-1] - grid.y[0]
    across, up = u / wide, v / tall
    length = np.hypot(across, up)
    longest = float(np.max(length, where=np.isfinite(length), initial=0.0)) or 1.0
    scale = (0.35 + 0.65 * np.sqrt(length / longest)) / np.where(length > 0, length, 1)
    axes.quiver(
        grid.x, grid.y, across * scale, up * scale, angles="uv", scale=30, width=0.0022,
        headwidth=4.5, headlength=5, headaxislength=4.5, color=PALETTE["faint"], pivot="mid",
        zorder=1,
    )  # fmt: skip


def _contours(axes: Axes, scene: Scene, fine: Slice) -> None:
    v = scene.claim.functions.get("lyapunov")
    if v is None:
        return
    values = fine.grid(scene.loop.values([v], fine.points)[0])
    middle = np.median(values[np.isfinite(values)]) if np.isfinite(values).any() else 1.0
    level = float(scene.claim.numbers.get("level", 0)) or float(middle)
    levels = sorted(c * level for c in _CONTOURS if crosses(values, c * level))
    if levels:
        axes.contour(
            fine.x, fine.y, values, levels=levels[:9], colors=PALETTE["light"], linewidths=0.5,
            alpha=0.7, zorder=3,
        )  # fmt: skip


def draw_set(axes: Axes, scene: Scene, fine: Slice, target: Node | None) -> None:
    """The set of the claim: solid where it is certified, only outlined where it is not."""
    if target is None:
        return
    blue = PALETTE["certified"]
    values = fine.grid(scene.loop.values([target], fine.points)[0])
    if scene.is_certified:
        axes.contourf(
            fine.x, fine.y, values, levels=[_LOWEST, 0], colors=[blue], alpha=0.3, zorder=3
        )
    line: Literal["solid", "dotted"] = "solid" if scene.is_certified else "dotted"
    if crosses(values, 0):
        axes.contour(
            fine.x, fine.y, values, levels=[0], colors=blue, linewidths=1.8, linestyles=line,
            zorder=5,
        )  # fmt: skip
    axes.fill(
        [np.nan], [np.nan], facecolor=blue + ("4d" if scene.is_certified else "00"),
        edgecolor=blue, linewidth=1.8, linestyle=line, label=_set_label(scene),
    )  # fmt: skip


def _residual(axes: Axes, scene: Scene, fine: Slice) -> None:
    """The set that trajectories provably end in, if that is not the equilibrium."""
    v, low = scene.claim.functions.get("lyapunov"), scene.claim.numbers.get("residual")
    if v is None or low is None:
        return
    values = fine.grid(scene.loop.values([v], fine.points)[0])
    color = PALETTE["safe"]
    if crosses(values, float(low)):
        axes.contour(
            fine.x, fine.y, values, levels=[float(low)], colors=color, linewidths=1.6, zorder=7
        )
    name = "residual set" if scene.is_certified else "residual set, not proved"
    axes.plot([], [], color=color, linewidth=1.6, label=name)


def _set_label(scene: Scene) -> str:
    level = scene.claim.numbers.get("level")
    what = "barrier <= 0" if level is None else f"V <= {rounded(level, 'down')}"
    what = what.replace("<=", "\N{LESS-THAN OR EQUAL TO}")
    if scene.is_certified:
        return f"certified: {what}"
    proved = scene.outcome.verdict is Verdict.PROVED
    return f"{what}, {'by a solver' if proved else 'not proved'}"


def draw_open_boxes(axes: Axes, scene: Scene) -> None:
    """The boxes that were not closed, hatched; in a slice those that the slice meets."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    names = scene.loop.names
    first, second = (names[k] for k in scene.pair)
    rectangles = []
    for open_box in scene.outcome.open_boxes:
        box = open_box.box
        others = (k for k in range(len(names)) if k not in scene.pair and names[k] in box)
        cut = all(box[names[k]][0] <= scene.centre[k] <= box[names[k]][1] for k in others)
        if cut and first in box and second in box:
            (a, b), (c, d) = box[first], box[second]
            rectangles.append(Path([(a, c), (b, c), (b, d), (a, d), (a, c)], closed=True))
    if rectangles:
        # one path: a hatch of its own for each of thousands of boxes is slow and unreadable
        boxes = PathPatch(
            Path.make_compound_path(*rectangles), facecolor=PALETTE["open"] + "40",
            edgecolor=PALETTE["open"], linewidth=0.5, hatch="//////",
            label="neither proved nor refuted", zorder=6,
        )  # fmt: skip
        axes.add_patch(boxes)


def rim(scene: Scene, target: Node, count: int) -> Floats:
    """``count`` points just inside the boundary of ``{target <= 0}``, around the centre."""
    loop = scene.loop
    if scene.is_plane:
        angle = 2 * np.pi * (np.arange(count) + 0.5) / count
        directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        directions = np.random.default_rng(1).normal(size=(count, len(loop.names)))
    reach = np.linspace(0, 2, 401)
    half = (loop.high - loop.low) / 2
    starts = []
    for direction in directions:
        ray = loop.rest + reach[:, None] * (direction * half / np.abs(direction).max())
        within = (loop.values([target], ray)[0] <= 0) & loop.inside(ray)
        last = int(np.argmin(within)) - 1 if not within.all() else len(ray) - 1
        if last > 0:
            starts.append(ray[last])
    return np.array(starts).reshape(-1, len(loop.names))


def draw_paths(axes: Axes, scene: Scene, starts: Floats, steps: int = 600) -> None:
    """Simulated trajectories with a dot at each start."""
    i, j = scene.pair
    path = _until_settled(scene, scene.loop.run(starts, steps))
    axes.plot(
        path[:, :, i], path[:, :, j], color=PALETTE["ink"], linewidth=0.7, alpha=0.8, zorder=7
    )
    axes.plot(starts[:, i], starts[:, j], "o", color=PALETTE["ink"], markersize=2.6, zorder=7)
    axes.plot(
        [], [], color=PALETTE["ink"], linewidth=0.7, marker="o", markersize=2.6,
        label="trajectories, simulated",
    )  # fmt: skip


def _until_settled(scene: Scene, path: Floats) -> Floats:
    """``path`` without what would be drawn under the equilibrium's own mark."""
    if not scene.claim.equilibrium:
        return path
    size = scene.loop.high - scene.loop.low
    settled = (np.abs(path - scene.loop.rest) / size < _UNSEEN).all(axis=2)
    return np.where(np.logical_and.accumulate(settled[::-1])[::-1, :, None], np.nan, path)


def _equilibrium(axes: Axes, scene: Scene) -> None:
    if scene.claim.equilibrium:
        i, j = scene.pair
        axes.plot(
            scene.loop.rest[i], scene.loop.rest[j], "o", markersize=5, zorder=8,
            markerfacecolor=PALETTE["paper"], markeredgecolor=PALETTE["ink"],
            markeredgewidth=1.1, linestyle="none", label="equilibrium",
        )  # fmt: skip


def draw_counterexample(axes: Axes, scene: Scene) -> None:
    """The point that refutes the conditions, in the plane of the portrait."""
    found = scene.outcome.counterexample
    names: Sequence[str] = [scene.loop.names[k] for k in scene.pair]
    if found is None or not all(x in found.point for x in names):
        return
    point = [float(found.point[x]) for x in names]
    axes.plot(
        *point, marker="X", markersize=10, linestyle="none", zorder=9,
        markerfacecolor=PALETTE["sampled"], markeredgecolor=PALETTE["paper"],
        markeredgewidth=1.2, label="counterexample",
    )  # fmt: skip
