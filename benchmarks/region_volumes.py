"""Volumes beside published ones, each of a kind that its text says.

An ellipsoid's volume in all of space is a formula; what part of it is in the domain is counted,
with points of the ellipsoid itself, as uniform ones of the domain would seldom meet it.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from certify.expression import Node
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.extension import Extension
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.paving import NEVER
from certify.report.numerics import Floats, Loop
from certify.report.volume import VolumeEstimate, estimate_volume, inner_volume

__all__ = ["core_volume", "counted", "counted_volume", "explicit_volume", "grid_volume"]

TICKS, SHRINK, SHRINKS = 20, 0.95, 100
_CLOSE, _BOXES = Fraction(19, 20), 3000
_SAMPLES = 1_000_000
_PROBES, _EXACT = 100, 1e-9
_NORMAL = 1.96


def core_volume(claim: Claim) -> str:
    """The volume of {V <= level}: proved from boxes in two dimensions, counted in more."""
    if len(claim.states) > 2:
        return counted(counted_volume(claim))
    bounds = inner_volume(claim)
    if bounds is not None and bounds.lower < _CLOSE * bounds.upper:
        bounds = inner_volume(claim, _BOXES)
    return "" if bounds is None else f"{float(bounds.lower):.2f}"


def explicit_volume(claim: Claim) -> str:
    """The proved volume of the cells of an extension; nothing where there is none."""
    return f"{float(claim.numbers['volume']):.2f}" if "volume" in claim.numbers else ""


def counted(found: VolumeEstimate | None) -> str:
    """A sampled volume with its interval, which an ellipsoid within the domain does not need."""
    if found is None:
        return ""
    low, high = found.interval
    if low == high:
        return f"{found.value:.2f}, by formula"
    return f"{found.value:.2f} ({low:.2f} to {high:.2f})"


def counted_volume(claim: Claim, samples: int = _SAMPLES) -> VolumeEstimate | None:
    """The sampled volume of the certified set: of an ellipsoid by its own points."""
    value = claim.functions.get("lyapunov")
    shape = None if value is None else _quadratic_form(Loop(claim), value)
    if shape is None:
        return estimate_volume(claim, samples)
    loop, n = Loop(claim), len(shape)
    random = np.random.default_rng(0)
    ball = random.standard_normal((samples, n))
    ball *= (random.random(samples) ** (1 / n) / np.linalg.norm(ball, axis=1))[:, None]
    level = float(claim.numbers["level"])
    root = np.linalg.cholesky(shape / level)
    share = float(np.mean(loop.inside(loop.rest + np.linalg.solve(root.T, ball.T).T)))
    whole = math.pi ** (n / 2) / math.gamma(n / 2 + 1) / float(np.prod(np.diag(root)))
    error = _NORMAL * math.sqrt(share * (1 - share) / samples)
    ends = (whole * (share - error), whole * (share + error))
    domain = float(np.prod(loop.high - loop.low))
    return VolumeEstimate(whole * share, ends, whole * share / domain, samples)


def _quadratic_form(loop: Loop, value: Node) -> Floats | None:
    """P with ``V = (x - x*)' P (x - x*)``; None where V is nothing of the kind."""
    n = len(loop.rest)
    unit = np.eye(n)
    pairs = np.stack([unit[i] + unit[j] for i in range(n) for j in range(n)])
    alone, both = (loop.values([value], loop.rest + at)[0] for at in (unit, pairs))
    shape = (both.reshape(n, n) - alone[:, None] - alone[None, :]) / 2
    probes = np.random.default_rng(0).uniform(loop.low, loop.high, (_PROBES, n)) - loop.rest
    exact = loop.values([value], loop.rest + probes)[0]
    formula = np.einsum("ki,ij,kj->k", probes, shape, probes)
    close = bool((np.abs(exact - formula) <= _EXACT * np.abs(exact)).all())
    return shape if close and bool((np.linalg.eigvalsh(shape) > 0).all()) else None


def grid_volume(certificate: Certificate) -> float:
    """The published estimator for the cells of a certificate."""
    claim, paving = certificate.claim, certificate.proof.paving
    assert paving is not None
    cells = Extension(claim, paving).cells
    ends = np.array([[float(b) for b in claim.box[x]] for x in claim.states])
    middle, half = ends.mean(axis=1), (ends[:, 1] - ends[:, 0]) / 2
    ticks = np.linspace(-1, 1, TICKS)
    unit = np.stack(np.meshgrid(*[ticks] * len(ends)), -1).reshape(-1, len(ends))
    best = 0.0
    for k in range(SHRINKS):
        points = (middle + SHRINK**k * half * unit).T
        inside = cells.latest(points, points) != NEVER
        best = max(best, float(np.mean(inside)) * float(np.prod(2 * half * SHRINK**k)))
        if inside.all():
            break
    return best
