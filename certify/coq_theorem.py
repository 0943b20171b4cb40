"""A certificate as a theorem of Coq, which is compiled where Coq and the proofs are."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from certify.certificate import load, write_file
from certify.errors import CertificateError, CertifyError, InputError
from certify.io.claim_text import claim_digest, has_claim_text
from certify.io.coq_file import coq_file, theorem_name
from certify.io.kernel_text import is_in_trees, leaf_counts
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate
from certify.trusted_base import COQ, allowed_axioms

__all__ = ["LARGEST", "Theorem", "prove_in_coq"]

LARGEST = 100_000  # leaves, of which Coq does about a hundred a second


@dataclass(frozen=True)
class Theorem:
    """The theorem in ``file``, compiled: the ``whole`` claim, or its obligations, hold."""

    claim: Claim
    leaves: Mapping[str, int]
    file: Path
    whole: bool
    instead: str = ""
    digest: str = ""


def prove_in_coq(path: Path, out: Path | None = None) -> Theorem:
    """Write the certificate at ``path`` as a theorem, to ``out`` or beside it, and compile it.

    Where Coq does not get through with the obligations that it makes of the claim, the theorem is
    about those that the checker derives.  Raises ``CertificateError`` with the one that is not
    proved, and ``InputError`` with the command that compiles the file if Coq or the proofs are not
    here.
    """
    certificate = load(path)
    leaves = leaf_counts(certificate)
    if sum(leaves.values()) > LARGEST:
        raise InputError(
            f"{path}: {sum(leaves.values())} leaves are too many for Coq, which takes {LARGEST:,}; "
            "check with --kernel verified"
        )
    file = path.with_suffix(".v") if out is None else out
    instead = ""
    if has_claim_text(certificate):
        try:
            _compiled(path, certificate, file, whole=True)
        except CertificateError as refusal:
            if certificate.proof.paving is not None or not is_in_trees(certificate):
                raise
            instead = str(refusal)
        else:
            digest = claim_digest(certificate)
            return Theorem(certificate.claim, leaves, file, whole=True, digest=digest)
    _compiled(path, certificate, file, whole=False)
    return Theorem(certificate.claim, leaves, file, whole=False, instead=instead)


def _compiled(path: Path, certificate: Certificate, file: Path, *, whole: bool) -> None:
    """Write the theorem of ``path`` to ``file``, and compile it."""
    text = "".join(f"{line}\n" for line in coq_file(certificate, whole=whole))
    write_file(file, text.encode())
    if shutil.which("coqc") is None or not (COQ / "Inside.vo").is_file():
        raise InputError(
            f"{file} is written, but Coq or its compiled proofs are not here: after `make kernel`, "
            f"coqc -Q {COQ} Certify {file}"
        )
    names = re.findall(r"^\(\* (\S+) \*\)$", text, re.MULTILINE)
    with tempfile.TemporaryDirectory(prefix="certify-") as folder:
        copy = Path(folder, "Certificate.v")
        copy.write_text(text, encoding="ascii")
        command = ["coqc", "-w", "none", "-Q", str(COQ), "Certify", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise _refusal(path, text, names, done.stderr)
    used = set(re.findall(r"^([\w.']+)\s*:", done.stdout, re.MULTILINE)) - {"Axioms"}
    if not used <= allowed_axioms():
        more = ", ".join(sorted(used - allowed_axioms()))
        raise CertificateError(f"{path}: the theorem rests on axioms that are not listed: {more}")


def _refusal(path: Path, text: str, names: list[str], said: str) -> CertifyError:
    """Why Coq does not take the ``text``: by the line that it names."""
    place = re.search(r'Certificate\.v", line (\d+)', said)
    before = text.splitlines()[: int(place[1])] if place else []
    for position in reversed(range(len(names))):
        if any(f"Theorem {theorem_name(position)} " in line for line in before):
            if re.search(rf'"(check|closes \w+ stated).* proof_{position}\s*=\s*true"', said):
                what = (
                    f"{names[position]}: a leaf is not closed, or the tree does not cover its box"
                )
                return CertificateError(f"{path}: not accepted by Coq: {what}")
            break
    return CertifyError(f"{path}: coqc gave no answer: {said.strip()[-500:]}")
