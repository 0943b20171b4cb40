"""Substitution and generalised derivatives of expressions, exact and symbolic."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from .errors import LanguageError
from .language import (
    Affine,
    Divided,
    Node,
    build,
    const,
    cos,
    exp,
    recip,
    sin,
    sqrt,
    stack,
    step,
    tanh,
    topological,
)

__all__ = ["derivative", "directional", "is_continuous", "ones_like", "substitute", "zeros_like"]


def substitute(
    root: Node, values: Mapping[str, Node], known: dict[Node, Node] | None = None
) -> Node:
    """``root`` with every variable named in ``values`` replaced, folded where exact.

    ``known`` are results for the same ``values``, to which those found here are added.
    """
    done = {} if known is None else known
    for node in topological([root], done):
        if node.op == "var":
            done[node] = values.get(str(node.data), node)
        elif not node.args:
            done[node] = node
        else:
            done[node] = build(node.op, tuple(done[a] for a in node.args), node.data)
    return done[root]


def zeros_like(node: Node) -> Node:
    """The zero of the shape of ``node``."""
    return _zeros(node.size)


@lru_cache(maxsize=256)
def _zeros(size: int) -> Node:
    return stack([0] * size) if size else const(0)


def ones_like(node: Node) -> Node:
    """The all-ones vector (or 1) of the shape of ``node``."""
    return stack([1] * node.size) if node.size else const(1)


def derivative(op: str, a: Node, power: int = 0) -> Node:
    """``g'(a)`` of the unary operator ``op`` (``power`` for pow); generalised at kinks.

    ``relu' = step`` and ``abs' = 2 step - 1`` take all values of Clarke's generalised
    gradient at the kink (Clarke, Optimization and Nonsmooth Analysis, 1983, section 2.3).
    """
    if op == "pow":
        factor = stack([power] * a.size) if a.size else const(power)
        return factor * a ** (power - 1)
    if op not in _DERIVATIVES:
        raise LanguageError(f"{op} has no generalised derivative: it is not locally Lipschitz")
    return _DERIVATIVES[op](a)


_DERIVATIVES: Mapping[str, Callable[[Node], Node]] = {
    "sin": cos,
    "cos": lambda a: -sin(a),
    "tanh": lambda a: ones_like(a) - tanh(a) ** 2,
    "exp": exp,
    "atan": lambda a: recip(ones_like(a) + a**2),
    "log": recip,
    "sqrt": lambda a: recip(sqrt(a) + sqrt(a)),
    "recip": lambda a: -(recip(a) ** 2),
    "neg": lambda a: -ones_like(a),
    "relu": step,
    "abs": lambda a: step(a) + step(a) - ones_like(a),
}


def directional(root: Node, direction: Mapping[str, Node]) -> Node:
    """The derivative of ``root`` along ``direction`` (a tangent for each variable that moves).

    At a kink the result is set-valued through ``step`` and contains ``p . direction`` for
    every ``p`` in Clarke's generalised gradient (chain and sum rules, op. cit. 2.3.3, 2.3.9).
    Parts that do not move contribute the exact zero.
    """
    moving = set(direction)
    tangent: dict[Node, Node | None] = {}
    for node in topological([root]):
        if node.op == "var":
            name = str(node.data)
            tangent[node] = direction[name] if name in moving else None
        else:
            tangent[node] = _tangent(node, [tangent[a] for a in node.args])
    result = tangent[root]
    return zeros_like(root) if result is None else result


def _tangent(node: Node, tangents: list[Node | None]) -> Node | None:
    if all(t is None for t in tangents):
        return None
    if node.op in ("step", "select", "quotient", "quotient2"):
        raise LanguageError(f"{node.op} has no generalised derivative: it is not locally Lipschitz")
    t = [zeros_like(a) if t is None else t for a, t in zip(node.args, tangents, strict=True)]
    if node.op == "stack":
        return stack(t)
    if node.op == "index":
        return build("index", (t[0],), node.data)
    if node.op == "affine" and isinstance(node.data, Affine):
        return build("affine", (t[0],), node.data.linear)
    if node.op == "add":
        return t[0] + t[1]
    if node.op == "sub":
        return t[0] - t[1]
    a = node.args[0]
    if node.op == "increment" and isinstance(node.data, Divided):
        return _increment_tangent(node.data, node.args, tangents)
    if node.op == "mul":
        b = node.args[1]
        if tangents[0] is None:
            return a * t[1]
        return t[0] * b if tangents[1] is None else t[0] * b + a * t[1]
    if node.op == "max":
        return t[1] + step(a - node.args[1]) * (t[0] - t[1])
    if node.op == "neg":
        return -t[0]
    return derivative(node.op, a, node.data if isinstance(node.data, int) else 0) * t[0]


def _increment_tangent(g: Divided, args: Sequence[Node], tangents: Sequence[Node | None]) -> Node:
    """``g'(s + d)(s' + d') - g'(s) s'`` for ``g(s + d) - g(s)``."""
    (s, d), (s_slope, d_slope) = args, tangents
    end = derivative(g.op, s + d, g.power)
    if s_slope is None:
        return end * (zeros_like(d) if d_slope is None else d_slope)
    both = s_slope if d_slope is None else s_slope + d_slope
    return end * both - derivative(g.op, s, g.power) * s_slope


def is_continuous(root: Node) -> bool:
    """Whether ``root`` is continuous wherever it is defined, by its operators alone."""
    return not any(n.op in ("step", "select") for n in topological([root]))
