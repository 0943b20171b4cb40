"""Exact numbers as text: one canonical spelling for every rational.

Integers below 10**15 are decimal, other binary64 numbers are C99 hex floats, every other
rational is ``p/q`` in lowest terms.  Reading accepts nothing but the canonical spelling, so
a certificate has one set of bytes.
"""

import re
from fractions import Fraction
from functools import lru_cache

from .errors import FormatError

__all__ = ["number_text", "parse_number"]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})\Z")
_HEX = re.compile(r"-?0x[01]\.?[0-9a-f]{0,13}p[+-][0-9]{1,4}\Z")
_RATIO = re.compile(r"-?[0-9a-f]{1,20000}/[0-9a-f]{1,20000}\Z")


@lru_cache(maxsize=1 << 14)  # digests of expressions spell the same weights again and again
def number_text(value: Fraction) -> str:
    """The canonical spelling of ``value``."""
    if value.denominator == 1 and abs(value.numerator) < 10**15:
        return str(value.numerator)
    if value.denominator & (value.denominator - 1) == 0:
        try:
            nearest = float(value)
        except OverflowError:
            nearest = 0.0
        if nearest == value:
            return nearest.hex()
    sign = "-" if value < 0 else ""
    return f"{sign}{abs(value.numerator):x}/{value.denominator:x}"


def parse_number(text: object) -> Fraction:
    """The rational with the canonical spelling ``text``; anything else is a FormatError."""
    if not isinstance(text, str):
        raise FormatError(f"a number is a string, not {type(text).__name__}")
    value: Fraction | None = None
    if _INTEGER.match(text):
        value = Fraction(int(text))
    elif _HEX.match(text):
        value = Fraction(float.fromhex(text)) if _is_finite_hex(text) else None
    elif _RATIO.match(text):
        numerator, denominator = text.split("/")
        if int(denominator, 16):
            value = Fraction(int(numerator, 16), int(denominator, 16))
    if value is None or number_text(value) != text:
        raise FormatError(f"{text[:60]!r} is not a canonical number")
    return value


def _is_finite_hex(text: str) -> bool:
    try:
        float.fromhex(text)
    except OverflowError:
        return False
    return True
