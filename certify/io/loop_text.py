"""Claims as text for the kernel that is proved in Coq, which makes every obligation by itself.

For T-STAB-D in discrete time; what such a text says is ``stable_claim`` of
``proofs/coq/StableLoop.v``, and the format is that of ``kernel_text``, with::

    certify-kernel-3 1
    loop <1 if differences are written as differences, or 0>
    states, others, plant, outputs, lyapunov, level, decay, rest, cube
    proofs <obligations>
    <name>
    coordinates <n or 0> <shift> <matrix> <inverse>
    tree <bytes> <in hexadecimal digits>
    ...
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from certify.io.kernel_text import VERSION, coordinates_line, proof_lines, stated_claim
from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.format import Certificate, read_certificate

__all__ = ["loop_text"]

# bytes of a tree below this one name the variable that is split
_SPLITS = 64


def loop_text(certificate: Certificate, *, differences: bool) -> Iterator[str]:
    """The lines for all of a T-STAB-D claim, of which the kernel makes every obligation itself.

    ``differences`` says whether it is to write differences as differences.  The trees are those
    for the obligations of the checker, which need not fit.
    """
    states = certificate.claim.states
    faces = [f"ray/{x}{sign}" for x in states for sign in "+-"]
    yield f"{VERSION} 1"
    yield f"loop {int(differences)}"
    yield from stated_claim(certificate)
    yield f"proofs {1 + len(faces)}"
    yield "descent"
    yield from proof_lines(certificate, "descent")
    for i, name in enumerate(faces):
        yield name
        yield from _ray_proof(certificate, name, 1 + i // 2)


def _ray_proof(certificate: Certificate, name: str, fixed: int) -> Iterator[str]:
    """A tree along rays for the kernel's own variables.

    They are those of the checker, but for the distance, which is in units of the radius, and with
    the direction number ``fixed`` among them, which is constant on this face.
    """
    proof = certificate.proof
    tree = bytes(b + (fixed <= b < _SPLITS) for b in proof.trees[name])
    given = proof.coordinates.get(name)
    yield coordinates_line(given and _widened(given, proof.radius or Fraction(1), fixed))
    yield f"tree {len(tree)} {tree.hex()}"


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
    certificate = read_certificate(Path(sys.argv[1]).read_bytes())
    for line in loop_text(certificate, differences=sys.argv[2:] != ["plain"]):
        sys.stdout.write(line + "\n")
