"""Rules about decisions as whole claims: the kernel from Coq distinguishes cases itself."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction as Q
from pathlib import Path

import pytest
from cross_examination import forged

from certify.certificate import save
from certify.coq_theorem import prove_in_coq
from certify.decision_tree import DecisionTree, Leaf, Split, cut_at
from certify.errors import CertificateError, UnsupportedError
from certify.expression import Node, const, log, select, sin, substitute, var
from certify.expression.exact import exact
from certify.io.claim_text import claim_text, has_claim_text
from certify.io.kernel_text import VERSION
from certify.io.rule_text import rule_lines
from certify.kernels import verified
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import open_cases, stated_rules
from certify.proofs.checker.errors import Rejected
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.loops import bounded
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

COQ = Path(__file__).parents[2] / "proofs" / "coq"
KERNEL = COQ / "build" / "certify-kernel"
built = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")
T, P, U = var("T"), var("p"), var("u")
TREE = select(T - 21, const(18), select(P - 4, const(22), const(20)))
BOX = {"T": (Q(10), Q(30)), "p": (Q(0), Q(9))}
RELATED = {"rule/r/when/0>": 20 - T - P, "rule/r/then/0>": U + P / 4 - T + Q(1, 2)}


def claim(functions: Mapping[str, Node], controller: Node = TREE) -> Claim:
    return Claim("T-RULE", "rules", "discrete", ("T", "p"), (), (), BOX, {}, {"u": controller},
                 functions, {})  # fmt: skip


def saved(certificate: Certificate, folder: Path) -> Path:
    path = folder / "certificate.json"
    save(certificate, path)
    return path


def found(stated: Claim) -> Certificate:
    outcome = BranchAndBound().verify(stated, Options(timeout=60))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.certificate is not None
    return outcome.certificate


def told(stated: Claim, folder: Path, proofs: int = 0, more: str = "") -> tuple[int, str]:
    """The exit status of the kernel on the claim with so many ``proofs``, and what it says."""
    text = folder / "kernel.txt"
    lines = [f"{VERSION} 1", "T-RULE", *rule_lines(stated), "differences 0", f"proofs {proofs}"]
    text.write_text("\n".join(lines) + "\n" + more)
    done = subprocess.run([str(KERNEL), str(text)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def random_claim(rng: random.Random) -> Claim:
    """Two trees with thresholds in common, as controllers, and rules about them and the states."""

    def tree(depth: int) -> Node:
        if depth == 0 or rng.random() < 0.15:
            value = const(rng.randint(15, 24))
            return value if rng.random() < 0.8 else value + P / rng.choice([-7, 3])
        low, high = rng.randint(11, 29), rng.randint(1, 8)
        condition = rng.choice([T - low, high - P, 2 * T - low - 21])
        return select(condition, tree(depth - 1), tree(depth - 1))

    def side(*terms: Node) -> Node:
        e = const(rng.randint(-24, 24))
        for term in terms:
            e = e + rng.choice([-2, -1, 1]) * term
        return e

    functions: dict[str, Node] = {}
    for name in "ab":
        pool = [(T,), (P,), (T, P), (U,), (var("v"), P)]
        for i in range(rng.randint(0, 2)):
            functions[f"rule/{name}/when/{i}{rng.choice(['>', '>='])}"] = side(*rng.choice(pool))
        for i in range(rng.randint(1, 2)):
            e = rng.choice([side(U), U - T + rng.randint(0, 12), side(U, var("v"))])
            functions[f"rule/{name}/then/{i}{rng.choice(['>', '>='])}"] = e
    both = {"u": tree(4), "v": tree(3)}
    return replace(claim(functions), controller=both)


def is_kept(stated: Claim, point: Mapping[str, Q]) -> bool:
    """Whether all rules hold at ``point``, by exact evaluation."""

    def true(a: object) -> bool:
        v = exact(substitute(a.node, stated.controller), point)  # type: ignore[attr-defined]
        return v > 0 or (v == 0 and a.relation == ">=")  # type: ignore[attr-defined]

    return all(
        all(map(true, rule.then)) for rule in stated_rules(stated) if all(map(true, rule.when))
    )


@built
def test_the_cases_left_open_are_as_many_as_those_of_the_checker(tmp_path: Path) -> None:
    """Random trees: nothing false is shown, and Coq and Python leave the same open."""
    rng = random.Random(3)
    counts = {True: 0, False: 0}
    for _ in range(100):
        stated = random_claim(rng)
        box = bounded(stated)
        wanted = [o for r in stated_rules(stated) for o in open_cases(r, box, stated.controller)]
        status, said = told(stated, tmp_path)
        assert (status, said) == (
            (2, f"certify-kernel: malformed: 0 proofs of {len(wanted)} obligations\n")
            if wanted
            else (0, "accepted\n")
        )
        counts[not wanted] += 1
        for _ in range(0 if wanted else 60):
            # thresholds are integers and halves: ties are met often
            point = {"T": Q(rng.randint(20, 60), 2), "p": Q(rng.randint(0, 36), 4)}
            assert is_kept(stated, point)
    assert min(counts.values()) >= 15


@built
def test_cases_that_are_left_have_trees(tmp_path: Path) -> None:
    """Exactly those that the checker derives: two of its certificates are accepted as claims."""
    for functions in (RELATED, {**RELATED, "rule/s/when/0>=": P - T + 12, "rule/s/then/0>": U - P}):
        certificate = found(claim(functions))
        assert certificate.proof.trees
        answer = verified(saved(certificate, tmp_path))
        assert answer.whole
        assert set(answer.leaves) == set(certificate.proof.trees)
    false = claim({**RELATED, "rule/r/then/0>": U + P / 4 - T - Q(1, 2)})
    for depth in range(6):
        tree = b"\x00\x01" * depth + b"\x42" * (2 * depth + 1)
        with pytest.raises(CertificateError, match="is not closed"):
            verified(saved(forged(false, tree), tmp_path))


@built
def test_a_tie_is_on_the_side_of_the_tree(tmp_path: Path) -> None:
    """Above 21 the tree says 18, at 21 it does not."""
    for relation, accepted in ((">", True), (">=", False)):
        stated = claim({f"rule/r/when/0{relation}": T - 21, "rule/r/then/0>": 19 - U})
        assert (told(stated, tmp_path)[0] == 0) is accepted
    # as scikit-learn decides: inputs are rounded to binary32 first
    tree = DecisionTree(
        1, (Split(0, Q(1, 10), 1, 2), Leaf((Q(0),)), Leaf((Q(1),))), rounding="float32"
    )
    cut = cut_at(Q(1, 10), "float32")
    assert cut.bound < Q(1, 10)
    for bound, relation, accepted in (
        (cut.bound, ">" if cut.closed else ">=", True),
        (cut.bound, ">=" if cut.closed else ">", cut.closed is False),
        (cut.bound - Q(1, 10**12), ">", False),
    ):
        stated = claim({f"rule/r/when/0{relation}": T - bound, "rule/r/then/0>": U}, tree([T])[0])
        assert (told(replace(stated, box={**BOX, "T": (Q(0), Q(1))}), tmp_path)[0] == 0) is accepted


@pytest.mark.parametrize("name", ["x", "rule/r", "rule/other/0", "rule/r/00", "rule/r/0\n"])
def test_a_tree_for_no_case_is_refused(name: str) -> None:
    given = found(claim({"rule/r/when/0>": 20 - T, "rule/r/then/0>": U - 16}))
    proof = replace(given.proof, trees={**given.proof.trees, name: b"\x40"})
    with pytest.raises(Rejected, match="no case of a rule"):
        has_claim_text(replace(given, proof=proof))


@built
def test_what_is_not_affine_is_refused_by_name(tmp_path: Path) -> None:
    certificate = found(claim({"rule/r/when/0>": 20 - T, "rule/r/then/0>": U - T + 2 + sin(P)}))
    with pytest.raises(UnsupportedError, match="obligations for a claim like this one"):
        verified(saved(certificate, tmp_path))
    undefined = claim({"rule/r/when/0>": log(T - 15), "rule/r/then/0>": U - 21})
    assert told(undefined, tmp_path)[0] == 4


@built
def test_the_text_is_the_claim(tmp_path: Path) -> None:
    """Other spellings are refused, and no part can be left out."""
    stated = claim({"rule/r/when/0>": 20 - T, "rule/r/then/0>": U - T})
    certificate = found(stated)
    lines = list(claim_text(certificate))
    assert told(stated, tmp_path)[0] == 0
    for old, new in (
        ("positive", "negative"),
        ("positive", "positive 0"),
        ("0x14", "0x014"),
        ("when 1", "when 01"),
        ("rules 1", "rules 2"),
        ("when 1", "then 1"),
    ):
        text = tmp_path / "changed.txt"
        changed = "\n".join(lines).replace(old, new, 1) + "\n"
        assert changed != "\n".join(lines) + "\n"
        text.write_text(changed)
        done = subprocess.run([str(KERNEL), str(text)], capture_output=True, check=False)
        assert done.returncode == 2


@pytest.mark.skipif(
    shutil.which("coqc") is None or not (COQ / "Inside.vo").exists(),
    reason="`make kernel` compiles the proofs in Coq",
)
def test_rules_are_a_theorem_of_coq(tmp_path: Path) -> None:
    related = found(claim(RELATED))
    path = saved(related, tmp_path)
    assert prove_in_coq(path).whole
    text = path.with_suffix(".v").read_text()
    assert "Ruled (RuleClaim" in text
    assert "true_of stated" in text
