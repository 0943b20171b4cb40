"""Affine forms in torch: bounds over boxes, and their gradients.

A quantity over a box is ``centre + sum_k parts_k e_k`` with every ``e_k`` in [-1, 1]: the first are
the coordinates of the box, the others errors of linearised operations, which quantities share so
that equal errors cancel, as in the models of degree 1 of the engine.  Plain float64, without
outward rounding: what is minimised here is proved elsewhere.  References: de Figueiredo and Stolfi,
Affine arithmetic: concepts and applications, 2004; Singh et al., Fast and effective robustness
certification, NeurIPS 2018 (relu and tanh).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import pad

__all__ = ["AffineForm", "Space", "increment", "maximum", "square_change", "stacked"]


class Space:
    """How many symbols there are, and on which boxes everything is defined: ``valid`` (N,)."""

    def __init__(self, count: int, boxes: int) -> None:
        self.count = count
        self.valid = torch.ones(boxes, dtype=torch.bool)


@dataclass(frozen=True, eq=False)
class AffineForm:
    """``centre`` (N,) or (N, k), and ``parts`` with one axis more, of the symbols so far."""

    centre: torch.Tensor
    parts: torch.Tensor
    space: Space

    @classmethod
    def over(cls, low: torch.Tensor, high: torch.Tensor) -> AffineForm:
        """The points of boxes with corners (N, k)."""
        parts = torch.diag_embed((high - low) / 2)
        return cls((low + high) / 2, parts, Space(low.shape[1], len(low)))

    def constant(self, value: torch.Tensor) -> AffineForm:
        """The number, or vector, ``value`` over the same boxes."""
        centre = value.expand(len(self.centre), *value.shape)
        return AffineForm(centre, torch.zeros(*centre.shape, 0, dtype=centre.dtype), self.space)

    def bounds(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The least and the largest value on each box."""
        reach = self.parts.abs().sum(-1)
        return self.centre - reach, self.centre + reach

    def __add__(self, other: AffineForm) -> AffineForm:
        mine, yours = _aligned([self.parts, other.parts])
        return AffineForm(self.centre + other.centre, mine + yours, self.space)

    def __neg__(self) -> AffineForm:
        return AffineForm(-self.centre, -self.parts, self.space)

    def __sub__(self, other: AffineForm) -> AffineForm:
        return self + (-other)

    def __mul__(self, other: AffineForm) -> AffineForm:
        if other is self:
            return self.square()
        mine, yours = _aligned([self.parts, other.parts])
        parts = self.centre[..., None] * yours + other.centre[..., None] * mine
        error = mine.abs().sum(-1) * yours.abs().sum(-1)
        return AffineForm(self.centre * other.centre, parts, self.space).widened(error)

    def plus(self, value: torch.Tensor | float) -> AffineForm:
        """Moved by a constant."""
        return AffineForm(self.centre + value, self.parts, self.space)

    def times(self, value: torch.Tensor | float) -> AffineForm:
        """Multiplied by a constant, or vectors by one of each component."""
        factor = value[..., None] if isinstance(value, torch.Tensor) and value.ndim else value
        return AffineForm(self.centre * value, self.parts * factor, self.space)

    def linear(self, weight: torch.Tensor) -> AffineForm:
        """The vector multiplied by the matrix ``weight`` (k, n)."""
        parts = torch.einsum("kn,bns->bks", weight, self.parts)
        return AffineForm(self.centre @ weight.T, parts, self.space)

    def sum(self) -> AffineForm:
        """The sum of the components."""
        return AffineForm(self.centre.sum(-1), self.parts.sum(-2), self.space)

    def index(self, i: int) -> AffineForm:
        """The component ``i``."""
        return AffineForm(self.centre[..., i], self.parts[..., i, :], self.space)

    def widened(self, error: torch.Tensor) -> AffineForm:
        """With a new symbol for each component, as large as ``error`` (N,) or (N, k)."""
        flat = error.reshape(len(error), error[0].numel() if len(error) else 1)
        new = torch.diag_embed(flat).reshape(*error.shape, flat.shape[1])
        old = pad(self.parts, (0, self.space.count - self.parts.shape[-1]))
        self.space.count += flat.shape[1]
        return AffineForm(self.centre, torch.cat([old, new], dim=-1), self.space)

    def linearised(
        self, slope: torch.Tensor, offset: torch.Tensor, error: torch.Tensor
    ) -> AffineForm:
        """``slope x + offset``, give or take ``error``."""
        parts = slope[..., None] * self.parts
        return AffineForm(slope * self.centre + offset, parts, self.space).widened(error)

    def square(self) -> AffineForm:
        """``x**2``: the square of the deviation is between 0 and that of the radius."""
        half = self.parts.abs().sum(-1) ** 2 / 2
        return self.linearised(2 * self.centre, half - self.centre**2, half)

    def power(self, n: int) -> AffineForm:
        """``x**n`` for an integer ``n >= 1``."""
        if n == 1:
            return self
        half = self.power(n // 2).square()
        return half if n % 2 == 0 else half * self

    def relu(self) -> AffineForm:
        """Between ``slope x`` and ``slope (x - low)``, with the slope of the chord."""
        low, high = self.bounds()
        crossing = (low < 0) & (high > 0)
        width = torch.where(crossing, high - low, 1.0)
        slope = torch.where(crossing, high / width, (low >= 0).to(low.dtype))
        error = torch.where(crossing, -slope * low / 2, 0.0)
        return self.linearised(slope, error, error)

    def absolute(self) -> AffineForm:
        """``2 relu(x) - x``."""
        return self.relu().times(2.0) - self

    def tanh(self) -> AffineForm:
        """Between two lines with the least slope in the box, at its ends."""
        low, high = self.bounds()
        a, b = torch.tanh(low), torch.tanh(high)
        slope = torch.minimum(1 - a**2, 1 - b**2)
        offset = (a + b - slope * (low + high)) / 2
        return self.linearised(slope, offset, ((b - a - slope * (high - low)) / 2).clamp_min(0))

    def sine(self, ahead: float = 0.0) -> AffineForm:
        """``sin(x + ahead)``: its tangent with the range of the curvature, or its range alone."""
        moved = self.plus(ahead)
        low, high = moved.bounds()
        least, largest = _sine_range(low, high)
        half = (high - low) / 2
        middle = torch.sin(moved.centre)
        # the second derivative is -sin, so that the remainder is -sin(z) d**2 / 2
        below, above = (-largest).clamp_max(0) * half**2 / 2, (-least).clamp_min(0) * half**2 / 2
        bent = (above - below) / 2
        flat = (largest - least) / 2
        straight = bent <= flat
        slope = torch.where(straight, torch.cos(moved.centre), 0.0)
        at = torch.where(straight, middle + (above + below) / 2, (largest + least) / 2)
        return moved.linearised(slope, at - slope * moved.centre, torch.where(straight, bent, flat))

    def reciprocal(self) -> AffineForm:
        """``1/x``, between its chord and the tangent of the same slope; not valid around 0."""
        low, high = self.bounds()
        fine = (low > 0) | (high < 0)
        self.space.valid &= fine if fine.ndim == 1 else fine.all(-1)
        sign = torch.where(low > 0, 1.0, -1.0)
        near = torch.where(fine, torch.minimum(low.abs(), high.abs()), 1.0)
        far = torch.where(fine, torch.maximum(low.abs(), high.abs()), 1.0)
        slope, most, least = -1 / (near * far), 1 / near + 1 / far, 2 / (near * far).sqrt()
        return self.linearised(slope, sign * (most + least) / 2, ((most - least) / 2).clamp_min(0))


def maximum(a: AffineForm, b: AffineForm) -> AffineForm:
    """``max(a, b) = b + relu(a - b)``."""
    return b + (a - b).relu()


def stacked(forms: Sequence[AffineForm]) -> AffineForm:
    """Scalars as a vector."""
    parts = torch.stack(_aligned([f.parts for f in forms]), dim=-2)
    return AffineForm(torch.stack([f.centre for f in forms], dim=-1), parts, forms[0].space)


def increment(name: str, s: AffineForm, d: AffineForm, flows: bool) -> AffineForm:
    """``g(s + d) - g(s)``, or ``g'(s) d`` of what ``flows``: a slope of ``g`` times ``d``.

    ``g`` is ``relu``, ``abs`` or ``tanh``.
    """
    low, high = s.bounds()
    if not flows:
        other_low, other_high = (s + d).bounds()
        low, high = torch.minimum(low, other_low), torch.maximum(high, other_high)
    least, largest = _SLOPES[name](low, high)
    below, above = d.bounds()
    error = (largest - least) / 2 * torch.maximum(above, -below)
    return d.linearised((least + largest) / 2, torch.zeros_like(error), error)


def square_change(s: AffineForm, d: AffineForm, flows: bool) -> AffineForm:
    """``(s + d)**2 - s**2``, or ``2 s d`` of what ``flows``."""
    return d * s.times(2.0) if flows else d * (s.times(2.0) + d)


def _aligned(parts: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The ``parts`` with as many symbols each."""
    most = max(p.shape[-1] for p in parts)
    return [pad(p, (0, most - p.shape[-1])) for p in parts]


def _sine_range(low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The least and the largest sine between ``low`` and ``high``."""
    a, b = torch.sin(low), torch.sin(high)
    turn = 2 * torch.pi

    def within(angle: float) -> torch.Tensor:
        return torch.floor((high - angle) / turn) >= torch.ceil((low - angle) / turn)

    least = torch.where(within(-torch.pi / 2), -1.0, torch.minimum(a, b))
    return least, torch.where(within(torch.pi / 2), 1.0, torch.maximum(a, b))


_Range = tuple[torch.Tensor, torch.Tensor]


def _tanh_slopes(low: torch.Tensor, high: torch.Tensor) -> _Range:
    a, b = 1 - torch.tanh(low) ** 2, 1 - torch.tanh(high) ** 2
    top = torch.where((low < 0) & (high > 0), 1.0, torch.maximum(a, b))
    return torch.minimum(a, b), top


def _relu_slopes(low: torch.Tensor, high: torch.Tensor) -> _Range:
    return (low >= 0).to(low.dtype), (high > 0).to(low.dtype)


def _abs_slopes(low: torch.Tensor, high: torch.Tensor) -> _Range:
    least, largest = _relu_slopes(low, high)
    return 2 * least - 1, 2 * largest - 1


_SLOPES: Mapping[str, Callable[[torch.Tensor, torch.Tensor], _Range]] = {
    "tanh": _tanh_slopes,
    "relu": _relu_slopes,
    "abs": _abs_slopes,
}
