"""Parts of a loop with trees, for which the kernel from Coq makes an obligation each.

It makes them where there are several parts, but not too many, as the checker does, and in the order
of their boxes.  Nothing here has to be believed.
"""

from __future__ import annotations

from certify.proofs.checker.cases import Range, cases
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.kernel import to_prove
from certify.proofs.checker.language import topological
from certify.proofs.checker.loops import stated_loop

__all__ = ["in_parts", "ordered_parts"]

_MOST = 256  # as in StableCases.v


def in_parts(certificate: Certificate) -> bool:
    """Whether there are trees for the parts that the kernel makes obligations for, if it does."""
    given = len(_given(certificate))
    count = _parts(certificate.claim)
    return given == (count if 2 <= count <= _MOST else 0)


def ordered_parts(certificate: Certificate) -> list[str]:
    """The obligations of parts in the order of their boxes; none if there are no parts."""
    names = _given(certificate)
    if not names:
        return []
    claim, wanted = certificate.claim, to_prove(certificate)
    axes = (*claim.states, *claim.parameters, *claim.disturbances)
    return sorted(names, key=lambda name: [wanted[name].box[x] for x in axes])


def _given(certificate: Certificate) -> list[str]:
    return [name for name in certificate.proof.trees if name.startswith("descent/")]


def _parts(claim: Claim) -> int:
    loop = tuple(stated_loop(claim).values())
    if not any(node.op == "select" for node in topological(loop)):
        return 1
    try:
        return sum(1 for _ in cases(loop, {x: Range(*ends) for x, ends in claim.box.items()}))
    except LanguageError:
        return _MOST + 1
