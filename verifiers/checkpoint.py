"""Resuming: the state of a search in one file, replaced atomically, bound to its claim."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

__all__ = ["Checkpoint", "State"]

State = Mapping[str, np.ndarray]
_DIGEST = hashlib.sha256().digest_size


class Checkpoint:
    """Saves every few seconds, if it can; loads only what was saved for the same ``key``."""

    def __init__(self, path: Path | None, key: str, seconds: float = 2.0) -> None:
        self._path, self._key, self._seconds = path, key, seconds
        self._last = time.monotonic()

    def load(self) -> dict[str, np.ndarray]:
        """The saved state, empty if there is none, it is damaged or belongs to another claim."""
        try:
            saved = b"" if self._path is None else self._path.read_bytes()
        except OSError:
            return {}
        digest, data = saved[:_DIGEST], saved[_DIGEST:]
        if digest != self._digest(data):
            return {}
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    def _digest(self, data: bytes) -> bytes:
        return hashlib.sha256(self._key.encode() + b"\n" + data).digest()

    def offer(self, state: Callable[[], State], *, last: bool = False) -> None:
        """Save ``state()`` if it is the ``last`` or the last time is long enough ago."""
        if self._path is None:
            return
        if not last and time.monotonic() - self._last < self._seconds:
            return
        try:
            self._save(state())
        except OSError:  # a full disk must not end a search that can do without
            self._path = None
        self._last = time.monotonic()

    def _save(self, state: State) -> None:
        assert self._path is not None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **state)
        data = buffer.getvalue()
        part = self._path.with_name(self._path.name + ".part")
        with part.open("wb") as file:
            file.write(self._digest(data) + data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)

    def discard(self) -> None:
        """Remove the file: the search is over."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
