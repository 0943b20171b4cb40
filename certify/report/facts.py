"""The numbers of a report, each with a remark on what kind of number it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from certify.outcome import Outcome
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate

from . import words
from .volume import VolumeBounds, VolumeEstimate

__all__ = ["Fact", "facts", "kept_cells"]


@dataclass(frozen=True)
class Fact:
    """A number of the report with its name and a remark on what kind of number it is."""

    name: str
    value: str
    remark: str = ""


def facts(
    outcome: Outcome,
    trees: Sequence[tuple[int, int]],
    volume: VolumeEstimate | None,
    bounds: VolumeBounds | None,
    reach: VolumeEstimate | None = None,
) -> tuple[Fact, ...]:
    """The numbers of ``outcome``; ``trees`` holds leaves and depth of each proof tree,
    ``reach`` is the sampled volume of what comes to the certified set.
    """
    claim, numbers = outcome.claim, outcome.claim.numbers
    result = []
    if "level" in numbers:
        result.append(Fact("Level", _shown(numbers["level"]), "certified set: V <= level"))
    if "decay" in numbers:
        result.append(Fact("Decay", _shown(numbers["decay"]), _decay_remark(claim)))
    if outcome.found is not None:
        value = words.rounded(outcome.found.value, "down")
        remark = words.found_text(outcome.found)
        result.append(Fact(f"Largest {outcome.found.name}", value, remark))
    if "residual" in numbers:
        result.append(Fact("Residual level", _shown(numbers["residual"]), "V <= residual"))
    unit = "\N{MIDDLE DOT}".join(
        words.clean(u, 24) for x in claim.states if (u := claim.units.get(x, ""))
    )
    core = ", core" if "volume" in numbers else ""
    if bounds is not None:
        text = f"{float(bounds.lower):.4g} to {float(bounds.upper):.4g}"
        remark = f"rigorous bounds from {bounds.boxes} boxes"
        result.append(Fact(f"Volume{core}", words.with_unit(text, unit), remark))
    if volume is not None:
        result.append(_sampled(f"Volume{core}, sampled", volume, unit))
        result.append(Fact("Share of domain", f"{100 * volume.fraction:.3g} %", "sampled"))
    if "volume" in numbers and outcome.certificate is not None:
        result += _paved(outcome.certificate, unit)
    if reach is not None:
        result.append(_sampled("Volume of all that reaches it, sampled", reach, unit))
    if trees:
        total, deepest = sum(n for n, _ in trees), max(d for _, d in trees)
        result.append(Fact("Obligations", str(len(trees)), "each with a proof tree"))
        result.append(Fact("Leaves", str(total), f"the deepest after {deepest} bisections"))
    if "seconds" in outcome.statistics:
        result.append(Fact("Search", f"{outcome.statistics['seconds']:.3g} s", outcome.verifier))
    return tuple(result)


def _sampled(name: str, volume: VolumeEstimate, unit: str) -> Fact:
    low, high = volume.interval
    remark = (
        f"95 % interval {low:.4g} to {high:.4g}, {volume.samples} samples: statistical, not proved"
    )
    return Fact(name, words.with_unit(f"{volume.value:.4g}", unit), remark)


def _paved(certificate: Certificate, unit: str) -> list[Fact]:
    """What is proved to reach the core, or the target."""
    numbers, cells = certificate.claim.numbers, kept_cells(certificate)
    goal, name = ("core", "Volume, extended")
    if certificate.claim.theorem == "T-REACH-D":
        goal, name = ("target", "Volume")
    volume = words.with_unit(words.rounded(numbers["volume"], "down"), unit)
    return [
        Fact(name, volume, f"certified: at least so much, in {cells} cells"),
        Fact(
            f"Steps to the {goal}", str(numbers["steps"]), "at most, from every one of these cells"
        ),
    ]


def kept_cells(certificate: Certificate) -> int:
    """How many cells the paving of ``certificate`` keeps."""
    paving = certificate.proof.paving
    return 0 if paving is None else paving.number_kept()


def _shown(value: Fraction) -> str:
    """``value`` exactly where short, otherwise marked as rounded."""
    shown = words.rounded(value, "down")
    return shown if Fraction(shown) == value else f"{shown} (rounded)"


def _decay_remark(claim: Claim) -> str:
    where = "outside the residual set" if "residual" in claim.numbers else "off the equilibrium"
    if claim.time == "discrete":
        return f"V(x+) <= (1 - decay) V(x), strictly {where}"
    return f"dV/dt <= -decay V, strictly {where}"
