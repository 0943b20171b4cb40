"""What the commands about decision trees answer as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certify.controllers.tree_repair import Change, Repair
    from certify.proofs.checker.cases import Ranges
    from certify.proofs.checker.claim import Claim
    from certify.tree_problems import TreeProblem
    from certify.verifiers.conflicts import Conflict
    from certify.verifiers.tree_rules import Findings

__all__ = ["findings", "told"]


def findings(claim: Claim, found: Findings, clash: Sequence[Conflict] | str) -> dict[str, object]:
    """What breaks which rule, and which rules conflict, or why that is not known."""
    names = sorted({k.split("/")[1] for k in claim.functions})
    known = clash if not isinstance(clash, str) else ()
    return {
        "rules": {name: found.count(name) for name in names},
        "undecided": found.open,
        "violations": [
            {"rule": v.rule, "box": _box(v.box), "point": _numbers(v.point)}
            for v in found.violations
        ],
        "conflicts": [
            {"rules": c.rules, "point": None if c.point is None else _numbers(c.point)}
            for c in known
        ],
        "conflicts_unknown": clash if isinstance(clash, str) else None,
    }


def _box(box: Ranges) -> dict[str, object]:
    return {
        x: {"low": str(s.low), "high": str(s.high), "open": [s.open_low, s.open_high]}
        for x, s in box.items()
    }


def _numbers(values: Mapping[str, Fraction]) -> dict[str, str]:
    return {x: str(v) for x, v in values.items()}


def told(
    stated: TreeProblem,
    fixed: Repair,
    changed: tuple[int, int] | None,
    verdict: str,
    certificate: str | None,
) -> dict[str, object]:
    """A repair, change by change; ``changed`` are logged decisions, and how many there are."""
    return {
        "verdict": verdict,
        "leaves": stated.tree.leaves,
        "leaves_after": fixed.tree.leaves,
        "leaves_changed": len({c.node for c in fixed.changes}),
        "decisions_changed": None if changed is None else changed[0],
        "decisions": None if changed is None else changed[1],
        "changes": [_change(c) for c in fixed.changes],
        "not_repaired": list(fixed.impossible),
        "certificate": certificate,
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "leaf": change.node,
        "rules": change.rules,
        "box": _box(change.box),
        "before": [str(v) for v in change.before],
        "after": [str(v) for v in change.after],
        "visits": change.visits,
        "loss": change.loss,
    }
