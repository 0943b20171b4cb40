"""A network read from a file or a library: an exact function from numbers to numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from certify.errors import NetworkError
from certify.expression import Node, substitute, variables

__all__ = ["Network", "placeholder"]


def placeholder(i: int) -> str:
    """The name that stands for argument ``i`` in the body of a network."""
    return f"x{i}"


@dataclass(frozen=True)
class Network:
    """The function ``args -> body`` from ``inputs`` reals to ``outputs`` reals.

    ``body`` is a vector of ``outputs`` components over the variables ``x0, x1, ...``; its
    constants are the exact numbers of the file.  So a claim about a network is a claim over
    the reals with those weights, not about the rounded arithmetic of a float32 run.
    """

    inputs: int
    outputs: int
    name: str
    body: Node

    def __post_init__(self) -> None:
        allowed = {placeholder(i) for i in range(self.inputs)}
        if self.body.size != self.outputs or not set(variables([self.body])) <= allowed:
            raise NetworkError(
                f"{self.name}: the body is not a vector of {self.outputs} over {self.inputs} inputs"
            )

    def __call__(self, args: Sequence[Node]) -> Node:
        """The vector of the outputs for the scalars ``args``, also when there is only one."""
        if len(args) != self.inputs:
            raise NetworkError(f"{self.name} takes {self.inputs} arguments, not {len(args)}")
        if any(a.size for a in args):
            raise NetworkError(f"{self.name} takes scalars: index the vector, as in v[0], v[1]")
        return substitute(self.body, {placeholder(i): a for i, a in enumerate(args)})
