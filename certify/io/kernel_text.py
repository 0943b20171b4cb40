"""Certificates as plain text for the kernel that is proved in Coq, ``proofs/coq``.

One block for each obligation: its box, its formula as a program, and its tree.  The text is made
of words separated by spaces and line ends; a number is its numerator and its denominator, both
hexadecimal.  That a text states one obligation and no other, the one that the kernel proves, is a
theorem too: ``Reader.accepted_ok``, where ``print`` is what is described here.
A node of a program refers to those before it by counting back, 0 being the newest::

    certify-kernel-3 <obligations>
    obligation <name>
    box <n> <low> <high> ...
    program <nodes> <operator> <attribute> <arguments> ...
    goal <formula, operators first>
    flags <nodes> <a digit for each>
    coordinates <n or 0> <shift> <matrix> <inverse>
    tree <bytes> <in hexadecimal digits>

What comes after the goal only helps to find the proof.  The digit of a node is 1 if its error gets
a name, plus 2 if the formula is tried there.

For T-STAB-D in discrete time ``claim_text`` states plant and function instead, of which the kernel
makes the obligation ``descent`` itself, with the same coordinates and tree.
"""

import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from certify.errors import UnsupportedError
from certify.proofs.checker.calculus import substitute
from certify.proofs.checker.coordinates import Coordinates, inverse, recentred
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.format import Certificate, read_certificate
from certify.proofs.checker.kernel import to_prove
from certify.proofs.checker.language import Affine, Divided, Node, topological
from certify.proofs.checker.loops import scales
from certify.proofs.checker.obligations import All, Any, Atom, Formula, Obligation, atoms
from certify.proofs.checker.symbols import allocate

__all__ = [
    "VERSION",
    "claim_text",
    "coordinates_line",
    "entry",
    "in_trees",
    "kernel_text",
    "proof_lines",
    "stated_claim",
]

VERSION = "certify-kernel-3"

_RELATIONS = {">": "positive", ">=": "nonnegative", "defined": "defined"}
_CALLS = frozenset(
    {"relu", "abs", "sin", "cos", "tanh", "exp", "atan", "log", "sqrt", "recip", "pow"}
)


def kernel_text(certificate: Certificate) -> Iterator[str]:
    """The lines of the text for ``certificate``, whose obligations are derived here.

    Raises CheckerError if its trees are not those of the obligations, or not all of its proof.
    """
    wanted = in_trees(certificate)
    yield f"{VERSION} {len(wanted)}"
    for obligation in wanted.values():
        yield from entry(certificate, obligation)


def in_trees(certificate: Certificate) -> Mapping[str, Obligation]:
    """The obligations of ``certificate``; UnsupportedError if it is proved by more than trees."""
    if certificate.proof.paving is not None or certificate.claim.theorem == "T-RULE":
        raise UnsupportedError(
            "the kernel from Coq has no pavings, no cases of rules, and would prove a part alone: "
            "check with --kernel python"
        )
    return to_prove(certificate)


def entry(certificate: Certificate, obligation: Obligation, label: str = "") -> Iterator[str]:
    """The lines for one ``obligation`` of ``certificate``, with ``label`` before its name."""
    yield f"obligation {label}{obligation.name}"
    yield from _statement(obligation)
    yield from proof_lines(certificate, obligation.name)


def claim_text(certificate: Certificate) -> Iterator[str]:
    """The lines for ``descent`` of a T-STAB-D claim, with plant and function as stated."""
    plant, v = _loop(certificate)
    named = allocate([*plant, v]).symbols
    yield f"{VERSION} 1"
    yield "claim descent"
    yield from stated_claim(certificate)
    # as in ``descent`` of Descent.v: variables, plant, V, V of the next state, level - V, all rows
    free = "0" * (len(certificate.claim.states) + len(_others(certificate)))
    function = _flags(topological([v]), set(), named)
    yield _flag_line(f"{free}{_flags(topological(plant), set(), named)}{function}{function}02")
    yield from proof_lines(certificate, "descent")


def _loop(certificate: Certificate) -> tuple[list[Node], Node]:
    claim = certificate.claim
    if claim.theorem != "T-STAB-D" or certificate.proof.radius is None:
        raise LanguageError("the kernel makes the obligations of T-STAB-D alone")
    plant = [substitute(claim.plant[x], claim.controller) for x in claim.states]
    return plant, claim.functions["lyapunov"]


def _others(certificate: Certificate) -> tuple[str, ...]:
    return (*certificate.claim.parameters, *certificate.claim.disturbances)


def stated_claim(certificate: Certificate) -> Iterator[str]:
    """Plant and function as programs, and the numbers of the claim."""
    claim, radius = certificate.claim, certificate.proof.radius or Fraction(1)
    plant, v = _loop(certificate)
    others = _others(certificate)
    variables = {x: i for i, x in enumerate((*claim.states, *others))}
    order = topological(plant)
    for word, names in (("states", claim.states), ("others", others)):
        yield " ".join([f"{word} {len(names)}", *(_numbers(claim.box[x]) for x in names)])
    yield f"plant {len(order)}"
    yield from _nodes(order, variables)
    outputs = [str(len(order) - 1 - order.index(f)) for f in plant]
    yield " ".join([f"outputs {len(outputs)}", *outputs])
    yield f"lyapunov {len(topological([v]))}"
    yield from _nodes(topological([v]), variables)
    yield f"level {_number(claim.numbers['level'])}"
    yield f"decay {_number(claim.numbers['decay'])}"
    yield f"rest {len(claim.states)} {_numbers([claim.equilibrium[x] for x in claim.states])}"
    sizes = scales(claim)
    yield f"cube {len(claim.states)} {_numbers([radius * sizes[x] for x in claim.states])}"


