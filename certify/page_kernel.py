"""The kernel from Coq for pages: what a report needs to re-check itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from certify.errors import InputError
from certify.io.claim_text import claim_text, derived_text, has_claim_text
from certify.io.kernel_text import VERSION, is_in_trees, leaf_counts
from certify.kernels import checked
from certify.proofs.checker.format import Certificate
from certify.report.rechecking import Asked, Rechecking

__all__ = ["page_kernel"]

_VARIABLE = "CERTIFY_KERNEL_JS"
_BUILT = Path(__file__).parents[1] / "proofs" / "coq" / "build" / "certify-kernel.js"
_WAY_OUT = "or report without --recheckable"


def page_kernel(certificate: Certificate) -> Rechecking:
    """What a page needs to re-check ``certificate``.

    The program is that of CERTIFY_KERNEL_JS or of this source tree.  Raises ``InputError`` with the
    way out if there is none or it is out of date, ``UnsupportedError`` for a certificate that the
    kernel cannot check, and ``CheckerError`` if the certificate does not fit its own claim.
    """
    asked: list[Asked] = []
    if has_claim_text(certificate):
        asked.append(_asked(certificate, claim_text(certificate), whole=True))
    if not asked or is_in_trees(certificate):
        asked.append(_asked(certificate, derived_text(certificate), whole=False))
    counts = leaf_counts(certificate)
    return Rechecking(
        program=_program(),
        asked=asked,
        expected=[f"proved {name} {count} leaves" for name, count in counts.items()],
    )


def _asked(certificate: Certificate, lines: Iterable[str], *, whole: bool) -> Asked:
    said = checked(certificate.claim, whole=whole)
    return Asked("".join(f"{line}\n" for line in lines), said.proved, said.taken)


def _program() -> str:
    path = Path(os.environ.get(_VARIABLE) or _BUILT)
    try:
        program = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: no kernel for pages is here: `make kernel` in the sources of certify builds "
            f"it where js_of_ocaml is installed, or name it with {_VARIABLE}; {_WAY_OUT}"
        ) from error
    if VERSION not in program:
        raise InputError(
            f"{path}: this kernel does not read {VERSION!r}, which certify writes: build it again "
            f"with `make kernel`, {_WAY_OUT}"
        )
    return program
