"""Z3 as a verifier: exact where a claim is polynomial or piecewise linear.

An obligation "for all x in box: formula" holds when Z3 finds no real point of the box at
which the formula fails.  That is the word of a solver and not a proof that the kernel can
re-check, so the evidence is graded ``solver``.  A point that Z3 does find refutes the claim
only after the kernel has replayed it.
"""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.kernel import refutes
from certify.proofs.checker.language import Divided, topological
from certify.proofs.checker.obligations import Obligation, atoms
from certify.proofs.checker.theorems import THEOREMS, violation
from certify.verifiers.interface import Capabilities, Options

if TYPE_CHECKING:
    from certify.verifiers.smt_encode import Answer

from certify.errors import UnsupportedError
from certify.outcome import Counterexample, OpenBox, Outcome, Verdict

__all__ = ["Z3Verifier"]

_OPERATORS = frozenset(
    {
        *("const", "var", "add", "sub", "mul", "neg", "recip", "pow", "relu", "abs", "max"),
        *("step", "select", "stack", "index", "affine"),
    }
)
_INSTALL = 'z3 is not installed: pip install "certify[smt]"'


class Z3Verifier:
    """Exact real arithmetic by Z3; complete in principle, exponential in practice.

    It needs no cube around an equilibrium: the conditions are decided at every other point
    of the box exactly.
    """

    name = "z3"
    capabilities = Capabilities(
        theorems=frozenset(t for t, theorem in THEOREMS.items() if not theorem.has_paving),
        operators=_OPERATORS,
        evidence="solver",
        finds_level=False,
        refutes=True,
    )

    def unsupported(self, claim: Claim) -> str | None:
        """Why ``claim`` is outside the capabilities, or None."""
        if find_spec("z3") is None:
            return _INSTALL
        if claim.theorem not in self.capabilities.theorems:
            return f"no theorem {claim.theorem}"
        try:
            return _mismatch(claim) or _foreign_operator(violation(claim))
        except CheckerError as error:
            return str(error)

    def verify(self, claim: Claim, options: Options) -> Outcome:
        """Decide ``claim``; see :class:`certify.verifiers.interface.Verifier`."""
        reason = self.unsupported(claim)
        if reason is not None:
            raise UnsupportedError(f"{self.name}: {reason}")
        if options.largest_box:
            raise UnsupportedError(f"{self.name}: it does not look for the largest box")
        return _Run(claim, options).outcome()


def _mismatch(claim: Claim) -> str | None:
    """What the claim lacks for its theorem, before any obligation is derived."""
    theorem = THEOREMS.get(claim.theorem)
    if theorem is None:
        return f"there is no theorem {claim.theorem!r}"
    if theorem.time not in (claim.time, "any"):
        return f"{theorem.id} is about {theorem.time}-time systems"
    if theorem.functions != {name.split("/")[0] for name in claim.functions}:
        return f"{theorem.id} needs the functions {', '.join(sorted(theorem.functions))}"
    if theorem.id == "T-RULE":
        return None
    if theorem.id == "T-OUT":
        stated = claim.numbers and set(claim.numbers) <= theorem.numbers
        return None if stated else "T-OUT needs the numbers lower, upper or both"
    if not claim.plant or ("lyapunov" in theorem.functions and not claim.equilibrium):
        return f"{theorem.id} needs a plant, and stability an equilibrium"
    wanted = set(theorem.numbers)
    if "residual" in wanted:
        wanted |= {f"residual/{x}" for x in claim.states}
    if missing := sorted(wanted - set(claim.numbers)):
        return f"z3 does not search for numbers: state {', '.join(missing)}"
    return None


def _foreign_operator(wanted: list[Obligation]) -> str | None:
    """The first operator of the obligations that Z3 has no exact arithmetic for."""
    for obligation in wanted:
        for node in topological(a.node for a in atoms(obligation.formula)):
            op = node.op
            if op == "increment" and isinstance(node.data, Divided):
                op = node.data.op
            if op not in _OPERATORS:
                return (
                    f"{obligation.name} contains {op} (node {node.digest[:8]}), and z3 is "
                    "exact on polynomials, quotients and piecewise-linear functions only"
                )
    return None