def proof_lines(certificate: Certificate, name: str) -> Iterator[str]:
    """The lines for the coordinates and the tree of the obligation ``name``."""
    yield coordinates_line(certificate.proof.coordinates.get(name))
    tree = certificate.proof.trees[name]
    yield f"tree {len(tree)} {tree.hex()}"


def _number(value: Fraction) -> str:
    return f"{value.numerator:#x} {value.denominator:#x}"


def _numbers(values: Sequence[Fraction]) -> str:
    return " ".join(map(_number, values))


def _statement(obligation: Obligation) -> Iterator[str]:
    yield f"box {len(obligation.box)}"
    yield from (_numbers(ends) for ends in obligation.box.values())
    rounds = _rounds(obligation.formula, 0)
    order, tried = _order(rounds)
    variables = {x: i for i, x in enumerate(obligation.box)}
    named = allocate(a.node for a in atoms(obligation.formula)).symbols
    yield f"program {len(order)}"
    yield from _nodes(order, variables)
    position = {node: i for i, node in enumerate(order)}
    yield f"goal {_formula(obligation.formula, position)}"
    yield _flag_line(_flags(order, tried, named))


def _nodes(order: Sequence[Node], variables: Mapping[str, int]) -> Iterator[str]:
    position = {node: i for i, node in enumerate(order)}
    for i, node in enumerate(order):
        arguments = [str(i - 1 - position[a]) for a in node.args]
        yield " ".join(_node(node, arguments, variables))


def _flags(order: Sequence[Node], tried: Container[int], named: Container[Node]) -> str:
    return "".join(str((node in named) + 2 * (i in tried)) for i, node in enumerate(order))


def _flag_line(digits: str) -> str:
    return f"flags {len(digits)} {digits}"


def _rounds(formula: Formula, start: int) -> Iterator[tuple[int, Node]]:
    """Each atom's node with the round in which the kernel comes to it: alternatives wait."""
    if isinstance(formula, Atom):
        yield start, formula.node
        return
    for i, part in enumerate(formula.parts):
        yield from _rounds(part, start + i * isinstance(formula, Any))


def _order(rounds: Iterable[tuple[int, Node]]) -> tuple[list[Node], set[int]]:
    """The nodes, those of earlier rounds first, and the positions where a round ends."""
    order: dict[Node, None] = {}
    ends: set[int] = set()
    for _, group in groupby(sorted(rounds, key=itemgetter(0)), key=itemgetter(0)):
        order.update(dict.fromkeys(topological((node for _, node in group), order)))
        ends.add(len(order) - 1)
    return list(order), ends


def _node(node: Node, arguments: list[str], variables: Mapping[str, int]) -> list[str]:
    op, data = node.op, node.data
    if op == "const" and isinstance(data, Fraction):
        return ["const", _number(data)]
    if op == "var":
        return ["var", str(variables[str(data)])]
    if isinstance(data, Affine):
        rows = [
            f"{_number(bias)} {len(weights)} {_numbers(weights)}"
            for weights, bias in zip(data.weight, data.bias, strict=True)
        ]
        return ["affine", str(len(rows)), *rows, *arguments]
    if isinstance(data, Divided):
        return [op, *_function(data.op, data.power), *arguments]
    if op in _CALLS:
        return ["call", *_function(op, data if isinstance(data, int) else 0), *arguments]
    if op == "stack":
        return ["stack", str(len(arguments)), *arguments]
    if op == "index":
        return ["index", *arguments, str(data)]
    return [op, *arguments]


def _function(op: str, power: int) -> list[str]:
    return ["pow", str(power)] if op == "pow" else [op]


def _formula(formula: Formula, position: Mapping[Node, int]) -> str:
    """``formula`` with two parts to each operator, the last ones nested deepest."""
    if isinstance(formula, Atom):
        return f"{_RELATIONS[formula.relation]} {len(position) - 1 - position[formula.node]}"
    word = "and" if isinstance(formula, All) else "or"
    parts = [_formula(p, position) for p in formula.parts]
    return " ".join([f"{word} {p}" for p in parts[:-1]] + parts[-1:])


def coordinates_line(coordinates: Coordinates | None) -> str:
    """The line for the coordinates of a tree, or for none."""
    if coordinates is None:
        return "coordinates 0"
    rows = [*coordinates.matrix, *inverse(coordinates.matrix)]
    shift = recentred(coordinates)
    return " ".join([f"coordinates {len(shift)}", _numbers(shift), *map(_numbers, rows)])


if __name__ == "__main__":
    write = claim_text if sys.argv[2:] == ["claim"] else kernel_text
    for line in write(read_certificate(Path(sys.argv[1]).read_bytes())):
        sys.stdout.write(line + "\n")
