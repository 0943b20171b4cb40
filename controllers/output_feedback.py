"""The linear feedback of what is read that costs least.

Of ``x+ = A x + B u``, or ``dx/dt``, with ``u = K C x`` where entries of K are free or zero, the
cost is ``tr(P)``, the mean over all directions of ``sum x'Qx + u'Ru`` from there:

    ``P = F'PF + Q + C'K'RKC``,  ``X = F X F' + I``,  ``F = A + B K C``,
    ``grad = 2 (R K C + B'P F) X C'``,  curvature about ``2 (C X C') (x) (R + B'P B)``,

and with ``0 = F'P + P F + ...``, ``B'P`` and ``R`` for the last three in continuous time.  Descent
along the Newton step of that curvature stays among the stabilising K, of which one has to be
known: so it begins with a loop that forgets faster, ``F / s`` (or ``F - s``), where K = 0 will do,
and takes s down to 1 (or 0) as far as each K allows.  All of it is deterministic.

References: Levine and Athans, On the determination of the optimal constant output feedback gains,
1970 (the gradient); Maekilae and Toivonen, Computational methods for parametric LQ problems, 1987
(descent); Perdomo, Umenhofer and Simchowitz, Stabilizing dynamical systems via policy gradient
methods, 2021 (discounts); Wang and Davison, On the stabilization of decentralized control systems,
1973 (modes that no feedback moves).
"""

from __future__ import annotations

from dataclasses import dataclass

import control
import numpy as np
import numpy.typing as npt

from certify.controllers.task import Floats
from certify.errors import ProblemError

__all__ = ["Pattern", "cost_and_gradient", "least_costly"]

_STAGES, _STEPS, _HALVINGS = 200, 300, 40
_ROUGH, _FINE = 1e-3, 1e-10  # decrease that a step promises, of the cost, where descent ends
_KEPT = 0.2  # of the distance to instability, from one stage to the next
_LEAST = 1e-7  # margin to instability, and of progress in s
_SAME = 1e-6


@dataclass(frozen=True)
class Pattern:
    """A linear plant ``a (n, n)``, ``b (n, m)``; what is read of it, ``c (p, n)``, and which input
    reads what, ``free (m, p)``; and the weights ``q (n, n)`` and ``r (m, m)``.
    """

    a: Floats
    b: Floats
    c: Floats
    free: npt.NDArray[np.bool_]
    q: Floats
    r: Floats
    discrete: bool = True

    def loop(self, k: Floats) -> Floats:
        """A + B K C."""
        return self.a + self.b @ k @ self.c

    def speed(self, loop: Floats) -> float:
        """Below 1 for a stable loop, below 0 in continuous time."""
        poles = np.linalg.eigvals(loop)
        return float((np.abs(poles) if self.discrete else poles.real).max())

    def slowed(self, s: float) -> Pattern:
        """The pattern of the loop that forgets faster by ``s``."""
        if self.discrete:
            return Pattern(self.a / s, self.b / s, self.c, self.free, self.q, self.r, True)
        a = self.a - s * np.eye(len(self.a))
        return Pattern(a, self.b, self.c, self.free, self.q, self.r, False)


def least_costly(pattern: Pattern) -> Floats:
    """K, of shape ``(m, p)``, at a local minimum of the cost among those that stabilise.

    Raises ``ProblemError`` where no such K is found, and says which mode none can move if there
    is one.
    """
    k = np.zeros(pattern.free.shape)
    size = float(np.linalg.norm(np.hstack([pattern.a, pattern.b]), 2))
    fast = pattern.speed(pattern.a)
    end, least = (1.0, _LEAST) if pattern.discrete else (0.0, _LEAST * size)
    s = max(end, 2 * fast if pattern.discrete else fast + size)
    for _ in range(_STAGES):
        if s == end and fast < end - least:
            return _descended(pattern, k, _FINE)
        k = _descended(pattern.slowed(s), k, _ROUGH)
        fast = pattern.speed(pattern.loop(k))
        lower = end if fast < end - least else fast + _KEPT * (s - fast)
        if s - lower < least:
            break
        s = lower
    raise ProblemError(f"no linear feedback of what the inputs read was found that {_why(pattern)}")


def cost_and_gradient(pattern: Pattern, k: Floats) -> tuple[float, Floats, Floats]:
    """The cost of K, infinite if it does not stabilise, its gradient by the free entries in their
    order, of shape ``(f,)``, and the curvature that the step is taken with, ``(f, f)``.
    """
    loop, count = pattern.loop(k), int(pattern.free.sum())
    if not pattern.speed(loop) < (1 if pattern.discrete else 0):
        return np.inf, np.zeros(count), np.eye(count)
    solve = control.dlyap if pattern.discrete else control.lyap
    wanted = k @ pattern.c
    price = pattern.q + wanted.T @ pattern.r @ wanted
    p = solve(loop.T, (price + price.T) / 2)
    spread = solve(loop, np.eye(len(loop)))
    read = spread @ pattern.c.T
    pushed = pattern.b.T @ p
    effort = pattern.r + pushed @ pattern.b if pattern.discrete else pattern.r
    slope = 2 * (pattern.r @ wanted + (pushed @ loop if pattern.discrete else pushed)) @ read
    i, j = np.nonzero(pattern.free)
    curvature = 2 * effort[np.ix_(i, i)] * (pattern.c @ read)[np.ix_(j, j)]
    return float(np.trace(p)), np.asarray(slope[i, j]), np.asarray(curvature)


def _descended(pattern: Pattern, k: Floats, small: float) -> Floats:
    """K from a stabilising one, by Newton-like steps that are halved until the cost falls."""
    cost, slope, curvature = cost_and_gradient(pattern, k)
    for _ in range(_STEPS):
        step = np.zeros_like(k)
        step[pattern.free] = -np.linalg.lstsq(curvature, slope, rcond=None)[0]
        promised = -float(slope @ step[pattern.free])
        if not promised > small * cost:
            break
        for halving in range(_HALVINGS):
            length = 0.5**halving
            found = cost_and_gradient(pattern, k + length * step)
            if found[0] <= cost - 0.1 * length * promised:
                k = k + length * step
                cost, slope, curvature = found
                break
        else:
            break
    return k


def _why(pattern: Pattern) -> str:
    """What a linear feedback fails to do, for a message."""
    poles = np.linalg.eigvals(pattern.a)
    rng = np.random.default_rng(0)
    size = np.linalg.norm(pattern.a) / max(float(np.linalg.norm(pattern.b)), 1e-300)
    drawn = rng.standard_normal((3, *pattern.free.shape)) * pattern.free * size
    moved = [np.linalg.eigvals(pattern.loop(k)) for k in drawn]
    for pole in poles[np.abs(poles) >= 1 if pattern.discrete else poles.real >= 0]:
        if all(np.abs(other - pole).min() < _SAME * (1 + abs(pole)) for other in moved):
            return (
                f"stabilises the equilibrium: none of them moves the pole {pole:.6g} of the plant"
            )
    return "stabilises the equilibrium; let them read more, or write other weights"
