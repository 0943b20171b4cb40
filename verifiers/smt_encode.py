"""Obligations as formulas of exact real arithmetic for Z3.

An expression becomes a term and a condition under which it is defined.  An atom holds where
its expression is defined *and* the relation is true (Kleene), so that a model of "box and not
formula" is a point that violates the obligation or at which something it needs is undefined.
A ``step`` becomes a new real between 0 and 1 that is free at the jump: every selection has to
satisfy the formula, so Z3 looks for one that does not.

Reference: L. de Moura, N. Bjorner, Z3: an efficient SMT solver, TACAS 2008; for nonlinear
arithmetic D. Jovanovic, L. de Moura, Solving non-linear arithmetic, IJCAR 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import z3

from certify.errors import UnsupportedError
from certify.proofs.checker.attributes import Data
from certify.proofs.checker.language import Affine, Divided, Node, topological
from certify.proofs.checker.obligations import All, Any, Atom, Formula, Obligation

__all__ = ["Answer", "Encoder", "Term", "version"]

_DIGITS = (20, 60)


@dataclass(frozen=True)
class Answer:
    """What Z3 says: no counterexample, points close to one, or a ``reason`` why neither."""

    points: tuple[Mapping[str, Fraction], ...] = ()
    reason: str = ""

    @property
    def is_none(self) -> bool:
        """Whether Z3 says that there is no counterexample."""
        return not (self.points or self.reason)


@dataclass(frozen=True)
class Term:
    """A scalar, or a component of a vector, for Z3: a real, and where it is defined."""

    value: z3.ArithRef
    defined: z3.BoolRef


class Encoder:
    """The translation of one obligation, in a context of its own so that runs are alike.

    ``point`` maps each variable of the box to its real; ``side`` holds what the auxiliary
    reals satisfy (they can be chosen so at every point, defined or not); ``linear`` says
    whether everything translated so far is piecewise linear.
    """

    def __init__(self, obligation: Obligation) -> None:
        self.context = z3.Context()
        self.point = {x: z3.Real(x, self.context) for x in obligation.box}
        self.side: list[z3.BoolRef] = []
        self._obligation = obligation
        self._terms: dict[Node, tuple[Term, ...]] = {}
        self._true = z3.BoolVal(True, self.context)
        self.linear = True

    def solve(self, *, strict: bool, seconds: float | None, seed: int) -> Answer:
        """Look for a point of the box at which the formula does not hold.

        With ``strict`` only for points at which every failing relation fails by more than
        equality, which survive the rigorous replay more often: the absence of
        these proves nothing.
        """
        inside = [self._within(x, low, high) for x, (low, high) in self._obligation.box.items()]
        fails = self._fails(self._obligation.formula, strict)
        solver = z3.SolverFor("QF_LRA" if self.linear else "QF_NRA", ctx=self.context)
        solver.set("random_seed", seed)
        if seconds is not None:
            solver.set("timeout", max(1, round(1000 * seconds)))
        solver.add(*inside, *self.side, fails)
        verdict = solver.check()
        if verdict == z3.unsat:
            return Answer()
        if verdict != z3.sat:
            return Answer(reason=solver.reason_unknown() or "unknown")
        model = solver.model()
        return Answer(points=tuple(self._point(model, digits) for digits in _DIGITS))

    def _point(self, model: z3.ModelRef, digits: int) -> dict[str, Fraction]:
        """The model as rationals within the box: algebraic numbers to so many ``digits``."""
        point = {}
        for x, (low, high) in self._obligation.box.items():
            value = model.eval(self.point[x], model_completion=True)
            if z3.is_algebraic_value(value):
                value = value.approx(digits)
            point[x] = min(max(value.as_fraction(), low), high)
        return point

    def _within(self, x: str, low: Fraction, high: Fraction) -> z3.BoolRef:
        real = self.point[x]
        if low == high:
            return real == self._number(low)
        return z3.And(self._number(low) <= real, real <= self._number(high))

    def _fails(self, formula: Formula, strict: bool) -> z3.BoolRef:
        """The negation of ``formula``, pushed down to the atoms."""
        if isinstance(formula, Atom):
            return self._atom_fails(formula, strict)
        parts = [self._fails(p, strict) for p in formula.parts]
        if isinstance(formula, All):
            return z3.Or([*parts, z3.BoolVal(False, self.context)])
        if isinstance(formula, Any):
            return z3.And([*parts, self._true])
        raise TypeError(f"{formula!r} is not a formula")

    def _atom_fails(self, atom: Atom, strict: bool) -> z3.BoolRef:
        (term,) = self.terms(atom.node)
        if atom.relation == "defined":
            return z3.Not(term.defined)
        low = term.value <= 0 if atom.relation == ">" and not strict else term.value < 0
        return z3.And(term.defined, low) if strict else z3.Or(z3.Not(term.defined), low)

    def terms(self, root: Node) -> tuple[Term, ...]:
        """The components of ``root``, each shared part translated once."""
        for node in topological([root]):
            if node not in self._terms:
                self._terms[node] = self._translate(node)
        return self._terms[root]

    def _translate(self, node: Node) -> tuple[Term, ...]:
        op, data = node.op, node.data
        args = [self._terms[a] for a in node.args]
        if op == "var":
            return (Term(self.point[str(data)], self._true),)
        if op == "const":
            return (Term(self._number(node.value), self._true),)
        if op == "stack":
            return tuple(a[0] for a in args)
        if op == "index" and isinstance(data, int):
            return (args[0][data],)
        if isinstance(data, Affine):
            return self._affine(data, args[0])
        if op == "select":
            return (self._select(*(a[0] for a in args)),)
        if op == "recip":
            return tuple(map(self._recip, args[0]))
        return tuple(self._strict(op, data, row) for row in zip(*args, strict=True))

    def _strict(self, op: str, data: Data, row: Sequence[Term]) -> Term:
        """An operator that is defined wherever its arguments are."""
        values = [term.value for term in row]
        defined = self._all(term.defined for term in row)
        if op == "step":
            return Term(self._step(values[0]), defined)
        if op == "pow" and isinstance(data, int):
            self.linear = False
            return Term(_power(values[0], data), defined)
        if isinstance(data, Divided) and op == "increment":
            return self._increment(data, *row)
        if op == "mul":
            self.linear &= any(map(z3.is_rational_value, values))
            return Term(values[0] * values[1], defined)
        if op in _PIECEWISE_LINEAR:
            return Term(_PIECEWISE_LINEAR[op](*values), defined)
        raise UnsupportedError(f"z3 has no exact arithmetic for {op}")

    def _increment(self, g: Divided, s: Term, d: Term) -> Term:
        """``g(s + d) - g(s)``."""
        end = Term(s.value + d.value, self._all((s.defined, d.defined)))
        values = [self._unary(g, a) for a in (end, s)]
        return Term(values[0].value - values[1].value, self._all(v.defined for v in values))

    def _unary(self, g: Divided, a: Term) -> Term:
        return self._recip(a) if g.op == "recip" else self._strict(g.op, g.power or None, (a,))

    def _number(self, value: Fraction) -> z3.ArithRef:
        return z3.RealVal(f"{value.numerator}/{value.denominator}", self.context)

    def _all(self, conditions: Iterable[z3.BoolRef]) -> z3.BoolRef:
        kept = {c.get_id(): c for c in conditions if not c.eq(self._true)}
        if not kept:
            return self._true
        return z3.And(*kept.values()) if len(kept) > 1 else next(iter(kept.values()))

    def _affine(self, data: Affine, vector: Sequence[Term]) -> tuple[Term, ...]:
        """Every row needs the whole vector, also where a weight is 0."""
        defined = self._all(term.defined for term in vector)
        rows = []
        for weights, bias in zip(data.weight, data.bias, strict=True):
            pairs = zip(weights, vector, strict=True)
            products = (self._number(w) * term.value for w, term in pairs if w)
            rows.append(Term(z3.Sum([self._number(bias), *products]), defined))
        return tuple(rows)

    def _recip(self, a: Term) -> Term:
        """A new real ``r`` with ``r a = 1``, unconstrained where ``a = 0`` (undefined)."""
        self.linear = False
        r = self._new("reciprocal")
        self.side.append(z3.Implies(a.value != 0, r * a.value == 1))
        return Term(r, self._all((a.defined, a.value != 0)))

    def _step(self, a: z3.ArithRef) -> z3.ArithRef:
        s = self._new("step")
        between = z3.And(s >= 0, s <= 1)
        self.side.append(z3.If(a > 0, s == 1, z3.If(a < 0, s == 0, between)))
        return s

    def _select(self, condition: Term, positive: Term, otherwise: Term) -> Term:
        """Only the chosen branch has to be defined."""
        chosen = condition.value > 0
        value = z3.If(chosen, positive.value, otherwise.value)
        branch = positive.defined
        if not branch.eq(otherwise.defined):
            branch = z3.If(chosen, positive.defined, otherwise.defined)
        return Term(value, self._all((condition.defined, branch)))

    def _new(self, kind: str) -> z3.ArithRef:
        # names of a claim never start with an underscore
        return z3.Real(f"_{kind}_{len(self.side)}", self.context)


def version() -> str:
    """The version of Z3 that is installed."""
    return str(z3.get_version_string())


def _power(a: z3.ArithRef, n: int) -> z3.ArithRef:
    """``a**n`` as products: Z3's own power is another theory."""
    if n == 1:
        return a
    half = _power(a, n // 2)
    return half * half * a if n % 2 else half * half


_PIECEWISE_LINEAR: Mapping[str, Callable[..., z3.ArithRef]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "neg": lambda a: -a,
    "max": lambda a, b: z3.If(a >= b, a, b),
    "abs": lambda a: z3.If(a >= 0, a, -a),
    "relu": lambda a: z3.If(a >= 0, a, 0),
}
