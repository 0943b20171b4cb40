"""Exact case distinction: ties, ends that are left out, and rules decided leaf by leaf."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction as Q

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.expression import Node, clip, const, log, maximum, select, sin, var
from certify.expression.exact import exact
from certify.proofs.checker.cases import Range, affine_form, cases, impossible
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import opposite, stated_rules
from certify.proofs.checker.errors import FormatError, TheoremError
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.kernel import check_certificate, refutes
from certify.proofs.checker.obligations import Atom, atoms
from certify.proofs.checker.theorems import THEOREMS, obligations

X, Y, U = var("x"), var("y"), var("u")
ENDS = st.integers(-3, 3)


def ruled(controller: Node, *parts: tuple[str, str, Node], **changes: object) -> Claim:
    """``parts``: when or then, relation, expression."""
    counts: dict[str, int] = {}
    functions = {}
    for side, relation, e in parts:
        i = counts[side] = counts.get(side, -1) + 1
        functions[f"rule/r/{side}/{i}{relation}"] = e
    fields: dict[str, object] = {
        "theorem": "T-RULE", "name": "rules", "time": "discrete", "states": ("x", "y"),
        "parameters": (), "disturbances": (), "box": dict.fromkeys("xy", (Q(-4), Q(4))),
        "plant": {}, "controller": {"u": controller}, "functions": functions, "numbers": {},
    }  # fmt: skip
    return Claim(**(fields | changes))


def certificate(claim: Claim) -> Certificate:
    return Certificate(claim, THEOREMS["T-RULE"].assumptions, "kernel", Proof(None, {}, {}))


def is_proved(claim: Claim) -> bool:
    """By the kernel, without a single tree."""
    if obligations(claim, None):
        return False
    check_certificate(certificate(claim))
    return True


def test_the_tie_belongs_to_one_side() -> None:
    up = select(X - 1, const(5), const(-5))  # 5 just where x > 1
    for relation, node, true in [
        (">", X - 1, True),  # when x > 1 then u >= 5
        (">=", X - 1, False),  # at x = 1 it is -5
    ]:
        claim = ruled(up, ("when", relation, node), ("then", ">=", U - 5))
        assert is_proved(claim) == true
    below = select(1 - X, const(-5), const(5))  # 5 where x >= 1
    assert is_proved(ruled(below, ("when", ">=", X - 1), ("then", ">=", U - 5)))
    assert not is_proved(ruled(below, ("when", ">=", 1 - X), ("then", ">=", -U - 5)))


def test_strict_and_closed_conclusions() -> None:
    steps = select(X - 1, const(2), const(1))
    assert is_proved(ruled(steps, ("when", ">", 2 - X), ("then", ">=", U - X + 1)))
    assert is_proved(ruled(steps, ("when", ">", 2 - X), ("when", ">", X - 1), ("then", ">", U - X)))
    # where x <= 1 the decision is 1, which is not above x = 1
    assert not is_proved(ruled(steps, ("when", ">", 2 - X), ("then", ">", U - X)))
    assert is_proved(ruled(steps, ("when", ">", 2 - X), ("then", ">=", U - X)))


def test_a_false_case_is_an_obligation_that_a_point_refutes() -> None:
    steps = select(X - 1, const(2), const(1))
    claim = ruled(steps, ("then", ">", U - X))
    names = [o.name for o in obligations(claim, None)]
    assert names == ["rule/r/0", "rule/r/1"]
    assert refutes(claim, {"x": Q(3), "y": Q(0)}) is not None
    assert refutes(claim, {"x": Q(0), "y": Q(0)}) is None
    with pytest.raises(Exception, match="trees are not those"):
        check_certificate(certificate(claim))


def test_relations_between_variables_and_linear_leaves() -> None:
    policy = select(X, X + Y, 2 * X)
    assert is_proved(ruled(policy, ("when", ">", X), ("when", ">", Y), ("then", ">", U)))
    assert is_proved(ruled(policy, ("when", ">=", -X), ("then", ">=", X - U)))
    assert not is_proved(ruled(policy, ("when", ">", X), ("then", ">", U)))


def test_several_outputs_and_what_is_around_a_tree() -> None:
    low, high = select(X - 1, const(2), const(1)), select(X - 1, const(4), const(2))
    claim = ruled(low, ("then", ">", var("v") - U))
    claim = replace(claim, controller={"u": low, "v": clip(high + 0, 0, 3)})
    assert is_proved(claim)
    assert not is_proved(replace(claim, functions={"rule/r/then/0>": var("v") - 2 * U}))
    assert is_proved(replace(claim, functions={"rule/r/then/0>=": 2 * U - var("v")}))


def test_what_is_not_affine_is_left_to_trees() -> None:
    claim = ruled(
        select(X - 1, const(2), const(1)), ("when", ">", X - 2), ("then", ">", U - sin(Y))
    )
    (left,) = obligations(claim, None)
    assert left.box == {"x": (Q(2), Q(4)), "y": (Q(-4), Q(4))}
    undefined = ruled(const(1), ("when", ">", log(X)), ("then", ">", U - 2))
    assert len(obligations(undefined, None)) == 1


@pytest.mark.parametrize(
    "functions",
    [
        {"rule": X},
        {"rule/r/then/0": X},
        {"rule/r/then/00>": X},
        {"rule/r/then/1>": X},
        {"rule/r/when/0>": X},
        {"rule/r/then/0>": X, "rule/r/then/0>=": X},
        {"rule/é/then/0>": X},
        {"rule/r/then/0>": X, "output": X},
    ],
    ids=str,
)
def test_rules_that_are_none(functions: Mapping[str, Node]) -> None:
    claim = replace(ruled(const(0)), functions=functions)
    with pytest.raises(TheoremError):
        obligations(claim, None)


def test_only_rules_speak_of_inputs() -> None:
    claim = ruled(const(0), ("then", ">", U + 1))
    claim.check()
    with pytest.raises(FormatError, match="a certificate function"):
        replace(claim, theorem="T-OUT").check()
    with pytest.raises(FormatError, match="a certificate function"):
        replace(claim, functions={"rule/r/then/0>": var("w")}).check()


def test_rules_are_read_by_name_and_number() -> None:
    claim = ruled(const(0), ("when", ">", X), ("then", ">=", Y), ("when", ">=", U))
    (rule,) = stated_rules(claim)
    assert rule.when == (Atom(">", X), Atom(">=", U))
    assert rule.then == (Atom(">=", Y),)
    assert opposite(opposite(Atom(">", X))) == Atom(">", X)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Node:
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from([const(draw(ENDS)), X + draw(ENDS), Y - X]))
    x, bound = draw(st.sampled_from([X, Y])), draw(ENDS)
    condition = draw(st.sampled_from([x - bound, bound - x, const(bound) - 2 * x]))
    return select(condition, draw(trees(depth - 1)), draw(trees(depth - 1)))


GRID = [Q(k, 2) for k in range(-8, 9)]


@settings(max_examples=60, deadline=None)
@given(trees(), trees(depth=1), st.sampled_from([">", ">="]), st.sampled_from([">", ">="]), ENDS)
def test_what_is_proved_holds_at_every_point_and_the_rest_fails_somewhere(
    u: Node, w: Node, given: str, wanted: str, bound: int
) -> None:
    when, then = X - bound, maximum(u, w) * 2 - Y if bound % 2 else u - w
    claim = ruled(u, ("when", given, when), ("then", wanted, then))
    stated = Range(Q(-4), Q(4))

    def holds(relation: str, e: Node, x: Q, y: Q) -> bool:
        value = exact(e, {"x": x, "y": y})
        return value > 0 if relation == ">" else value >= 0

    false = [
        (x, y)
        for x in GRID
        for y in GRID
        if holds(given, when, x, y) and not holds(wanted, then, x, y)
    ]
    proved = not obligations(claim, None)
    assert not (proved and false)
    parts = list(cases((then,), {"x": stated, "y": stated}))
    for x in GRID[::3]:
        for y in GRID[::2]:
            point = {"x": x, "y": y}
            (here,) = [
                e
                for (e,), box in parts
                if all(
                    not side.above(point[n], strict=False).below(point[n], strict=False).is_empty
                    for n, side in box.items()
                )
            ]
            assert exact(here, point) == exact(then, point)


def test_suprema_count_only_where_they_are_attained() -> None:
    form = affine_form(2 * X - Y)
    assert form is not None
    for open_high, strict, never in [
        (False, False, False),
        (False, True, True),
        (True, False, True),
    ]:
        box = {"x": Range(Q(0), Q(1), False, open_high), "y": Range(Q(2), Q(3))}
        assert impossible(box, form, strict=strict) == never
    assert affine_form(0 * var("x") * X) is None or affine_form(X * Y) is None


def bounded(e: Node, lower: Q | None, upper: Q | None) -> Claim:
    numbers = {k: v for k, v in (("lower", lower), ("upper", upper)) if v is not None}
    parts = {"controller": {}, "functions": {"output": e}, "numbers": numbers}
    return replace(ruled(const(0)), theorem="T-OUT", **parts)


def test_other_obligations_are_stated_leaf_by_leaf() -> None:
    tree = select(X - 1, Y, select(Y, X, 2 - X))
    whole = bounded(tree * tree - X * tree, Q(-20), None)
    found = obligations(whole, None)
    assert [o.name for o in found] == ["output/0", "output/1", "output/2"]
    for obligation in found:
        assert not any("select" in repr(a.node) for a in atoms(obligation.formula))
    points = [(x, y) for x in GRID for y in GRID]
    for x, y in points:
        inside = [o for o in found if o.box["x"][0] <= x <= o.box["x"][1]
                  and o.box["y"][0] <= y <= o.box["y"][1]]  # fmt: skip
        assert inside


def test_the_tie_of_a_case_refutes_nothing_on_the_other_side() -> None:
    jump = select(X - 1, const(5), const(0))
    holds = bounded(jump * (2 - X), None, Q(5))
    assert refutes(holds, {"x": Q(1), "y": Q(0)}) is None
    assert refutes(bounded(jump, Q(0), Q(4)), {"x": Q(1), "y": Q(0)}) is None
    assert refutes(bounded(jump, Q(1), Q(5)), {"x": Q(1), "y": Q(0)}) == "output/0"
    assert refutes(bounded(jump, Q(0), Q(4)), {"x": Q(2), "y": Q(0)}) == "output/1"


def test_many_leaves_are_not_stated_one_by_one() -> None:
    tree = const(0)
    for k in reversed(range(300)):
        tree = select(X - Q(k, 100), tree, const(k))
    assert len(obligations(bounded(tree, None, Q(300)), None)) == 1
    ladder = const(1)
    for k in range(40):  # 2**40 ways through shared parts
        x = var(f"z{k}")
        ladder = select(x, ladder + 1, ladder)
    names = tuple(f"z{k}" for k in range(40))
    wide = replace(
        bounded(ladder, Q(0), None), states=names, box=dict.fromkeys(names, (Q(-1), Q(1)))
    )
    assert len(obligations(wide, None)) == 1
