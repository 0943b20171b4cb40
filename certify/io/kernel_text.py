"""Certificates as plain text for the kernel that is proved in Coq, ``proofs/coq``.

One block for each statement: what is stated, and a tree for each obligation that the kernel makes
of it.  Here a statement is an obligation as the checker derives it; whole claims are written by
:mod:`certify.io.claim_text`.  The text is made of words separated by spaces and line ends; a number
is its numerator and its denominator, both hexadecimal.  That a text states one thing and no other,
which is true if the kernel accepts, is a theorem too: ``Acceptance.accepted_ok``, where ``print``
is what is described here.
A node of a program refers to those before it by counting back, 0 being the newest::

    certify-kernel-5 <statements>
    obligation
    box <n> <low> <high> ...
    program <nodes> <operator> <attribute> <arguments> ...
    goal <formula, operators first>
    differences 0
    proofs 1
    <name>
    flags <nodes or 0> <a digit for each>
    coordinates <n or 0> <shift> <matrix> <inverse>
    tree <bytes> <in hexadecimal digits>

What comes after the goal only helps to find the proof.  The digit of a node is 1 if its error gets
a name, plus 2 if the formula is tried there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from certify.errors import UnsupportedError
from certify.io.paving_text import cells_shown
from certify.proofs.checker.coordinates import Coordinates, inverse, recentred
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.kernel import to_prove
from certify.proofs.checker.language import Affine, Divided, Node, topological
from certify.proofs.checker.obligations import All, Any, Atom, Formula, Obligation, atoms
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.tree import LEAF

__all__ = [
    "RELATIONS",
    "VERSION",
    "coordinates_line",
    "entry",
    "in_trees",
    "is_in_trees",
    "kernel_text",
    "leaf_counts",
    "node_lines",
    "number",
    "numbers",
    "tree_line",
]

VERSION = "certify-kernel-5"

RELATIONS = {">": "positive", ">=": "nonnegative", "defined": "defined"}
# theorems that are proved by more than trees and the cells of an extended region
_IN_MORE = {
    "T-RULE": "has cases of rules in whole claims only, and would prove a part alone",
    "T-REACH-D": "has the cells of T-REACH-D in whole claims only",
}
_LONGEST = 2048  # characters of a number
_CALLS = frozenset(
    {"relu", "abs", "sin", "cos", "tanh", "exp", "atan", "log", "sqrt", "recip", "pow"}
)


def kernel_text(certificate: Certificate, more: int = 0) -> Iterator[str]:
    """The lines of the text for ``certificate``, whose obligations are derived here.

    ``more`` statements follow, of a paving.  Raises CheckerError if its trees are not those of the
    obligations, and UnsupportedError if they are not all of its proof.
    """
    wanted = in_trees(certificate)
    yield f"{VERSION} {len(wanted) + more}"
    for obligation in wanted.values():
        yield from entry(certificate, obligation)


def is_in_trees(certificate: Certificate) -> bool:
    """Whether trees prove all of ``certificate``, or do with the cells of an extended region."""
    return certificate.claim.theorem not in _IN_MORE


def in_trees(certificate: Certificate) -> Mapping[str, Obligation]:
    """The obligations of ``certificate``; UnsupportedError if it is proved by more than trees."""
    if not is_in_trees(certificate):
        more = _IN_MORE[certificate.claim.theorem]
        raise UnsupportedError(f"the kernel from Coq {more}: check with --kernel python")
    return to_prove(certificate)


def leaf_counts(certificate: Certificate) -> dict[str, int]:
    """How many leaves each tree has, and how many cells are shown, as the program counts them."""
    proof = certificate.proof
    counts = {name: sum(byte >= LEAF for byte in tree) for name, tree in proof.trees.items()}
    if proof.paving is not None:
        counts["paving"] = cells_shown(certificate.claim, proof.paving)
    return counts


def entry(certificate: Certificate, obligation: Obligation, label: str = "") -> Iterator[str]:
    """The lines for one ``obligation`` of ``certificate``, with ``label`` before its name."""
    yield "obligation"
    yield f"box {len(obligation.box)}"
    yield from (numbers(ends) for ends in obligation.box.values())
    rounds = _rounds(obligation.formula, 0)
    order, tried = _order(rounds)
    variables = {x: i for i, x in enumerate(obligation.box)}
    most = certificate.proof.symbols.get(obligation.name)
    named = allocate((a.node for a in atoms(obligation.formula)), most).symbols
    yield f"program {len(order)}"
    yield from node_lines(order, variables)
    position = {node: i for i, node in enumerate(order)}
    yield f"goal {_formula(obligation.formula, position)}"
    yield "differences 0"
    yield "proofs 1"
    yield f"{label}{obligation.name}"
    digits = (str((node in named) + 2 * (i in tried)) for i, node in enumerate(order))
    yield f"flags {len(order)} {''.join(digits)}"
    yield coordinates_line(certificate.proof.coordinates.get(obligation.name))
    yield tree_line(certificate.proof.trees[obligation.name])


def tree_line(tree: bytes) -> str:
    """The line for a tree."""
    return f"tree {len(tree)} {tree.hex()}"


def number(value: Fraction) -> str:
    """``value`` as two words; UnsupportedError if they are too long for the kernel."""
    words = f"{value.numerator:#x} {value.denominator:#x}"
    if len(words) > _LONGEST:
        raise UnsupportedError(
            f"a number has {len(words) - 5} hexadecimal digits, which takes the kernel from Coq "
            "too long: check with --kernel python"
        )
    return words


def numbers(values: Sequence[Fraction]) -> str:
    """``values``, two words for each."""
    return " ".join(map(number, values))


def node_lines(order: Sequence[Node], variables: Mapping[str, int]) -> Iterator[str]:
    """A line for each node of ``order``, with the numbers of its ``variables``.

    Arguments come first; of those that are there several times the last one is meant.
    """
    position: dict[Node, int] = {}
    for i, node in enumerate(order):
        arguments = [str(i - 1 - position[a]) for a in node.args]
        yield " ".join(_node(node, arguments, variables))
        position[node] = i


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
        return ["const", number(data)]
    if op == "var":
        return ["var", str(variables[str(data)])]
    if isinstance(data, Affine):
        rows = [
            f"{number(bias)} {len(weights)} {numbers(weights)}"
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
        return f"{RELATIONS[formula.relation]} {len(position) - 1 - position[formula.node]}"
    word = "and" if isinstance(formula, All) else "or"
    parts = [_formula(p, position) for p in formula.parts]
    return " ".join([f"{word} {p}" for p in parts[:-1]] + parts[-1:])


def coordinates_line(coordinates: Coordinates | None) -> str:
    """The line for the coordinates of a tree, or for none."""
    if coordinates is None:
        return "coordinates 0"
    rows = [*coordinates.matrix, *inverse(coordinates.matrix)]
    shift = recentred(coordinates)
    return " ".join([f"coordinates {len(shift)}", numbers(shift), *map(numbers, rows)])
