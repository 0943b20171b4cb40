"""Rules as text: ``when people > 0 and T < 20 then heating > T``.

    rule       = ["when" conditions "then" | "always"] conditions
    conditions = condition ("and" condition)*
    condition  = sum (("<" | "<=" | ">" | ">=") sum)*

Sums are those of :mod:`certify.expression.parser`.  ``a < b <= c`` is ``a < b and b <= c``, and a
sum alone, as in ``when occupied then ...``, says that it is positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from operator import sub

from certify.proofs.checker.language import Node
from certify.proofs.checker.obligations import Atom

from .parser import Function, Parser
from .scope import Scope
from .tokens import Source

__all__ = ["parse_rule"]

_COMPARISONS = ("<", "<=", ">", ">=")
_WORDS = ("when", "then", "always")


def parse_rule(
    text: str,
    names: Mapping[str, Node],
    functions: Mapping[str, Function],
    *,
    where: str = "",
    refused: Mapping[str, str] | None = None,
) -> tuple[tuple[Atom, ...], tuple[Atom, ...]]:
    """The conditions and the conclusions of the rule ``text``, each ``expression > 0`` or ``>= 0``.

    Parameters and errors are those of :func:`certify.expression.parse`.
    """
    parser = _RuleParser(Source(text, where), Scope(names, functions, refused or {}))
    return parser.rule()


class _RuleParser(Parser):
    def rule(self) -> tuple[tuple[Atom, ...], tuple[Atom, ...]]:
        when: tuple[Atom, ...] = ()
        if self.peek.text == "when":
            self.take()
            when = self.conditions()
            if self.peek.text != "then":
                raise self.error(
                    f"expected 'then', found {self.peek.shown}; write 'when T < 20 then u > T'",
                    self.peek,
                )
            self.take()
        elif self.peek.text == "always":
            self.take()
        then = self.conditions()
        self.end("")
        return when, then

    def conditions(self) -> tuple[Atom, ...]:
        found = [*self.condition()]
        while self.peek.text == "and":
            self.take()
            found += self.condition()
        return tuple(found)

    def condition(self) -> list[Atom]:
        if self.peek.text in _WORDS:
            raise self.error(f"a condition is missing before {self.peek.shown}", self.peek)
        left, found = self.expression(), list[Atom]()
        while self.peek.text in _COMPARISONS:
            token = self.take()
            right = self.expression()
            low, high = (left, right) if token.text[0] == "<" else (right, left)
            difference = self.made(token, partial(sub, high, low))
            found.append(Atom(">" if len(token.text) == 1 else ">=", difference))
            left = right
        return found or [Atom(">", left)]
