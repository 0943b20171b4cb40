"""Whole claims as text for the kernel that is proved in Coq, which makes every obligation itself.

What such a text says is ``Statements.true_of`` of the claim in it, for trajectories or solutions of
the loop.  Plant, with the controller in place of the inputs, and functions are programs over
states, parameters and disturbances, in the order of the claim; a program's last vector is the value
of a function, and ``outputs`` says where the results of the plant are.  The format is that of
:mod:`certify.io.kernel_text`, with ``names`` (``none``, or ``some`` and how many errors get one) in
place of the flags, and this in place of the obligation, the last line being a hint::

    T-STAB-D or T-STAB-C
    states <n> <low> <high> ...
    others <n> <low> <high> ...
    plant <nodes> ...
    outputs <n> <where each is, counted back>
    lyapunov <nodes> ...
    level, decay, rest (the equilibrium), cube (half its sides)
    differences <1 if differences are to be written as differences, or 0>

or ``T-SAFE-D`` or ``T-SAFE-C``, the four parts of the loop, ``barrier``, ``initial`` and
``unsafe``, with ``function`` before each function of these; or ``T-OUT``, ``inputs``, ``output``,
``lower`` and ``upper`` (``none``, or ``some`` and a number); or the same as of stability, with the
cube of the bounds and ``residual`` for ``T-RES-D`` or ``T-RES-C``, with ``steps``, ``volume`` and
``paving`` (:mod:`certify.io.paving_text`) for ``T-EXT-D``; or ``T-REACH-D``, the parts of the loop,
``target`` and ``initial``, ``away`` (``none``, or ``some`` and a number), and the same three; or
``T-RULE`` (``rule_text``).
"""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from certify.io.kernel_text import (
    VERSION,
    coordinates_line,
    kernel_text,
    number,
    numbers,
    tree_line,
)
from certify.io.loop_text import box_line, loop_lines, program_lines, set_lines
from certify.io.part_names import in_parts, ordered_parts
from certify.io.paving_text import away_steps, hint_lines, paving_lines, step_bound
from certify.io.rule_text import case_names, rule_lines
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.errors import Rejected
from certify.proofs.checker.format import Certificate, read_certificate
from certify.proofs.checker.kernel import to_prove
from certify.proofs.checker.loops import scales
from certify.proofs.checker.stability import is_polynomial

__all__ = [
    "claim_digest",
    "claim_entry",
    "claim_text",
    "derived_text",
    "has_claim_text",
    "proof_names",
    "statement_lines",
]

_STABLE, _RESIDUAL = ("T-STAB-D", "T-STAB-C"), ("T-RES-D", "T-RES-C")
_WITH_PARTS = ("T-STAB-D", "T-EXT-D")
# theorems whose obligations the kernel makes from the claim
_CLAIMS = frozenset(
    {*_STABLE, *_RESIDUAL, "T-SAFE-D", "T-SAFE-C", "T-OUT", "T-RULE", "T-EXT-D", "T-REACH-D"}
)
# the cube around the equilibrium that is treated along rays, in units of that of the checker: in
# Coq bounds are rounded, also of leaves that end where the checker's cube does
_LARGER = 1 + Fraction(1, 2**30)
_SPLITS = 64  # bytes of a tree below this one name the variable that is split


def claim_text(certificate: Certificate) -> Iterator[str]:
    """The lines for a claim of one of ``_CLAIMS``.

    Raises CheckerError if the trees of ``certificate`` are not those of its claim.
    """
    to_prove(certificate)
    yield f"{VERSION} 1"
    yield from claim_entry(certificate)


def derived_text(certificate: Certificate) -> Iterator[str]:
    """The lines with the obligations that the checker derives, and with the cells of a paving.

    Of these it states that T-EXT-D holds if T-STAB-D does for the core.  Raises CheckerError and
    UnsupportedError as :func:`kernel_text`.
    """
    paving = certificate.proof.paving
    yield from kernel_text(certificate, more=int(paving is not None))
    if paving is not None:
        _, *claimed = statement_lines(certificate)
        yield from ("extending", *claimed, "differences 0", "proofs 0")
        yield from hint_lines(certificate.claim, paving)


def has_claim_text(certificate: Certificate) -> bool:
    """Whether the kernel makes the obligations of ``certificate``, and they are those of its trees.

    The checker divides those of T-OUT by the leaves of decision trees, which the kernel does not.
    """
    theorem, found = certificate.claim.theorem, set(certificate.proof.trees)
    if theorem in _WITH_PARTS and not in_parts(certificate):
        return False
    return theorem in _CLAIMS and found == set(_names(certificate))


def claim_entry(certificate: Certificate, label: str = "") -> Iterator[str]:
    """The lines for the claim and its trees, with ``label`` before the name of each."""
    claim = certificate.claim
    yield from statement_lines(certificate)
    yield f"differences {int(_by_differences(claim))}"
    names = _names(certificate)
    yield f"proofs {len(names)}"
    for name in names:
        yield f"{label}{name}"
        yield from _proof_lines(certificate, name)
    if certificate.proof.paving is not None:
        yield from hint_lines(claim, certificate.proof.paving, label)


