"""Expressions as readable text, for reports and messages; never for the checker."""

from __future__ import annotations

from collections import Counter
from decimal import Context, Decimal
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from certify.proofs.checker.language import Affine, Node, topological, variables

__all__ = ["number_to_text", "to_text"]

_CUT = " ..."
_LONGEST_DECIMAL = 17
_LONGEST_RATIO = 40
_PRINTED_BITS = 1000
_EXACT = Context(prec=_LONGEST_DECIMAL, traps=[])
_NEAREST = Context(prec=7, Emax=10**6, Emin=-(10**6), traps=[])
_WORTH_A_NAME = 24
_MOST_COMPONENTS = 6
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = 1, 2, 3, 4, 5


class _Text(NamedTuple):
    text: str
    precedence: int

    def within(self, precedence: int) -> str:
        return self.text if self.precedence >= precedence else f"({self.text})"


def to_text(node: Node, limit: int = 400) -> str:
    """``node`` in infix notation, at most about ``limit`` characters.

    Exact short decimals are decimals, other rationals ``p/q``; affine layers are abbreviated
    to ``affine[8x2](...)``.  Subexpressions that are used again and are long are named, as in
    ``t1*(1 - t1) where t1 = ...``, so the work is linear in the size of the graph.
    """
    order = topological([node])
    uses = Counter(a for n in order for a in n.args)
    text: dict[Node, _Text] = {}
    taken = set(variables([node]))
    fresh = (name for k in count(1) if (name := f"t{k}") not in taken)
    names: dict[str, str] = {}
    for part in order:
        rendered = _cut(_render(part, text), limit)
        if uses[part] > 1 and part is not node and len(rendered.text) > _WORTH_A_NAME:
            name = next(fresh)
            names[name] = rendered.text
            rendered = _Text(name, _ATOM)
        text[part] = rendered
    return _with_definitions(text[node].text, names, limit)


def number_to_text(value: Fraction) -> str:
    """A short exact decimal where there is one, else ``p/q``, else a marked approximation."""
    if value.denominator == 1 and abs(value.numerator) < 10**_LONGEST_DECIMAL:
        return str(value.numerator)
    numerator, denominator = Decimal(value.numerator), Decimal(value.denominator)
    if value.numerator.bit_length() + value.denominator.bit_length() < _PRINTED_BITS:
        shown = _plain(_EXACT.divide(numerator, denominator).normalize(_EXACT))
        if len(shown) <= _LONGEST_DECIMAL and Fraction(shown) == value:
            return shown
        ratio = f"{value.numerator}/{value.denominator}"
        if len(ratio) <= _LONGEST_RATIO:
            return ratio
    return f"~{_NEAREST.divide(numerator, denominator)}"


def _plain(value: Decimal) -> str:
    digits, exponent = f"{value:f}", f"{value:e}".replace("e+", "e")
    return digits if len(digits) <= len(exponent) + 4 else exponent


def _cut(rendered: _Text, limit: int) -> _Text:
    if len(rendered.text) <= limit:
        return rendered
    kept = rendered.text[: limit - len(_CUT)].removesuffix(_CUT).rstrip()
    return _Text(kept + _CUT, rendered.precedence)


def _with_definitions(text: str, names: dict[str, str], limit: int) -> str:
    """``text`` and the definitions that it needs, most recent first, while there is room."""
    parts: list[str] = []
    room = limit - len(text)
    for name in reversed(names):
        definition = f"{name} = {names[name]}"
        room -= len(definition) + 2
        if room < 0:
            parts.append("...")
            break
        parts.append(definition)
    return f"{text} where {', '.join(parts)}" if parts else text


def _render(node: Node, text: dict[Node, _Text]) -> _Text:
    args = [text[a] for a in node.args]
    if node.op == "const":
        return _number(node.value)
    if node.op == "var":
        return _Text(str(node.data), _ATOM)
    if node.op in ("add", "sub"):
        return _sum(node, args)
    if node.op == "mul":
        return _product(node, text)
    if node.op == "neg":
        return _negation(node, text)
    if node.op == "recip":
        return _Text(f"1/{args[0].within(_POWER)}", _PRODUCT)
    if node.op == "pow":
        return _Text(f"{args[0].within(_ATOM)}**{node.data}", _POWER)
    if node.op == "index":
        return _Text(f"{args[0].within(_ATOM)}[{node.data}]", _ATOM)
    if node.op == "stack":
        return _Text(_stack([a.text for a in args]), _ATOM)
    listed = ", ".join(a.text for a in args)
    if node.op == "affine" and node.args[0].op == "stack" and listed[0] + listed[-1] == "[]":
        listed = listed[1:-1]
    return _Text(f"{_head(node)}({listed})", _ATOM)


def _number(value: Fraction) -> _Text:
    shown = number_to_text(value)
    if "/" in shown:
        return _Text(shown, _PRODUCT if value > 0 else _SUM)
    return _Text(shown, _ATOM if value >= 0 else _SIGN)


def _sum(node: Node, args: list[_Text]) -> _Text:
    sign, right = "+" if node.op == "add" else "-", args[1]
    if node.args[1].op == "const" and node.args[1].value < 0:
        sign, right = "-" if sign == "+" else "+", _number(-node.args[1].value)
    shown = right.within(_PRODUCT)
    shown = f"({shown})" if shown.startswith("-") else shown
    return _Text(f"{args[0].text} {sign} {shown}", _SUM)


def _product(node: Node, text: dict[Node, _Text]) -> _Text:
    left, right = node.args
    if right.op == "recip" and text[right].precedence == _PRODUCT:
        return _Text(
            f"{text[left].within(_PRODUCT)}/{text[right.args[0]].within(_POWER)}", _PRODUCT
        )
    return _Text(f"{text[left].within(_PRODUCT)}*{text[right].within(_POWER)}", _PRODUCT)


def _negation(node: Node, text: dict[Node, _Text]) -> _Text:
    """``-a``, or ``min(a, b)`` for the ``-max(-a, -b)`` that it is in the language."""
    inner = node.args[0]
    if inner.op == "max" and any(a.op in ("neg", "const") for a in inner.args):
        parts = ", ".join(_negative(a, text).text for a in inner.args)
        return _Text(f"min({parts})", _ATOM)
    return _negative(inner, text)


def _negative(node: Node, text: dict[Node, _Text]) -> _Text:
    if node.op == "neg":
        return text[node.args[0]]
    if node.op == "const":
        return _number(-node.value)
    return _Text(f"-{text[node].within(_SIGN)}", _SIGN)


def _stack(parts: list[str]) -> str:
    if len(parts) > _MOST_COMPONENTS:
        parts = [*parts[: _MOST_COMPONENTS - 1], f"... {len(parts)} in all"]
    return f"[{', '.join(parts)}]"


def _head(node: Node) -> str:
    if isinstance(node.data, Affine):
        return f"affine[{len(node.data.weight)}x{len(node.data.weight[0])}]"
    if isinstance(node.data, tuple):
        name, power = node.data
        return f"{node.op}[{name}{power or ''}]"
    return node.op
