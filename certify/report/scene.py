"""What a portrait shows and how much of the domain it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from certify.outcome import Outcome, Verdict
from certify.proofs.checker.claim import Claim

from .drawing import PALETTE, label, plain
from .numerics import Floats, Loop, Slice
from .volume import certified_set

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Sampled", "Scene", "Window", "frame", "sample"]

Window: TypeAlias = Mapping[int, tuple[float, float]]

_GRID = 161
_CLEAR = 1.15
_WORTH_A_CUT = 0.6
_CLOSE = 0.35


@dataclass(frozen=True)
class Scene:
    """An outcome, its loop, and two states to draw; the others are held at ``centre``."""

    outcome: Outcome
    loop: Loop
    pair: tuple[int, int]
    centre: Floats

    @property
    def claim(self) -> Claim:
        """The claim of the outcome."""
        return self.outcome.claim

    @property
    def is_plane(self) -> bool:
        """Whether the two states are all there are."""
        return len(self.loop.names) == 2

    @property
    def is_certified(self) -> bool:
        """Whether the set may be drawn as certified: proved, and not by a solver's word."""
        certificate = self.outcome.certificate
        proved = self.outcome.verdict is Verdict.PROVED
        return proved and certificate is not None and certificate.evidence == "kernel"


@dataclass(frozen=True)
class Sampled:
    """The starts whose simulation reaches the equilibrium (``attracted`` on the grid).

    ``extent`` is the part of the domain worth showing; ``close`` that around the set of the
    claim alone, when it is so small that a second look pays.
    """

    grid: Slice
    attracted: Floats
    extent: Window
    close: Window | None

    def draw(self, axes: Axes) -> None:
        """The boundary, dashed; smoothed over one cell, since the grid is all it knows."""
        color, name = PALETTE["sampled"], "region of attraction, sampled, not proved"
        inner = np.pad(self.attracted, 1, mode="edge")
        size = len(self.grid.x)
        parts = [inner[a : a + size, b : b + size] for a in range(3) for b in range(3)]
        smooth = np.mean(parts, axis=0)
        if smooth.min() < 0.5 < smooth.max():
            axes.contour(
                self.grid.x, self.grid.y, smooth, levels=[0.5], colors=color,
                linewidths=1.4, linestyles="dashed", zorder=4,
            )  # fmt: skip
        if smooth.max() > 0.5:
            axes.plot([], [], label=name, color=color, linewidth=1.4, linestyle="dashed")


def sample(scene: Scene) -> Sampled:
    """Simulate a grid of starts; a certified set ends a simulation, since it converges."""
    loop, target = scene.loop, certified_set(scene.claim)
    grid = Slice(loop, scene.pair, _GRID, scene.centre)
    attracted = loop.attracted(grid.points, target if scene.is_certified else None)
    inside = np.zeros(len(grid.points), dtype=bool)
    if target is not None:
        inside = loop.values([target], grid.points)[0] <= 0
    extent = _around(scene, grid, grid.grid(attracted | inside) > 0, _WORTH_A_CUT)
    close = _around(scene, grid, grid.grid(inside) > 0, 1.0)
    shares = [(close[k][1] - close[k][0]) / (extent[k][1] - extent[k][0]) for k in scene.pair]
    small = inside.any() and max(shares) < _CLOSE
    return Sampled(grid, grid.grid(attracted), extent, close if small else None)


def _around(
    scene: Scene, grid: Slice, shown: np.typing.NDArray[np.bool_], worth: float
) -> dict[int, tuple[float, float]]:
    """A window around ``shown``, or the whole domain where that takes most of it."""
    window = {}
    for k, line, hits in (
        (scene.pair[0], grid.x, shown.any(axis=0)),
        (scene.pair[1], grid.y, shown.any(axis=1)),
    ):
        low, high = float(scene.loop.low[k]), float(scene.loop.high[k])
        window[k] = (low, high)
        if hits.any():
            first, last = float(line[hits][0]), float(line[hits][-1])
            middle, half = (first + last) / 2, _CLEAR * (last - first) / 2 + (high - low) / 50
            if 2 * half < worth * (high - low):
                window[k] = (max(low, middle - half), min(high, middle + half))
    return window


def frame(axes: Axes, scene: Scene, window: Window | None = None) -> dict[int, tuple[float, float]]:
    """Axes over ``window`` (the domain if None), with the edges of the domain."""
    from matplotlib.patches import Rectangle

    i, j = scene.pair
    loop = scene.loop
    shown = {k: (float(loop.low[k]), float(loop.high[k])) for k in scene.pair} | dict(window or {})
    margins = {k: 0.03 * (shown[k][1] - shown[k][0]) for k in scene.pair}
    axes.set_xlim(shown[i][0] - margins[i], shown[i][1] + margins[i])
    axes.set_ylim(shown[j][0] - margins[j], shown[j][1] + margins[j])
    corner, size = (float(loop.low[i]), float(loop.low[j])), loop.high - loop.low
    edge = Rectangle(
        corner, float(size[i]), float(size[j]), fill=False, zorder=2,
        edgecolor=PALETTE["ink"], linewidth=0.9,
    )  # fmt: skip
    axes.add_patch(edge)
    axes.plot([], [], color=PALETTE["ink"], linewidth=0.9, label="edge of the domain")
    axes.set_xlabel(label(scene.claim, loop.names[i]))
    axes.set_ylabel(label(scene.claim, loop.names[j]))
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(PALETTE["grid"])
    plain(axes)
    return shown
