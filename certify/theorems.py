"""From the user's problem to the claim, and so to the theorem that decides it.

The theorems themselves, property to obligations, are in
:mod:`certify.proofs.checker.theorems`: they are part of what is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from certify.errors import InputError, ProblemError
from certify.expression import Node, substitute
from certify.problem import Output, Problem, Recovery, Rules, Safety, Stability, Training
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import TheoremError
from certify.proofs.checker.stability import has_exact_equilibrium
from certify.proofs.checker.theorems import THEOREMS, Theorem
from certify.scaling import scaled
from certify.validate import validate

__all__ = ["THEOREMS", "Theorem", "claim_of"]


def claim_of(problem: Problem) -> Claim:
    """The claim that ``problem`` asks for.

    Stability becomes ``T-STAB-*`` when exact arithmetic shows that the equilibrium is one,
    and otherwise convergence to a residual set, ``T-RES-*``; with an extension it becomes
    ``T-EXT-D``.  Numbers that are to be found (the largest level or decay, the residual level and
    its bounds, the volume of an extension) are absent from ``numbers``;
    where the largest box is to be found the claim is about the whole domain.
    Raises ``InputError`` for a problem that does not state one.
    """
    validate(problem)
    system, prop = problem.system, problem.property
    letter = "D" if system.time == "discrete" else "C"
    functions: dict[str, Node] = {}
    numbers: dict[str, Fraction] = {}
    equilibrium: dict[str, Fraction] = {}
    if isinstance(prop, Stability):
        theorem = f"T-STAB-{letter}"
        functions["lyapunov"] = _given(prop.lyapunov)
        equilibrium = {x: prop.equilibrium.get(x, Fraction(0)) for x in system.states}
        if prop.decay is not None:
            numbers["decay"] = prop.decay
        if prop.level is not None:
            numbers["level"] = prop.level
    elif isinstance(prop, Safety):
        theorem = f"T-SAFE-{letter}"
        functions["barrier"] = _given(prop.barrier)
        functions |= _sets(initial=prop.initial, unsafe=prop.unsafe)
    elif isinstance(prop, Recovery):
        theorem = "T-REACH-D"
        functions = _sets(initial=prop.initial, target=prop.target)
        given = {"steps": prop.steps, "away": prop.away}
        numbers = {k: v for k, v in given.items() if v is not None}
    elif isinstance(prop, Rules):
        theorem = "T-RULE"
        functions = _rule_parts(prop)
    else:
        theorem = "T-OUT"
        functions["output"], numbers = _output(problem, prop)
    box = {**problem.domain, **system.parameters}
    claim = Claim(
        theorem=theorem,
        name=problem.name,
        time=system.time,
        states=system.states,
        parameters=tuple(system.parameters),
        disturbances=system.disturbances,
        box=box,
        plant=system.dynamics,
        controller=problem.controller,
        functions=functions,
        numbers=numbers,
        equilibrium=equilibrium,
        step=system.step,
        units=system.units,
    )
    claim.check()
    if problem.box is not None:
        claim = scaled(claim, problem.box)
    if not isinstance(prop, Stability):
        return claim
    claim = _honest(claim, f"T-RES-{letter}")
    return claim if prop.extend is None else _extended(claim)


def _sets(**parts: Sequence[Node]) -> dict[str, Node]:
    """The functions of sets, numbered from 0."""
    return {f"{kind}/{i}": e for kind, found in parts.items() for i, e in enumerate(found)}


def _given(function: Node | Training) -> Node:
    if isinstance(function, Training):
        raise InputError("the problem asks for training: use `certify run`")
    return function


def _output(problem: Problem, prop: Output) -> tuple[Node, dict[str, Fraction]]:
    bounds = {"lower": prop.lower, "upper": prop.upper}
    numbers = {k: v for k, v in bounds.items() if v is not None}
    if not numbers:
        raise ProblemError("an output property needs a lower or an upper bound")
    return substitute(prop.expression, problem.controller), numbers


def _rule_parts(prop: Rules) -> dict[str, Node]:
    """What is compared with 0, under the names that say how."""
    return {
        f"rule/{name}/{side}/{i}{atom.relation}": atom.node
        for name, rule in prop.rules.items()
        for side, atoms in (("when", rule.when), ("then", rule.then))
        for i, atom in enumerate(atoms)
    }


def _extended(claim: Claim) -> Claim:
    """The same with what reaches the level set."""
    if claim.theorem != "T-STAB-D":
        raise ProblemError(
            "extend needs an equilibrium that is exactly one: subtract the controller's value "
            "there, as in policy(x) - policy(0), or leave extend out"
        )
    return replace(claim, theorem="T-EXT-D")


def _honest(claim: Claim, residual: str) -> Claim:
    """``claim``, or convergence to a residual set if the equilibrium is not exactly one."""
    try:
        exact = has_exact_equilibrium(claim)
    except TheoremError as error:
        raise ProblemError(str(error)) from error
    if exact:
        return claim
    return Claim(**{**vars(claim), "theorem": residual})
