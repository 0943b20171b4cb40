"""False claims about rules: at a tie, at an end, in one leaf, by a relation."""

from __future__ import annotations

from claim_builders import FalseClaim, P, U, X, Y, claim, false, varying

from certify.expression import Node, log, select
from certify.proofs.checker.claim import Claim

__all__ = ["FALSE_RULES", "ruled"]

_STEP = select(X, 1, -1)  # 1 just where x > 0


def ruled(
    controller: Node, *, when: dict[str, Node], then: dict[str, Node], **changes: object
) -> Claim:
    """One rule over ``x``, ``y`` and the decision ``u``; keys are relations, with a number."""
    functions = {
        f"rule/r/{side}/{i}{key.strip('123')}": e
        for side, part in (("when", when), ("then", then))
        for i, (key, e) in enumerate(part.items())
    }
    return claim("T-RULE", {"x": X, "y": Y}, controller={"u": controller}, functions=functions,
                 **changes)  # fmt: skip


FALSE_RULES: tuple[FalseClaim, ...] = (
    false(
        "rule-at-a-tie",
        "at x = 0 the decision is -1",
        ruled(_STEP, when={">=": X}, then={">": U}),
    ),
    false(
        "rule-at-the-other-tie",
        "at x = 0 the decision is 1",
        ruled(select(-X, -1, 1), when={">=": -X}, then={">": -U}),
    ),
    false(
        "rule-at-an-end",
        "at x = 1 the decision is not above x",
        ruled(_STEP, when={">": X}, then={">": U - X}),
    ),
    false(
        "rule-in-one-leaf",
        "where x > 0.9 and y > 0.9 the decision is 0",
        ruled(select(X - 0.9, select(Y - 0.9, 0, 1), _STEP), when={">": X}, then={">": U}),
        refuted=True,
    ),
    false(
        "rule-of-a-relation",
        "near x = 1, y = -1 they differ by 2",
        ruled(_STEP, when={">": X}, then={">": 2 * U + Y - X}),
    ),
    false(
        "rule-with-two-conclusions",
        "the second one fails where x > 0",
        ruled(_STEP, when={">": X}, then={">": U, ">=1": -U}),
        refuted=True,
    ),
    false(
        "rule-for-some-parameter",
        "for p > 1 the decision is below it",
        ruled(_STEP, when={">": X}, then={">=": U - P}, **varying("p", "0", "2", "parameters")),
        refuted=True,
    ),
    false(
        "rule-undefined",
        "the conclusion has no value where x <= 0",
        ruled(_STEP, when={">": Y}, then={">": U + 2 + 0 * log(X)}),
    ),
    false(
        "rule-of-an-undefined-condition",
        "where the condition has no value it counts as one that holds",
        ruled(_STEP, when={">": log(X)}, then={">": U - 2}),
    ),
)
