"""Closed loops, and functions of their states, as text for the kernel that is proved in Coq.

Parts of the format of :mod:`certify.io.claim_text`.
"""

from collections.abc import Iterator, Sequence

from certify.io.kernel_text import node_lines, numbers
from certify.proofs.checker.calculus import substitute
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.language import Node, topological

__all__ = ["box_line", "loop_lines", "program_lines", "set_lines"]


def loop_lines(claim: Claim) -> Iterator[str]:
    """The plant over states, parameters and disturbances, with the controller in its place."""
    plant = [substitute(claim.plant[x], claim.controller) for x in claim.states]
    order = topological(plant)
    yield box_line("states", claim, claim.states)
    yield box_line("others", claim, (*claim.parameters, *claim.disturbances))
    yield f"plant {len(order)}"
    yield from node_lines(order, _positions(claim))
    outputs = [str(len(order) - 1 - order.index(f)) for f in plant]
    yield " ".join([f"outputs {len(outputs)}", *outputs])


def box_line(word: str, claim: Claim, names: Sequence[str]) -> str:
    """The intervals of ``names``."""
    return " ".join([f"{word} {len(names)}", *(numbers(claim.box[x]) for x in names)])


def program_lines(word: str, claim: Claim, function: Node) -> Iterator[str]:
    """A ``function`` of states, parameters and disturbances."""
    order = topological([function])
    yield f"{word} {len(order)}"
    yield from node_lines(order, _positions(claim))


def set_lines(claim: Claim, kind: str) -> Iterator[str]:
    """The functions of the set that is called ``kind``, in which they are ``<= 0``."""
    chosen = [f for k, f in sorted(claim.functions.items()) if k.split("/")[0] == kind]
    yield f"{kind} {len(chosen)}"
    for function in chosen:
        yield from program_lines("function", claim, function)


def _positions(claim: Claim) -> dict[str, int]:
    names = (*claim.states, *claim.parameters, *claim.disturbances)
    return {x: i for i, x in enumerate(names)}
