"""A TOML file as exact data, and where in it everything stands."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from certify.errors import ProblemError

from .toml_lines import KeyPath, key_lines, line_of

__all__ = ["Decimal", "Document", "read_document"]

_LARGEST_FILE = 1 << 20
_LONG_KEY = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}"""
)
_AT = re.compile(r"(.*) \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)\Z", re.DOTALL)


@dataclass(frozen=True)
class Decimal:
    """A TOML float as it is written, so that ``0.05`` stays the rational 1/20."""

    text: str


@dataclass(frozen=True)
class Document:
    """The parsed file ``path``: its data, the digest of its bytes, the lines of its keys."""

    path: Path
    data: Mapping[str, object]
    sha256: str
    lines: Mapping[KeyPath, int]

    def where(self, path: Sequence[str]) -> str:
        """``file:line`` of the key ``path``."""
        return f"{self.path}:{line_of(self.lines, tuple(path))}"

    def error(self, path: Sequence[str], message: str) -> ProblemError:
        """The error ``file:line: message`` about the key ``path``."""
        return ProblemError(f"{self.where(path)}: {message}")


def read_document(path: Path) -> Document:
    """The TOML file at ``path``, at most 1 MB of UTF-8; else a ProblemError with its line."""
    raw = _bytes(path)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"{path}:{line}: byte {raw[error.start]:#x} is not UTF-8; save the file as UTF-8"
        raise ProblemError(message) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    long_key = _LONG_KEY.search(text)
    if long_key:
        line = text.count("\n", 0, long_key.start()) + 1
        raise ProblemError(f"{path}:{line}: a dotted key of more than 32 parts")
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ProblemError(_malformed(path, text, str(error))) from None
    except RecursionError:
        raise ProblemError(f"{path}:1: arrays or tables are nested too deeply") from None
    except ValueError:
        raise ProblemError(f"{path}:1: an integer or a date is out of range") from None
    return Document(path, data, hashlib.sha256(raw).hexdigest(), key_lines(text))


def _bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ProblemError(f"{path} is a folder; give the problem.toml in it")
        if path.exists() and not path.is_file():
            raise ProblemError(f"{path} is not a regular file")
        with path.open("rb") as file:
            raw = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise ProblemError(f"{path}: no such file; write the path of a problem.toml") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ProblemError(f"{str(path)[:200]!r} cannot be read: {reason}") from None
    if len(raw) > _LARGEST_FILE:
        message = "larger than 1 MB; keep networks and data in files of their own"
        raise ProblemError(f"{path}: {message}")
    return raw


def _malformed(path: Path, text: str, message: str) -> str:
    match = _AT.match(message)
    if match is None:
        return f"{path}:1: malformed TOML: {message[:200]}"
    line = int(match[2]) if match[2] else text.rstrip("\n").count("\n") + 1
    column = f", column {match[3]}" if match[3] else ""
    return f"{path}:{line}: malformed TOML{column}: {match[1][:200]}"
