"""Running the command line in this process, which is fast, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from certify.cli import main

__all__ = ["COMMAND", "Ended", "certify", "process"]

COMMAND = [sys.executable, "-P", "-m", "certify"]


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, object]:
        """The one JSON object on stdout."""
        answer = json.loads(self.out)
        assert isinstance(answer, dict)
        return answer


def certify(*arguments: object) -> Ended:
    """``certify ARGUMENTS`` in this process; it never ends in an internal error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(a) for a in arguments])
    return _checked(Ended(code, out.getvalue(), err.getvalue()))


def process(*arguments: object, cwd: Path) -> Ended:
    """``certify ARGUMENTS`` in a process of its own, started in the folder ``cwd``."""
    command = [*COMMAND, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return _checked(Ended(done.returncode, done.stdout, done.stderr))


def _checked(ended: Ended) -> Ended:
    assert ended.code in {0, 1, 2, 3, 4, 5}, ended
    assert "Traceback" not in ended.out + ended.err, ended.err
    assert "internal error" not in ended.err, ended.err
    return ended
