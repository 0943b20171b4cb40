"""The commands about decision trees: what breaks which rule, and the smallest repair."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from certify import arguments as args
from certify.terminal import answer, print_json
from certify.tree_answers import findings, told

if TYPE_CHECKING:
    from certify.controllers.tree_repair import Change, Repair
    from certify.controllers.tree_visits import Visits
    from certify.proofs.checker.claim import Claim
    from certify.tree_problems import TreeProblem
    from certify.verifiers.conflicts import Conflict

__all__ = ["VERBS", "repair", "rules"]

_REFUTED, _UNKNOWN = 1, 3

TreeOut = Annotated[
    Path | None, typer.Option("-o", "--out", help="write the repaired tree here, as JSON")
]
Log = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="CSV of logged states: what is visited, and cost0, cost1, ... of the decisions",
    ),
]
KeepShape = Annotated[
    bool, typer.Option("--keep-shape", help="change decisions of whole leaves, and split none")
]
Targets = Annotated[
    list[Path] | None,
    typer.Option(
        "--target",
        help="a problem of kind recovery that calls this tree: let every step end in its target",
    ),
]
Worth = Annotated[
    float, typer.Option("--worth", min=0, help="split for cost only where a leaf saves more")
]
Proof = Annotated[
    Path | None, typer.Option("--certificate", help="write the certificate of the repaired tree")
]


def rules(problem: args.ProblemFile, as_json: args.Json = False) -> None:
    """List every leaf that breaks a rule, with its exact box, and rules that conflict."""
    from certify.tree_problems import read_tree_problem
    from certify.verifiers.tree_rules import box_text, examined

    stated = read_tree_problem(problem)
    claim = stated.claim()
    found, clash = examined(claim), _conflicts(stated, claim)
    if as_json:
        print_json(findings(claim, found, clash))
    else:
        for name in {k.split("/")[1]: None for k in claim.functions}:
            typer.echo(f"rule {name}: {found.count(name)} leaves break it")
        for v in found.violations:
            point = ", ".join(f"{x} = {float(value):.10g}" for x, value in v.point.items())
            typer.echo(f"  {v.rule}: where {box_text(v.box, claim.box)}\n    as at {point}")
        for text in _conflict_lines(clash):
            typer.echo(text)
    code = _REFUTED if found.violations else _UNKNOWN if found.open else 0
    raise typer.Exit(code)


def _conflicts(stated: TreeProblem, claim: Claim) -> Sequence[Conflict] | str:
    """The rules that conflict, or why that was not looked at."""
    from certify.errors import CertifyError
    from certify.verifiers.conflicts import conflicts

    order = [stated.inputs.index(u) for u in claim.controller]
    try:
        return conflicts(claim, [[d[i] for i in order] for d in stated.decisions()])
    except CertifyError as error:
        return str(error)


def _conflict_lines(found: Sequence[Conflict] | str) -> list[str]:
    if isinstance(found, str):
        return [f"whether rules conflict was not looked at: {found}"]
    lines = []
    for clash in found:
        names = " and ".join(clash.rules)
        if clash.point is None:
            lines.append(f"whether rules {names} conflict is open: the solver gave up")
        else:
            point = ", ".join(f"{x} = {float(v):.10g}" for x, v in clash.point.items())
            lines.append(f"rules {names} conflict: no decision keeps them at {point}")
    return lines or ["no two rules conflict: at every state some decision keeps both"]


def repair(
    problem: args.ProblemFile,
    out: TreeOut = None,
    data: Log = None,
    keep_shape: KeepShape = False,
    target: Targets = None,
    worth: Worth = 0.0,
    certificate: Proof = None,
    as_json: args.Json = False,
) -> None:
    """Change the tree as little as its rules need, and prove the rules for what comes out."""
    from certify import pipeline
    from certify.certificate import open_folder, save, write_file
    from certify.io.tree_file import tree_text
    from certify.tree_problems import read_tree_problem
    from certify.tree_targets import keeping

    stated = read_tree_problem(problem)
    log = None if data is None else _log(stated, data)
    fixed = stated.repaired(splits=not keep_shape, log=log)
    if target:
        fixed = keeping(stated, fixed, target, log, worth)
    changed = None if log is None else _decisions_changed(stated, fixed, log)
    if out is not None:
        open_folder(out.parent)
        write_file(out, tree_text(fixed.tree).encode())
    outcome = pipeline.verify(stated.using(fixed.tree, out.name if out else stated.file.name))
    where = None
    if outcome.certificate is not None and certificate is not None:
        open_folder(certificate.parent)
        save(outcome.certificate, certificate)
        where = str(certificate)
    if as_json:
        print_json(told(stated, fixed, changed, outcome.verdict.word, where))
    else:
        _tell(stated, fixed, changed)
        answer(outcome, as_json=False, certificate=where)
    raise typer.Exit(outcome.verdict.exit_code)


def _log(stated: TreeProblem, data: Path) -> Visits:
    from certify.controllers.tree_visits import Visits
    from certify.errors import InputError
    from certify.problem import Rules
    from certify.tree_problems import read_costs, read_log

    points, costs = read_log(data, stated.features), read_costs(data, len(stated.decisions()))
    prop = stated.problem.property
    if costs is not None and isinstance(prop, Rules) and prop.decisions is None:
        raise InputError(f"{data}: it has costs: state their decisions, decisions = [15, 22]")
    return Visits(points, costs)


def _decisions_changed(stated: TreeProblem, fixed: Repair, log: Visits) -> tuple[int, int]:
    """How many of the logged states have another decision, and how many there are."""
    before, after = stated.tree.predict(log.points), fixed.tree.predict(log.points)
    return int((before != after).any(axis=1).sum()), len(log.points)


def _decision(stated: TreeProblem, values: Sequence[Fraction]) -> str:
    pairs = zip(stated.inputs, values, strict=True)
    return ", ".join(f"{u} = {float(v):.10g}" for u, v in pairs)


def _tell(stated: TreeProblem, fixed: Repair, changed: tuple[int, int] | None) -> None:
    from certify.verifiers.tree_rules import box_text

    domain = stated.problem.domain
    for c in fixed.changes:
        typer.echo(
            f"leaf {c.node} ({', '.join(c.rules)}): {_decision(stated, c.before)} becomes "
            f"{_decision(stated, c.after)} where {box_text(c.box, domain)}{_weight(c, changed)}"
        )
    for text in fixed.impossible:
        typer.echo(f"not repaired: {text}")
    leaves = len({c.node for c in fixed.changes})
    typer.echo(
        f"{leaves} of {stated.tree.leaves} leaves changed; the repaired tree has "
        f"{fixed.tree.leaves}"
    )
    if changed is not None:
        lost = [c.loss for c in fixed.changes if c.loss is not None]
        cost = f", at a cost of {sum(lost):.6g}" if lost else ""
        typer.echo(f"{changed[0]} of {changed[1]} logged decisions changed{cost}")


def _weight(change: Change, changed: tuple[int, int] | None) -> str:
    if changed is None:
        return ""
    cost = "" if change.loss is None else f", which costs them {change.loss:.6g}"
    return f" ({change.visits} logged states{cost})"


VERBS = (rules, repair)