def claim_digest(certificate: Certificate) -> str:
    """The SHA-256 of what is claimed, as the kernel reads it, in hexadecimal digits."""
    text = "".join(f"{line}\n" for line in statement_lines(certificate))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _names(certificate: Certificate) -> list[str]:
    claim = certificate.claim
    if claim.theorem == "T-RULE":
        return case_names(claim, certificate.proof.trees)
    names, parts = proof_names(claim), ordered_parts(certificate)
    return [*parts, *names[1:]] if claim.theorem in _WITH_PARTS and parts else names


def proof_names(claim: Claim) -> list[str]:
    """The obligations in the order in which the kernel makes them."""
    if claim.theorem == "T-OUT":
        return ["output"]
    if claim.theorem == "T-REACH-D":
        return []
    ends = [f"{x}{sign}" for x in claim.states for sign in "+-"]
    faces = [f"face/{end}" for end in ends] if claim.time == "continuous" else []
    if _is_safety(claim):
        return ["initial", "unsafe", "step", *faces]
    if claim.theorem in _RESIDUAL:
        return ["descent", "centre", *faces]
    return ["descent", *faces, *(f"ray/{end}" for end in ends)]


def _is_safety(claim: Claim) -> bool:
    return claim.theorem in ("T-SAFE-D", "T-SAFE-C")


def _by_differences(claim: Claim) -> bool:
    if claim.theorem in _WITH_PARTS:
        return not is_polynomial(claim.functions["lyapunov"])
    return claim.theorem == "T-RES-D"


def statement_lines(certificate: Certificate) -> Iterator[str]:
    """What is claimed."""
    claim = certificate.claim
    yield claim.theorem
    if claim.theorem == "T-RULE":
        yield from rule_lines(claim)
        return
    others = (*claim.parameters, *claim.disturbances)
    if claim.theorem == "T-OUT":
        yield box_line("inputs", claim, (*claim.states, *others))
        yield from program_lines("output", claim, claim.functions["output"])
        for end in ("lower", "upper"):
            bound = claim.numbers.get(end)
            yield f"{end} none" if bound is None else f"{end} some {number(bound)}"
        return
    yield from loop_lines(claim)
    if _is_safety(claim):
        yield from program_lines("barrier", claim, claim.functions["barrier"])
        for kind in ("initial", "unsafe"):
            yield from set_lines(claim, kind)
        return
    if claim.theorem == "T-REACH-D":
        for kind in ("target", "initial"):
            yield from set_lines(claim, kind)
        steps = away_steps(claim)
        yield "away none" if steps is None else f"away some {steps}"
        yield from _cell_lines(certificate)
        return
    yield from program_lines("lyapunov", claim, claim.functions["lyapunov"])
    yield f"level {number(claim.numbers['level'])}"
    yield f"decay {number(claim.numbers['decay'])}"
    yield f"rest {len(claim.states)} {numbers([claim.equilibrium[x] for x in claim.states])}"
    if claim.theorem in _RESIDUAL:  # the cube is that of the bounds
        yield _cube([claim.numbers[f"residual/{x}"] for x in claim.states])
        yield f"residual {number(claim.numbers['residual'])}"
        return
    sizes, radius = scales(claim), (certificate.proof.radius or Fraction(1)) * _LARGER
    yield _cube([radius * sizes[x] for x in claim.states])
    if claim.theorem == "T-EXT-D":
        yield from _cell_lines(certificate)


def _cell_lines(certificate: Certificate) -> Iterator[str]:
    """The steps, the volume and the paving."""
    claim, paving = certificate.claim, certificate.proof.paving
    if paving is None:
        raise Rejected("there is no paving")
    yield f"steps {step_bound(claim)}"
    yield f"volume {number(claim.numbers['volume'])}"
    yield "paving"
    yield from paving_lines(claim, paving)


def _cube(sizes: Sequence[Fraction]) -> str:
    return f"cube {len(sizes)} {numbers(sizes)}"


def _proof_lines(certificate: Certificate, name: str) -> Iterator[str]:
    """The names, coordinates and the tree; along rays for the kernel's own variables.

    They are the checker's, but for the distance in units of the radius and the fixed direction.
    """
    proof = certificate.proof
    given, tree = proof.coordinates.get(name), proof.trees[name]
    yield f"names some {proof.symbols[name]}" if name in proof.symbols else "names none"
    if name.startswith("ray/"):
        fixed = 1 + certificate.claim.states.index(name[4:-1])
        tree = bytes(b + (fixed <= b < _SPLITS) for b in tree)
        given = given and _widened(given, proof.radius or Fraction(1), fixed)
    yield coordinates_line(given)
    yield tree_line(tree)


def _widened(given: Coordinates, radius: Fraction, fixed: int) -> Coordinates:
    """``given`` with the distance in units of ``radius`` and variable number ``fixed`` put in."""
    centre = [given.centre[0] / radius, *given.centre[1:]]
    rows = [[m / radius for m in given.matrix[0]], *map(list, given.matrix[1:])]
    for row in rows:
        row.insert(fixed, Fraction(0))
    centre.insert(fixed, Fraction(0))
    rows.insert(fixed, [Fraction(i == fixed) for i in range(len(centre))])
    return Coordinates(tuple(centre), tuple(map(tuple, rows)))


if __name__ == "__main__":
    for line in claim_text(read_certificate(Path(sys.argv[1]).read_bytes())):
        sys.stdout.write(line + "\n")
