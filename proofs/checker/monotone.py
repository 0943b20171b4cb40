"""The least value of a quadratic model, coordinate by coordinate where it is monotone.

The separable bound of :mod:`polynomials` charges every term ``h_ij z_i z_j`` in full.  Where
``|g_i| >= 2 |h_ii| + sum_j |h_ij|`` the polynomial is monotone in ``z_i`` whatever the others
are: it is least at ``z_i = -sign g_i``, and there the mixed terms of ``i`` are linear in the other
``z_j`` and no longer lost.  Proof: ``proofs/theory/L-MODEL.md``, section 2.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .intervals import TINY, Array, U
from .polynomials import Model, fall_of

__all__ = ["least"]

_SWEEPS = 4  # at most: one coordinate makes others monotone


def least(model: Model) -> Array:
    """A lower bound (B,) of the scalar of ``model``; it says nothing where the range does not."""
    layout, p = model.layout, model.p[0]
    m = layout.terms
    centre, slope = p[0].copy(), p[layout.linear].copy()
    if not layout.quadratic:
        low: Array = model.range.low[0]
        return low
    mixed = p[layout.squares][_rows(m)]
    bend = mixed[range(m), range(m)].copy()
    mixed[range(m), range(m)] = 0.0
    size = np.abs(mixed)
    spread = size.sum(axis=1)
    free = np.ones(slope.shape, dtype=bool)
    for _ in range(_SWEEPS):
        more = False
        for i in reversed(range(m)):
            fixed = free[i] & (np.abs(slope[i]) >= 2 * np.abs(bend[i]) + spread[i])
            if not fixed.any():
                continue
            more = True
            z = np.where(fixed, np.where(slope[i] < 0, 1.0, -1.0), 0.0)
            centre += slope[i] * z + bend[i] * fixed
            slope += mixed[i] * z
            spread -= size[i] * fixed
            free[i] &= ~fixed
        if not more:
            break
    fall = np.where(free, fall_of(np.abs(slope), bend - 0.5 * spread), 0.0).sum(axis=0)
    loss = (32 * m + 40) * U * (model.size[0] + model.e[0]) + TINY
    result: Array = centre - model.e[0] - fall - loss
    return result


@lru_cache(maxsize=64)
def _rows(m: int) -> NDArray[np.intp]:
    """Where the coefficient of ``z_i z_j`` is among the squares, (m, m)."""
    result = np.zeros((m, m), dtype=np.intp)
    i, j = np.triu_indices(m)
    result[i, j] = result[j, i] = np.arange(len(i))
    return result
