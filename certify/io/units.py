"""Units of measurement, and whether an expression respects them.

A unit is a product of powers of the SI base units (BIPM, "The International System of
Units", 9th edition, 2019) and of the radian, which is dimensionless and kept for messages
only.  Units are coherent, so they carry no factors: ``deg`` and ``km`` are refused.

What has no known unit (a number, a name without a unit, the output of a network) goes with
everything.  So a mismatch is reported only where units that were declared disagree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from certify.errors import ProblemError
from certify.expression.printer import to_text
from certify.proofs.checker.language import Node, topological

__all__ = ["Unit", "parse_unit", "unit_of"]

_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z]+)|(?P<number>-?[0-9]+)|(?P<mark>\*\*|[*/^().]))")
_BASE = ("m", "kg", "s", "A", "K", "mol", "cd", "rad")
_DERIVED: Mapping[str, str] = {
    "Hz": "s**-1",
    "N": "kg*m/s**2",
    "Pa": "kg/m/s**2",
    "J": "kg*m**2/s**2",
    "W": "kg*m**2/s**3",
    "C": "A*s",
    "V": "kg*m**2/s**3/A",
    "F": "A**2*s**4/kg/m**2",
    "Ohm": "kg*m**2/s**3/A**2",
    "T": "kg/s**2/A",
    "Wb": "kg*m**2/s**2/A",
    "H": "kg*m**2/s**2/A**2",
}
_ADVICE: Mapping[str, str] = {
    "deg": "write rad",
    "degree": "write rad",
    "degrees": "write rad",
    "rpm": "write rad/s",
    "g": "write kg",
    "km": "write m",
    "cm": "write m",
    "mm": "write m",
    "ms": "write s",
    "min": "write s",
    "h": "write s",
    "kN": "write N",
    "kW": "write W",
    "degC": "write K",
    "ohm": "write Ohm",
}
_MOST_FACTORS = 32
_ANGLE = frozenset({"sin", "cos", "tanh", "exp", "atan", "log"})
_SAME = frozenset({"neg", "relu", "abs"})


@dataclass(frozen=True)
class Unit:
    """``product of base**exponent``; equal dimensions compare equal whatever the radians."""

    exponents: tuple[tuple[str, Fraction], ...] = ()

    def times(self, other: Unit, power: Fraction = Fraction(1)) -> Unit:
        """``self * other**power``."""
        total = dict(self.exponents)
        for base, exponent in other.exponents:
            total[base] = total.get(base, Fraction(0)) + exponent * power
        return Unit(tuple((b, total[b]) for b in _BASE if total.get(b)))

    def agrees(self, other: Unit) -> bool:
        """Whether a sum of the two has a meaning."""
        return self._dimension() == other._dimension()

    def _dimension(self) -> tuple[tuple[str, Fraction], ...]:
        return tuple(e for e in self.exponents if e[0] != "rad")

    @property
    def dimensionless(self) -> bool:
        """Whether this is a pure number (or an angle)."""
        return not self._dimension()

    def __str__(self) -> str:
        parts = [b if e == 1 else f"{b}**{e}" for b, e in self.exponents if e > 0]
        below = [b if e == -1 else f"{b}**{-e}" for b, e in self.exponents if e < 0]
        return "/".join(["*".join(parts) or "1", *below])


def parse_unit(text: str) -> Unit:
    """The unit that ``text`` (``"m/s**2"``, ``"N*m"``, ``"1"``) denotes; else a ProblemError."""
    tokens = _tokens(text)
    unit, sign = Unit(), 1
    position = 0
    while position < len(tokens):
        factor = _named(tokens[position], text)
        position += 1
        power = 1
        if tokens[position : position + 1] in (["**"], ["^"]):
            power = _power(tokens[position + 1 : position + 2], text)
            position += 2
        unit = unit.times(factor, Fraction(sign * power))
        if position == len(tokens):
            return unit
        if tokens[position] not in ("*", "/", "."):
            break
        sign = -1 if tokens[position] == "/" else 1
        position += 1
    raise ProblemError(f'{text[:60]!r} is not a unit; write products such as "N*m" or "m/s**2"')


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    stripped, position = text.strip(), 0
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or len(tokens) > 4 * _MOST_FACTORS:
            raise ProblemError(f'{text[:60]!r} is not a unit; write "m/s**2", "N*m", "rad" or "1"')
        tokens.append(match[match.lastgroup or 0])
        position = match.end()
    return tokens


def _power(tokens: list[str], text: str) -> int:
    if not tokens or not re.fullmatch(r"-?[0-9]{1,2}", tokens[0]):
        raise ProblemError(f'{text[:60]!r}: a power in a unit is a small integer; write "s**2"')
    return int(tokens[0])


def _named(name: str, text: str) -> Unit:
    if name == "1":
        return Unit()
    if name in _BASE:
        return Unit(((name, Fraction(1)),))
    if name in _DERIVED:
        return parse_unit(_DERIVED[name])
    known = ", ".join([*_BASE, *_DERIVED])
    advice = _ADVICE.get(name, f"write products and powers of {known}")
    raise ProblemError(f"{name[:40]!r} in {text[:60]!r} is not a unit here; {advice}")


def unit_of(root: Node, units: Mapping[str, Unit]) -> Unit | None:
    """The unit of ``root`` where ``units`` are those of its variables; ``None`` is unknown.

    Raises ``ProblemError`` where declared units disagree: a sum, difference or maximum of
    different dimensions, or a transcendental function of anything but a pure number.
    """
    found: dict[Node, Unit | None] = {}
    for node in topological([root]):
        found[node] = _unit(node, found, units)
    return found[root]


def _unit(node: Node, found: Mapping[Node, Unit | None], units: Mapping[str, Unit]) -> Unit | None:
    if node.op == "var":
        return units.get(str(node.data))
    known = [found[a] for a in node.args]
    if node.size or not known or any(a.size for a in node.args):
        return None
    first = known[0]
    if node.op in ("add", "sub", "max"):
        return _sum(node, first, known[1])
    if node.op in _ANGLE:
        return _angle(node, first)
    if first is None:
        return None
    if node.op == "mul":
        return None if known[1] is None else first.times(known[1])
    if node.op in ("recip", "sqrt"):
        return Unit().times(first, Fraction(-1) if node.op == "recip" else Fraction(1, 2))
    if node.op == "pow" and isinstance(node.data, int):
        return Unit().times(first, Fraction(node.data))
    return first if node.op in _SAME else None


def _sum(node: Node, first: Unit | None, second: Unit | None) -> Unit | None:
    if first is None or second is None:
        return first or second
    if not first.agrees(second):
        left, right = (to_text(a, 40) for a in node.args)
        verb = {"add": "adds", "sub": "subtracts"}.get(node.op, "compares")
        raise ProblemError(f"{verb} {left} in {first} and {right} in {second}")
    return first


def _angle(node: Node, argument: Unit | None) -> Unit | None:
    if argument is not None and not argument.dimensionless:
        shown = to_text(node.args[0], 40)
        raise ProblemError(f"{node.op} of {shown} in {argument}, which is not a pure number")
    return Unit()
