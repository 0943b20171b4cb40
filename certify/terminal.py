"""What commands print, and how they end: one message for every error, and its exit code."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from _thread import interrupt_main
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from certify.errors import CertifyError
from certify.proofs.checker.errors import CheckerError

if TYPE_CHECKING:
    from certify.outcome import Outcome
    from certify.proofs.checker.kernel import Accepted

__all__ = ["answer", "ending", "print_json", "tell"]

_INTERNAL = 70
_INTERRUPTED = 130
_CLOSED = 141


def ending(command: Callable[[], object], *, as_json: bool, resumes: bool) -> int:
    """The exit code of ``command``, whose errors become one message each.

    With ``as_json`` the message is one JSON object on stdout too.  ``resumes`` says whether
    the command goes on where it was when it is given again.
    """
    _print_anything()
    sys.unraisablehook = _unraisable
    try:
        code = command()
        if sys.stdout is not None:
            sys.stdout.flush()
    except CertifyError as error:
        return _failed(str(error), error.exit_code, as_json)
    except CheckerError as error:
        return _failed(str(error), 5, as_json)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted(as_json, resumes)
    except OSError as error:
        return _unwritable(error, as_json)
    except SystemExit:  # how the command line library answers a closed stdout
        return _closed()
    except Exception as error:
        return _usage_or_internal(error, as_json)
    if code == _INTERRUPTED:
        return _interrupted(as_json, resumes)
    return code if isinstance(code, int) else 0


def _unraisable(what: sys.UnraisableHookArgs) -> None:
    """Ctrl-C in a callback that cannot raise is delivered again instead of being printed."""
    if isinstance(what.exc_value, KeyboardInterrupt):
        interrupt_main()
    else:
        sys.__unraisablehook__(what)


def print_json(data: object) -> None:
    """``data`` as the one object of a command with ``--json``."""
    typer.echo(json.dumps(data, indent=1))


def answer(outcome: Outcome, *, as_json: bool, certificate: str | None = None) -> None:
    """``outcome`` as the answer of a command that wrote its certificate to ``certificate``."""
    from certify.report.json import summary

    if as_json:
        accepted = _accepted_here(outcome)
        print_json(summary(outcome, accepted=accepted, certificate_path=certificate))
        return
    tell(outcome)
    if certificate is not None:
        typer.echo(f"  certificate  {certificate}\n  re-check     certify check {certificate}")


def tell(outcome: Outcome) -> None:
    """The verdict of ``outcome`` in words."""
    from certify.report.model import report_model
    from certify.report.text import short

    typer.echo(short(report_model(outcome, accepted=_accepted_here(outcome))), nl=False)


def _accepted_here(outcome: Outcome) -> Accepted | None:
    """The kernel's answer in this process: without it a search does not end with trees."""
    from certify.proofs.checker.kernel import Accepted

    found = outcome.certificate
    return Accepted(found, {}) if found is not None and found.evidence == "kernel" else None


def _print_anything() -> None:
    """File names need not be text, and terminals need not know every letter."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _failed(message: str, code: int, as_json: bool) -> int:
    # a message may quote a hostile file, which must not steer the terminal
    shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in message)
    typer.echo(f"certify: {shown}", err=True)
    if as_json:
        print_json({"verdict": "error", "error": message, "exit": code})
    return code


def _interrupted(as_json: bool, resumes: bool) -> int:
    advice = "; the same command goes on where it was" if resumes else ""
    return _failed(f"interrupted{advice}", _INTERRUPTED, as_json)


def _unwritable(error: OSError, as_json: bool) -> int:
    if error.errno == errno.EPIPE:
        return _closed()
    where = f"{error.filename}: " if error.filename else ""
    return _failed(f"{where}{error.strerror or error}", 2, as_json)


def _closed() -> int:
    """Nobody reads: say nothing more, also not when the interpreter ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
    return _CLOSED


def _usage_or_internal(error: Exception, as_json: bool) -> int:
    usage = getattr(error, "format_message", None)  # errors of the command line library
    if usage is not None:
        context = getattr(error, "ctx", None)
        hint = f"; see {context.command_path} --help" if context is not None else ""
        return _failed(f"{usage().rstrip('.')}{hint}", 2, as_json)
    if os.environ.get("CERTIFY_DEBUG"):
        raise error
    advice = "this is a bug; CERTIFY_DEBUG=1 shows where"
    message = f"internal error: {type(error).__name__}: {error} ({advice})"
    return _failed(message, _INTERNAL, as_json)
