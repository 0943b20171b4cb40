"""Expression text to expressions: a closed grammar, read without ever evaluating text.

    condition  = comparison ("and" comparison)*         comparison = sum ("<=" | ">=") sum
    sum        = product (("+" | "-") product)*         product    = unary (("*" | "/") unary)*
    unary      = ("+" | "-") unary | power              power      = postfix ["**" unary]
    postfix    = atom ("[" integer "]")*
    atom       = number | name | name "(" sum ("," sum)* ")" | "(" sum ")"

Precedence is Python's: ``-x**2 = -(x**2)``, ``x**-1 = 1/x`` and ``a/b*c = (a/b)*c``.  An
exponent is a constant integer.  Numbers are exact: ``9.81`` is 981/100.  The method is
V. R. Pratt's, "Top down operator precedence", POPL 1973.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from certify.errors import ExpressionError, InputError
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.language import Node, const, index

from .scope import Function, Scope
from .tokens import Source, Token, exact_decimal

__all__ = ["Function", "parse", "parse_condition"]

_DEEPEST = 100
_LARGEST_POWER = 64
_LARGEST_CONSTANT_BITS = 8192
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
_UNARY = 3
_ARITHMETIC: Mapping[str, Callable[[Node, Node], Node]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARISONS = {
    "<": "the closed set is what is proved; write <=",
    ">": "the closed set is what is proved; write >=",
    "==": "a set is given by inequalities; write <= or >=",
    "!=": "a set is given by inequalities; write <= or >=",
}


def parse(
    text: str,
    names: Mapping[str, Node],
    functions: Mapping[str, Function],
    *,
    where: str = "",
    refused: Mapping[str, str] | None = None,
) -> Node:
    """The scalar expression that ``text`` denotes.

    ``names`` gives the expression of every name; ``functions`` (networks) take scalars to a
    scalar or a vector, whose component ``i`` is written ``f(x, y)[i]``; a vector of size 1
    needs no index.  ``where`` starts every message; ``refused`` says why a name that exists
    cannot be used here.  Raises ``ExpressionError`` with the line and a caret under the fault.
    The result is exact over the reals.
    """
    parser = Parser(Source(text, where), Scope(names, functions, refused or {}))
    node = parser.expression()
    parser.end("a condition is not allowed here; write one expression")
    return node


def parse_condition(
    text: str,
    names: Mapping[str, Node],
    functions: Mapping[str, Function],
    *,
    where: str = "",
    refused: Mapping[str, str] | None = None,
) -> tuple[Node, ...]:
    """The expressions ``e`` of the closed set ``{e <= 0 for all e}`` that ``text`` denotes.

    ``a <= b`` gives ``a - b`` and ``a >= b`` gives ``b - a``, joined by ``and``.  Parameters
    and errors are those of :func:`parse`.
    """
    parser = Parser(Source(text, where), Scope(names, functions, refused or {}))
    parts = [parser.comparison()]
    while parser.peek.text == "and":
        parser.take()
        parts.append(parser.comparison())
    parser.end("comparisons are not chained; write 'a <= b and b <= c'")
    return tuple(parts)


class Parser:
    def __init__(self, source: Source, scope: Scope) -> None:
        self.source, self.scope = source, scope
        self.tokens = source.tokens()
        self.position = 0
        self.depth = 0

    @property
    def peek(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.tokens[self.position]
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def error(self, message: str, token: Token) -> ExpressionError:
        return self.source.error(message, token.start)

    def expect(self, text: str, opened: Token) -> None:
        token = self.peek
        if token.text in _COMPARISONS or token.text in ("<=", ">="):
            raise self.error("conditions are written without parentheses", token)
        if token.text != text:
            message = f"expected {text!r} to close {opened.text!r}, found {token.shown}"
            raise self.error(message, token)
        self.take()

    def end(self, comparison: str) -> None:
        token = self.peek
        if token.kind == "end":
            return
        if token.text in _COMPARISONS or token.text in ("<=", ">="):
            raise self.error(_COMPARISONS.get(token.text, comparison), token)
        if token.text in ("and", "or", "not"):
            raise self.error(_connective(token.text), token)
        if token.text in (")", "]", ","):
            raise self.error(f"{token.text!r} was not opened", token)
        raise self.error(f"expected an operator such as + or * before {token.shown}", token)

    def comparison(self) -> Node:
        left = self.expression()
        token = self.peek
        if token.text not in ("<=", ">="):
            if token.kind != "end" and token.text != "and":
                self.end("")
            raise self.error("a condition is missing; write 'expression <= 0'", token)
        self.take()
        right = self.expression()
        return self.made(token, lambda: left - right if token.text == "<=" else right - left)

    def expression(self, precedence: int = 0) -> Node:
        """The longest expression from here whose operators bind at least as ``precedence``."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error(f"nested more than {_DEEPEST} deep; name the parts", self.peek)
        left = self.prefix()
        while _PRECEDENCE.get(self.peek.text, -1) >= precedence:
            left = self.operation(self.take(), left)
        self.depth -= 1
        return left

    def operation(self, token: Token, left: Node) -> Node:
        text = token.text
        if text == "**":
            return self.power(token, left)
        right = self.expression(_PRECEDENCE[text] + 1)
        return self.made(token, lambda: _ARITHMETIC[text](left, right))

    def power(self, token: Token, base: Node) -> Node:
        start = self.peek
        exponent = self.expression(_UNARY)
        if exponent.op != "const":
            message = "an exponent is a constant integer; write a**x as exp(x*log(a))"
            raise self.error(message, start)
        if exponent.value.denominator != 1:
            message = "an exponent is an integer; write sqrt(x) for x**0.5"
            raise self.error(message, start)
        n = exponent.value.numerator
        if n == 0:
            raise self.error("the exponent 0 is not in the language; write 1", start)
        if abs(n) > _LARGEST_POWER:
            message = f"an exponent is between -{_LARGEST_POWER} and {_LARGEST_POWER}"
            raise self.error(message, start)
        return self.made(token, lambda: base**n)

    def prefix(self) -> Node:
        token = self.take()
        if token.text == "-":
            operand = self.expression(_UNARY)
            return self.made(token, lambda: -operand)
        if token.text == "+":
            return self.expression(_UNARY)
        return self.scalar(self.atom(token), token)

    def atom(self, token: Token) -> Node:
        if token.kind == "number":
            try:
                value = exact_decimal(token.text)
            except ValueError as error:
                raise self.error(str(error), token) from None
            return const(value)
        if token.text == "(":
            inner = self.expression()
            self.expect(")", token)
            return inner
        if token.kind == "end" and len(self.tokens) == 1:
            raise self.error("the expression is empty", token)
        if token.kind != "name" or token.text in ("and", "or", "not"):
            raise self.error(f"expected a number, a name or '(', found {token.shown}", token)
        if self.peek.text == "(":
            return self.call(token)
        return self.scope.name(self.source, token)

    def scalar(self, node: Node, token: Token) -> Node:
        """``node`` with the indices that follow it; a vector of one is its component."""
        while self.peek.text == "[":
            opened = self.take()
            number = self.take()
            if not (number.kind == "number" and number.text.isdigit()):
                raise self.error("an index is an integer, counted from 0", number)
            if node.size == 0:
                raise self.error(f"{token.text[:40]!r} is a number, without components", opened)
            if len(number.text) > 9 or int(number.text) >= node.size:
                raise self.error(f"an index here is between 0 and {node.size - 1}", number)
            self.expect("]", opened)
            node = index(node, int(number.text))
        if node.size > 1:
            example = f"{token.text[:40]}(...)[0]"
            raise self.error(f"a vector of {node.size}; write one component: {example}", token)
        return index(node, 0) if node.size else node

    def call(self, name: Token) -> Node:
        opened = self.take()
        arguments: list[Node] = []
        if self.peek.text != ")":
            arguments.append(self.expression())
            while self.peek.text == ",":
                self.take()
                arguments.append(self.expression())
        self.expect(")", opened)
        return self.made(name, self.scope.application(self.source, name, arguments))

    def made(self, token: Token, make: Callable[[], Node]) -> Node:
        """What ``make`` builds, with a caret at ``token`` if the language does not have it."""
        try:
            node = make()
        except (LanguageError, InputError) as error:
            raise self.error(str(error)[:300], token) from error
        if node.op == "const":
            bits = node.value.numerator.bit_length() + node.value.denominator.bit_length()
            if bits > _LARGEST_CONSTANT_BITS:
                raise self.error(f"a constant of more than {_LARGEST_CONSTANT_BITS} bits", token)
        return node


def _connective(text: str) -> str:
    if text == "and":
        return "'and' joins conditions; write 'a <= b and c <= d' without parentheses"
    return f"{text!r} is not in the language; a set is an intersection, written with 'and'"
