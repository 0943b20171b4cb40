"""Which values of an open number to try: the largest that is proved, from known ends inward.

A claim is the harder the larger the number is: what is proved for a value is true for every
smaller one.  So the values proved lie below those that fail, and the next one to try lies
between them.  A value fails if it is refuted or if it would cost much more than the first that
was proved: near the true end, where a condition holds with equality, there are boxes without
end, and the last thousandth of a level can cost more than all the rest of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from fractions import Fraction

__all__ = ["Bracket", "rounded_down"]

_FIRST = Fraction(7, 8)  # of the way to a value that is known to fail
_NEAR = Fraction(1, 1000)  # of the value: ends so close are one
_NEAR_IF_DEAR = Fraction(1, 50)  # where each proof costs more than many attempts elsewhere
_FAILURES = 5  # after a proof: each halves what is left to gain
_ATTEMPTS = 40  # without a proof
_BOXES = 200_000  # that the first attempt may cost
_LITTLE = 50_000  # that one may always cost: a box costs the kernel more than the search
_DEARER = 4  # than the first proof may an attempt be
_PATIENCE = 8  # times the first proof may be spent in vain, where that is much
_DIGITS = 6


@dataclass(frozen=True)
class Bracket:
    """``proved <= sought < failed``; None while there is none.

    ``top`` bounds what is worth trying from above and is itself worth it if ``reachable``;
    values must be above ``least``.  ``cost`` is what the first proof took, in boxes;
    ``failures`` are counted from there on, and before it from the start; ``in_vain`` is what
    they took since, in boxes.  ``short`` is how many boxes the last failure could have, if those
    were too few, else 0.
    """

    top: Fraction
    reachable: bool
    least: Fraction = Fraction(0)
    proved: Fraction | None = None
    failed: Fraction | None = None
    cost: int = 0
    failures: int = 0
    in_vain: int = 0
    short: int = 0

    def next(self) -> Fraction | None:
        """The value to try next, or None at the end."""
        if self.proved is None:
            return self._first()
        high = self.top if self.failed is None else self.failed
        near = _NEAR if self.cost <= _FAILURES * _LITTLE else _NEAR_IF_DEAR
        if self._is_tired() or high - self.proved <= near * high:
            return None
        share = _FIRST if self.failed is None else Fraction(1, 2)
        value = rounded_down(self.proved + share * (high - self.proved))
        return value if self.proved < value else None

    def _first(self) -> Fraction | None:
        if self.failures >= _ATTEMPTS:
            return None
        if self.failed is None and self.reachable:
            return self.top
        # while nothing is proved, ends come down fast
        value = _FIRST * self.top if self.failed is None else self.failed / 2
        value = rounded_down(value)
        return value if value > self.least else None

    def _is_tired(self) -> bool:
        """Whether enough was tried in vain since the first proof."""
        most = max(_FAILURES * _LITTLE, _PATIENCE * self.cost)
        return self.failures >= _FAILURES or self.in_vain >= most

    def boxes(self) -> int:
        """How many boxes the next attempt may cost."""
        if self.proved is None:
            return _BOXES << min(self.failures, _FAILURES)
        return max(_LITTLE, _DEARER * self.cost)

    def with_proof(self, value: Fraction, boxes: int) -> Bracket:
        """After a proof of ``value`` that took ``boxes``."""
        if self.proved is not None:
            return replace(self, proved=value)
        first = replace(self, proved=value, cost=boxes, failures=0, short=0)
        if 0 < self.short < first.boxes():  # what failed before was not given enough
            return replace(first, failed=None if self.reachable else self.top)
        return first

    def with_failure(self, value: Fraction, boxes: int, *, ended: bool = False) -> Bracket:
        """After an attempt at ``value`` in vain that took ``boxes``, and ``ended`` by itself."""
        spent = 0 if self.proved is None else self.in_vain + boxes
        short = 0 if ended else self.boxes()
        return replace(self, failed=value, failures=self.failures + 1, in_vain=spent, short=short)

    def to_json(self) -> dict[str, object]:
        """The fields as JSON data."""
        return {k: str(v) if isinstance(v, Fraction) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Bracket:
        """Read :meth:`to_json`'s data back."""
        fields = {k: Fraction(v) if isinstance(v, str) else v for k, v in data.items()}
        return cls(**fields)  # type: ignore[arg-type]  # as :meth:`to_json` wrote them


def rounded_down(value: Fraction) -> Fraction:
    """The positive ``value`` in six significant digits, not above it."""
    exponent = 0
    while value * Fraction(10) ** -exponent >= 10:
        exponent += 1
    while value * Fraction(10) ** -exponent < 1:
        exponent -= 1
    unit = Fraction(10) ** (exponent - _DIGITS + 1)
    return value // unit * unit
