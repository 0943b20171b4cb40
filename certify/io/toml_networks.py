"""The network files that a problem file names, read once each and recorded by digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from certify.checks import InvalidProblemError
from certify.errors import InputError, NetworkError
from certify.expression import Node, index, var

from .toml_document import Document

__all__ = ["NetworkFiles", "NetworkFunction"]


class NetworkFunction(Protocol):
    """An exact function from ``inputs`` scalars to a vector of ``outputs``."""

    @property
    def inputs(self) -> int:
        """How many scalars it takes."""

    @property
    def outputs(self) -> int:
        """The size of the vector that it returns."""

    def __call__(self, args: Sequence[Node], /) -> Node:
        """The vector of outputs."""


class NetworkFiles:
    """The networks of ``document``; ``sources`` are the digests of every file read."""

    def __init__(self, document: Document, reader: Callable[[Path], NetworkFunction]) -> None:
        self.document = document
        self.reader = reader
        self.sources = {document.path.name: document.sha256}

    def read(self, path: Sequence[str], file: str) -> NetworkFunction:
        """The network in ``file``, relative to the folder of the document."""
        relative = PurePosixPath(file)
        if not file or "\0" in file or relative.is_absolute():
            message = f'{file[:60]!r} is not a relative path; write a file name, "policy.onnx"'
            raise InvalidProblemError(path, message)
        target = self.document.path.parent / relative
        if target.exists() and not target.is_file():
            raise InvalidProblemError(path, f"{file[:200]!r} is not a regular file; write a file")
        try:
            before = _sha256(target)
            function = self.reader(target)
            if _sha256(target) != before:
                raise NetworkError(f"{file} changed while it was read; try again")
        except OSError as error:
            advice = "write its path relative to the problem file"
            message = f"{file[:200]!r} cannot be read: {error.strerror}; {advice}"
            raise InvalidProblemError(path, message) from None
        except InputError as error:
            raise NetworkError(f"{self.document.where(path)}: {path[-1]}: {error}") from error
        self.sources[file] = before
        return function

    def scalar(self, path: Sequence[str], file: str, states: Sequence[str]) -> Node:
        """The one output of the network in ``file`` at the states, in their order."""
        function = self.read(path, file)
        if (function.inputs, function.outputs) != (len(states), 1):
            shape = f"{function.inputs} inputs and {function.outputs} outputs"
            wanted = f"{len(states)} inputs ({', '.join(states)}) and 1 output"
            raise InvalidProblemError(path, f"{file[:60]!r} has {shape}; write one with {wanted}")
        return index(function([var(name) for name in states]), 0)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
