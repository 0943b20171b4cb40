"""The state space of a safety claim: initial set, barrier, unsafe set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from certify.expression import Node

from .drawing import PALETTE
from .numerics import Floats, Loop, Slice
from .portrait import draw_counterexample, draw_flow, draw_open_boxes, draw_paths, draw_set
from .scene import Scene, frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_safety", "safety_centre"]

_FINE = 301
_PROBES = 20_000
_TRAJECTORIES = 12


def draw_safety(axes: Axes, scene: Scene) -> None:
    """All layers of the portrait of a safety claim, from back to front."""
    window = frame(axes, scene)
    fine = Slice(scene.loop, scene.pair, _FINE, scene.centre)
    if scene.is_plane:
        draw_flow(axes, scene, window)
    draw_set(axes, scene, fine, scene.claim.functions["barrier"])
    _region(axes, fine, _inside(scene.loop, "initial", fine.points), "safe", "", "initial set")
    _region(axes, fine, _inside(scene.loop, "unsafe", fine.points), "sampled", "xxx", "unsafe set")
    draw_open_boxes(axes, scene)
    if scene.is_plane:
        starts = _starts(scene.loop)
        if len(starts):
            draw_paths(axes, scene, starts)
    draw_counterexample(axes, scene)


def _parts(loop: Loop, kind: str) -> list[Node]:
    return [e for key, e in loop.claim.functions.items() if key.split("/")[0] == kind]


def _inside(loop: Loop, kind: str, points: Floats) -> Floats:
    """The largest of the set's functions at ``points``: the set is where it is <= 0."""
    return np.asarray(np.max(loop.values(_parts(loop, kind), points), axis=0))


def _region(axes: Axes, fine: Slice, values: Floats, color: str, hatch: str, name: str) -> None:
    shade, grid = PALETTE[color], fine.grid(values)
    if not (grid <= 0).any():
        return
    from matplotlib import rc_context

    with rc_context({"hatch.color": shade}):
        axes.contourf(
            fine.x, fine.y, grid, levels=[-1e301, 0], colors=[shade + "40"],
            hatches=[hatch or None], zorder=4,
        )  # fmt: skip
        axes.fill(
            [np.nan], [np.nan], facecolor=shade + "40", edgecolor=shade, hatch=hatch or None,
            linewidth=1.2, label=name,
        )  # fmt: skip
    if (grid > 0).any():
        axes.contour(fine.x, fine.y, grid, levels=[0], colors=shade, linewidths=1.2, zorder=5)


def _initial_points(loop: Loop) -> Floats:
    random = np.random.default_rng(0)
    points = loop.low + (loop.high - loop.low) * random.random((_PROBES, len(loop.low)))
    return np.asarray(points[_inside(loop, "initial", points) <= 0])


def _starts(loop: Loop) -> Floats:
    """A few starts spread over the initial set: each the farthest from those before it."""
    points = _initial_points(loop)
    if not len(points):
        return points
    size = loop.high - loop.low
    chosen = [int(np.argmin(_inside(loop, "initial", points)))]
    distance = np.full(len(points), np.inf)
    for _ in range(_TRAJECTORIES - 1):
        distance = np.minimum(
            distance, np.linalg.norm((points - points[chosen[-1]]) / size, axis=1)
        )
        chosen.append(int(np.argmax(distance)))
    return np.asarray(points[chosen])


def safety_centre(loop: Loop) -> Floats:
    """The middle of the sampled initial set, or of the domain where that has no sample."""
    points = _initial_points(loop)
    return np.asarray(points.mean(axis=0)) if len(points) else loop.rest
