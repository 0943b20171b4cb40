"""The verifier of this project: branch and bound over Taylor models, with kernel evidence."""

from __future__ import annotations

from certify.errors import UnsupportedError
from certify.outcome import Outcome
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.language import SMOOTH, topological
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.extend import extend
from certify.verifiers.interface import Capabilities, Options
from certify.verifiers.proof_run import NAME, ProofRun
from certify.verifiers.recovery import recover
from certify.verifiers.tree_rules import decide_rules

__all__ = ["BranchAndBound"]

_OPERATORS = SMOOTH | {
    *("const", "var", "add", "sub", "mul", "neg", "relu", "abs", "max", "step"),
    *("select", "stack", "index", "affine"),
}


class BranchAndBound:
    """Branch and bound; the kernel's own check of every leaf is part of "proved"."""

    name = NAME
    capabilities = Capabilities(
        theorems=frozenset(THEOREMS),
        operators=frozenset(_OPERATORS),
        evidence="kernel",
        finds_level=True,
        refutes=True,
    )

    def unsupported(self, claim: Claim) -> str | None:
        """Why ``claim`` is outside the capabilities, or None."""
        if claim.theorem not in self.capabilities.theorems:
            return f"no theorem {claim.theorem}"
        parts = (*claim.plant.values(), *claim.controller.values(), *claim.functions.values())
        other = {n.op for n in topological(parts)} - self.capabilities.operators
        return f"no bounds for {', '.join(sorted(other))}" if other else None

    def verify(self, claim: Claim, options: Options) -> Outcome:
        """Decide ``claim``; see :class:`certify.verifiers.interface.Verifier`."""
        reason = self.unsupported(claim)
        if reason is not None:
            raise UnsupportedError(f"{self.name}: {reason}")
        if claim.theorem == "T-RULE":
            return decide_rules(claim, options)
        if claim.theorem == "T-REACH-D":
            return recover(claim, options)
        if THEOREMS[claim.theorem].has_paving:
            return extend(claim, options)
        return ProofRun(claim, options).outcome()
