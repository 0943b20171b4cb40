"""Taylor models: polynomials of degree 1 and 2 with symbols, an error bound and a range.

On a box ``x_i = m_i + r_i z_i``, ``z_i`` in ``[-1, 1]``, a value is

    ``v = c + sum_i g_i z_i + sum_{i<=j} h_ij z_i z_j + eps``,  ``|eps| <= e``,

and lies in ``[low, high]``.  Behind the variables ``z_i`` stand the symbols: unknown functions
of them with values in ``[-1, 1]``, the same in all models of the box.  Ends that are NaN mean
"perhaps undefined".  Coefficients are binary64 and every rule adds what its rounding loses to
``e``.
Proofs: ``proofs/theory/L-MODEL.md``, section 2.  Reference: M. Berz, G. Hoffstaetter,
Computation and application of Taylor polynomials with interval remainder bounds, 1998.

Arrays have the shapes ``p`` (m, K, B) and ``e``, ``low``, ``high`` (m, B) for a vector of ``m``
components (1 for a scalar) on ``B`` boxes, with K coefficients in the order ``c g h``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .intervals import (
    TINY,
    Array,
    Interval,
    Mask,
    U,
    middle_and_radius,
)

__all__ = [
    "CONSTANT",
    "Layout",
    "Model",
    "combined",
    "constant",
    "embedded",
    "fall_of",
    "finished",
    "join",
    "lower_parabolas",
    "multiplied",
    "multiply",
    "places",
    "plain",
    "rounded_up",
    "variables",
]

Indices = NDArray[np.intp]


class Layout(NamedTuple):
    """Which coefficients there are: others are 0 on every box.

    ``variables`` is 0 or n; ``symbols`` are the numbers of those that may occur, ascending.
    """

    variables: int
    symbols: tuple[int, ...]
    quadratic: bool

    @property
    def terms(self) -> int:
        """The number m of variables and symbols."""
        return self.variables + len(self.symbols)

    @property
    def linear(self) -> slice:
        """Where ``g`` is."""
        return slice(1, 1 + self.terms)

    @property
    def squares(self) -> slice:
        """Where ``h`` is: (0, 0), (0, 1), ..., (0, m-1), (1, 1), ..."""
        start, m = 1 + self.terms, self.terms
        return slice(start, start + m * (m + 1) // 2 if self.quadratic else start)

    @property
    def size(self) -> int:
        """The number K of coefficients."""
        return int(self.squares.stop)

    def __or__(self, other: object) -> Layout:
        if not isinstance(other, Layout):
            return NotImplemented
        return _union(self, other)


CONSTANT = Layout(0, (), False)


@lru_cache(maxsize=1024)
def _union(a: Layout, b: Layout) -> Layout:
    symbols = tuple(sorted({*a.symbols, *b.symbols}))
    return Layout(max(a.variables, b.variables), symbols, a.quadratic or b.quadratic)


@lru_cache(maxsize=1024)
def places(part: Layout, whole: Layout) -> Indices | slice:
    """Where the coefficients of ``part`` are in ``whole``."""
    terms = [*range(part.variables)]
    terms += [whole.variables + whole.symbols.index(k) for k in part.symbols]
    rows = [0, *(1 + i for i in terms)]
    if part.quadratic:
        starts = (whole.squares.start + _starts(whole.terms)).tolist()
        rows += [starts[i] + j - i for k, i in enumerate(terms) for j in terms[k:]]
    if rows == list(range(len(rows))):
        return slice(0, len(rows))
    return np.array(rows, dtype=np.intp)


@lru_cache(maxsize=64)
def _starts(n: int) -> Indices:
    """The position of (i, i) among the squares, for each i."""
    return np.array([i * n - i * (i - 1) // 2 for i in range(n)], dtype=np.intp)


@lru_cache(maxsize=64)
def _spread(n: int) -> Array:
    """The matrix (n, n(n+1)/2) that gives each variable half of its mixed coefficients."""
    matrix = np.zeros((n, n * (n + 1) // 2))
    for i, start in enumerate(_starts(n).tolist()):
        for j in range(i + 1, n):
            matrix[i, start + j - i] = matrix[j, start + j - i] = 0.5
    return matrix


class Model(NamedTuple):
    """A vector of values on every box; in degree 0, without polynomial, ``p`` and ``e`` are empty.

    ``size`` (m, B) is an upper bound, up to rounding, of the sum of the sizes of all coefficients,
    and ``norm`` (2, m, B) holds bounds of ``sum |g|`` and ``sum |h|``, or the first alone.
    """

    layout: Layout
    p: Array
    e: Array
    size: Array
    norm: Array
    range: Interval

    def take(self, boxes: Indices) -> Model:
        """The same values on some of the boxes."""
        low, high = self.range.low.take(boxes, -1), self.range.high.take(boxes, -1)
        if not self.p.size:
            return self._replace(range=Interval(low, high))
        p, e, size, norm = (x.take(boxes, -1) for x in (self.p, self.e, self.size, self.norm))
        return Model(self.layout, p, e, size, norm, Interval(low, high))

    def component(self, i: int) -> Model:
        """One component, as a vector of 1."""
        row = slice(i, i + 1)
        reach = Interval(self.range.low[row], self.range.high[row])
        return Model(
            self.layout, self.p[row], self.e[row], self.size[row], self.norm[:, row], reach
        )

    def bends(self) -> Array:
        """The bound of ``sum |h|``."""
        return self.norm[1] if self.layout.quadratic else np.zeros((1, 1))


def rounded_up(e: Array, terms: int = 8) -> Array:
    """At least what ``e`` is without rounding, a sum of sizes in at most ``terms`` roundings.

    Products that may be too small for binary64 need a ``TINY`` added to them besides.
    """
    result: Array = e * (1 + (terms + 2) * U)
    return result


def plain(reach: Interval) -> Model:
    """A value of which no more than its range is known, in degree 0."""
    nothing = np.zeros((len(reach.low), 0))
    return Model(CONSTANT, nothing[:, :, None], nothing, nothing, nothing[None], reach.proper())


def constant(reach: Interval) -> Model:
    """The same in higher degrees: the centre of the range and its radius as the error."""
    reach = reach.proper()
    middle, radius = middle_and_radius(reach)
    norm = np.zeros((1, *middle.shape))
    return Model(CONSTANT, middle[:, None], radius, np.abs(middle), norm, reach)


def variables(reach: Interval) -> Model:
    """All variables as a vector; ``reach`` has the shape (n, B)."""
    middle, radius = middle_and_radius(reach)
    n = len(middle)
    p = np.zeros((n, 1 + n, middle.shape[-1]))
    p[:, 0] = middle
    p[range(n), range(1, 1 + n)] = radius
    size = np.abs(middle) + radius
    layout = Layout(n, (), False)
    return Model(layout, p, np.zeros_like(middle), size, radius[None], reach.proper())


def embedded(a: Model, layout: Layout) -> Array:
    """The coefficients of ``a`` with room for all those of ``layout``; not to be changed."""
    if a.layout == layout:
        return a.p
    p = np.zeros((len(a.p), layout.size, a.p.shape[-1]))
    p[:, places(a.layout, layout)] = a.p
    return p


def join(parts: Sequence[Model]) -> Model:
    """The components of all ``parts`` as one vector."""
    layout = parts[0].layout
    for part in parts[1:]:
        layout |= part.layout
    low = np.concatenate([a.range.low for a in parts])
    reach = Interval(low, np.concatenate([a.range.high for a in parts]))
    e = np.concatenate([a.e for a in parts])
    size = np.concatenate([a.size for a in parts])
    norm = np.zeros((1 + layout.quadratic, *e.shape))
    row = 0
    for a in parts:
        norm[: len(a.norm), row : row + len(a.e)] = a.norm
        row += len(a.e)
    p = np.concatenate([embedded(a, layout) for a in parts])
    return Model(layout, p, e, size, norm, reach)


def finished(
    layout: Layout,
    p: Array,
    e: Array,
    reach: Interval,
    rounding: Array | float = 0.0,
    nonlinear: bool = True,
    symbols: tuple[int, ...] = (),
    narrow: bool = True,
) -> Model:
    """The model with the coefficients ``p`` and the error ``e``, which this may change.

    Its range is ``reach``, or if that is to ``narrow`` its intersection with the range of the
    polynomial.  ``rounding`` times the size of the coefficients is added to ``e``.  A ``nonlinear``
    rule gives way to the centre of ``reach`` where its error is the larger one, as does every rule
    where it overflows.  The errors of all components become ``symbols``, if there are any.
    """
    if nonlinear:
        reach = reach.proper()
        _replace(~(e <= 0.5 * (reach.high - reach.low)), p, e, reach)
    sizes, size, norm = _sizes(layout, p)
    e = rounded_up(e + rounding * size)
    if not (size + e).max(initial=0.0) < np.inf:
        _replace(~(size + e < np.inf), p, e, reach)
        sizes, size, norm = _sizes(layout, p)
    if narrow:
        own = _polynomial_range(layout, p, e, sizes, norm)
        low, high = np.maximum(reach.low, own.low), np.minimum(reach.high, own.high)
        reach = Interval(low, high)
    if symbols:
        layout, p, size, norm = _named(layout, p, e, size, norm, symbols)
        e = np.zeros_like(e)
    return Model(layout, p, e, size, norm, reach.proper())


def _replace(where: Mask, p: Array, e: Array, reach: Interval) -> None:
    """The centre and radius of ``reach`` in place of the polynomials at ``where`` (m, B)."""
    if where.any():
        middle, radius = middle_and_radius(reach)
        np.copyto(p, 0.0, where=where[:, None])
        np.copyto(p[:, 0], middle, where=where)
        np.copyto(e, radius, where=where)


def _sizes(layout: Layout, p: Array) -> tuple[Array, Array, Array]:
    """``|p|``, an upper bound of its sum, and of the sums of its linear and quadratic parts."""
    sizes = np.abs(p)
    norm = np.empty((1 + layout.quadratic, len(p), p.shape[-1]))
    np.add.reduce(sizes[:, layout.linear], axis=1, out=norm[0])
    if layout.quadratic:
        np.add.reduce(sizes[:, layout.squares], axis=1, out=norm[1])
    norm *= 1 + (layout.size + 2) * U
    size = sizes[:, 0] + norm[0]
    if layout.quadratic:
        size += norm[1]
    return sizes, size, norm


def _polynomial_range(layout: Layout, p: Array, e: Array, sizes: Array, norm: Array) -> Interval:
    """Where the polynomial and its error can be; a mixed term is halved to both squares."""
    c, m = p[:, 0], layout.terms
    if not layout.quadratic:
        reach = rounded_up(e + norm[0] + U * sizes[:, 0])
        return Interval(c - reach, c + reach)
    bends = _bends(layout, p, sizes)
    fall = fall_of(sizes[:, layout.linear], bends)
    reach = rounded_up(e + U * sizes[:, 0] + fall.sum(axis=2), 10 + m) + TINY
    return Interval(c - reach[0], c + reach[1])


def _bends(layout: Layout, p: Array, size: Array) -> Array:
    """Curvatures ``q`` of separable lower bounds of the polynomial and of its opposite."""
    starts = layout.squares.start + _starts(layout.terms)
    own, mixed = p[:, starts], np.matmul(_spread(layout.terms), size[:, layout.squares])
    # the curvature may be too small by its rounding, never too large
    mixed = mixed * (1 + (layout.size + 4) * U) + U * size[:, starts]
    bends = np.empty((2, *own.shape))
    np.subtract(own, mixed, out=bends[0])
    np.subtract(-mixed, own, out=bends[1])
    return bends


def fall_of(slope: Array, bend: Array) -> Array:
    """``-min (g t + q t**2)`` over [-1, 1] for ``|g|`` and ``q``."""
    # the quotient first: the square of a slope may be too small for binary64
    result: Array = np.where(slope < 2 * bend, 0.25 * slope * (slope / bend), slope - bend)
    return result


def lower_parabolas(model: Model) -> tuple[Array, Array, Array]:
    """``g``, ``q`` and ``-min (g_i t + q_i t**2)``, (m, B), of a scalar's separable lower bound.

    ``v >= c - e + sum_i (g_i z_i + q_i z_i**2)``; the minima are rounded.
    """
    layout, g = model.layout, model.p[0, model.layout.linear]
    if not layout.quadratic:
        return g, np.zeros_like(g), np.abs(g)
    q = _bends(layout, model.p, np.abs(model.p))[0, 0]
    return g, q, fall_of(np.abs(g), q)


def _named(
    layout: Layout, p: Array, e: Array, size: Array, norm: Array, symbols: tuple[int, ...]
) -> tuple[Layout, Array, Array, Array]:
    """The same coefficients with the error of component i moved to the symbol ``symbols[i]``."""
    whole = layout | Layout(0, tuple(sorted(symbols)), False)
    result = np.zeros((len(p), whole.size, p.shape[-1]))
    result[:, places(layout, whole)] = p
    first = whole.linear.start + whole.variables
    result[range(len(p)), [first + whole.symbols.index(k) for k in symbols]] = e
    norm[0] = rounded_up(norm[0] + e)
    return whole, result, rounded_up(size + e), norm


def combined(
    a: Model, b: Model, sign: float, reach: Interval, symbols: tuple[int, ...] = ()
) -> Model:
    """``a + sign * b``, exactly 0 where the coefficients are equal."""
    layout = a.layout | b.layout
    if a.layout == layout == b.layout:
        p = a.p + b.p if sign > 0 else a.p - b.p
    else:
        p = embedded(a, layout).copy() if a.layout == layout else embedded(a, layout)
        rows = places(b.layout, layout)
        p[:, rows] += b.p if sign > 0 else -b.p
    return finished(layout, p, a.e + b.e, reach, U, False, symbols)


def multiplied(a: Model, b: Model, degree: int) -> tuple[Layout, Array, Array]:
    """The coefficients and the error of ``a * b``."""
    layout = a.layout | b.layout
    layout = layout._replace(quadratic=degree == 2 and layout.terms > 0)
    p, q = embedded(a, layout), embedded(b, layout)
    c, d = p[:, :1], q[:, :1]
    same = a is b
    out = 2 * c * p if same else c * q + d * p
    out[:, :1] = c * d
    (g, h), (k, w) = ((x.norm[0], x.bends()) for x in (a, b))
    size, error = a.size * b.size, a.size * b.e + a.e * b.size + a.e * b.e
    loss = 16 * size
    if layout.quadratic:
        if a.layout.quadratic or b.layout.quadratic:
            error = error + (h * (k + w) + g * w)
        _add_products(p, q, layout, out, same)
    elif layout.terms:
        error = error + g * k
        loss = loss + _halved_squares(p, q, layout.linear, out, error)
    return layout, out, rounded_up(error, 16) + U * (loss + TINY) + TINY


def _halved_squares(p: Array, q: Array, rows: slice, out: Array, error: Array) -> Array:
    """Squares of variables and symbols lie in [0, 1]: half of them goes to the centre.

    Of the products of all pairs, which are in ``error``, that takes half of the equal ones.
    Returns the roundings, in units of ``U``.
    """
    pairs = p[:, rows] * q[:, rows]
    total = np.abs(pairs).sum(axis=1)
    out[:, 0] += 0.5 * pairs.sum(axis=1)
    error -= 0.5 * total
    result: Array = (pairs.shape[1] + 4) * total
    return result


def _add_products(p: Array, q: Array, layout: Layout, out: Array, same: bool) -> None:
    """The products of the linear terms, which are exact in degree 2."""
    m, start = layout.terms, layout.squares.start
    g, k = p[:, layout.linear], q[:, layout.linear]
    twice = 2 * g if same else g
    for i, place in enumerate(_starts(m).tolist()):
        row = out[:, start + place : start + place + m - i]
        row[:, 0] += g[:, i] * k[:, i]
        if i + 1 < m:
            row[:, 1:] += twice[:, i : i + 1] * k[:, i + 1 :]
            if not same:
                row[:, 1:] += g[:, i + 1 :] * k[:, i : i + 1]


def multiply(
    a: Model, b: Model, degree: int, reach: Interval, symbols: tuple[int, ...] = ()
) -> Model:
    """``a * b``; ``reach`` is the product of the ranges."""
    return finished(*multiplied(a, b, degree), reach, symbols=symbols)
