"""``certify check --kernel verified``: what it says, and that it never says more."""

from __future__ import annotations

import json
import resource
import stat
from fractions import Fraction
from pathlib import Path

import pytest

from certify import kernels
from certify.certificate import load, save
from certify.cli import main
from certify.errors import CertificateError, CertifyError, InputError, UnsupportedError
from certify.io.coq_file import coq_file
from certify.io.kernel_text import VERSION, number
from certify.proofs.checker.format import Certificate, Proof

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "case_studies" / "pendulum_onnx" / "certificate.json"
KERNEL = ROOT / "proofs" / "coq" / "build" / "certify-kernel"
built = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")
LEAVES = {"descent": 247, "ray/omega+": 1, "ray/omega-": 1, "ray/theta+": 1, "ray/theta-": 1}


@pytest.fixture(autouse=True)
def _nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CERTIFY_KERNEL", raising=False)


def with_tree(tree: bytes, folder: Path) -> Path:
    """The case study with another tree for the descent."""
    certificate = load(STUDY)
    proof = certificate.proof
    changed = Proof(
        proof.radius, {**proof.trees, "descent": tree}, proof.statements, proof.coordinates
    )
    path = folder / "changed.json"
    save(Certificate(**{**vars(certificate), "proof": changed}), path)
    return path


def pretending(folder: Path, body: str) -> Path:
    """A program that answers as ``body`` says."""
    path = folder / "kernel"
    path.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo {VERSION}; exit 0; fi\n{body}\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@built
@pytest.mark.parametrize("workers", [1, 3])
def test_a_certificate_is_accepted_and_the_answer_says_what_was_proved(
    workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["check", str(STUDY), "--kernel", "verified", "--workers", str(workers)]
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["leaves"] == LEAVES
    assert answer["verdict"] == "accepted"
    assert answer["checked"] == "claim"
    assert "LoopClaim.stable_claim" in answer["proved"]
    assert "certificate" in answer["not_proved"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("ACCEPTED")
    assert main(["explain", str(STUDY)]) == 0
    assert answer["claim_sha256"] in capsys.readouterr().out
    assert f"sha256 {answer['claim_sha256']}" in said
    words = kernels.checked(load(STUDY).claim, whole=True)
    assert words.proved in said
    assert words.taken in said


@built
@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("case_studies/**/certificate.json")), ids=lambda p: p.parent.name
)
def test_certificates_of_case_studies_are_accepted(path: Path) -> None:
    claim = load(path).claim
    if claim.theorem == "T-REACH-D":
        with pytest.raises(UnsupportedError, match=r"--kernel verified|whole claims only"):
            list(coq_file(load(path), whole=False))
    found = kernels.verified(path, workers=2)
    assert found.leaves or claim.theorem == "T-RULE"  # cases may be decided without any
    assert found.whole


