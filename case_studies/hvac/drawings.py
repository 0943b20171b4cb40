"""Figures of the study as SVG files: trees, maps of decisions, size against performance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certify.outcome import Outcome
from certify.report.drawing import PALETTE, new_figure, plain, style, svg_text
from certify.report.figures import figures

__all__ = ["draw_curve", "draw_decisions"]


def draw_decisions(outcome: Outcome, folder: Path, prefix: str) -> None:
    """The tree and its maps, where a rule is broken hatched, as in the report."""
    for picture in figures(outcome):
        path = folder / f"{prefix}{picture.name}.svg"
        path.write_text(picture.svg + "\n", encoding="utf-8")


def draw_curve(
    path: Path,
    curve: Sequence[tuple[int, float, float, float]],
    bounds: Sequence[tuple[str, float, float]],
) -> None:
    """Energy and discomfort of trees over their leaves; ``bounds`` are lines: name, kWh, share."""
    with style():
        figure = new_figure(7.4, 3.2)
        leaves = [row[0] for row in curve]
        panels = figure.subplots(1, 2)
        for axes, column, title in zip(
            panels, (1, 2), ("energy [kWh]", "outside of comfort [%]"), strict=True
        ):
            scale = 100 if column == 2 else 1
            values = [scale * row[1 + column] for row in curve]
            axes.plot(leaves, values, "o-", color=PALETTE["certified"], markersize=4, label="trees")
            for color, bound in zip(("sampled", "safe", "open"), bounds, strict=False):
                axes.axhline(scale * bound[column], color=PALETTE[color], linestyle="--",
                             linewidth=1, label=bound[0])  # fmt: skip
            plain(axes)
            axes.set_xscale("log", base=2)
            axes.set_xlabel("leaves")
            axes.set_title(title)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=4)
        path.write_text(svg_text(figure, "curve") + "\n", encoding="utf-8")