class _Run:
    """One verification: the obligations in order until one is refuted or time is up."""

    def __init__(self, claim: Claim, options: Options) -> None:
        self.claim, self.options = claim, options
        self.start, self.cpu = time.monotonic(), time.process_time()
        self.counterexample: Counterexample | None = None
        self.undecided: list[Obligation] = []
        self.reasons: list[str] = []
        self.proved = 0

    def outcome(self) -> Outcome:
        """Decide every obligation and sum up."""
        wanted = violation(self.claim)
        for i, obligation in enumerate(wanted):
            if self.options.progress is not None:
                self.options.progress(f"z3: {obligation.name}", i / len(wanted))
            if self._is_late():
                self.undecided.append(obligation)
                continue
            self._decide(obligation)
            if self.counterexample is not None:
                break
        verdict = self._verdict(len(wanted))
        return Outcome(
            verdict=verdict,
            claim=self.claim,
            verifier=Z3Verifier.name,
            certificate=self._certificate() if verdict is Verdict.PROVED else None,
            counterexample=self.counterexample,
            open_boxes=() if self.counterexample else tuple(map(_open_box, self.undecided)),
            advice=self._advice(verdict),
            statistics={
                "boxes": len(wanted),
                "leaves": self.proved,
                "seconds": time.monotonic() - self.start,
                "cpu_seconds": time.process_time() - self.cpu,
            },
        )

    def _decide(self, obligation: Obligation) -> None:
        """Record that ``obligation`` is proved, refuted or, with a reason, undecided."""
        from certify.verifiers.smt_encode import Encoder

        encoder = Encoder(obligation)
        reason = ""
        for strict in (False, True):
            answer = encoder.solve(strict=strict, seconds=self._left(), seed=self.options.seed)
            if answer.is_none and not strict:
                self.proved += 1
                return
            for point in answer.points:
                condition = refutes(self.claim, dict(point))
                if condition is not None:
                    self.counterexample = Counterexample(point, condition)
                    return
            reason = reason or _explained(answer)
            if not answer.points:
                break
        self.undecided.append(obligation)
        self.reasons.append(f"{obligation.name}: {reason}")

    def _left(self) -> float | None:
        """Seconds left."""
        timeout = self.options.timeout
        return None if timeout is None else timeout - (time.monotonic() - self.start)

    def _is_late(self) -> bool:
        left = self._left()
        return left is not None and left <= 0

    def _verdict(self, wanted: int) -> Verdict:
        if self.counterexample is not None:
            return Verdict.REFUTED
        # what exact cases decide is no obligation
        if self.proved == wanted and (wanted or self.claim.theorem == "T-RULE"):
            return Verdict.PROVED
        return Verdict.TIMED_OUT if self._is_late() else Verdict.UNKNOWN

    def _advice(self, verdict: Verdict) -> str:
        if verdict is Verdict.PROVED:
            return ""
        if verdict is Verdict.REFUTED:
            return "try a smaller level or decay, another certificate function or controller"
        if verdict is Verdict.TIMED_OUT:
            return f"{self.options.timeout:g} seconds were not enough: allow more, or claim less"
        return "; ".join(self.reasons) + ": claim a little less, or use another verifier"

    def _certificate(self) -> Certificate:
        from certify.verifiers.smt_encode import version

        return Certificate(
            claim=self.claim,
            assumptions=THEOREMS[self.claim.theorem].assumptions,
            evidence="solver",
            proof=Proof(None, {}, {}),
            tool={"verifier": Z3Verifier.name, "version": version()},
        )


def _explained(answer: Answer) -> str:
    """Why ``answer`` decides nothing."""
    if not answer.points:
        return f"z3 gives up ({answer.reason})"
    near = ", ".join(f"{x} = {float(value):.6g}" for x, value in answer.points[-1].items())
    return (
        f"false or undefined at or near {near}, says z3, but no replay confirms it: "
        "the condition is an equality there, or an expression has no value"
    )


def _open_box(obligation: Obligation) -> OpenBox:
    box = {x: (float(low), float(high)) for x, (low, high) in obligation.box.items()}
    return OpenBox(obligation.name, box)
