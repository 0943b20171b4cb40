"""The theorems: which obligations imply which claim.

One function for each theorem id, from a claim to its obligations, in a module of its own; the
statements and proofs are in ``proofs/theory/<id>.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .claim import Claim
from .decisions import by_cases
from .errors import LanguageError, TheoremError
from .language import Node, topological
from .obligations import Obligation
from .outputs import output, rules
from .recovery import recovery
from .residual import residual
from .safety import safety
from .stability import is_ray, stability
from .statements import (
    BOUNDED,
    CONTINUOUS,
    DISCRETE,
    EXACT,
    EXTENDED,
    MODEL,
    RECOVERED,
    RESIDUAL,
    RULED,
    SAFE,
    STABLE,
    STATE,
)

__all__ = ["THEOREMS", "Theorem", "applicable", "obligations", "violation"]


@dataclass(frozen=True)
class Theorem:
    """A theorem id with its conclusion in words, its assumptions and its derivation."""

    id: str
    time: str
    conclusion: str
    assumptions: tuple[str, ...]
    functions: frozenset[str]
    numbers: frozenset[str]
    derive: Callable[[Claim, Fraction], list[Obligation]]
    has_radius: bool = False
    has_level: bool = False
    optional: frozenset[str] = frozenset()  # functions and numbers that may be left out

    @property
    def has_paving(self) -> bool:
        """Whether a proof has a paving besides its trees."""
        return "volume" in self.numbers


def obligations(claim: Claim, radius: Fraction | None) -> list[Obligation]:
    """The obligations that imply ``claim``.

    ``radius`` is the proof's own choice of the size of the cube around the equilibrium
    that is treated along rays (in units of :func:`scales`), for the theorems that have one.
    """
    theorem = applicable(claim)
    if theorem.has_radius != (radius is not None):
        raise TheoremError(f"{theorem.id} {'needs' if theorem.has_radius else 'has no'} radius")
    if radius is not None and not 0 < radius <= 1:
        raise TheoremError("the radius is not in (0, 1]")
    return _derived(theorem, claim, Fraction(0) if radius is None else radius, cased=True)


def violation(claim: Claim) -> list[Obligation]:
    """The obligations that must hold for the conditions of the theorem to hold at all.

    They have no proof-specific radius; a point where one is false refutes the conditions.
    """
    theorem = applicable(claim)
    return _derived(theorem, claim, Fraction(0), cased=not theorem.has_level)


def _derived(theorem: Theorem, claim: Claim, radius: Fraction, *, cased: bool) -> list[Obligation]:
    try:
        found = theorem.derive(claim, radius)
        if not cased or not any(node.op == "select" for node in topological(_stated(claim))):
            return found
        return [part for o in found for part in ([o] if is_ray(o) else by_cases(o))]
    except LanguageError as error:
        raise TheoremError(f"{theorem.id} does not apply: {error}") from error


def applicable(claim: Claim) -> Theorem:
    """The theorem of ``claim``, if the claim has exactly the parts that it speaks of."""
    theorem = THEOREMS.get(claim.theorem)
    if theorem is None:
        raise TheoremError(f"there is no theorem {claim.theorem!r}")
    if theorem.time not in (claim.time, "any"):
        raise TheoremError(f"{theorem.id} is about {theorem.time}-time systems")
    found = {_kind(f) for f in claim.functions}
    if not theorem.functions - theorem.optional <= found <= theorem.functions:
        raise TheoremError(f"{theorem.id} needs the functions {sorted(theorem.functions)}")
    given = set(claim.numbers)
    wanted = theorem.numbers | {
        f"residual/{x}" for x in claim.states if "residual" in theorem.numbers
    }
    if not wanted - theorem.optional <= given <= wanted:
        raise TheoremError(f"{theorem.id} needs the numbers {sorted(wanted)}")
    if any(node.op == "step" for node in topological(_stated(claim))):
        # its values are a matter of choice; along rays two choices can become one
        raise TheoremError("step is a derivative: state a jump with select")
    if theorem.time != "any" and not claim.plant:
        raise TheoremError(f"{theorem.id} needs a plant")
    if theorem.has_level != bool(claim.equilibrium):
        raise TheoremError(f"{theorem.id} {'needs' if theorem.has_level else 'has no'} equilibrium")
    return theorem


def _stated(claim: Claim) -> tuple[Node, ...]:
    return (*claim.plant.values(), *claim.controller.values(), *claim.functions.values())


def _kind(function: str) -> str:
    """``initial``, ``unsafe`` and ``target`` are numbered from 0; other functions stand alone."""
    kind, slash, number = function.partition("/")
    numbered = slash and kind in ("initial", "unsafe", "target") and number.isdecimal()
    return kind if numbered or (slash and kind == "rule") else function


def _theorems() -> dict[str, Theorem]:
    v, numbers = frozenset({"lyapunov"}), frozenset({"level", "decay"})
    sets = frozenset({"barrier", "initial", "unsafe"})
    result: Sequence[Theorem] = (
        Theorem("T-STAB-D", "discrete", STABLE, DISCRETE, v, numbers, stability, True, True),
        Theorem("T-STAB-C", "continuous", STABLE, CONTINUOUS, v, numbers, stability, True, True),
        Theorem("T-EXT-D", "discrete", EXTENDED, DISCRETE, v, numbers | {"steps", "volume"},
                stability, True, True),
        Theorem("T-RES-D", "discrete", RESIDUAL, DISCRETE, v, numbers | {"residual"},
                residual, has_level=True),
        Theorem("T-RES-C", "continuous", RESIDUAL, CONTINUOUS, v, numbers | {"residual"},
                residual, has_level=True),
        Theorem("T-SAFE-D", "discrete", SAFE, DISCRETE, sets, frozenset(), safety),
        Theorem("T-SAFE-C", "continuous", SAFE, CONTINUOUS, sets, frozenset(), safety),
        Theorem("T-REACH-D", "discrete", RECOVERED, DISCRETE, frozenset({"target", "initial"}),
                frozenset({"steps", "volume", "away"}), recovery,
                optional=frozenset({"initial", "away"})),
        Theorem("T-OUT", "any", BOUNDED, (EXACT, MODEL), frozenset({"output"}),
                frozenset({"lower", "upper"}), output, optional=frozenset({"lower", "upper"})),
        Theorem("T-RULE", "any", RULED, (EXACT, MODEL, STATE), frozenset({"rule"}), frozenset(),
                rules),
    )  # fmt: skip
    return {t.id: t for t in result}


THEOREMS: Mapping[str, Theorem] = _theorems()
