"""The cells of a paving drawn beside the core or target that they reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from certify.expression import maximum
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.language import Node
from certify.proofs.checker.paving import NEVER, Paving, cells_of

from .drawing import PALETTE
from .numerics import Slice, crosses
from .scene import Scene, frame, sample
from .volume import certified_set

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_paving"]

_PIXELS = 480  # along each axis
_FINE = 301


def draw_paving(axes: Axes, scene: Scene, paving: Paving) -> None:
    """Every pixel with the time of the latest cell that it touches, and the outline of the goal."""
    from matplotlib.ticker import MaxNLocator

    i, j = scene.pair
    frame(axes, scene)
    loop = scene.loop
    cells = cells_of(scene.claim, paving)
    x, y = (np.linspace(loop.low[k], loop.high[k], _PIXELS + 1) for k in (i, j))
    across, up = np.meshgrid(0.5 * x[:-1] + 0.5 * x[1:], 0.5 * y[:-1] + 0.5 * y[1:])
    points = np.empty((2, across.size))
    points[i], points[j] = across.ravel(), up.ravel()
    times = np.ma.masked_equal(cells.latest(points, points).reshape(across.shape), NEVER)
    image = axes.imshow(
        times, origin="lower", extent=(x[0], x[-1], y[0], y[-1]), aspect="auto", zorder=1,
        cmap="viridis_r", interpolation="nearest", vmin=0, vmax=max(int(times.max() or 0), 1),
    )  # fmt: skip
    figure = axes.get_figure(root=True)
    if figure is not None:
        bar = figure.colorbar(
            image, ax=axes, fraction=0.05, pad=0.03, ticks=MaxNLocator(6, integer=True)
        )
        bar.set_label("steps until then, at most")
    _goal(axes, scene)
    if "lyapunov" in scene.claim.functions:
        sample(scene).draw(axes)


def _target(claim: Claim) -> Node | None:
    """What is ``<= 0`` in the target, if the claim has one."""
    found: Node | None = None
    for key, e in claim.functions.items():
        if key.startswith("target/"):
            found = e if found is None else maximum(found, e)
    return found


def _goal(axes: Axes, scene: Scene) -> None:
    target, label = _target(scene.claim), "the target"
    if target is None:
        target, label = certified_set(scene.claim), "the core, certified"
    if target is None:
        return
    fine = Slice(scene.loop, scene.pair, _FINE, scene.centre)
    values = fine.grid(scene.loop.values([target], fine.points)[0])
    color = PALETTE["certified"]
    if crosses(values, 0):
        axes.contour(fine.x, fine.y, values, levels=[0], colors=color, linewidths=1.8, zorder=5)
    axes.plot([], [], color=color, linewidth=1.8, label=label)
