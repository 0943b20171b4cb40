"""The line on which each key of a TOML document stands, which ``tomllib`` does not tell.

The scanner relies on ``tomllib`` having accepted the text, so it only has to tell strings,
brackets, comments and keys apart (TOML 1.0.0, sections Keys, Table, Inline Table).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import TypeAlias

__all__ = ["KeyPath", "key_lines", "line_of"]

KeyPath: TypeAlias = tuple[str, ...]

_TOKEN = re.compile(
    r'(?P<text>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<bare>[A-Za-z0-9_-]+)"
    r"|(?P<mark>[\[\]{}=,.])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_DEEPEST = 16
_Token: TypeAlias = tuple[str, str, int]


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """The 1-based line of every key path of the valid TOML document ``text``.

    A table has the line of its header; a key inside an inline table has its own.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    tokens = _significant(text)
    for token in tokens:
        if token[1] == "\n":
            continue
        if token[1] == "[":
            table = _header(tokens)
            _record(lines, (), table, token[2])
        else:
            path = _key(token, tokens)
            _record(lines, table, path, token[2])
            _value(tokens, lines, (*table, *path))
    return lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of ``path``, or of the innermost table around it that has one."""
    for length in range(min(len(path), 2 * _DEEPEST), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _significant(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind in ("text", "bare", "newline", "mark"):
            yield kind, match[0], line
        line += match[0].count("\n")


def _record(lines: dict[KeyPath, int], table: KeyPath, path: KeyPath, line: int) -> None:
    for length in range(1, min(len(path), _DEEPEST) + 1):
        lines.setdefault((*table[:_DEEPEST], *path[:length]), line)


def _header(tokens: Iterator[_Token]) -> KeyPath:
    """The path between ``[`` and ``]``; an array of tables has one more bracket."""
    parts: list[str] = []
    for kind, text, _ in tokens:
        if kind in ("text", "bare"):
            parts.append(_part(kind, text))
        elif text == "]":
            break
    for _, text, _ in tokens:
        if text == "\n":
            break
    return tuple(parts)


def _key(first: _Token, tokens: Iterator[_Token]) -> KeyPath:
    """The dotted key that starts with ``first``, up to its equals sign."""
    parts = [_part(first[0], first[1])]
    for kind, text, _ in tokens:
        if kind in ("text", "bare"):
            parts.append(_part(kind, text))
        elif text == "=":
            break
    return tuple(parts)


def _part(kind: str, text: str) -> str:
    if kind == "bare":
        return text
    return next(iter(tomllib.loads(f"{text} = 0"))) if "\\" in text else text[1:-1]


def _value(tokens: Iterator[_Token], lines: dict[KeyPath, int], path: KeyPath) -> None:
    """Skip a value to the end of its line, recording the keys of inline tables in it."""
    tables: list[KeyPath | None] = []  # None is an array
    current, key_next = path, False
    for token in tokens:
        kind, text, line = token
        if key_next and kind in ("text", "bare"):
            inner = _key(token, tokens)
            outer = tables[-1] or ()
            _record(lines, outer, inner, line)
            current, key_next = (*outer, *inner), False
        elif text == "{":
            tables.append(current)
            key_next = True
        elif text == "[":
            tables.append(None)
        elif text in ("}", "]"):
            tables.pop()
            key_next = False
        elif text == "," and tables and tables[-1] is not None:
            key_next = True
        elif text == "\n" and not tables:
            return
