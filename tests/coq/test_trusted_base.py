"""What has to be believed of the kernel from Coq: counted, printed, and written in the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from certify import trusted_base as base
from certify.doctor import findings

ROOT = Path(__file__).parents[2]


def stated(name: str) -> tuple[int, set[str]]:
    """The count and the files that the index gives."""
    index = (ROOT / "proofs" / "INDEX.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {name}\b[^|]*\| (\d+) \w+ \| (.*) \|$", index, re.MULTILINE)
    assert row
    return int(row[1]), set(re.findall(r"`([^`]+)`", row[2]))


@pytest.mark.parametrize("part", base.trusted_base(), ids=lambda p: str(p.name))
def test_the_index_counts_what_has_to_be_believed(part: base.Part) -> None:
    count, files = stated(part.name)
    assert files == set(part.files)
    assert abs(count - part.count) <= (0 if part.unit == "axioms" else 25)


def test_doctor_prints_the_counts() -> None:
    rows = {name.strip(): state for name, state, _ in findings()}
    for part in base.trusted_base():
        assert rows[part.name] == f"{part.count} {part.unit}"
    assert rows["certify-kernel"] in ("built", "not built")


def test_every_program_around_the_kernel_is_counted() -> None:
    """A file in OCaml that is not in the list of the glue would be believed by nobody's leave."""
    files = {p.name: set(p.files) for p in base.trusted_base()}
    coq = ROOT / "proofs" / "coq"
    assert {p.name for p in coq.glob("*.ml")} <= files["glue"]
    assert {p.name for p in (coq / "js").iterdir()} == files["more in JavaScript"]


def test_proofs_lemmas_and_comments_are_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {
        "Language": "(* one\ntwo *)\nDefinition a := 1.\n\nDefinition b :=\n  2.\n",
        "Tree": "From Certify Require Import Language.\nDefinition hidden := 1.\n",
        "Subtrees": "From Certify Require Import Tree.\n",
        "Said": "From Certify Require Import Language Tree Meaning.\nLemma l : a\n  = 1.\n"
        "Proof. reflexivity.\n Qed.\nTheorem t : a = 1.\nProof.\n now auto.\nQed.\n",
        "Meaning": "Definition m := 1.\n",
    }
    for name, text in sources.items():
        (tmp_path / f"{name}.v").write_text(text)
    (tmp_path / "audit.py").write_text('THEOREMS = {"Tree": ("x",), "Said": ("t",)}\n')
    (tmp_path / "assumptions.txt").write_text("# why\n\nan_axiom\n")
    for name in ("main.ml", "command.ml", "judge.ml", "text.ml", "pool.ml", "prelude.ml"):
        (tmp_path / name).write_text("(* why *)\nlet x = 1\n")
    (tmp_path / "js").mkdir()
    for name in ("big_int_Z.ml", "uint63.ml", "prelude.ml", "pool.ml", "main.ml"):
        (tmp_path / "js" / name).write_text("\n")
    (tmp_path / "js" / "stubs.js").write_text("// why\nf(1); // one\n")
    monkeypatch.setattr(base, "COQ", tmp_path)
    parts = {p.name: p for p in base.trusted_base()}
    assert parts["specification"].files == ("Language.v", "Meaning.v", "Said.v")
    assert parts["specification"].count == 3 + 1 + 2
    assert parts["axioms"].count == 1
    assert parts["more in JavaScript"].count == 1
    assert parts["glue"].count > 4


def test_without_the_sources_nothing_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "COQ", tmp_path)
    assert base.trusted_base() == ()
