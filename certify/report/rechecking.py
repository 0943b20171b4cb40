"""A page that re-checks itself: the kernel from Coq in it, and what that is asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Asked", "Rechecking"]

_EXHAUSTED = "not enough memory"  # how an answer ends if the stack was too small


@dataclass(frozen=True)
class Asked:
    """A ``text`` for the kernel, and in words what its acceptance proves and what it does not."""

    text: str
    proved: str
    taken: str


@dataclass(frozen=True)
class Rechecking:
    """What a page needs to re-check a certificate in the browser of its reader.

    ``program`` is the kernel from Coq for JavaScript, a script that leaves a function
    ``certifyKernel`` from a text to the lines of its answer.  It is asked one thing after another
    until it accepts one.  ``expected`` are all lines of an answer but the last one, in any order,
    if nothing is left open.
    """

    program: str
    asked: Sequence[Asked]
    expected: Sequence[str]

    def data(self) -> Markup:
        """Program, texts and expected lines as JSON that no tag can end."""
        from markupsafe import Markup

        data = {
            "program": self.program,
            "asked": [asdict(question) for question in self.asked],
            "expected": sorted(self.expected),
            "exhausted": _EXHAUSTED,
        }
        # Inside of a string the escape is the same character, and it is nowhere else.
        return Markup(json.dumps(data).replace("<", "\\u003c"))

    @staticmethod
    def script() -> Markup:
        """What starts the program when the button is pressed."""
        from markupsafe import Markup

        return Markup(files("certify.report").joinpath("recheck.js").read_text(encoding="utf-8"))
