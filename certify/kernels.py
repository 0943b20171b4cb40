"""The kernel that is proved in Coq, as a program: where it is, and its answer on a certificate.

The program (``proofs/coq``, built by ``make kernel``) re-checks the trees of a certificate; that
what it accepts holds is a theorem of Coq.  It is given the obligations as
:mod:`certify.io.kernel_text` writes them, which is not proved: see ``proofs/coq/README.md``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from certify.certificate import load
from certify.errors import CertificateError, CertifyError, InputError, UnsupportedError
from certify.io.kernel_text import VERSION, kernel_text
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.tree import LEAF

__all__ = ["PROVED", "TAKEN", "Verified", "find_program", "verified"]

PROVED = "each of these obligations holds at every point of its box (Coq: Reader.accepted_ok)"
TAKEN = (
    "that these are the obligations of the claim (derived by proofs/checker/theorems.py) and "
    "imply its conclusion (proved in words, for some theorems in Coq: proofs/INDEX.md)"
)
_NAME = "certify-kernel"
_VARIABLE = "CERTIFY_KERNEL"
_BUILT = Path(__file__).parents[1] / "proofs" / "coq" / "build" / _NAME
_WAY_OUT = "or check with --kernel python"


@dataclass(frozen=True)
class Verified:
    """What the kernel proved: the obligations of ``claim``, with the leaves of their trees."""

    claim: Claim
    leaves: Mapping[str, int]
    program: Path


def find_program(given: Path | None = None) -> Path:
    """The program ``given``, or that of CERTIFY_KERNEL, of this source tree or of PATH.

    Raises ``InputError`` with the way out if there is none.
    """
    wanted = [(given, "--program"), (_from_environment(), _VARIABLE)]
    for path, source in wanted:
        if path is not None:
            if not path.is_file():
                raise InputError(f"{source}: there is no kernel {str(path)[:200]!r}; {_WAY_OUT}")
            return path
    if _BUILT.is_file():
        return _BUILT
    found = shutil.which(_NAME)
    if found is None:
        raise InputError(
            "the kernel from Coq is not built here: `make kernel` in the sources of certify builds "
            f"it, or name the program with --program or {_VARIABLE}, {_WAY_OUT}"
        )
    return Path(found)


def _from_environment() -> Path | None:
    named = os.environ.get(_VARIABLE)
    return Path(named) if named else None


def verified(path: Path, program: Path | None = None, workers: int = 1) -> Verified:
    """Have the kernel from Coq prove the obligations of the certificate at ``path``.

    Raises ``CertificateError`` with the leaf that is not closed, ``UnsupportedError`` with what
    the program lacks, and ``CheckerError`` if the certificate does not fit its own claim.
    """
    found = find_program(program)
    _check_version(found)
    certificate = load(path)
    lines = kernel_text(certificate)
    with tempfile.TemporaryDirectory(prefix="certify-") as folder:
        file = Path(folder, "kernel.txt")
        with file.open("w", encoding="ascii") as text:
            text.writelines(f"{line}\n" for line in lines)
        done = _run(found, ["--workers", str(workers), str(file)])
    trees = certificate.proof.trees
    wanted = {name: sum(byte >= LEAF for byte in tree) for name, tree in trees.items()}
    answers = done.stdout.splitlines()
    if done.returncode == 0 and answers[-1:] == ["accepted"] and _proved(answers[:-1]) == wanted:
        return Verified(certificate.claim, wanted, found)
    raise _refusal(path, found, done)


def _command(program: Path) -> list[str]:
    """How to start the ``program``, which may be its build for JavaScript."""
    if program.suffix != ".js":
        return [str(program)]
    node = shutil.which("node")
    if node is None:
        raise InputError(f"{program} needs node, which is not installed; {_WAY_OUT}")
    return [node, "--stack-size=7000", str(program)]


def _run(program: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [*_command(program), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise InputError(f"{program}: cannot be started: {error.strerror}; {_WAY_OUT}") from error


def _check_version(program: Path) -> None:
    done = _run(program, ["--version"])
    answer = done.stdout.strip()
    if done.returncode == 0 and answer == VERSION:
        return
    said = f"reads {answer[:40]!r}" if done.returncode == 0 else "does not say what it reads"
    raise InputError(
        f"{program}: this kernel {said}, and certify writes {VERSION!r}: build it again with "
        f"`make kernel`, {_WAY_OUT}"
    )


def _proved(lines: Iterable[str]) -> dict[str, int] | None:
    """The leaves of each obligation, or None if a line says anything else."""
    found: dict[str, int] = {}
    for line in lines:
        match line.split():
            case ["proved", name, count, "leaves"] if name not in found and count.isdecimal():
                found[name] = int(count)
            case _:
                return None
    return found


def _refusal(path: Path, program: Path, done: subprocess.CompletedProcess[str]) -> CertifyError:
    """Why the kernel does not accept the certificate at ``path``."""
    said = done.stderr.strip().removeprefix(f"{_NAME}: ")[:500]
    if done.returncode == 5:
        left = [line.split(None, 2) for line in done.stdout.splitlines()]
        why = next((f"{w[1]}: {w[2]}" for w in left if w[0] == "open" and len(w) == 3), "no reason")
        return CertificateError(f"{path}: not accepted by the kernel from Coq: {why}")
    if done.returncode == 4:
        return UnsupportedError(f"{path}: {program}: {said}: build it again, {_WAY_OUT}")
    if done.returncode < 0:
        said = f"it was ended by signal {-done.returncode}"
    return CertifyError(f"{path}: {program} gave no answer: {said or done.stdout[-200:]}")
