"""The outcome as the one object that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from certify.outcome import Outcome
from certify.proofs.checker.kernel import Accepted

from .evidence import evidence_point
from .facts import kept_cells
from .leaves import statistics
from .volume import VolumeBounds, VolumeEstimate
from .words import property_of, rounded

__all__ = ["summary"]


def summary(
    outcome: Outcome,
    *,
    accepted: Accepted | None = None,
    volume: VolumeEstimate | None = None,
    bounds: VolumeBounds | None = None,
    reach: VolumeEstimate | None = None,
    certificate_path: str | None = None,
) -> dict[str, object]:
    """JSON data with a fixed set of keys; what does not apply is None.

    ``level`` and ``residual`` are the nearest binary64 numbers (the certificate holds the
    exact ones); ``volume`` is the proved lower bound when there is one
    (``volume_kind == "certified"``), otherwise the sampled estimate (``"statistical"``).
    ``extension`` has the proved volume of the cells that reach that set, rounded down, and apart
    from it the sampled volume of all that does.
    ``found`` is the number that was to be as large as possible, and from which value on the
    conditions are known to fail, if that is known.  ``leaves`` counts the leaves of all proof
    trees; ``rechecked`` is whether the checker accepted the certificate in this run.
    """
    claim, certificate, numbers = outcome.claim, outcome.certificate, outcome.claim.numbers
    point = evidence_point(claim, outcome.counterexample)
    proof = certificate.proof if certificate is not None else None
    trees = proof.trees if proof is not None else {}
    has_cells = proof is not None and proof.paving is not None
    return {
        "verdict": outcome.verdict.word,
        "name": claim.name,
        "property": property_of(claim),
        "theorem": claim.theorem,
        "evidence": certificate.evidence if certificate is not None else None,
        "rechecked": accepted is not None,
        "verifier": outcome.verifier,
        "found": _found(outcome),
        "level": float(numbers["level"]) if "level" in numbers else None,
        **_volume(volume, bounds),
        "extension": _extension(outcome, reach),
        "residual": _residual(outcome),
        "seconds": outcome.statistics.get("seconds"),
        "cpu_seconds": outcome.statistics.get("cpu_seconds"),
        "derive_seconds": outcome.statistics.get("derive_seconds"),
        "search_seconds": outcome.statistics.get("search_seconds"),
        "check_seconds": outcome.statistics.get("check_seconds"),
        "boxes": outcome.statistics.get("boxes"),
        "leaves": sum(statistics(t).leaves for t in trees.values()) if trees or has_cells else None,
        "certificate": certificate_path,
        "counterexample": None
        if point is None
        else {
            "condition": point.condition,
            "point": {x: float(v) for x, v in _point(outcome).items()},
            "exact": dict(point.coordinates),
        },
        "open_boxes": len(outcome.open_boxes),
        "advice": outcome.advice or None,
        "diagnosis": list(outcome.diagnosis),
    }


def _point(outcome: Outcome) -> Mapping[str, Fraction]:
    return outcome.counterexample.point if outcome.counterexample is not None else {}


def _found(outcome: Outcome) -> dict[str, object] | None:
    found = outcome.found
    if found is None:
        return None
    return {"name": found.name, "value": float(found.value), "false_from": found.false_from}


def _volume(volume: VolumeEstimate | None, bounds: VolumeBounds | None) -> dict[str, object]:
    keys = ("volume", "volume_interval", "volume_kind")
    if bounds is not None:
        interval = [float(bounds.lower), float(bounds.upper)]
        return dict(zip(keys, (interval[0], interval, bounds.kind), strict=True))
    if volume is not None:
        return dict(zip(keys, (volume.value, list(volume.interval), volume.kind), strict=True))
    return dict.fromkeys(keys)


def _extension(outcome: Outcome, reach: VolumeEstimate | None) -> dict[str, object] | None:
    certificate, numbers = outcome.certificate, outcome.claim.numbers
    if certificate is None or "volume" not in numbers:
        return None
    return {
        "volume": float(rounded(numbers["volume"], "down")),
        "volume_kind": "certified",
        "cells": kept_cells(certificate),
        "steps": int(numbers["steps"]),
        "sampled": None if reach is None else reach.value,
        "sampled_interval": None if reach is None else list(reach.interval),
    }


def _residual(outcome: Outcome) -> dict[str, object] | None:
    numbers = outcome.claim.numbers
    if "residual" not in numbers:
        return None
    bounds = {x: numbers.get(f"residual/{x}") for x in outcome.claim.states}
    return {
        "level": float(numbers["residual"]),
        "bounds": {x: float(v) for x, v in bounds.items() if v is not None},
    }
