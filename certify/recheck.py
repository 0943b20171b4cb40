"""``certify check``: a certificate, re-checked by the kernel that is asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from certify.errors import InputError
from certify.terminal import print_json

__all__ = ["recheck"]

_KERNELS = ("python", "verified")


def recheck(path: Path, kernel: str, program: Path | None, workers: int, as_json: bool) -> None:
    """Check the certificate at ``path`` and print what was found; an error if not accepted."""
    if kernel not in _KERNELS:
        known = " and ".join(_KERNELS)
        raise InputError(f"there is no kernel {kernel[:40]!r} here: the kernels are {known}")
    if program is not None and kernel != "verified":
        raise InputError(f"--program is for --kernel verified, not for --kernel {kernel}")
    if kernel == "python":
        _by_python(path, workers, as_json)
    else:
        _by_coq(path, program, workers, as_json)


def _by_python(path: Path, workers: int, as_json: bool) -> None:
    from certify.certificate import check
    from certify.report.words import clean

    accepted = check(path, workers=workers, progress=sys.stderr.isatty())
    claim, leaves = accepted.certificate.claim, sum(accepted.leaves.values())
    if as_json:
        found = {"verdict": "accepted", "name": claim.name, "theorem": claim.theorem}
        print_json(
            {**found, "kernel": "python", "leaves": accepted.leaves, "certificate": str(path)}
        )
    else:
        typer.echo(f"ACCEPTED  {clean(claim.name)}: {claim.theorem}, {leaves} leaves re-checked")


def _by_coq(path: Path, program: Path | None, workers: int, as_json: bool) -> None:
    from certify.kernels import PROVED, TAKEN, verified
    from certify.report.words import clean

    found = verified(path, program, workers)
    claim, leaves = found.claim, found.leaves
    if as_json:
        print_json(
            {
                "verdict": "accepted",
                "name": claim.name,
                "theorem": claim.theorem,
                "kernel": "verified",
                "program": str(found.program),
                "leaves": leaves,
                "proved": PROVED,
                "not_proved": TAKEN,
                "certificate": str(path),
            }
        )
        return
    total = sum(leaves.values())
    typer.echo(f"ACCEPTED  {clean(claim.name)}: {claim.theorem}, {total} leaves re-checked")
    typer.echo(f"  by          {found.program}, extracted from a proof in Coq")
    typer.echo(f"  obligations {', '.join(leaves)}")
    typer.echo(f"  proved      {PROVED}")
    typer.echo(f"  not proved  {TAKEN}")
