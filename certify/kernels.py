"""The kernel that is proved in Coq, as a program: where it is, and its answer on a certificate.

The program (``proofs/coq``, built by ``make kernel``) re-checks the trees of a certificate.  For
the theorems of ``claim_text`` it is given the claim and makes the obligations itself; that
what it accepts is true, for the trajectories of the loop, is a theorem of Coq.  Otherwise, and
where it does not get through with its own obligations, it is given those that the checker derives:
see ``proofs/coq/README.md``.
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
from certify.io.claim_text import claim_digest, claim_text, derived_text, has_claim_text
from certify.io.kernel_text import VERSION, is_in_trees, leaf_counts
from certify.proofs.checker.claim import Claim

__all__ = ["Checked", "Verified", "checked", "find_program", "verified"]

_NAME = "certify-kernel"
_VARIABLE = "CERTIFY_KERNEL"
_BUILT = Path(__file__).parents[1] / "proofs" / "coq" / "build" / _NAME
_WAY_OUT = "or check with --kernel python"
_SMALLEST_STACK, _LARGEST_STACK = 900, 1 << 18  # of node, in kilobytes
_EXHAUSTED = "not enough memory"  # how an answer ends if memory or stack was too small


@dataclass(frozen=True)
class Checked:
    """In words: what was ``proved`` in Coq, and what is ``taken`` from other programs."""

    proved: str
    taken: str


def checked(claim: Claim, *, whole: bool) -> Checked:
    """What an acceptance says: of the ``whole`` claim, or of derived obligations."""
    if whole:
        return Checked(
            f"{claim.theorem} as the claim states it: its obligations, made in Coq, imply it "
            f"(Acceptance.accepted_ok: {_MEANING[claim.theorem]})",
            "that the text which certify/io/claim_text.py writes has the numbers, the functions "
            "and the loop, controller in place, of the certificate",
        )
    proved = "each of these obligations holds at every point of its box"
    if claim.theorem == "T-EXT-D":
        proved += ", and if the core is as T-STAB-D says, it is reached from the cells as claimed"
    return Checked(
        f"{proved} (Acceptance.accepted_ok)",
        "that these are the obligations of the claim (derived by proofs/checker/theorems.py) and "
        "imply its conclusion (proved in words, for some theorems in Coq: proofs/INDEX.md)",
    )


_MEANING: Mapping[str, str] = {
    "T-STAB-D": "LoopClaim.stable_claim, for every trajectory",
    "T-STAB-C": "FlowClaim.stable_flow, for every solution; that one exists is proved in words",
    "T-RES-D": "ResidualClaim.settling_steps, for every trajectory",
    "T-RES-C": "ResidualClaim.settling_flow, for every solution; existence is proved in words",
    "T-SAFE-D": "SafetyClaim.safe_steps, for every trajectory",
    "T-SAFE-C": "SafetyClaim.safe_flow, for every solution; that one exists is proved in words",
    "T-OUT": "OutputClaim.bounded, for every value",
    "T-EXT-D": "ExtensionClaim.extended_claim, for every trajectory from the core and the cells",
    "T-REACH-D": "RecoveryClaim.recovered, for every trajectory from the cells and initial set",
    "T-RULE": "RuleClaim.ruled, at every point of the box",
}


@dataclass(frozen=True)
class Verified:
    """What the kernel proved: the ``whole`` claim or derived obligations, with their leaves.

    ``instead`` says why it is not the whole claim, where its theorem is one of those; ``digest`` is
    that of the claim which was checked, as ``certify explain`` gives it.
    """

    claim: Claim
    leaves: Mapping[str, int]
    program: Path
    whole: bool
    instead: str = ""
    digest: str = ""


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
    """Have the kernel from Coq prove the claim of the certificate at ``path``, or its obligations.

    Raises ``CertificateError`` with the leaf that is not closed, ``UnsupportedError`` with what
    the program lacks, and ``CheckerError`` if the certificate does not fit its own claim.
    """
    found = find_program(program)
    _check_version(found)
    certificate = load(path)
    leaves = leaf_counts(certificate)
    instead = ""
    if has_claim_text(certificate):
        done = _answer(found, claim_text(certificate), workers)
        if _accepts(done, leaves):
            digest = claim_digest(certificate)
            return Verified(certificate.claim, leaves, found, whole=True, digest=digest)
        if done.returncode not in (4, 5):
            raise _refusal(path, found, done)
        if not is_in_trees(certificate):
            raise _refusal(path, found, done)
        instead = str(_refusal(path, found, done))
    done = _answer(found, derived_text(certificate), workers)
    if _accepts(done, leaves):
        return Verified(certificate.claim, leaves, found, whole=False, instead=instead)
    raise _refusal(path, found, done)


def _answer(program: Path, lines: Iterable[str], workers: int) -> subprocess.CompletedProcess[str]:
    """What ``program`` says of a text."""
    with tempfile.TemporaryDirectory(prefix="certify-") as folder:
        file = Path(folder, "kernel.txt")
        with file.open("w", encoding="ascii") as text:
            text.writelines(f"{line}\n" for line in lines)
        return _run(program, ["--workers", str(workers), str(file)])


def _accepts(done: subprocess.CompletedProcess[str], leaves: Mapping[str, int]) -> bool:
    """Whether all is proved, each obligation with the leaves that its tree has."""
    answers = done.stdout.splitlines()
    return done.returncode == 0 and answers[-1:] == ["accepted"] and _proved(answers[:-1]) == leaves


def _command(program: Path) -> list[str]:
    """How to start the ``program``, which may be its build for JavaScript."""
    if program.suffix != ".js":
        return [str(program)]
    node = shutil.which("node")
    if node is None:
        raise InputError(f"{program} needs node, which is not installed; {_WAY_OUT}")
    return [node, f"--stack-size={_node_stack()}", str(program)]


def _node_stack() -> int:
    """The stack that node may use, in kilobytes: what the system gives, but for a reserve."""
    import resource  # where there is node and no such module, it fails here alone

    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    given = _LARGEST_STACK if soft == resource.RLIM_INFINITY else soft // 1024
    return max(min(given, _LARGEST_STACK) - 1024, _SMALLEST_STACK)


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
    if said.endswith(_EXHAUSTED):
        said += " or stack, of which `ulimit -s` gives more, under node most of all"
    return CertifyError(f"{path}: {program} gave no answer: {said or done.stdout[-200:]}")
