"""The verifiers there are, in order of preference.

To register one, implement :class:`certify.verifiers.interface.Verifier` and add its class to
:func:`verifiers`; the conformance suite then holds it to the capabilities it declares.
"""

from __future__ import annotations

from certify.errors import UnsupportedError
from certify.proofs.checker.claim import Claim
from certify.verifiers.interface import Verifier

__all__ = ["choose", "named", "verifiers"]


def verifiers() -> tuple[Verifier, ...]:
    """Every verifier, the preferred ones first; imported only when asked for."""
    from certify.verifiers.branch_and_bound import BranchAndBound
    from certify.verifiers.smt import Z3Verifier

    return (
        BranchAndBound(),
        Z3Verifier(),
    )


def named(name: str) -> Verifier:
    """The verifier called ``name``; UnsupportedError lists the names there are."""
    for verifier in verifiers():
        if verifier.name == name:
            return verifier
    names = ", ".join(v.name for v in verifiers())
    raise UnsupportedError(f"there is no verifier {name!r}: choose one of {names}")


def choose(claim: Claim) -> Verifier:
    """The first verifier that supports ``claim``; UnsupportedError says why each refuses."""
    reasons = []
    for verifier in verifiers():
        reason = verifier.unsupported(claim)
        if reason is None:
            return verifier
        reasons.append(f"{verifier.name}: {reason}")
    raise UnsupportedError("no verifier supports the claim; " + "; ".join(reasons))
