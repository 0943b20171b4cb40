"""The proofs in Coq: complete as texts, and named in the index as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COQ = ROOT / "proofs" / "coq"
SOURCES = sorted(COQ.glob("*.v"))
LARGEST = 450


def code(path: Path) -> str:
    return re.sub(r"\(\*.*?\*\)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.stem))
def test_nothing_is_taken_without_proof(path: Path) -> None:
    words = r"\b(Admitted|admit|give_up|Axioms?|Parameters?|Conjecture)\b"
    assert not re.search(words, code(path))
    ends = re.findall(r"\b(?:Qed|Defined)\.", code(path))
    assert len(re.findall(r"\bProof\.", code(path))) == len(ends)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.stem))
def test_files_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LARGEST


def test_every_file_is_compiled() -> None:
    listed = (COQ / "_CoqProject").read_text(encoding="utf-8").split()
    assert {p.name for p in SOURCES} == {x for x in listed if x.endswith(".v")} | {"Extract.v"}


def test_names_in_the_index_are_those_of_the_sources() -> None:
    index = (ROOT / "proofs" / "INDEX.md").read_text(encoding="utf-8")
    section = index.split("## Proved in Coq")[1].split("\n## ")[0]
    named = re.findall(r"`([A-Z]\w+)\.(\w+)`", section)
    modules = {p.stem for p in SOURCES}
    named = [(module, name) for module, name in named if module in modules and name != "v"]
    assert len(named) > 10
    for module, name in named:
        words = r"Theorem|Lemma|Definition|Record|Fixpoint"
        assert re.search(rf"\b(?:{words}) {name}\b", code(COQ / f"{module}.v")), (module, name)


def test_the_audit_asks_for_the_theorems_of_the_index() -> None:
    index = (ROOT / "proofs" / "INDEX.md").read_text(encoding="utf-8")
    audited = re.findall(r'"(\w+)",?', (COQ / "audit.py").read_text(encoding="utf-8"))
    named = re.findall(r"`(Tree|Subtrees|Acceptance|Theorems|StableFlow)\.(\w+)`", index)
    theorems = [
        name
        for module, name in named
        if re.search(rf"\b(?:Theorem|Lemma) {name}\b", code(COQ / f"{module}.v"))
    ]
    assert len(theorems) > 5
    assert set(theorems) <= set(audited)
