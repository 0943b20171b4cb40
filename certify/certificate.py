"""Certificates as files: save, load, and check in a process of its own.

The format itself, canonical bytes and digests, is :mod:`certify.proofs.checker.format`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from certify.errors import CertificateError, InputError
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.format import Certificate, read_certificate, write_certificate
from certify.proofs.checker.kernel import Accepted

__all__ = ["check", "load", "open_folder", "save", "write_file"]

_LARGEST_FILE = 1 << 28


def open_folder(path: Path) -> None:
    """Make the folder ``path`` if need be; an InputError if nothing can be written there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InputError(f"{path} is a file: name a folder for the results") from error
    except OSError as error:
        raise InputError(f"{path}: the folder cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise InputError(f"{path}: nothing can be written in this folder")


def write_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a kill leaves the old file or the new one."""
    open_folder(path.parent)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def save(certificate: Certificate, path: str | Path) -> None:
    """Write ``certificate`` in its canonical bytes."""
    write_file(Path(path), write_certificate(certificate))


def load(path: str | Path) -> Certificate:
    """Read a certificate without checking its proof.

    Raises ``InputError`` if there is no such file and ``CertificateError`` if its contents
    are not a certificate.
    """
    _must_be_file(Path(path))
    return _parsed(path, _read(Path(path)))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _parsed(path: str | Path, data: bytes) -> Certificate:
    try:
        return read_certificate(data)
    except (CheckerError, RecursionError) as error:
        raise CertificateError(f"{path}: {error}") from error


def check(path: str | Path, *, workers: int = 1, progress: bool = False) -> Accepted:
    """Have the checker, in a process of its own, accept the certificate at ``path``.

    ``workers`` processes share the leaves; ``progress`` lets it write to stderr.  Raises
    ``InputError`` if there is no such file and ``CertificateError`` with the checker's reason
    if it is not accepted.
    """
    _must_be_file(Path(path))
    # -P: nothing in the current folder can stand in for a module of the checker
    command = [sys.executable, "-P", "-m", "certify.proofs.checker", str(path), str(workers)]
    stderr = None if progress else subprocess.PIPE
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, check=False)
    answer = _answer(done.stdout)
    if done.returncode == 0 and answer.get("verdict") == "accepted":
        leaves = answer.get("leaves")
        counts = {str(k): int(n) for k, n in leaves.items()} if isinstance(leaves, dict) else {}
        data = _read(Path(path))
        if hashlib.sha256(data).hexdigest() != answer.get("sha256"):
            raise CertificateError(f"{path}: the file changed while it was checked")
        return Accepted(_parsed(path, data), counts)
    reason = answer.get("reason", f"the checker ended with code {done.returncode}")
    raise CertificateError(f"{path}: not accepted: {reason}")


def _must_be_file(path: Path) -> None:
    try:
        if path.is_file():
            return
        reason = "not a file: name a certificate" if path.exists() else "there is no such file"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    raise InputError(f"{str(path)[:200]}: {reason}")


def _answer(text: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
