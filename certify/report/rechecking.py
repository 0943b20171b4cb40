"""A page that re-checks itself: the kernel from Coq in it, and what that is asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Rechecking"]

_EXHAUSTED = "not enough memory"  # how an answer ends if the stack was too small


@dataclass(frozen=True)
class Rechecking:
    """What a page needs to re-check a certificate in the browser of its reader.

    ``program`` is the kernel from Coq for JavaScript, a script that leaves a function
    ``certifyKernel`` from a text to the lines of its answer; ``text`` is what it is asked and
    ``expected`` are all lines of an answer but the last one, in any order, if nothing is left
    open.  ``proved`` and ``taken`` say what acceptance proves and what it does not.
    """

    program: str
    text: str
    expected: Sequence[str]
    proved: str
    taken: str

    def data(self) -> Markup:
        """Program, text and expected lines as JSON that no tag can end."""
        from markupsafe import Markup

        data = {
            "program": self.program,
            "text": self.text,
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
