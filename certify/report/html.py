"""The report as one HTML file that needs nothing else: no font, no network.

It has no script either, unless it is to re-check itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from .drawing import PALETTE
from .figures import Picture
from .formulas import Formula
from .model import ReportModel
from .rechecking import Rechecking

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["render_html"]

_SOFT, _AMBER = {"light": "#f6f8fa", "dark": "#181c22"}, {"light": "#9a6700", "dark": "#e3b341"}
_DARK = {
    "ink": "#e8ecf0",
    "muted": "#9aa5b1",
    "faint": "#4d5762",
    "grid": "#313941",
    "paper": "#0f1216",
    "certified": "#56b4e9",
    "light": "#3d7ea6",
    "sampled": "#f28e5c",
    "safe": "#35c79a",
    "open": "#e39cc4",
    "gold": "#f0b93a",
}
_NAMES = {color: name for name, color in PALETTE.items()}
_COLOR = re.compile("|".join(PALETTE.values()))
_NAME = re.compile("`([^`]*)`")
_MARKS = {
    "good": "\N{CHECK MARK}",
    "weak": "\N{EXCLAMATION QUESTION MARK}",
    "bad": "\N{MULTIPLICATION SIGN}",
    "open": "?",
}


def render_html(
    model: ReportModel, pictures: Sequence[Picture] = (), rechecking: Rechecking | None = None
) -> str:
    """The report ``model`` with its figures, the same text every time.

    Everything that comes from a file is escaped.  Figures are drawn in the light or the dark
    palette as the reader prefers, and in the light one on paper.  With ``rechecking`` the page
    re-checks the certificate when its reader presses a button.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    source = files("certify.report").joinpath("template.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["prose"] = _prose
    tone = _tone(model)
    shown = [{"title": p.title, "caption": p.caption, "svg": Markup(_themed(p))} for p in pictures]
    return environment.from_string(source).render(
        model=model,
        pictures=shown,
        rechecking=rechecking,
        groups=_groups(model.formulas),
        tone=tone,
        mark=_MARKS[tone],
        colors={
            "light": PALETTE | {"soft": _SOFT["light"], "amber": _AMBER["light"]},
            "dark": _DARK | {"soft": _SOFT["dark"], "amber": _AMBER["dark"]},
        },
    )


def _prose(text: str) -> Markup:
    """A sentence with its `names` as code and its relations as one sign."""
    from markupsafe import Markup, escape

    safe = str(escape(text)).replace("&lt;=", "\N{LESS-THAN OR EQUAL TO}")
    return Markup(_NAME.sub(r"<code>\1</code>", safe))


def _tone(model: ReportModel) -> str:
    if model.verdict == "proved":
        return "good" if model.grade == "kernel" and model.rechecked else "weak"
    return "bad" if model.verdict == "refuted" else "open"


def _groups(rows: Sequence[Formula]) -> list[tuple[str, list[Formula]]]:
    return [(group, list(found)) for group, found in groupby(rows, lambda f: f.group)]


def _themed(picture: Picture) -> str:
    """The figure in the page's colours, with its text for screen readers."""
    from markupsafe import escape

    svg = _COLOR.sub(lambda m: f"var(--{_NAMES[m[0]]})", picture.svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(picture.alt)}" ', 1)
