"""The claim in formulas: loop, functions and the box that they are claimed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from certify.expression import Node, const, topological
from certify.expression.printer import number_to_text, to_text
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import stated_rules
from certify.proofs.checker.language import Affine
from certify.proofs.checker.obligations import Atom

from .words import clean

__all__ = ["Formula", "Range", "formulas", "ranges"]

_LONGEST = 400


@dataclass(frozen=True)
class Formula:
    """``left = right`` under a heading; ``note`` says what was abbreviated."""

    group: str
    left: str
    right: str
    note: str = ""


@dataclass(frozen=True)
class Range:
    """The interval of a variable, with its unit and, for states, the equilibrium."""

    name: str
    role: str
    low: str
    high: str
    unit: str
    equilibrium: str


def formulas(claim: Claim) -> tuple[Formula, ...]:
    """Plant, controller and the functions of the claim, long ones abbreviated."""
    return tuple(_all(claim))


def _all(claim: Claim) -> Iterator[Formula]:
    after = "{}+" if claim.time == "discrete" else "d{}/dt"
    for x, e in claim.plant.items():
        yield _formula("Plant", after.format(x), e)
    for u, e in claim.controller.items():
        yield _formula("Controller", u, e)
    if claim.theorem == "T-RULE":
        yield from _rules(claim)
        return
    for name, e in claim.functions.items():
        head, _, _ = name.partition("/")
        if head == "lyapunov":
            yield _formula("Lyapunov function", f"V({', '.join(claim.states)})", e)
        elif head == "barrier":
            yield _formula("Barrier (invariant set: barrier <= 0)", "barrier", e)
        elif head in ("initial", "unsafe", "target"):
            what = "Target" if head == "target" else f"{head.capitalize()} set"
            title = f"{what} (where all are <= 0)"
            yield _formula(title, clean(name.replace("/", " ")), e)
        else:
            yield _formula("Function", "expression" if head == "output" else clean(name), e)


def _rules(claim: Claim) -> Iterator[Formula]:
    """Every rule in one line."""
    for rule in stated_rules(claim):
        when, then = (" and ".join(map(_condition, atoms)) for atoms in (rule.when, rule.then))
        text = f"when {when} then {then}" if when else f"always {then}"
        yield Formula("Rules", rule.name, text)


def _condition(atom: Atom) -> str:
    left, right = atom.node.args if atom.node.op == "sub" else (atom.node, const(0))
    return f"{to_text(left, _LONGEST)} {atom.relation} {to_text(right, _LONGEST)}"


def _formula(group: str, left: str, e: Node) -> Formula:
    return Formula(group, left, to_text(e, _LONGEST), _network(e))


def _network(e: Node) -> str:
    """The layers of the networks in ``e``: the weights are in the certificate, not here."""
    layers = [n.data for n in topological([e]) if isinstance(n.data, Affine)]
    if not layers:
        return ""
    shapes = [f"{len(m.weight[0])} to {len(m.weight)}" for m in layers]
    numbers = sum(len(m.weight) * (len(m.weight[0]) + 1) for m in layers)
    return f"{len(layers)} linear layers ({', '.join(shapes)}), {numbers} exact numbers"


def ranges(claim: Claim) -> tuple[Range, ...]:
    """The domain of the states, and the intervals of parameters and disturbances."""
    roles = (
        *((x, "state") for x in claim.states),
        *((p, "uncertain parameter") for p in claim.parameters),
        *((w, "disturbance") for w in claim.disturbances),
    )
    return tuple(
        Range(
            name=x,
            role=role,
            low=number_to_text(claim.box[x][0]),
            high=number_to_text(claim.box[x][1]),
            unit=clean(claim.units.get(x, ""), 24),
            equilibrium=number_to_text(claim.equilibrium[x]) if x in claim.equilibrium else "",
        )
        for x, role in roles
    )
