"""Numbers that binary64 cannot hold with room to compute are refused, not searched with."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from certify.errors import InputError
from certify.expression.printer import number_to_text
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.language import topological

__all__ = ["check_magnitudes"]

_DIGITS = 100
_LARGEST = 10**_DIGITS


def check_magnitudes(claim: Claim) -> None:
    """Raise ``InputError`` for a number of ``claim`` above 1e100, or a domain below 1e-100.

    Exact arithmetic could hold them, but bounds and attacks are in binary64.
    """
    for where, value in _numbers(claim):
        if abs(value) > _LARGEST:
            found = number_to_text(value)
            shown = found if len(found) < 40 else f"{found[:40]}..."
            message = f"a number in {where} is too large ({shown})"
            raise InputError(f"{claim.name}: {message}; rescale to stay below 1e{_DIGITS}")
    for name, (low, high) in claim.box.items():
        if 0 < high - low < Fraction(1, _LARGEST):
            message = f"the interval of {name!r} is too narrow"
            raise InputError(f"{claim.name}: {message}; rescale to stay above 1e-{_DIGITS}")


def _numbers(claim: Claim) -> Iterator[tuple[str, Fraction]]:
    for name, value in claim.numbers.items():
        yield f"the {name}", value
    for name, bounds in claim.box.items():
        for value in bounds:
            yield f"the bounds of {name!r}", value
    for what, roots in (
        ("the dynamics", claim.plant),
        ("the controller", claim.controller),
        ("the functions of the property", claim.functions),
    ):
        for node in topological(roots.values()):
            if node.op == "const":
                yield what, node.value
