"""Expression text to tokens, and errors that show the line with a caret under the fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from certify.errors import ExpressionError

__all__ = ["Source", "Token", "exact_decimal"]

LARGEST_TEXT = 100_000
_LARGEST_EXPONENT = 400
_MOST_DIGITS = 400
_SHOWN = 76

_SCANNER = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|//|[-+*/()\[\],<>])"
)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?\Z")
_STRANGERS = {
    "/": "'//' is not in the language; write /",
    "^": "'^' is not an operator; write ** for a power",
    "=": "'=' is not an operator here; a condition is written with <= or >=",
    "%": "'%' is not in the language",
    ".": "'.' is not an operator; names have no attributes",
    '"': "text is not in the language; write numbers, names and operators",
    "'": "text is not in the language; write numbers, names and operators",
    "&": "'&' is not an operator; write 'and' between conditions",
    "|": "'|' is not an operator; a set is an intersection, written with 'and'",
}


class Token(NamedTuple):
    """A piece of the text and the offset at which it starts."""

    kind: Literal["number", "name", "operator", "end"]
    text: str
    start: int

    @property
    def shown(self) -> str:
        """The token as messages quote it."""
        return "the end" if self.kind == "end" else repr(self.text[:40])


def exact_decimal(text: str) -> Fraction:
    """The exact rational that the decimal ``text`` (``"9.81"``, ``"1e-3"``) denotes.

    Raises ``ValueError``, with a message for the user, where the text is not a decimal, or
    has more than 400 digits or an exponent beyond 400.
    """
    match = _DECIMAL.match(text)
    if match is None:
        raise ValueError(f"{text[:60]!r} is not a decimal number")
    if sum(c.isdigit() for c in text) > _MOST_DIGITS:
        raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
    if match[1] and abs(int(match[1])) > _LARGEST_EXPONENT:
        raise ValueError(f"an exponent is between -{_LARGEST_EXPONENT} and {_LARGEST_EXPONENT}")
    return Fraction(text)


@dataclass(frozen=True)
class Source:
    """An expression's text and ``where`` it was read, the prefix of every message."""

    text: str
    where: str = ""

    def error(self, message: str, start: int) -> ExpressionError:
        """The error ``message`` with the line of offset ``start`` and a caret below it."""
        prefix = f"{self.where}: " if self.where else ""
        first = self.text.rfind("\n", 0, start) + 1
        last = self.text.find("\n", first)
        line = self.text[first : len(self.text) if last < 0 else last]
        column = min(start - first, len(line))
        if len(line) > _SHOWN:
            cut = max(0, column - _SHOWN // 2)
            before, after = "..." if cut else "", "..." if cut + _SHOWN < len(line) else ""
            line = before + line[cut : cut + _SHOWN] + after
            column += len(before) - cut
        shown = "".join(c if c.isprintable() else " " for c in line)
        return ExpressionError(f"{prefix}{message}\n    {shown}\n    {' ' * column}^")

    def tokens(self) -> list[Token]:
        """All tokens, the last one of kind ``end``; an ExpressionError where there is none."""
        if len(self.text) > LARGEST_TEXT:
            message = f"an expression has at most {LARGEST_TEXT} characters; split it with names"
            raise self.error(message, 0)
        return [*self._scan(), Token("end", "", len(self.text.rstrip()))]

    def _scan(self) -> Iterator[Token]:
        position, after_number = 0, False
        while position < len(self.text):
            match = _SCANNER.match(self.text, position)
            if match is None or match[0] == "//":
                raise self.error(_stranger(self.text[position]), position)
            text = match[0]
            if after_number and match["name"]:
                message = f"a name cannot follow a number directly; write * before {text[:40]!r}"
                raise self.error(message, position)
            after_number = bool(match["number"])
            if match["number"]:
                yield Token("number", text, position)
            elif match["name"]:
                yield Token("name", text, position)
            elif match["operator"]:
                yield Token("operator", text, position)
            position = match.end()


def _stranger(character: str) -> str:
    if character in _STRANGERS:
        return _STRANGERS[character]
    if character.isalnum():
        return f"{character!r} is not allowed; names are written with a-z, A-Z, 0-9 and _"
    return f"{character!r} is not in the language"
