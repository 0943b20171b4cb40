"""The cells of a paving drawn beside the core that they reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from certify.proofs.checker.extension import Extension
from certify.proofs.checker.paving import NEVER, Paving

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
    """Every pixel with the time of the latest cell that it touches, and the core's outline."""
    from matplotlib.ticker import MaxNLocator

    i, j = scene.pair
    frame(axes, scene)
    loop = scene.loop
    cells = Extension(scene.claim, paving).cells
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
        bar.set_label("steps to the core, at most")
    _core(axes, scene)
    sample(scene).draw(axes)


def _core(axes: Axes, scene: Scene) -> None:
    target = certified_set(scene.claim)
    if target is None:
        return
    fine = Slice(scene.loop, scene.pair, _FINE, scene.centre)
    values = fine.grid(scene.loop.values([target], fine.points)[0])
    color = PALETTE["certified"]
    if crosses(values, 0):
        axes.contour(fine.x, fine.y, values, levels=[0], colors=color, linewidths=1.8, zorder=5)
    axes.plot([], [], color=color, linewidth=1.8, label="the core, certified")
