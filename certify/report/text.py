"""The report in the terminal: plain text, 88 columns, no control sequences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from .model import ReportModel

__all__ = ["explain", "short"]

_WIDTH = 88
_INDENT = "  "


def explain(model: ReportModel) -> str:
    """The whole story of ``model`` as text that ends with a newline."""
    blocks = [
        f"{model.title}: {model.headline.upper()}",
        f"{model.property}, theorem {model.theorem}",
        "=" * _WIDTH,
        "",
        *_paragraph(model.lead, ""),
        "",
        *_paragraph(model.meaning, ""),
    ]
    for title, lines in _sections(model):
        if lines:
            blocks += ["", title.upper(), *lines]
    return "\n".join(blocks) + "\n"


def _sections(model: ReportModel) -> Iterator[tuple[str, list[str]]]:
    if model.verdict != "proved":
        yield "What was asked", _paragraph(model.statement)
    yield "Counterexample", _counterexample(model)
    yield "Left open", _open(model)
    yield "Advice", _paragraph(model.advice) + _diagnosis(model)
    yield "Residual set", _paragraph(model.residual)
    yield "Numbers", _table([(f.name, f.value, f.remark) for f in model.facts])
    yield "Loop and functions", _formulas(model)
    yield "Domain", _table([_range(*row) for row in _ranges(model)])
    if model.verdict == "proved":
        yield "Theorem", _paragraph(f"{model.theorem}: {model.conclusion}.")
    yield "Assumptions", [line for a in model.assumptions for line in _item(a)]
    yield "Obligations", _obligations(model)
    yield (
        "Check it yourself",
        [
            line
            for c, why in model.commands
            for line in (_INDENT + c, *_paragraph(why, _INDENT * 3))
        ],
    )
    yield "Trust", _paragraph(model.trusted)
    yield "Digests (sha256)", [f"{_INDENT}{digest}  {name}" for name, digest in model.digests]
    yield "Made with (not part of any digest)", _table([(k, v) for k, v in model.tool])


def _paragraph(text: str, indent: str = _INDENT) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _item(text: str) -> list[str]:
    first, *rest = _paragraph(text, _INDENT * 2)
    return [f"{_INDENT}- {first.strip()}", *rest]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns; the last one is wrapped."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for *cells, last in rows:
        padded = zip(cells, widths, strict=True)
        head = _INDENT + "".join(f"{cell:<{width}}  " for cell, width in padded)
        lines += textwrap.wrap(
            head + last,
            max(_WIDTH, len(head) + 24),
            initial_indent="",
            subsequent_indent=" " * len(head),
            drop_whitespace=True,
            replace_whitespace=False,
        ) or [head.rstrip()]
    return [line.rstrip() for line in lines]


def _counterexample(model: ReportModel) -> list[str]:
    point = model.counterexample
    if point is None:
        return []
    lines = _paragraph(f"False here: {point.condition} ({point.statement}).")
    lines += _table([(f"{x} =", shown) for x, shown in point.shown.items()])
    if point.values:
        lines += ["", *_paragraph("and there"), *_table([(f"{k} =", v) for k, v in point.values])]
    return lines


def _open(model: ReportModel) -> list[str]:
    lines = []
    for name, box in model.open_boxes:
        lines += _item(name)
        lines += _paragraph(", ".join(f"{x} in [{a:.6g}, {b:.6g}]" for x, (a, b) in box.items()),
                            _INDENT * 3)  # fmt: skip
    more = model.open_total - len(model.open_boxes)
    return lines + ([f"{_INDENT}and {more} more boxes"] if more else [])


def _formulas(model: ReportModel) -> list[str]:
    lines, group = [], ""
    for f in model.formulas:
        if f.group != group:
            group = f.group
            lines.append(f"{_INDENT}{group}")
        lines += textwrap.wrap(
            f"{f.left} = {f.right}",
            _WIDTH,
            initial_indent=_INDENT * 2,
            subsequent_indent=_INDENT * 4,
            break_on_hyphens=False,
        )
        lines += _paragraph(f"({f.note})", _INDENT * 4) if f.note else []
    return lines


def _ranges(model: ReportModel) -> list[tuple[str, str, str, str]]:
    return [
        (r.name, f"in [{r.low}, {r.high}]{' ' + r.unit if r.unit else ''}", r.role, r.equilibrium)
        for r in model.ranges
    ]


def _range(name: str, interval: str, role: str, equilibrium: str) -> tuple[str, str, str]:
    return name, interval, f"{role}, equilibrium {equilibrium}" if equilibrium else role


def _obligations(model: ReportModel) -> list[str]:
    lines = []
    for o in model.obligations:
        split = ", ".join(f"{number} of {rule}" for rule, number in o.degrees.items())
        lines += _item(f"{o.name}: {o.statement}")
        total = "1 leaf" if o.leaves == 1 else f"{o.leaves} leaves"
        lines += _paragraph(f"{total} ({split}), deepest {o.deepest}", _INDENT * 3)
    return lines


def _diagnosis(model: ReportModel) -> list[str]:
    return [line for text in model.diagnosis for line in _paragraph(f"- {text}")]


def short(model: ReportModel) -> str:
    """The verdict, the claim in words and the advice: what a command prints at its end."""
    lines = [f"{model.headline.upper()}  {model.title}: {model.property} ({model.theorem})"]
    lines += _paragraph(model.lead)
    lines += _counterexample(model) + _paragraph(model.residual) + _paragraph(model.advice)
    lines += _diagnosis(model)
    return "\n".join(lines) + "\n"
