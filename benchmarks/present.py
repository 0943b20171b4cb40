"""Measured rows as a Markdown table, as CSV, and as one figure."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "table", "write_csv"]

# header, and the cell of a row
COLUMNS: Sequence[tuple[str, Callable[[Row], str]]] = (
    ("problem", lambda r: r.problem),
    ("n", lambda r: str(r.dimension)),
    ("time", lambda r: r.time),
    ("V", lambda r: r.function),
    ("level asked", lambda r: r.asked),
    ("verdict", lambda r: r.verdict),
    ("level proved", lambda r: _text(r.level if r.verdict == "proved" else None, "{:.7g}")),
    ("boxes", lambda r: _text(r.boxes, "{}")),
    ("leaves", lambda r: _text(r.leaves, "{}")),
    ("derive CPU s", lambda r: _text(r.derive_cpu, "{:.3g}")),
    ("search CPU s", lambda r: _text(r.search_cpu, "{:.3g}")),
    ("kernel CPU s", lambda r: _text(r.kernel_cpu, "{:.3g}")),
    ("verify CPU s", lambda r: f"{r.verify_cpu:.1f}"),
    ("check CPU s", lambda r: _text(r.check_cpu, "{:.1f}")),
    ("MB", lambda r: f"{r.verify_mb:.0f}"),
    ("certificate kB", lambda r: _text(r.certificate_kb, "{:.1f}")),
    ("peer CPU s", lambda r: _bound(r, r.peer_cpu, "{:g}")),
    ("ratio", lambda r: _bound(r, r.ratio, "{:.2g}")),
)


def _text(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _bound(row: Row, value: float | None, form: str) -> str:
    """A figure of the peer; where it did not finish, it is a lower bound."""
    return f"> {_text(value, form)}" if value and not row.peer_finished else _text(value, form)


def table(rows: Sequence[Row]) -> str:
    """All rows as a Markdown table with aligned columns."""
    lines = [[name for name, _ in COLUMNS], *([cell(r) for _, cell in COLUMNS] for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    lines.insert(1, ["-" * w for w in widths])
    texts = (" | ".join(c.ljust(w) for c, w in zip(x, widths, strict=True)) for x in lines)
    return "".join(f"| {text} |\n" for text in texts)


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """All figures with all digits."""
    names = [f.name for f in fields(Row)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "ratio"])
        writer.writerows([*(getattr(r, name) for name in names), r.ratio] for r in rows)


def draw(path: Path, rows: Sequence[Row]) -> None:
    """CPU-seconds against the peer's, and against dimension and width; needs matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.2), layout="constrained")
    beside, dimension, width = figure.subplots(1, 3)
    _beside_peer(beside, [r for r in rows if r.peer_cpu is not None])
    chains = [r for r in rows if r.group == "growth"]
    _growth(dimension, [r for r in chains if r.width == 16], lambda r: r.dimension, "dimension")
    dimension.set_title("chains of pendulums, 16 neurons")
    _growth(width, [r for r in chains if r.dimension == 4], lambda r: r.width or 0, "neurons")
    width.set_title("chains of pendulums, four states")
    figure.savefig(path)


def _beside_peer(axes: Axes, rows: Sequence[Row]) -> None:
    """Each loop as a point; an arrow where the peer did not finish, hollow if not proved."""
    axes.set(xscale="log", yscale="log", xlabel="peer, CPU s", ylabel="certify verify, CPU s")
    axes.set_title("pretrained loops, published levels")
    for r in rows:
        assert r.peer_cpu is not None
        full = r.verdict == "proved"
        axes.plot(r.peer_cpu, r.verify_cpu, "o", color="C0", mfc="C0" if full else "none")
        if r.peer_finished is False:
            tip = (1.7 * r.peer_cpu, r.verify_cpu)
            arrow = {"arrowstyle": "->", "color": "C0"}
            axes.annotate("", tip, (r.peer_cpu, r.verify_cpu), arrowprops=arrow)
        label = r.problem.replace("_state_feedback", "").replace("_feedback", "")
        side, shift = ("right", -4) if r.peer_cpu > 100 else ("left", 4)
        axes.annotate(
            label,
            (r.peer_cpu, r.verify_cpu),
            xytext=(shift, 5),
            textcoords="offset points",
            ha=side,
            size=7,
        )
    if not rows:
        return
    low = min(min(r.peer_cpu or 1, r.verify_cpu) for r in rows) / 3
    high = max(max(r.peer_cpu or 1, r.verify_cpu) for r in rows) * 3
    for factor, style in ((1, "-"), (10, "--"), (100, ":")):
        name = "equal" if factor == 1 else f"{factor} times less"
        line = {"color": "0.6", "lw": 0.8, "zorder": 0, "label": name}
        axes.plot([low * factor, high], [low, high / factor], style, **line)
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.legend(fontsize=8)


def _growth(axes: Axes, rows: Sequence[Row], along: Callable[[Row], int], label: str) -> None:
    """One curve for each time; the part that is the search dashed, if it was said."""
    axes.set(xscale="log", yscale="log", xlabel=label, ylabel="CPU s")
    for colour, time in (("C0", "discrete"), ("C1", "continuous")):
        found = sorted((r for r in rows if r.time == time), key=along)
        x = [along(r) for r in found]
        axes.plot(x, [r.verify_cpu for r in found], "-", color=colour, label=f"{time}, verify")
        for r in found:
            full = colour if r.verdict == "proved" else "none"
            axes.plot(along(r), r.verify_cpu, "o", color=colour, mfc=full)
        searched = [(along(r), r.search_cpu) for r in found if r.search_cpu is not None]
        if searched:
            axes.plot(*zip(*searched, strict=True), "--", color=colour, label=f"{time}, search")
    ticks = sorted({along(r) for r in rows})
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.minorticks_off()
    if rows:
        axes.legend(fontsize=8)