@built
def test_what_python_derived_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A claim that Coq makes no obligations of: by a kernel that knows the format."""
    rows = "\n".join(f"echo proved {name} {n} leaves" for name, n in LEAVES.items())
    lacks = "echo 'certify-kernel: this kernel does not have obligations' >&2; exit 4"
    body = f"if grep -q ^T-STAB-D $3; then {lacks}; fi\n{rows}\necho accepted"
    assert main(["check", str(STUDY), "--kernel", "verified", "--program",
                 str(pretending(tmp_path, body))]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert "derived by proofs/checker/theorems.py" in said
    assert "not as a claim: " in said
    assert "does not have obligations" in said


@built
@pytest.mark.parametrize("workers", [1, 2])
def test_a_leaf_that_is_not_closed_is_named(workers: int, tmp_path: Path) -> None:
    """The kernel may halve a leaf, but not often enough for half of the domain."""
    tree = load(STUDY).proof.trees["descent"]
    whole = with_tree(b"\x40", tmp_path)
    with pytest.raises(CertificateError, match=r"descent: leaf 0 is not closed$"):
        kernels.verified(whole, workers=workers)
    # the upper half of a tree as deep as it was, the lower half as one leaf
    lower = 1
    open_nodes = 1
    while open_nodes:
        open_nodes += 1 if tree[lower] < 0x40 else -1
        lower += 1
    halved = with_tree(tree[:1] + b"\x40" + tree[lower:], tmp_path)
    with pytest.raises(CertificateError, match=r"descent: leaf 1 is not closed$"):
        kernels.verified(halved, workers=workers)


@built
def test_a_tree_that_does_not_cover_its_box_is_named(tmp_path: Path) -> None:
    tree = load(STUDY).proof.trees["descent"]
    for damaged in (b"", tree[:-1], tree + b"\x40", b"\x3f" + tree[1:]):
        with pytest.raises(CertificateError, match="descent: the tree does not cover its box"):
            kernels.verified(with_tree(damaged, tmp_path))


@built
def test_a_kernel_without_an_operator_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("derived_text", "claim_text"):
        lines = list(getattr(kernels, text)(load(STUDY)))
        other = [x.replace("call relu", "call erf") for x in lines]
        assert other != lines
        monkeypatch.setattr(kernels, text, lambda _, other=other: other)
    with pytest.raises(UnsupportedError, match='does not have the function "erf"'):
        kernels.verified(STUDY)


def test_a_certificate_that_does_not_fit_its_claim_is_not_given_to_the_kernel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = load(STUDY)
    claim = certificate.claim
    numbers = {**claim.numbers, "level": claim.numbers["level"] * 2}
    changed = Certificate(
        **{**vars(certificate), "claim": type(claim)(**{**vars(claim), "numbers": numbers})}
    )
    path = tmp_path / "changed.json"
    save(changed, path)
    program = pretending(tmp_path, "echo accepted")
    words = ["check", str(path), "--kernel", "verified", "--program", str(program)]
    assert main(words) == 5
    assert "the tree was made for another statement" in capsys.readouterr().err


def test_without_a_kernel_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "_BUILT", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InputError, match=r"make kernel.*--program.*CERTIFY_KERNEL.*--kernel python"
    ):
        kernels.find_program()
    on_path = tmp_path / "certify-kernel"
    on_path.write_text("")
    on_path.chmod(0o755)
    assert kernels.find_program() == on_path
    monkeypatch.setenv("CERTIFY_KERNEL", str(tmp_path / "other"))
    with pytest.raises(InputError, match="CERTIFY_KERNEL: there is no kernel"):
        kernels.find_program()
    assert kernels.find_program(on_path) == on_path
    with pytest.raises(InputError, match="--program: there is no kernel"):
        kernels.find_program(tmp_path / "other")


def test_a_kernel_of_another_version_is_not_used(tmp_path: Path) -> None:
    program = tmp_path / "kernel"
    for body, said in (
        ("echo certify-kernel-0", "reads 'certify-kernel-0'"),
        ("exit 3", "does not say what it reads"),
    ):
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
        with pytest.raises(InputError, match=f"{said}.*make kernel"):
            kernels.verified(STUDY, program)


PROVED_ALL = "\n".join(f"echo proved {name} {n} leaves" for name, n in LEAVES.items())


def test_only_the_whole_answer_is_an_acceptance(tmp_path: Path) -> None:
    """Each obligation once, with the leaves that its tree has, then the word, then status 0."""
    accepted = kernels.verified(STUDY, pretending(tmp_path, f"{PROVED_ALL}\necho accepted"))
    assert accepted.leaves == LEAVES
    for body in (
        "echo accepted",
        PROVED_ALL,
        f"{PROVED_ALL}\necho proved descent 247 leaves\necho accepted",
        f"{PROVED_ALL}\necho accepted\nexit 1",
        f"{PROVED_ALL}\necho accepted\nkill -9 $$",
        PROVED_ALL.replace("247", "246") + "\necho accepted",
        PROVED_ALL.replace("proved descent", "open descent") + "\necho accepted",
        f"{PROVED_ALL}\necho proved more 1 leaves\necho accepted",
        f"{PROVED_ALL}\necho not accepted",
    ):
        with pytest.raises(CertifyError):
            kernels.verified(STUDY, pretending(tmp_path, body))


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ("echo 'open descent leaf 7 is not closed'; echo not accepted; exit 5",
         CertificateError, "not accepted by the kernel from Coq: descent: leaf 7 is not closed"),
        ("echo 'certify-kernel: malformed: x' >&2; exit 2", CertifyError, "malformed: x"),
        ("echo 'certify-kernel: this kernel does not have x' >&2; exit 4",
         UnsupportedError, "does not have x: build it again, or check with --kernel python"),
        ("kill -9 $$", CertifyError, "signal 9"),
        ("echo 'certify-kernel: not enough memory' >&2; exit 2", CertifyError, "ulimit -s"),
    ],
)  # fmt: skip
def test_refusals_have_their_reasons(
    body: str, error: type[CertifyError], said: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=said):
        kernels.verified(STUDY, pretending(tmp_path, body))


def test_numbers_that_take_minutes_are_not_given_to_the_kernel() -> None:
    assert number(Fraction(-1, 3 * 16**1000)).startswith("-0x1 0x3000")
    with pytest.raises(UnsupportedError, match=r"2051 hexadecimal digits.*--kernel python"):
        number(Fraction(1, 16**2049))


@pytest.mark.parametrize(
    ("given", "used"),
    [(8 << 20, 7168), (1 << 20, 900), (resource.RLIM_INFINITY, 261120), (64 << 20, 64512)],
)
def test_node_has_the_stack_that_the_system_gives(
    given: int, used: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = tmp_path / "node"
    node.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/asked\nexit 1\n')
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (given, given))
    program = tmp_path / "kernel.js"
    program.touch()
    with pytest.raises(InputError):
        kernels.verified(STUDY, program)
    assert (tmp_path / "asked").read_text() == f"--stack-size={used}\n"


def test_a_program_is_for_the_verified_kernel_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(STUDY), "--program", str(KERNEL)]) == 2
    assert "--kernel verified" in capsys.readouterr().err
    assert main(["check", str(STUDY), "--kernel", "coqtop"]) == 2
    assert "python, verified, coq" in capsys.readouterr().err
