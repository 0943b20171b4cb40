"""Rules are decided with evidence: certificates, points that replay, conflicts that are real."""

from dataclasses import replace
from fractions import Fraction as Q

import pytest

from certify.errors import UnsupportedError
from certify.expression import Node, const, log, select, sin, substitute, var
from certify.expression.exact import exact
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import stated_rules
from certify.proofs.checker.format import write_certificate
from certify.proofs.checker.kernel import check, refutes
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.conflicts import conflicts
from certify.verifiers.interface import Options
from certify.verifiers.smt import Z3Verifier
from certify.verifiers.tree_rules import examined

T, P, U = var("T"), var("p"), var("u")
TREE = select(T - 21, const(18), select(P - 4, const(22), const(20)))
BOX = {"T": (Q(10), Q(30)), "p": (Q(0), Q(9))}
COLD = {"rule/cold/when/0>": 20 - T, "rule/cold/then/0>": U - T}


def claim(functions: dict[str, Node], controller: Node = TREE) -> Claim:
    return Claim("T-RULE", "rules", "discrete", ("T", "p"), (), (), BOX, {}, {"u": controller},
                 functions, {})  # fmt: skip


def test_proved_by_exact_cases_alone() -> None:
    outcome = BranchAndBound().verify(claim(COLD), Options())
    assert outcome.verdict is Verdict.PROVED
    assert outcome.certificate is not None
    assert not outcome.certificate.proof.trees
    check(write_certificate(outcome.certificate))


def test_every_leaf_that_breaks_a_rule_is_listed_with_a_point() -> None:
    false = claim({"rule/warm/when/0>": T - 19, "rule/warm/then/0>=": U - T, **COLD})
    found = examined(false)
    assert [v.rule for v in found.violations] == ["warm"] * 2
    for violation in found.violations:
        assert refutes(false, violation.point) is not None
        u = exact(TREE, violation.point)
        assert violation.point["T"] > 19
        assert u < violation.point["T"]
        assert all(side.low <= violation.point[x] <= side.high for x, side in violation.box.items())
    outcome = BranchAndBound().verify(false, Options())
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.diagnosis[0] == "rule warm: 2 leaves break it"


@pytest.mark.parametrize("conclusion", [U - T + P / 9, T - U + P / 9 + 12])
def test_relations_between_variables(conclusion: Node) -> None:
    related = claim({"rule/r/when/0>": 20 - T, "rule/r/then/0>": conclusion})
    outcome = BranchAndBound().verify(related, Options())
    kernel = not examined(related).violations
    assert outcome.verdict is (Verdict.PROVED if kernel else Verdict.REFUTED)
    solver = Z3Verifier().verify(related, Options(timeout=60))
    assert solver.verdict is outcome.verdict


def test_two_relations_at_once_are_left_to_trees() -> None:
    functions = {
        "rule/r/when/0>": 20 - T - P, "rule/r/then/0>": U + P / 4 - T + Q(1, 2),
    }  # fmt: skip
    outcome = BranchAndBound().verify(claim(functions), Options(timeout=60))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.certificate is not None
    assert outcome.certificate.proof.trees
    check(write_certificate(outcome.certificate))


def test_what_is_not_affine_goes_to_branch_and_bound() -> None:
    smooth = {"rule/r/when/0>": 20 - T, "rule/r/then/0>": U - T + 2 + sin(P)}
    outcome = BranchAndBound().verify(claim(smooth), Options(timeout=60))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.certificate is not None
    assert list(outcome.certificate.proof.trees)
    undefined = {"rule/r/when/0>": log(T - 15), "rule/r/then/0>": U - 21}
    assert BranchAndBound().verify(claim(undefined), Options(timeout=60)).verdict in (
        Verdict.REFUTED, Verdict.UNKNOWN
    )  # fmt: skip


def test_no_largest_box() -> None:
    with pytest.raises(UnsupportedError, match="largest box"):
        BranchAndBound().verify(claim(COLD), Options(largest_box=True))


def test_conflicts_have_a_point() -> None:
    cool = {"rule/cool/when/0>": T - 18, "rule/cool/then/0>=": 18 - U}
    both = claim({**COLD, **cool})
    choices = [(Q(v),) for v in range(15, 23)]
    (found,) = conflicts(both, choices)
    assert found.rules == ("cold", "cool")
    assert found.point is not None
    for choice in choices:
        values = {**found.point, "u": choice[0]}
        assert any(
            exact(a.node, values) < 0 or (a.relation == ">" and exact(a.node, values) == 0)
            for rule in stated_rules(both)
            for a in rule.then
        )
    for rule in stated_rules(both):
        for a in rule.when:
            assert exact(substitute(a.node, {"u": TREE}), found.point) > 0
    assert not conflicts(claim(COLD), choices)
    (alone,) = conflicts(claim(COLD), choices[:4])
    assert alone.rules == ("cold",)


def test_a_rule_with_a_parameter_holds_for_all_its_values() -> None:
    wide = replace(claim({"rule/r/when/0>": 20 - T, "rule/r/then/0>": U - T + var("e")}),
                   parameters=("e",), box={**BOX, "e": (Q(0), Q(1))})  # fmt: skip
    assert BranchAndBound().verify(wide, Options()).verdict is Verdict.PROVED
    wider = replace(wide, box={**BOX, "e": (Q(-1, 2), Q(1))})
    assert BranchAndBound().verify(wider, Options()).verdict is Verdict.REFUTED
