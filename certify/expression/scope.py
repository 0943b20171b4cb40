"""What the names and functions in an expression's text mean, and advice for those unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from certify.errors import ExpressionError
from certify.proofs.checker.language import Node

from .functions import BUILTIN, REASONS
from .tokens import Source, Token

__all__ = ["Function", "Scope"]

Function: TypeAlias = Callable[[Sequence[Node]], Node]

_LISTED = 20


@dataclass(frozen=True)
class Scope:
    """The meaning of names and functions, and why a ``refused`` name cannot be used."""

    names: Mapping[str, Node]
    functions: Mapping[str, Function]
    refused: Mapping[str, str]

    def name(self, source: Source, token: Token) -> Node:
        """The expression that the name ``token`` stands for."""
        node = self.names.get(token.text)
        if node is not None:
            return node
        if token.text in self.functions or token.text in BUILTIN:
            message = f"{token.text!r} is a function; write {token.text}(...)"
            raise source.error(message, token.start)
        raise self._unknown(source, token, "name", list(self.names))

    def application(
        self, source: Source, token: Token, arguments: Sequence[Node]
    ) -> Callable[[], Node]:
        """What builds the function ``token`` of ``arguments``, once their number is right."""
        function = self.functions.get(token.text)
        if function is not None:
            wanted = getattr(function, "inputs", len(arguments))
            if wanted != len(arguments):
                message = f"{token.text!r} takes {wanted} arguments; {len(arguments)} are written"
                raise source.error(message, token.start)
            return lambda: function(arguments)
        builtin = BUILTIN.get(token.text)
        if builtin is None:
            if token.text in self.names:
                message = f"{token.text!r} is not a function; write * before '('"
                raise source.error(message, token.start)
            raise self._unknown(source, token, "function", [*self.functions, *BUILTIN])
        if not builtin.fewest <= len(arguments) <= builtin.most:
            message = f"{len(arguments)} arguments for {token.text!r}; write {builtin.usage}"
            raise source.error(message, token.start)
        return lambda: builtin.make(arguments)

    def _unknown(
        self, source: Source, token: Token, what: str, known: list[str]
    ) -> ExpressionError:
        reason = self.refused.get(token.text) or REASONS.get(token.text)
        if reason:
            return source.error(reason, token.start)
        shown = token.text[:40]
        close = get_close_matches(shown, known, n=1)
        if close:
            message = f"unknown {what} {shown!r}; did you mean {close[0]!r}?"
        elif known:
            message = (
                f"unknown {what} {shown!r}; write one of: {', '.join(sorted(known)[:_LISTED])}"
            )
        else:
            message = f"unknown {what} {shown!r}; only numbers can be written here"
        return source.error(message, token.start)
