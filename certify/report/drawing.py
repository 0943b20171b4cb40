"""How figures look: one colour-blind safe palette, and SVG with the same bytes every time.

The colours are those of M. Okabe and K. Ito, Color universal design, 2008.  matplotlib is
imported only when something is drawn.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certify.proofs.checker.claim import Claim

from .words import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "PALETTE",
    "Picture",
    "label",
    "legend_below",
    "new_figure",
    "plain",
    "style",
    "svg_text",
]

PALETTE = {
    "ink": "#1b1f24",
    "muted": "#5f6974",
    "faint": "#b9c1c9",
    "grid": "#dde2e7",
    "paper": "#ffffff",
    "certified": "#0072b2",
    "light": "#56b4e9",
    "sampled": "#d55e00",
    "safe": "#009e73",
    "open": "#cc79a7",
    "gold": "#e69f00",
}

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PLACES = re.compile(r'\b(?:d|x|y)="[^"]*"')
_DIGITS = re.compile(r"(\.\d\d)\d+")
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)


@dataclass(frozen=True)
class Picture:
    """A figure: ``svg`` is an ``<svg>`` element, ``alt`` says in words what it shows."""

    name: str
    title: str
    caption: str
    alt: str
    svg: str


@contextmanager
def style() -> Iterator[None]:
    """The settings under which every figure is drawn and saved, whatever the user's are."""
    import matplotlib

    ink, muted = PALETTE["ink"], PALETTE["muted"]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": "certify",
                "svg.fonttype": "path",
                "font.size": 9,
                "axes.titlesize": 9.5,
                "axes.titlelocation": "left",
                "axes.labelsize": 9,
                "axes.labelcolor": ink,
                "axes.edgecolor": muted,
                "axes.linewidth": 0.7,
                "axes.titlecolor": ink,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "xtick.color": muted,
                "ytick.color": muted,
                "xtick.labelcolor": ink,
                "ytick.labelcolor": ink,
                "xtick.labelsize": 8,
                "ytick.labelsize": 8,
                "legend.fontsize": 8,
                "legend.labelcolor": ink,
                "legend.frameon": False,
                "text.color": ink,
                "text.parse_math": False,
                "hatch.linewidth": 0.7,
                "hatch.color": PALETTE["open"],
                "figure.facecolor": "none",
                "axes.facecolor": "none",
                "savefig.facecolor": "none",
                "lines.solid_capstyle": "round",
            }
        )
        yield


def new_figure(width: float = 5.4, height: float = 4.6) -> Figure:
    """An empty figure of the given size in inches, on no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def svg_text(figure: Figure, name: str) -> str:
    """The figure as an ``<svg>`` element whose ids start with ``name``."""
    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Type", "Format"))
    figure.savefig(out, format="svg", metadata=nothing, dpi=200)
    text = _COMMENT.sub("", _PROLOGUE.sub("", out.getvalue()))
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = text.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    text = _PLACES.sub(lambda m: _DIGITS.sub(r"\1", m[0]), text)
    return re.sub(r"\n\s*\n+", "\n", text).strip()


def plain(axes: Axes) -> None:
    """Ticks outward and few of them."""
    axes.tick_params(direction="out", length=3, width=0.7)
    axes.locator_params(nbins=7)


def label(claim: Claim, name: str) -> str:
    """``name [unit]`` for an axis."""
    unit = clean(claim.units.get(name, ""), 24)
    return f"{clean(name, 40)} [{unit}]" if unit else clean(name, 40)


def legend_below(figure: Figure, axes: Axes, columns: int = 2) -> None:
    """One legend under the figure, with the entries of ``axes`` in the order drawn."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower left", ncols=columns)
