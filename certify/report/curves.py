"""Figures over one axis: V along trajectories, a function of one state, output bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from certify.expression import Node
from certify.proofs.checker.claim import Claim

from .drawing import PALETTE, label, plain
from .numerics import Floats, Slice, crosses
from .portrait import rim
from .scene import Scene, frame
from .volume import certified_set
from .words import rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_decrease", "draw_output", "draw_profile"]

_STARTS = 24
_STEPS = 1500
_FLOOR = 1e-9
_POINTS = 1001
_ALIVE = 0.25
_RAISED = str.maketrans(
    "-0123456789",
    "\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ZERO}\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}"
    "\N{SUPERSCRIPT THREE}\N{SUPERSCRIPT FOUR}\N{SUPERSCRIPT FIVE}\N{SUPERSCRIPT SIX}"
    "\N{SUPERSCRIPT SEVEN}\N{SUPERSCRIPT EIGHT}\N{SUPERSCRIPT NINE}",
)


def draw_decrease(axes: Axes, scene: Scene) -> bool:
    """V over time from starts at the rim of the set; False if there is nothing to draw."""
    v, target = scene.claim.functions.get("lyapunov"), certified_set(scene.claim)
    if v is None or target is None:
        return False
    starts = rim(scene, target, _STARTS)
    if not len(starts):
        return False
    loop, level = scene.loop, float(scene.claim.numbers["level"])
    path = loop.run(starts, _STEPS)
    flat = path.reshape(-1, path.shape[2])
    values = loop.values([v], flat)[0].reshape(path.shape[:2]) / level
    shown = np.where(values > _FLOOR, values, np.nan)
    last = _horizon(shown, float(scene.claim.numbers.get("residual", 0)) / level)
    unit = _time_unit(scene)
    time = np.asarray(np.arange(last + 1) * unit, dtype=np.float64)
    axes.plot(time, shown[: last + 1], color=PALETTE["certified"], linewidth=0.7, alpha=0.7)
    axes.plot([], [], color=PALETTE["certified"], linewidth=0.7, label="V / level, simulated")
    _bounds(axes, scene, time, unit)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(_power_of_ten)
    axes.yaxis.set_minor_formatter("")
    axes.set_ylim(max(_FLOOR, 0.5 * float(np.nanmin(shown[: last + 1]))), 2)
    axes.set_xlim(0, time[-1])
    axes.set_xlabel(_time_label(scene.claim))
    axes.set_ylabel("V / level")
    axes.grid(axis="y", color=PALETTE["grid"], linewidth=0.5)
    return True


def _horizon(shown: Floats, residual: float) -> int:
    """When most trajectories are below the floor, or all well within the residual set."""
    alive = np.isfinite(shown).mean(axis=1)
    over = np.flatnonzero(alive < _ALIVE)
    if residual > 0:
        settled = np.flatnonzero(~(shown > residual).any(axis=1))
        over = 3 * settled[:1]
    return min(max(5, int(over[0])), len(shown) - 1) if len(over) else len(shown) - 1


def _power_of_ten(value: float, position: float) -> str:
    exponent = round(np.log10(value)) if value > 0 else 0
    return f"10{str(exponent).translate(_RAISED)}"


def _time_unit(scene: Scene) -> float:
    step = scene.claim.step
    if scene.claim.time == "discrete":
        return float(step) if step is not None else 1.0
    return scene.loop.dt


def _time_label(claim: Claim) -> str:
    if claim.time == "continuous":
        return "time"
    return "time [s]" if claim.step is not None else "steps"


def _bounds(axes: Axes, scene: Scene, time: Floats, unit: float) -> None:
    """The rate and the residual level that the claim promises."""
    numbers = scene.claim.numbers
    decay = float(numbers.get("decay", 0))
    proved = "proved" if scene.is_certified else "claimed"
    if decay > 0:
        discrete = scene.claim.time == "discrete"
        bound = (1 - decay) ** (time / unit) if discrete else np.exp(-decay * time)
        axes.plot(
            time, np.maximum(bound, float(numbers.get("residual", 0)) / float(numbers["level"])),
            color=PALETTE["sampled"], linewidth=1.4, linestyle="dashed",
            label=f"upper bound, {proved}",
        )  # fmt: skip
    if "residual" in numbers:
        low = float(numbers["residual"]) / float(numbers["level"])
        axes.axhline(low, color=PALETTE["safe"], linewidth=1.2)
        axes.plot([], [], color=PALETTE["safe"], linewidth=1.2, label=f"residual level, {proved}")


def draw_profile(axes: Axes, scene: Scene, node: Node, name: str) -> None:
    """A function of the one state ``pair[0]`` with the set of the claim below the axis."""
    loop, k = scene.loop, scene.pair[0]
    x = np.linspace(loop.low[k], loop.high[k], _POINTS)
    points = np.tile(scene.centre, (_POINTS, 1))
    points[:, k] = x
    axes.plot(x, loop.values([node], points)[0], color=PALETTE["certified"], linewidth=1.6,
              label=name)  # fmt: skip
    target = certified_set(scene.claim)
    if target is not None:
        inside = loop.values([target], points)[0] <= 0
        axes.fill_between(
            x, 0, 1, where=inside.tolist(), transform=axes.get_xaxis_transform(), linewidth=0,
            color=PALETTE["certified"] + ("4d" if scene.is_certified else "1a"),
            label="certified set" if scene.is_certified else "set of the claim, not proved",
        )  # fmt: skip
    _marks(axes, scene)
    axes.set_xlabel(label(scene.claim, loop.names[k]))
    axes.set_ylabel(name)
    plain(axes)


def _marks(axes: Axes, scene: Scene) -> None:
    """Level, output bounds, open boxes and the counterexample."""
    numbers, state = scene.claim.numbers, scene.loop.names[scene.pair[0]]
    for name in ("level", "lower", "upper"):
        if name in numbers:
            shown = rounded(numbers[name], "up" if name == "upper" else "down")
            axes.axhline(float(numbers[name]), color=PALETTE["sampled"], linewidth=1.2,
                         linestyle="dashed", label=f"{name} = {shown}")  # fmt: skip
    for i, box in enumerate(b.box for b in scene.outcome.open_boxes):
        if state in box:
            axes.axvspan(*box[state], facecolor=PALETTE["open"] + "40", hatch="//////",
                         edgecolor=PALETTE["open"], linewidth=0,
                         label="neither proved nor refuted" if i == 0 else None)  # fmt: skip
    found = scene.outcome.counterexample
    if found is not None and state in found.point:
        axes.axvline(float(found.point[state]), color=PALETTE["sampled"], linewidth=1.6,
                     label="counterexample")  # fmt: skip


def draw_output(axes: Axes, scene: Scene, node: Node) -> None:
    """The expression over two states as filled contours, with its bounds in the legend."""
    loop = scene.loop
    frame(axes, scene)
    grid = Slice(loop, scene.pair, 201, scene.centre)
    values = grid.grid(loop.values([node], grid.points)[0])
    filled = axes.contourf(grid.x, grid.y, values, levels=14, cmap="cividis", zorder=1)
    if axes.figure is not None:
        bar = axes.figure.colorbar(filled, ax=axes, shrink=0.9, label="expression")
        bar.outline.set_visible(False)
    for name, line in (("lower", "dashed"), ("upper", "solid")):
        bound = scene.claim.numbers.get(name)
        if bound is None:
            continue
        shown = rounded(bound, "up" if name == "upper" else "down")
        if crosses(values, float(bound)):
            axes.contour(grid.x, grid.y, values, levels=[float(bound)], colors=PALETTE["sampled"],
                         linestyles=line, linewidths=1.6)  # fmt: skip
        axes.plot([], [], color=PALETTE["sampled"], linestyle=line, linewidth=1.6,
                  label=f"{name} bound {shown}")  # fmt: skip
