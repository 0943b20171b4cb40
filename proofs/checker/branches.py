"""That a value is positive, by the branches of a kink that its sum steps over.

``|t| - |s|`` with ``t = s + d`` is at most ``k t - j s``, where ``k`` is the slope of ``|.|`` at
``t`` and ``j`` either slope; likewise for relu.  So a sum from which the increment is subtracted
is positive if for every ``k`` there is a ``j`` for which it is with ``k t - j s`` in its place.
No kink is left in that: on a box that the crease ``s = 0`` of ``V = |phi(x)| + ...`` runs
through, the increment goes from ``|d|`` to ``-|d|``, while ``j = k`` gives ``k d`` on all of it.
Statement and proof: ``proofs/theory/L-DIFF.md``, section 5.
"""

from __future__ import annotations

from fractions import Fraction

from .language import Divided, Node
from .obligations import All, Any, Atom, Formula
from .sums import Definedness, Sum, Term, linear_form, rebuilt, uniform

__all__ = ["positive_by_branches"]

_SLOPES = {"abs": (Fraction(1), Fraction(-1)), "relu": (Fraction(1), Fraction(0))}
_MOST = 4  # increments that are looked at so: each is four conditions more


def positive_by_branches(value: Node) -> Formula:
    """``value > 0``, or what implies it for one of the increments in its sum.

    Those of linear functions are left out: boxes are cut along their creases as they are.
    """
    direct, defined = Atom(">", value), Definedness()
    whole = linear_form([Term(uniform(value, Fraction(1)), value)], defined)
    if whole is None:
        return direct
    bent = [i for i, term in enumerate(whole.terms) if _is_bent(term)]
    parts = [_on_all_branches(whole, i, value, defined) for i in bent[:_MOST]]
    return Any((direct, *parts)) if parts else direct


def _is_bent(term: Term) -> bool:
    """Whether ``term`` is minus an increment over a kink of what is not linear itself."""
    node = term.node
    if node.op != "increment" or node.size or not isinstance(node.data, Divided):
        return False
    return node.data.op in _SLOPES and term.factor[0] < 0 and not _is_linear(node.args[0])


def _is_linear(node: Node) -> bool:
    whole = linear_form([Term(uniform(node, Fraction(1)), node)], Definedness())
    return whole is not None and all(term.node.op == "var" for term in whole.terms)


def _on_all_branches(whole: Sum, i: int, like: Node, defined: Definedness) -> Formula:
    """For every slope ``k`` at ``t`` there is a ``j`` at ``s`` for which the sum is positive."""
    (factor,), node = whole.terms[i]
    assert isinstance(node.data, Divided)
    s, d = node.args
    slopes, others = _SLOPES[node.data.op], [*whole.terms[:i], *whole.terms[i + 1 :]]

    def instead(k: Fraction, j: Fraction) -> Atom:
        pair = Term((factor * (k - j),), s), Term((factor * k,), d)
        # what may be undefined stays, with the factor 0
        kept = [term for term in pair if any(term.factor) or not defined.is_total(term.node)]
        return Atom(">", rebuilt([*others, *kept], whole.constant, like))

    return All(tuple(Any(tuple(instead(k, j) for j in slopes)) for k in slopes))
