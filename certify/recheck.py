"""``certify check``: a certificate, re-checked by the kernel that is asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from certify.errors import InputError
from certify.terminal import print_json

if TYPE_CHECKING:
    from certify.coq_theorem import Theorem
    from certify.kernels import Verified
    from certify.proofs.checker.claim import Claim

__all__ = ["recheck"]

_KERNELS = ("python", "verified", "coq")


def recheck(
    path: Path, kernel: str, *, program: Path | None, out: Path | None, workers: int, as_json: bool
) -> None:
    """Check the certificate at ``path`` and print what was found; an error if not accepted."""
    if kernel not in _KERNELS:
        raise InputError(
            f"there is no kernel {kernel[:40]!r} here: the kernels are {', '.join(_KERNELS)}"
        )
    if program is not None and kernel != "verified":
        raise InputError(f"--program is for --kernel verified, not for --kernel {kernel}")
    if out is not None and kernel != "coq":
        raise InputError(f"--out is for --kernel coq, not for --kernel {kernel}")
    if kernel == "python":
        _by_python(path, workers, as_json)
    elif kernel == "verified":
        from certify.kernels import verified

        found = verified(path, program, workers)
        by = f"{found.program}, extracted from a proof in Coq"
        _by_coq(path, found, kernel, ("program", str(found.program)), by, as_json)
    else:
        from certify.coq_theorem import prove_in_coq

        theorem = prove_in_coq(path, out)
        by = f"Coq: Theorem certificate in {theorem.file}"
        _by_coq(path, theorem, kernel, ("theorem_file", str(theorem.file)), by, as_json)


def _by_python(path: Path, workers: int, as_json: bool) -> None:
    from certify.certificate import check

    accepted = check(path, workers=workers, progress=sys.stderr.isatty())
    claim = accepted.certificate.claim
    if as_json:
        print_json(_found(path, claim, accepted.leaves, "python"))
    else:
        typer.echo(_accepted(claim, accepted.leaves))


def _by_coq(
    path: Path,
    accepted: Verified | Theorem,
    kernel: str,
    file: tuple[str, str],
    by: str,
    as_json: bool,
) -> None:
    """What ``by`` proved, with the program or the theorem in ``file``."""
    from certify.kernels import checked

    words = checked(accepted.claim, whole=accepted.whole)
    if as_json:
        found = {
            file[0]: file[1],
            "checked": "claim" if accepted.whole else "obligations",
            "proved": words.proved,
            "not_proved": words.taken,
        }
        if accepted.whole:
            found["claim_sha256"] = accepted.digest
        if accepted.instead:
            found["not_the_claim"] = accepted.instead
        print_json(_found(path, accepted.claim, accepted.leaves, kernel) | found)
        return
    typer.echo(_accepted(accepted.claim, accepted.leaves))
    typer.echo(f"  by          {by}")
    if accepted.whole:
        typer.echo(f"  claim       as certify explain prints it: sha256 {accepted.digest}")
    typer.echo(f"  obligations {', '.join(accepted.leaves)}")
    typer.echo(f"  proved      {words.proved}")
    typer.echo(f"  not proved  {words.taken}")
    if accepted.instead:
        typer.echo(f"  not as a claim: {accepted.instead}")


def _found(path: Path, claim: Claim, leaves: Mapping[str, int], kernel: str) -> dict[str, object]:
    return {
        "verdict": "accepted",
        "name": claim.name,
        "theorem": claim.theorem,
        "kernel": kernel,
        "leaves": dict(leaves),
        "certificate": str(path),
    }


def _accepted(claim: Claim, leaves: Mapping[str, int]) -> str:
    from certify.report.words import clean

    total = sum(leaves.values())
    how = f"{total} leaves re-checked"
    if claim.theorem == "T-RULE":
        how = f"cases decided exactly, {total} leaves of trees for what is left"
    return f"ACCEPTED  {clean(claim.name)}: {claim.theorem}, {how}"
