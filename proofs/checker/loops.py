"""What obligations about closed loops are made of: next states, faces, the box of a claim."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from .calculus import substitute
from .claim import Claim, Interval
from .differences import rewritten
from .errors import TheoremError
from .language import Node, absolute, const, var
from .obligations import All, Any, Atom, Formula, Obligation
from .sums import normalised

__all__ = [
    "bounded",
    "closed_loop",
    "defined",
    "faces",
    "near",
    "nonnegative",
    "positive",
    "scales",
    "stated_loop",
    "stays_inside",
]

# multipliers theta of f - theta x, with which a step is shown to stay below a limit
_PULLS = (Fraction(0), Fraction(1), Fraction(1, 2), Fraction(4, 5), Fraction(19, 20))


def closed_loop(claim: Claim) -> dict[str, Node]:
    """The right-hand side of each state, controller in place and differences explicit.

    It has the values of plant and controller as stated, and is defined where they are.
    """
    return {x: rewritten(f) for x, f in stated_loop(claim).items()}


def stated_loop(claim: Claim) -> dict[str, Node]:
    """The right-hand side of each state as plant and controller state it; {} without a plant."""
    known: dict[Node, Node] = {}
    states = claim.states if claim.plant else ()
    return {x: substitute(claim.plant[x], claim.controller, known) for x in states}


def scales(claim: Claim) -> dict[str, Fraction]:
    """The distance of the equilibrium from the nearer face of the box, for each state."""
    result = {}
    for x in claim.states:
        low, high = claim.box[x]
        result[x] = min(high - claim.equilibrium[x], claim.equilibrium[x] - low)
        if result[x] <= 0:
            raise TheoremError(f"the equilibrium is not inside the domain in {x}")
    return result


def bounded(claim: Claim, *, disturbed: bool = True) -> dict[str, Interval]:
    """The box of the states and, if ``disturbed``, of parameters and disturbances."""
    names = [*claim.states, *(claim.parameters + claim.disturbances if disturbed else ())]
    return {x: claim.box[x] for x in names}


def positive(e: Node) -> Atom:
    """``e > 0``."""
    return Atom(">", e)


def nonnegative(e: Node) -> Atom:
    """``e >= 0``."""
    return Atom(">=", e)


def defined(*nodes: Node) -> tuple[Formula, ...]:
    """That each of ``nodes`` is defined."""
    return tuple(Atom("defined", e) for e in nodes)


def stays_inside(claim: Claim, f: Mapping[str, Node], v: Node | None = None) -> tuple[Formula, ...]:
    """``f`` maps the point into the box, as a convex combination of ``x`` and a limit does.

    ``f - t x <= (1 - t) high`` implies ``f <= high`` for t in [0, 1], because ``x <= high``.
    With ``v`` only where ``v <= level``, so that ``f <= high + m (v - level)`` will do, m >= 0.
    """
    parts: list[Formula] = []
    for x, (low, high) in ((x, claim.box[x]) for x in claim.states):
        pulled = [(1 - t, normalised(f[x] - const(t) * var(x))) for t in _PULLS]
        above = [nonnegative(_gap(rest * high, e)) for rest, e in pulled]
        below = [nonnegative(e - const(rest * low)) for rest, e in pulled]
        if v is not None:
            above.insert(1, nonnegative(_excess(claim, v, high, claim.equilibrium[x]) - f[x]))
            below.insert(1, nonnegative(f[x] + _excess(claim, v, -low, -claim.equilibrium[x])))
        parts += [Any(tuple(above)), Any(tuple(below))]
    return tuple(parts)


def _excess(claim: Claim, v: Node, limit: Fraction, centre: Fraction) -> Node:
    """``limit + m (v - level)`` for the m that shows every linear step inside if v is quadratic."""
    level = claim.numbers["level"]
    m = (limit - centre) / (2 * level)
    return const(limit - m * level) + const(m) * v


def _gap(limit: Fraction, e: Node) -> Node:
    return const(limit) - e if limit else -e


def faces(claim: Claim, f: Mapping[str, Node], guard: Formula) -> list[Obligation]:
    """On every face the guard holds or the vector field points strictly inward."""
    result = []
    for x in claim.states:
        for sign, value in ((1, claim.box[x][1]), (-1, claim.box[x][0])):
            box = bounded(claim)
            box[x] = (value, value)
            inward = positive(-f[x] if sign > 0 else f[x])
            name = f"face/{x}{'+' if sign > 0 else '-'}"
            end = "upper" if sign > 0 else "lower"
            text = f"no trajectory of the set leaves the domain through the {end} end of {x}"
            result.append(Obligation(name, text, box, Any((guard, inward))))
    return result


def near(claim: Claim, bounds: Mapping[str, Fraction]) -> Formula:
    """That every state is within its bound of the equilibrium."""
    offsets = ((x, var(x) - const(claim.equilibrium[x])) for x in claim.states)
    return All(tuple(nonnegative(bounds[x] - absolute(e)) for x, e in offsets))
