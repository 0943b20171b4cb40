"""The kernel from Coq and the checker in Python judge the same certificates, and both are right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from accepted_certificates import CLAIMS, accepted, same_claim, still_true
from cross_examination import PROGRAMS, Case, Judged, examine, forged, random_cases, table
from false_claims import FALSE
from mutants import all_mutants
from true_claims import TRUE

from certify.certificate import load
from certify.io.kernel_text import is_in_trees
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.format import read_certificate
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

ROOT = Path(__file__).parents[2]
_RANDOM, _IN_NODE = 60, 15
_EVERY = 4  # of the mutants, of which each is judged by two programs and perhaps proved again
_NATIVE = PROGRAMS[:1]  # the suites with many false claims take long under node
built = pytest.mark.skipif(not PROGRAMS, reason="`make kernel` builds the kernels")


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> object:
    def show(text: str) -> None:
        with capsys.disabled():
            print("\n" + text)  # noqa: T201  (the count is what these tests are for)

    return show


def test_the_search_proves_most_of_the_random_claims_and_no_false_one() -> None:
    """Without the programs: the cases are what they say by the checker in Python."""
    cases = [case for case, _ in zip(random_cases(range(1000, 1100)), range(20), strict=False)]
    text, bad = table(examine(cases, ()))
    assert not bad, text
    assert min(Counter(case.kind for case in cases).values()) >= 4


@built
def test_random_claims_and_their_false_twins(shown: object) -> None:
    cases = [case for case, _ in zip(random_cases(range(1, 1000)), range(_RANDOM), strict=False)]
    text, bad = table([*examine(cases[:_IN_NODE]), *examine(cases[_IN_NODE:], _NATIVE)])
    shown(text)
    assert not bad


# x y >= -1 on [-1, 1]^2: equality at corners, and the kernel from Coq rounds every sum outward
_TOUCHING = "output"


def _searched(name: str, claim: Claim) -> Case:
    found = BranchAndBound().verify(claim, Options(timeout=30)).certificate
    assert found is not None
    return Case("touching" if name == _TOUCHING else "searched", found)


@built
def test_certificates_of_the_test_suites_are_accepted_by_all(shown: object) -> None:
    studies = ROOT.glob("case_studies/*/certificate.json")
    cases = [Case("searched", load(path)) for path in sorted(studies)]
    cases = [case for case in cases if case.certificate.proof.paving is None]  # long under node
    cases += [Case("searched", read_certificate(accepted(name))) for name in CLAIMS]
    cases += [_searched(name, claim) for name, claim in TRUE.items()]
    cases = [case for case in cases if is_in_trees(case.certificate)]  # others are refused
    judged = list(examine(cases))
    text, bad = table(judged)
    shown(text)
    assert not bad, [found.case.certificate.claim.name for found in bad]
    # and as claims, with the obligations that the program makes
    searched = [found for found in judged if found.case.kind == "searched"]
    assert not [f.case.certificate.claim.name for f in searched if f.as_claim is False]
    assert sum(found.as_claim is True for found in judged) > 20


def _attempts(claim: Claim) -> list[Case]:
    """A false claim with a leaf of each degree, and with all axes halved twice."""
    axes = bytes(range(len(claim.box)))
    trees = [b"\x40", b"\x41", b"\x42"]
    for axis in axes + axes:
        trees.append(bytes([axis]) + trees[-1] + trees[-1])
    cases = []
    for tree in trees[:3] + trees[-1:]:
        try:
            cases.append(Case("false", forged(claim, tree)))
        except CheckerError:  # refused as a claim
            return []
    return cases


@built
def test_false_claims_are_accepted_by_none(shown: object) -> None:
    conditions = [f for f in FALSE if not f.why.startswith("condition:")]
    cases = [case for false in conditions for case in _attempts(false.claim)]
    assert len(cases) > 200
    text, bad = table(examine(cases, _NATIVE))
    shown(text)
    assert not bad, [(f.answer, f.case.certificate.claim) for f in bad]


def _readable() -> list[Case]:
    cases = []
    for category, data in all_mutants()[::_EVERY]:
        try:
            cases.append(Case(category, read_certificate(data)))
        except CheckerError:
            continue
    return cases


@built
def test_mutants_are_accepted_only_where_they_are_true(shown: object) -> None:
    """Where a program accepts more than the checker in Python, the claim is true all the same."""
    counts: Counter[str] = Counter()
    for found in examine(_readable(), _NATIVE):
        counts[found.answer] += 1
        assert found.answer == "none" or _true(found), (found.case.kind, found.answer)
    shown(f"mutants that can be read: {sum(counts.values())}, accepted by {dict(counts)}")
    assert counts["none"] > 25


def _true(found: Judged) -> bool:
    claim = found.case.certificate.claim
    return any(same_claim(claim, original) for original in CLAIMS.values()) or still_true(claim)
