"""The expression language as users meet it: build, parse, differentiate, evaluate.

The graph itself is defined once, in :mod:`certify.proofs.checker.language`, because what an
expression means is part of what the checker must be trusted with.
"""

from certify.proofs.checker.calculus import directional, is_continuous, substitute
from certify.proofs.checker.language import (
    Node,
    absolute,
    affine,
    as_node,
    atan,
    build,
    clip,
    const,
    cos,
    dot,
    exp,
    index,
    log,
    maximum,
    minimum,
    recip,
    relu,
    select,
    sin,
    sqrt,
    stack,
    tanh,
    topological,
    var,
    variables,
)

from .parser import parse, parse_condition
from .printer import to_text

__all__ = [
    "Node",
    "absolute",
    "affine",
    "as_node",
    "atan",
    "build",
    "clip",
    "const",
    "cos",
    "directional",
    "dot",
    "exp",
    "index",
    "is_continuous",
    "log",
    "maximum",
    "minimum",
    "parse",
    "parse_condition",
    "recip",
    "relu",
    "select",
    "sin",
    "sqrt",
    "stack",
    "substitute",
    "tanh",
    "to_text",
    "topological",
    "var",
    "variables",
]
