"""`certify doctor` says which engine is used, and why."""

from __future__ import annotations

import pytest

from certify.doctor import findings
from certify.verifiers import native


def engine() -> tuple[str, str]:
    (row,) = (row for row in findings() if row[0] == "engine")
    return row[1:]


@pytest.fixture(autouse=True)
def _nothing_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CERTIFY_ENGINE", raising=False)


def test_the_native_engine_with_its_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "available", lambda: True)
    monkeypatch.setattr(native, "instruction_sets", lambda: ["avx2", "plain"])
    assert engine() == ("native, avx2", "grows proof trees: the fastest of this processor")
    monkeypatch.setenv("CERTIFY_ENGINE", "plain")
    assert engine() == ("native, plain", "grows proof trees: asked for by CERTIFY_ENGINE")


def test_why_it_is_the_engine_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_native", None)
    state, reason = engine()
    assert state == "python"
    assert "no C++ compiler at installation" in reason
    monkeypatch.setenv("CERTIFY_ENGINE", "python")
    assert engine() == ("python", "grows proof trees: asked for by CERTIFY_ENGINE")


def test_an_engine_that_is_not_here_does_not_end_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTIFY_ENGINE", "abacus")
    state, reason = engine()
    assert state == "none"
    assert "CERTIFY_ENGINE=abacus: this machine has python" in reason


def test_what_a_cluster_needs_is_listed() -> None:
    assert any(row[0] == "distributed" and "dask://" in row[2] for row in findings())
