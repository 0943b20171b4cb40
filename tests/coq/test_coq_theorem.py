"""``certify check --kernel coq``: the certificate as a theorem, which Coq compiles or not."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from cross_examination import forged

from certify import coq_theorem
from certify.certificate import load, save
from certify.cli import main
from certify.coq_theorem import prove_in_coq
from certify.errors import CertificateError, InputError
from certify.expression import affine, dot, relu, stack, var
from certify.io.coq_file import coq_file
from certify.io.kernel_text import leaf_counts
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate

ROOT = Path(__file__).parents[2]
COQ = ROOT / "proofs" / "coq"
STUDY = ROOT / "case_studies" / "pendulum_onnx" / "certificate.json"
CRUISE = ROOT / "case_studies" / "cruise_control" / "certificate.json"
compiled = pytest.mark.skipif(
    shutil.which("coqc") is None or not (COQ / "Inside.vo").exists(),
    reason="`make kernel` compiles the proofs in Coq",
)


def bounded(upper: str, name: str = "bounded") -> Certificate:
    """``|x| + y/3 <= upper`` on a square, with a tree of two leaves; the largest value is 4/3."""
    x, y = var("x"), var("y")
    layer = relu(affine([[1, 0], [-1, 0], [0, Fraction(1, 3)]], [0, 0, 1], stack([x, y])))
    claim = Claim(
        theorem="T-OUT",
        name=name,
        time="discrete",
        states=("x", "y"),
        parameters=(),
        disturbances=(),
        box={"x": (Fraction(-1), Fraction(1)), "y": (Fraction(-1), Fraction(1))},
        plant={"x": x, "y": y},
        controller={},
        functions={"output": dot([1, 1, 1], layer) - 1},
        numbers={"upper": Fraction(upper)},
    )
    return forged(claim, b"\x00\x42\x42")


def saved(certificate: Certificate, folder: Path) -> Path:
    path = folder / "certificate.json"
    save(certificate, path)
    return path


@compiled
def test_a_true_claim_is_a_theorem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(bounded("1.334"), tmp_path)
    assert main(["check", str(path), "--kernel", "coq"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ACCEPTED")
    assert f"Theorem certificate in {tmp_path / 'certificate.v'}" in said
    assert "Theorem certificate :" in (tmp_path / "certificate.v").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["certificate.json", "certificate.v"]


@compiled
def test_a_false_claim_is_none(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="not accepted by Coq: output: a leaf is not closed"):
        prove_in_coq(saved(bounded("1.333"), tmp_path))


@compiled
def test_a_theorem_with_other_axioms_is_not_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coq_theorem, "allowed_axioms", set)
    with pytest.raises(CertificateError, match="axioms that are not listed"):
        prove_in_coq(saved(bounded("1.5"), tmp_path))


def test_the_file_states_each_obligation_and_takes_nothing_for_granted() -> None:
    claim = "\n".join(coq_file(load(STUDY), whole=True))
    assert len(re.findall(r"^  closes \w+ stated \d proof_\d = true\.$", claim, re.M)) == 5
    assert "Theorem certificate : true_of stated." in claim
    assert claim.count("vm_cast_no_check (eq_refl true). Qed.") == 7  # counts, and no cells
    text = "\n".join(coq_file(load(CRUISE), whole=False))
    assert len(re.findall(r"^Theorem obligation_\d+ : holds statement_\d+\.$", text, re.M)) == 7
    assert text.count("vm_cast_no_check (eq_refl true). Qed.") == 7
    assert not re.search(r"Admitted|admit|Axiom|Parameter", text + claim)
    named = re.search(r"^Theorem certificate :\n((?:.*\n)*?.*)\.$", text, re.M)
    assert named
    assert re.findall(r"holds (statement_\d+)", named[1]) == [f"statement_{i}" for i in range(7)]


def test_a_name_cannot_end_a_comment() -> None:
    """What is said about the claim must not become a part of the proof."""
    hostile = "x *) Axiom false : False. (*"
    text = "\n".join(coq_file(bounded("1.5", hostile), whole=True))
    assert hostile[1:] not in text
    assert text.index("*)") > text.index("is true.")


def test_a_name_may_have_any_letters() -> None:
    text = "\n".join(coq_file(bounded("1.5", "p\u00eandulo"), whole=True))
    assert text.isascii()
    assert "p?ndulo" in text


def test_without_coq_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "theorem.v"
    with pytest.raises(InputError, match=r"make kernel.*coqc -Q .* Certify .*theorem\.v"):
        prove_in_coq(STUDY, out)
    assert out.read_text().startswith("(** ")


def test_too_many_leaves_are_for_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coq_theorem, "LARGEST", 3)
    path = saved(replace(load(STUDY)), tmp_path)
    leaves = sum(leaf_counts(load(STUDY)).values())
    with pytest.raises(InputError, match=rf"{leaves} leaves are too many.*--kernel verified"):
        prove_in_coq(path)
    assert not (tmp_path / "certificate.v").exists()


def test_an_output_is_for_the_theorem_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(STUDY), "--out", "x.v"]) == 2
    assert "--out is for --kernel coq" in capsys.readouterr().err
