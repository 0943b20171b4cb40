"""What an operation has besides its arguments: numbers, names, matrices, and their JSON."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, TypeAlias

from .exact import number_text

__all__ = ["Affine", "Data", "Divided", "data_json"]


@dataclass(frozen=True)
class Affine:
    """The exact matrix ``weight`` (rows) and vector ``bias`` of ``W v + b``."""

    weight: tuple[tuple[Fraction, ...], ...]
    bias: tuple[Fraction, ...]

    def __hash__(self) -> int:
        """That of the entries, made once: the same matrix is in many expressions."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.weight, self.bias))

    @cached_property
    def linear(self) -> Affine:
        """The same matrix without the bias."""
        return Affine(self.weight, (Fraction(0),) * len(self.bias))

    @cached_property
    def json(self) -> list[object]:
        """The entries as canonical JSON."""
        rows = [[number_text(w) for w in row] for row in self.weight]
        return [rows, [number_text(b) for b in self.bias]]


class Divided(NamedTuple):
    """The unary operator whose difference is meant, with its exponent for pow."""

    op: str
    power: int


Data: TypeAlias = Fraction | str | int | Affine | Divided | None


def data_json(data: Data) -> object:
    """The attribute of a node as canonical JSON."""
    if isinstance(data, Fraction):
        return number_text(data)
    if isinstance(data, Affine):
        return data.json
    return list(data) if isinstance(data, tuple) else data
