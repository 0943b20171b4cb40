"""The engine in Python gives the verdicts of the native one."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from conformance_cases import CASES, Case

from certify.outcome import Verdict
from certify.proofs.checker.format import write_certificate
from certify.proofs.checker.kernel import check
from certify.proofs.checker.obligations import Obligation
from certify.verifiers import advice, native, parameters, proof_run
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.engine import engine_name
from certify.verifiers.interface import Options
from certify.verifiers.search import ObligationSearch

NO_COMPILER = not native.available() and "CI" not in os.environ
pytestmark = pytest.mark.skipif(NO_COMPILER, reason="the native engine was not built")

BOXES = 1500


def unplanned(
    wanted: Sequence[Obligation], *_: object, compared: bool = True
) -> list[ObligationSearch]:
    """Search as if everything were easy."""
    return [ObligationSearch(obligation) for obligation in wanted]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_the_verdict_is_that_of_the_native_engine(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advice, "diagnose", lambda *_: ())  # follows paths, as plans do
    for module in (parameters, proof_run):  # races of plans take long in Python
        monkeypatch.setattr(module, "plans", unplanned)
    options = Options(boxes=BOXES)
    expected = BranchAndBound().verify(case.claim, options)
    monkeypatch.setenv("CERTIFY_ENGINE", "python")
    assert engine_name() == "python"
    found = BranchAndBound().verify(case.claim, options)
    if case.true or case.shown_by_a_point:
        assert found.verdict is expected.verdict, found.advice
    else:  # a point of violation may be found by one search and not by the other
        assert Verdict.PROVED not in (found.verdict, expected.verdict)
    if found.certificate is not None:
        check(write_certificate(found.certificate))
