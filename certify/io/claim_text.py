"""Whole claims as text for the kernel that is proved in Coq, which makes every obligation itself.

What such a text says is ``Statements.true_of`` of the claim in it, for trajectories or solutions of
the loop.  Plant, with the controller in place of the inputs, and functions are programs over
states, parameters and disturbances, in the order of the claim; a program's last vector is the value
of a function, and ``outputs`` says where the results of the plant are.  The format is that of
:mod:`certify.io.kernel_text`, with this in place of the obligation, the last line being a hint::

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
``lower`` and ``upper`` (``none``, or ``some`` and a number); or ``T-EXT-D``, what ``T-STAB-D`` has
of the core, ``steps``, ``volume`` and ``paving`` (:mod:`certify.io.paving_text`); or a claim of
T-RULE (:mod:`certify.io.rule_text`).
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
    node_lines,
    number,
    numbers,
    tree_line,
)
from certify.io.paving_text import hint_lines, paving_lines, step_bound
from certify.io.rule_text import case_names, rule_lines
from certify.proofs.checker.calculus import substitute
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.format import Certificate, read_certificate
from certify.proofs.checker.kernel import to_prove
from certify.proofs.checker.language import Node, topological
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

# theorems whose obligations the kernel makes from the claim
_CLAIMS = ("T-STAB-D", "T-STAB-C", "T-SAFE-D", "T-SAFE-C", "T-OUT", "T-RULE", "T-EXT-D")
# the cube around the equilibrium that is treated along rays, in units of that of the checker: in
# Coq bounds are rounded, also of leaves that end where the checker's cube does
_LARGER = 1 + Fraction(1, 2**30)
# bytes of a tree below this one name the variable that is split
_SPLITS = 64


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
    claim = certificate.claim
    return claim.theorem in _CLAIMS and set(certificate.proof.trees) == set(_names(certificate))


def claim_entry(certificate: Certificate, label: str = "") -> Iterator[str]:
    """The lines for the claim and its trees, with ``label`` before the name of each."""
    claim = certificate.claim
    yield from statement_lines(certificate)
    yield f"differences {int(_by_differences(claim))}"
    names = _names(certificate)
    yield f"proofs {len(names)}"
    for name in names:
        yield f"{label}{name}"
        yield "flags 0"
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
    return proof_names(claim)


def proof_names(claim: Claim) -> list[str]:
    """The obligations in the order in which the kernel makes them."""
    if claim.theorem == "T-OUT":
        return ["output"]
    ends = [f"{x}{sign}" for x in claim.states for sign in "+-"]
    faces = [f"face/{end}" for end in ends] if claim.time == "continuous" else []
    if _is_safety(claim):
        return ["initial", "unsafe", "step", *faces]
    return ["descent", *faces, *(f"ray/{end}" for end in ends)]


def _is_safety(claim: Claim) -> bool:
    return claim.theorem in ("T-SAFE-D", "T-SAFE-C")


def _by_differences(claim: Claim) -> bool:
    falls = claim.theorem in ("T-STAB-D", "T-EXT-D")
    return falls and not is_polynomial(claim.functions["lyapunov"])


def statement_lines(certificate: Certificate) -> Iterator[str]:
    """What is claimed."""
    claim = certificate.claim
    yield claim.theorem
    if claim.theorem == "T-RULE":
        yield from rule_lines(claim)
        return
    others = (*claim.parameters, *claim.disturbances)
    if claim.theorem == "T-OUT":
        yield _box("inputs", claim, (*claim.states, *others))
        yield from _program("output", claim, claim.functions["output"])
        for end in ("lower", "upper"):
            bound = claim.numbers.get(end)
            yield f"{end} none" if bound is None else f"{end} some {number(bound)}"
        return
    plant = [substitute(claim.plant[x], claim.controller) for x in claim.states]
    order = topological(plant)
    yield _box("states", claim, claim.states)
    yield _box("others", claim, others)
    yield f"plant {len(order)}"
    yield from node_lines(order, _positions(claim))
    outputs = [str(len(order) - 1 - order.index(f)) for f in plant]
    yield " ".join([f"outputs {len(outputs)}", *outputs])
    if _is_safety(claim):
        yield from _program("barrier", claim, claim.functions["barrier"])
        for kind in ("initial", "unsafe"):
            chosen = [f for k, f in sorted(claim.functions.items()) if k.split("/")[0] == kind]
            yield f"{kind} {len(chosen)}"
            for function in chosen:
                yield from _program("function", claim, function)
        return
    yield from _program("lyapunov", claim, claim.functions["lyapunov"])
    yield f"level {number(claim.numbers['level'])}"
    yield f"decay {number(claim.numbers['decay'])}"
    yield f"rest {len(claim.states)} {numbers([claim.equilibrium[x] for x in claim.states])}"
    sizes, radius = scales(claim), (certificate.proof.radius or Fraction(1)) * _LARGER
    yield f"cube {len(claim.states)} {numbers([radius * sizes[x] for x in claim.states])}"
    if certificate.proof.paving is not None:
        yield f"steps {step_bound(claim)}"
        yield f"volume {number(claim.numbers['volume'])}"
        yield "paving"
        yield from paving_lines(claim, certificate.proof.paving)


def _positions(claim: Claim) -> dict[str, int]:
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    return {x: i for i, x in enumerate(names)}


def _box(word: str, claim: Claim, names: Sequence[str]) -> str:
    return " ".join([f"{word} {len(names)}", *(numbers(claim.box[x]) for x in names)])


def _program(word: str, claim: Claim, function: Node) -> Iterator[str]:
    order = topological([function])
    yield f"{word} {len(order)}"
    yield from node_lines(order, _positions(claim))


def _proof_lines(certificate: Certificate, name: str) -> Iterator[str]:
    """The coordinates and the tree; along rays for the kernel's own variables.

    They are those of the checker, but for the distance, which is in units of the radius, and with
    the direction of the face among them, which is constant on it.
    """
    proof = certificate.proof
    given, tree = proof.coordinates.get(name), proof.trees[name]
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
