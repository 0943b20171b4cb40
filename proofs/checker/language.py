"""The closed expression language: what every claim, search and proof is written in.

An expression is an immutable, interned graph: building the same expression twice gives
the same object, so ``is`` is structural equality.  Scalars have ``size == 0``; vectors,
which exist so that networks stay small, have ``size >= 1``.  Constants are exact rationals.

========================  ==================================================================
``const`` ``var``         an exact rational; a named real
``add sub mul neg``       arithmetic (elementwise on vectors of equal size)
``recip pow``             ``1/a`` (undefined at 0); ``a**n`` with an integer ``n >= 2``
``relu abs max``          kinks, continuous
``sin cos tanh exp atan`` analytic on the reals
``log sqrt``              undefined for ``a <= 0`` and ``a < 0``
``step``                  generalised derivative of relu: {0}, [0, 1] at 0, {1}
``select``                ``b if a > 0 else c``, evaluated only where chosen (trees)
``quotient``              ``(g(t) - g(s)) / (t - s)``, and ``g'(s)`` where ``t == s``
``quotient2``             ``(g(t) - g(s) - g'(s)(t - s)) / (t - s)**2``, ``g''(s)/2`` at 0
``increment``             ``g(s + d) - g(s)``, with arguments ``s`` and ``d``
``stack index affine``    scalars to a vector; a component; ``W v + b``
========================  ==================================================================

Everything except ``select`` and ``index`` is strict: an expression is defined where all its
parts are; a component of a vector is defined by itself.  The constructors fold only what
keeps that true: rational arithmetic on constants, components of stacks, ``a + 0`` and
``a * 1``, never ``0 * a``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from operator import add, mul, sub
from typing import TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from .attributes import Affine, Data, Divided, data_json
from .errors import LanguageError
from .exact import number_text

__all__ = [
    "SMOOTH",
    "UNARY",
    "Affine",
    "Divided",
    "Node",
    "Number",
    "absolute",
    "affine",
    "as_node",
    "atan",
    "build",
    "clip",
    "const",
    "constant_factor",
    "cos",
    "dot",
    "exp",
    "increment",
    "index",
    "log",
    "maximum",
    "minimum",
    "quotient",
    "quotient2",
    "recip",
    "relu",
    "select",
    "sin",
    "sqrt",
    "stack",
    "step",
    "tanh",
    "topological",
    "var",
    "variables",
]

SMOOTH = frozenset({"sin", "cos", "tanh", "exp", "atan", "log", "sqrt", "recip", "pow"})
UNARY = SMOOTH | {"neg", "relu", "abs", "step"}
_DIVIDED = frozenset({"quotient", "quotient2", "increment"})
_BINARY = frozenset({"add", "sub", "mul", "max"}) | _DIVIDED
_LARGEST_CONSTANT_BITS = 1 << 16
_LARGEST_POWER = 64
_FOLDED = frozenset({"const", "stack", "neg"})

Number: TypeAlias = int | float | Fraction


class Node:
    """One operation of an expression graph; build it with the functions of this module."""

    __slots__ = ("__weakref__", "args", "data", "op", "size")

    op: str
    args: tuple[Node, ...]
    data: Data
    size: int

    def __add__(self, other: Node | Number) -> Node:
        return build("add", (self, as_node(other)))

    def __radd__(self, other: Number) -> Node:
        return build("add", (as_node(other), self))

    def __sub__(self, other: Node | Number) -> Node:
        return build("sub", (self, as_node(other)))

    def __rsub__(self, other: Number) -> Node:
        return build("sub", (as_node(other), self))

    def __mul__(self, other: Node | Number) -> Node:
        return build("mul", (self, as_node(other)))

    def __rmul__(self, other: Number) -> Node:
        return build("mul", (as_node(other), self))

    def __truediv__(self, other: Node | Number) -> Node:
        return self * recip(as_node(other))

    def __rtruediv__(self, other: Number) -> Node:
        return as_node(other) * recip(self)

    def __pow__(self, exponent: int) -> Node:
        if not isinstance(exponent, int):
            raise LanguageError(f"an exponent is an integer, not {exponent!r}")
        if exponent < 0:
            return recip(self**-exponent)
        if exponent == 0:
            raise LanguageError("a**0 is not in the language: write 1")
        return self if exponent == 1 else build("pow", (self,), exponent)

    def __neg__(self) -> Node:
        return build("neg", (self,))

    def __getitem__(self, i: int) -> Node:
        return index(self, i)

    def __repr__(self) -> str:
        return f"<{self.op} {self.digest[:8]}>"

    @property
    def digest(self) -> str:
        """The sha256 of the operation and of the digests of its arguments."""
        for node in topological([self], _digests):
            row = [node.op, data_json(node.data), [_digests[a] for a in node.args]]
            _digests[node] = hashlib.sha256(_json(row).encode()).hexdigest()
        return _digests[self]

    @property
    def value(self) -> Fraction:
        """The exact value of a constant."""
        if self.op != "const" or not isinstance(self.data, Fraction):
            raise LanguageError(f"{self!r} is not a constant")
        return self.data


_interned: WeakValueDictionary[tuple[object, ...], Node] = WeakValueDictionary()
_digests: WeakKeyDictionary[Node, str] = WeakKeyDictionary()
_json = json.JSONEncoder(separators=(",", ":")).encode


def _intern(op: str, args: tuple[Node, ...], data: Data, size: int) -> Node:
    label = data.as_integer_ratio() if type(data) is Fraction else data
    key: tuple[object, ...] = (op, label, *map(id, args))
    node = _interned.get(key)
    if node is None:
        node = object.__new__(Node)
        node.op, node.args, node.data, node.size = op, args, data, size
        _interned[key] = node
    return node


def as_node(value: Node | Number) -> Node:
    """An expression as it is; a number as an exact constant."""
    return value if isinstance(value, Node) else const(value)


def const(value: Number) -> Node:
    """The exact rational ``value``; a float stands for the binary64 number that it is."""
    if isinstance(value, float) and not math.isfinite(value):
        raise LanguageError(f"{value} is not a number of the language")
    exact = value if type(value) is Fraction else Fraction(value)
    if exact.numerator.bit_length() + exact.denominator.bit_length() > _LARGEST_CONSTANT_BITS:
        raise LanguageError(f"a constant has more than {_LARGEST_CONSTANT_BITS} bits")
    return _intern("const", (), exact, 0)


def var(name: str) -> Node:
    """The real variable ``name``."""
    if not name.isidentifier():
        raise LanguageError(f"{name!r} is not a name")
    return _intern("var", (), name, 0)


def _one(op: str) -> Callable[[Node], Node]:
    def make(a: Node | Number) -> Node:
        return build(op, (as_node(a),))

    make.__name__ = op
    make.__doc__ = f"The node ``{op}(a)``, elementwise on a vector."
    return make


relu, absolute, step = _one("relu"), _one("abs"), _one("step")
sin, cos, tanh, exp = _one("sin"), _one("cos"), _one("tanh"), _one("exp")
log, sqrt, atan, recip = _one("log"), _one("sqrt"), _one("atan"), _one("recip")


def maximum(a: Node | Number, b: Node | Number) -> Node:
    """``max(a, b)``."""
    return build("max", (as_node(a), as_node(b)))


def minimum(a: Node | Number, b: Node | Number) -> Node:
    """``min(a, b) = -max(-a, -b)``."""
    return -maximum(-as_node(a), -as_node(b))


def clip(a: Node | Number, low: Node | Number, high: Node | Number) -> Node:
    """``max(low, min(a, high))``."""
    return maximum(minimum(a, high), low)


def select(condition: Node, positive: Node | Number, otherwise: Node | Number) -> Node:
    """``positive`` where ``condition > 0``, else ``otherwise``."""
    return build("select", (condition, as_node(positive), as_node(otherwise)))


def quotient(op: str, power: int, s: Node, t: Node) -> Node:
    """The divided difference ``g[s, t]`` of the unary operator ``op`` (``power`` for pow)."""
    return build("quotient", (s, t), Divided(op, power))


def quotient2(op: str, power: int, s: Node, t: Node) -> Node:
    """The second divided difference ``g[s, s, t]`` of the unary operator ``op``."""
    return build("quotient2", (s, t), Divided(op, power))


def increment(op: str, power: int, s: Node, d: Node) -> Node:
    """The difference ``g(s + d) - g(s)`` of the unary operator ``op`` (``power`` for pow)."""
    return build("increment", (s, d), Divided(op, power))


def stack(parts: Iterable[Node | Number]) -> Node:
    """The vector of the scalars ``parts``."""
    return build("stack", tuple(as_node(p) for p in parts))


def index(vector: Node, i: int) -> Node:
    """Component ``i`` of ``vector``."""
    return build("index", (vector,), i)


def affine(weight: Sequence[Sequence[Number]], bias: Sequence[Number] | None, vector: Node) -> Node:
    """``weight @ vector + bias`` with exact entries."""
    rows = tuple(tuple(const(w).value for w in row) for row in weight)
    offset = tuple(const(b).value for b in bias) if bias is not None else (Fraction(0),) * len(rows)
    return build("affine", (vector,), Affine(rows, offset))


def dot(weight: Sequence[Number], vector: Node) -> Node:
    """The scalar ``weight . vector``."""
    return index(affine([weight], None, vector), 0)


def build(op: str, args: tuple[Node, ...], data: Data = None) -> Node:
    """The node ``op(args)``, folded where that is exact; refuses what is not in the language."""
    size = _checked_size(op, args, data)
    folded = _fold(op, args, data)
    return _intern(op, args, data, size) if folded is None else folded


def _checked_size(op: str, args: tuple[Node, ...], data: Data) -> int:
    """The size of the result; every shape and attribute is checked here and nowhere else."""
    if op == "const" and isinstance(data, Fraction) and not args:
        return 0
    if op == "var" and isinstance(data, str) and data.isidentifier() and not args:
        return 0
    if op == "stack" and data is None and args and not any(a.size for a in args):
        return len(args)
    if op == "index" and len(args) == 1 and type(data) is int and 0 <= data < args[0].size:
        return 0
    if op == "affine" and len(args) == 1 and isinstance(data, Affine) and data.weight:
        columns = {len(row) for row in data.weight}
        if columns == {args[0].size} and args[0].size and len(data.bias) == len(data.weight):
            return len(data.weight)
    if op == "select" and data is None and len(args) == 3 and not any(a.size for a in args):
        return 0
    if op in UNARY and len(args) == 1:
        power_ok = type(data) is int and 2 <= data <= _LARGEST_POWER
        if power_ok if op == "pow" else data is None:
            return args[0].size
    elementwise = op in _BINARY and len(args) == 2 and args[0].size == args[1].size
    if elementwise and (_is_divided(data) if op in _DIVIDED else data is None):
        return args[0].size
    shapes = ", ".join("scalar" if a.size == 0 else f"vector of {a.size}" for a in args)
    raise LanguageError(f"{op}({shapes}) is not in the language" + _attribute(data))


def _attribute(data: Data) -> str:
    return f" with attribute {str(data_json(data))[:60]}" if data is not None else ""


def _is_divided(data: Data) -> bool:
    if not isinstance(data, Divided) or data.op not in SMOOTH | {"relu", "abs"}:
        return False
    powers = range(2, _LARGEST_POWER + 1) if data.op == "pow" else range(1)
    return type(data.power) is int and data.power in powers


_VALUE_AT: Mapping[tuple[str, int], int] = {
    **{(op, 0): 0 for op in ("sin", "tanh", "atan", "sqrt")},
    **{(op, 0): 1 for op in ("cos", "exp")},
    **{("sqrt", 1): 1, ("log", 1): 0},
}


_EXACT: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "max": max,
}


def _is(node: Node, value: int) -> bool:
    return node.op == "const" and node.data == value


def _fold(op: str, args: tuple[Node, ...], data: Data) -> Node | None:
    if op == "stack" or _FOLDED.isdisjoint([a.op for a in args]):  # nothing to fold, as in most
        return None
    kinds = {a.op for a in args}
    if op == "index" and "stack" in kinds and isinstance(data, int):
        return args[0].args[data]
    if op == "affine" and isinstance(data, Affine):
        return _image(data, args[0].args) if _constant_vector(args[0]) else None
    if kinds == {"stack"} and len(args) < 3 and op != "affine" and all(map(_constant_vector, args)):
        columns = zip(*(a.args for a in args), strict=True)
        return stack(build(op, column, data) for column in columns)
    if (op in ("add", "sub") and _is(args[1], 0)) or (op == "mul" and _is(args[1], 1)):
        return args[0]
    if (op == "add" and _is(args[0], 0)) or (op == "mul" and _is(args[0], 1)):
        return args[1]
    if op == "neg" and args[0].op == "neg":
        return args[0].args[0]
    return _fold_constants(op, [a.value for a in args], data) if kinds == {"const"} else None


@lru_cache(maxsize=1024)
def _image(matrix: Affine, vector: tuple[Node, ...]) -> Node:
    """``matrix`` applied to constants; remembered, as many expressions ask for the same."""
    values = [a.value for a in vector]
    rows = zip(matrix.weight, matrix.bias, strict=True)
    return stack(sum((w * v for w, v in zip(row, values, strict=True) if v), b) for row, b in rows)


def _constant_vector(node: Node) -> bool:
    return node.op == "stack" and all(a.op == "const" for a in node.args)


def _fold_constants(op: str, values: list[Fraction], data: Data) -> Node | None:
    a = values[0]
    if op == "recip":
        if a == 0:
            raise LanguageError("division by the constant 0")
        return const(1 / a)
    if (op == "log" and a <= 0) or (op == "sqrt" and a < 0):
        raise LanguageError(f"{op} of the constant {number_text(a)[:40]}")
    if op == "pow" and isinstance(data, int):
        bits = a.numerator.bit_length() + a.denominator.bit_length()
        if bits * data > _LARGEST_CONSTANT_BITS:
            raise LanguageError(f"a constant has more than {_LARGEST_CONSTANT_BITS} bits")
        return const(a**data)
    if op == "neg" or (op == "abs" and a < 0):
        return const(-a)
    if op in ("relu", "abs"):
        return const(a if a > 0 else 0)
    if op == "step" and a != 0:
        return const(int(a > 0))
    if op == "increment" and isinstance(data, Divided):
        s, t = (build(data.op, (const(e),), data.power or None) for e in (a, a + values[1]))
        if s is t:
            return const(0)
        return t - s if s.op == t.op == "const" else None
    if op in _EXACT:
        return const(_EXACT[op](a, values[1]))
    known = _VALUE_AT.get((op, a.numerator)) if a.denominator == 1 else None
    return None if known is None else const(known)


def topological(roots: Iterable[Node], known: Container[Node] = ()) -> list[Node]:
    """Every node below ``roots`` but not below ``known``, arguments first, without recursion."""
    order: list[Node] = []
    seen: set[Node] = set()
    for root in roots:
        work: list[tuple[Node, Iterator[Node]]] = []
        if root not in seen and root not in known:
            seen.add(root)
            work.append((root, iter(root.args)))
        while work:
            node, rest = work[-1]
            for child in rest:
                if child not in seen and child not in known:
                    seen.add(child)
                    work.append((child, iter(child.args)))
                    break
            else:
                order.append(node)
                work.pop()
    return order


def constant_factor(node: Node) -> int | None:
    """Which argument of a product is constant, if one is."""
    for i, a in enumerate(node.args):
        if a.op == "const" or _constant_vector(a):
            return i
    return None


def variables(roots: Iterable[Node]) -> list[str]:
    """The names of the variables below ``roots``, in order of first use."""
    return [str(n.data) for n in topological(roots) if n.op == "var"]
