"""The one report model: everything that a report says, as plain data.

HTML, terminal text and JSON are written from it, so they tell the same story.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from certify.errors import CertificateError, InputError
from certify.io.claim_text import claim_digest, has_claim_text
from certify.io.kernel_text import is_in_trees
from certify.outcome import Outcome, Verdict
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.format import Certificate, write_certificate
from certify.proofs.checker.kernel import Accepted
from certify.proofs.checker.theorems import THEOREMS, applicable, obligations

from . import words
from .evidence import Point, condition_text, evidence_point, residual_reason
from .facts import Fact, facts
from .formulas import Formula, Range, formulas, ranges
from .leaves import statistics
from .sentences import lead, statement
from .volume import VolumeBounds, VolumeEstimate

__all__ = ["Fact", "ObligationRow", "ReportModel", "outcome_of", "report_model"]

_MOST_BOXES = 20


@dataclass(frozen=True)
class ObligationRow:
    """An obligation in words, and the size and shape of the tree that proves it."""

    name: str
    statement: str
    leaves: int
    degrees: Mapping[str, int]
    deepest: int
    histogram: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class ReportModel:
    """What the report says; see the fields of the same name in the written reports.

    ``grade`` is ``kernel``, ``solver`` or empty; ``rechecked`` says whether the checker
    accepted the certificate for this report.
    """

    title: str
    verdict: str
    grade: str
    rechecked: bool
    headline: str
    meaning: str
    property: str
    theorem: str
    lead: str
    statement: str
    conclusion: str
    assumptions: tuple[str, ...]
    formulas: tuple[Formula, ...]
    ranges: tuple[Range, ...]
    facts: tuple[Fact, ...]
    obligations: tuple[ObligationRow, ...]
    residual: str
    counterexample: Point | None
    open_boxes: tuple[tuple[str, Mapping[str, tuple[float, float]]], ...]
    open_total: int
    advice: str
    diagnosis: tuple[str, ...]
    digests: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]
    trusted: str
    tool: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, object]:
        """The model as JSON data."""
        return asdict(self)


def outcome_of(certificate: Certificate) -> Outcome:
    """The outcome that ``certificate`` alone stands for, to report on a file."""
    verifier = certificate.tool.get("verifier", "the tool that wrote the certificate")
    return Outcome(Verdict.PROVED, certificate.claim, verifier, certificate=certificate)


def report_model(
    outcome: Outcome,
    *,
    accepted: Accepted | None = None,
    volume: VolumeEstimate | None = None,
    bounds: VolumeBounds | None = None,
    reach: VolumeEstimate | None = None,
    certificate_path: str | None = None,
    tool: Mapping[str, str] | None = None,
) -> ReportModel:
    """The report on ``outcome``.

    ``accepted`` is the checker's answer about the outcome's certificate: without it nothing
    is called re-checked.  ``volume`` and ``bounds`` are those of the certified set, ``reach`` is
    that of what reaches it, ``tool`` holds versions to print (they are not part of any digest).

    Raises ``InputError`` if ``accepted`` is about another certificate, ``CertificateError``
    if the certificate is not one for its theorem.
    """
    claim, certificate = outcome.claim, outcome.certificate
    if accepted is not None and accepted.certificate != certificate:
        raise InputError("the checker's answer is about another certificate than the outcome's")
    theorem = THEOREMS.get(claim.theorem)
    if theorem is None:
        raise CertificateError(f"there is no theorem {words.clean(claim.theorem)!r}")
    rechecked = accepted is not None
    headline, meaning = words.headline(outcome, rechecked=rechecked)
    rows = _obligation_rows(certificate) if certificate is not None else ()
    return ReportModel(
        title=words.clean(claim.name),
        verdict=outcome.verdict.word,
        grade=certificate.evidence if certificate is not None else "",
        rechecked=rechecked,
        headline=headline,
        meaning=meaning,
        property=words.property_of(claim),
        theorem=theorem.id,
        lead=lead(outcome),
        statement=statement(claim),
        conclusion=theorem.conclusion,
        assumptions=theorem.assumptions,
        formulas=formulas(claim),
        ranges=ranges(claim),
        facts=facts(outcome, [(r.leaves, r.deepest) for r in rows], volume, bounds, reach),
        obligations=rows,
        residual=residual_reason(claim),
        counterexample=evidence_point(claim, outcome.counterexample),
        open_boxes=tuple(
            (f"{words.clean(b.obligation)}: {condition_text(claim, b.obligation)}", dict(b.box))
            for b in outcome.open_boxes[:_MOST_BOXES]
        ),
        open_total=len(outcome.open_boxes),
        advice=words.clean(outcome.advice, 1000),
        diagnosis=tuple(words.clean(line, 1000) for line in outcome.diagnosis),
        digests=_digests(certificate),
        commands=_commands(certificate, certificate_path or "CERTIFICATE"),
        trusted=words.TRUSTED if certificate is not None and rows else "",
        tool=_labels({**(certificate.tool if certificate is not None else {}), **(tool or {})}),
    )


def _labels(table: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((words.clean(k), words.clean(v)) for k, v in sorted(table.items()))


def _obligation_rows(certificate: Certificate) -> tuple[ObligationRow, ...]:
    if certificate.evidence != "kernel":
        return ()
    try:
        wanted = obligations(certificate.claim, certificate.proof.radius)
    except CheckerError as error:
        raise CertificateError(f"the certificate does not fit its theorem: {error}") from error
    trees = certificate.proof.trees
    if set(trees) != {o.name for o in wanted}:
        raise CertificateError("the proof trees are not those of the theorem's obligations")
    rows = []
    for obligation in wanted:
        s = statistics(trees[obligation.name])
        rows.append(
            ObligationRow(
                obligation.name, obligation.text, s.leaves, s.degrees, s.deepest, s.histogram
            )
        )
    return tuple(rows)


def _digests(certificate: Certificate | None) -> tuple[tuple[str, str], ...]:
    if certificate is None:
        return ()
    own = (("certificate", hashlib.sha256(write_certificate(certificate)).hexdigest()),)
    return (*own, *_claim_digest(certificate), *_labels(certificate.sources))


def _claim_digest(certificate: Certificate) -> tuple[tuple[str, str], ...]:
    """That of the claim as ``certify check --kernel verified`` says that it checked it."""
    if certificate.evidence != "kernel" or not has_claim_text(certificate):
        return ()
    try:
        applicable(certificate.claim)
        return (("claim as read in Coq", claim_digest(certificate)),)
    except CheckerError:
        return ()


def _commands(certificate: Certificate | None, path: str) -> tuple[tuple[str, str], ...]:
    if certificate is None or certificate.evidence != "kernel":
        return ()
    shown = words.clean(path, 400)
    verified = (
        f"certify check --kernel verified {shown}",
        "The kernel that is proved in Coq; `make kernel` in the sources of certify builds it.",
    )
    return (
        (
            f"certify check {shown}",
            "The checker in a process of its own; exit code 0 means accepted.",
        ),
        (
            f"python -m certify.proofs.checker {shown}",
            "The checker alone: of other libraries it needs numpy and python-flint only.",
        ),
        *((verified,) if is_in_trees(certificate) or has_claim_text(certificate) else ()),
    )
