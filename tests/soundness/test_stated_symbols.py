"""A tree may state how many symbols its models have, on which proofs depend and truth does not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest

from certify.io.claim_text import claim_text
from certify.io.coq_file import coq_file
from certify.io.kernel_text import kernel_text
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import FormatError, Rejected
from certify.proofs.checker.format import Certificate, Proof, read_certificate, write_certificate
from certify.proofs.checker.kernel import check, check_certificate
from certify.proofs.checker.language import Node, affine, relu, sin, stack, var
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.symbols import allocate
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.verifiers import planning
from certify.verifiers.budget import Budget
from certify.verifiers.derived import derived
from certify.verifiers.engine import compiled, engine_name
from certify.verifiers.interface import Options
from certify.verifiers.jobs import Statement, perform_stated
from certify.verifiers.planning import planned
from certify.verifiers.proof_run import ProofRun
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import OPEN

X, Y = var("x"), var("y")
R = relu(X)
ZERO = (R + Y) ** 2 - R**2 - Y**2 - 2 * R * Y  # which only shows where the error of R has a name
COQ = Path(__file__).parents[2] / "proofs" / "coq"
KERNEL = COQ / "build" / "certify-kernel"
LEAF = b"\x41"


def claim(lower: Q = Q(-1, 1000), e: Node = ZERO) -> Claim:
    return Claim(
        name="c",
        theorem="T-OUT",
        time="discrete",
        states=("x", "y"),
        parameters=(),
        disturbances=(),
        box={x: (Q(-1), Q(1)) for x in "xy"},
        plant={},
        controller={},
        functions={"output": e},
        numbers={"lower": lower},
    )


def certificate(symbols: int | None, lower: Q = Q(-1, 1000), tree: bytes = LEAF) -> Certificate:
    (obligation,) = obligations(claim(lower), None)
    proof = Proof(
        None,
        {"output": tree},
        {"output": obligation.digest()},
        symbols={} if symbols is None else {"output": symbols},
    )
    return Certificate(claim(lower), THEOREMS["T-OUT"].assumptions, "kernel", proof)


@pytest.mark.parametrize("symbols", [None, 1, 24, 60])
def test_with_a_symbol_one_leaf_is_enough(symbols: int | None) -> None:
    data = write_certificate(certificate(symbols))
    assert check(data).leaves == {"output": 1}
    assert read_certificate(data) == certificate(symbols)
    assert write_certificate(read_certificate(data)) == data
    assert (symbols is None) == (len(json.loads(data)["proof"]["trees"]["output"]) == 2)


def test_without_any_it_is_not() -> None:
    with pytest.raises(Rejected, match="is not proved"):
        check(write_certificate(certificate(0)))


@pytest.mark.parametrize("symbols", [None, *range(0, 61, 12)])
def test_nothing_false_is_accepted(symbols: int | None) -> None:
    with pytest.raises(Rejected, match="is not proved"):
        check(write_certificate(certificate(symbols, Q(1, 10**9))))


def edited(edit: Callable[[list[object]], None]) -> bytes:
    import hashlib

    body = json.loads(write_certificate(certificate(1)))
    edit(body["proof"]["trees"]["output"])
    del body["digest"]

    def text() -> bytes:
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    body["digest"] = hashlib.sha256(text()).hexdigest()
    return text()


@pytest.mark.parametrize(
    "number", [-1, 61, 1 << 80, 1.0, float("nan"), "1", "", None, True, False, [1]]
)
def test_what_is_no_number_from_0_to_60_is_refused(number: object) -> None:
    with pytest.raises(FormatError, match="an integer from 0 to 60"):
        check(edited(lambda entry: entry.__setitem__(2, number)))


@pytest.mark.parametrize("more", [[2], [{"centre": [], "matrix": []}], [1, 1]])
def test_what_follows_the_number_is_refused(more: list[object]) -> None:
    with pytest.raises(FormatError, match=r"coordinates are|is not \[statement"):
        check(edited(lambda entry: entry.extend(more)))


def test_a_number_for_another_tree_is_refused() -> None:
    given = certificate(1)
    other = replace(given, proof=replace(given.proof, symbols={"output": 1, "descent": 1}))
    with pytest.raises(Rejected, match="for another obligation"):
        check_certificate(other)


def test_scalars_come_first_where_a_number_is_stated() -> None:
    layer = relu(affine([[1, 2], [2, -1], [3, 5]], None, stack([X, Y])))
    clipped = relu(layer[0] + layer[1] * layer[2])
    e = clipped + sin(clipped)
    assert set(allocate([e], 2).symbols) == {clipped, sin(clipped)}
    assert set(allocate([e], 4).symbols) == {clipped, layer}
    assert set(allocate([e]).symbols) == set(allocate([e], 60).symbols)
    assert not allocate([e], 0).symbols


def test_bounds_contain_every_value_whatever_the_number() -> None:
    rng = np.random.default_rng(5)
    layer = relu(affine(rng.integers(-3, 4, (4, 2)).tolist(), None, stack([X, Y])))
    e = relu(layer[0] - layer[1]) * Y + sin(layer[2] * layer[3]) - ZERO
    low = rng.uniform(-1, 0.9, (2, 20))
    high = low + rng.uniform(0, 0.5, (2, 20))
    inside = Block(("x", "y"), 0.3 * low + 0.7 * high, 0.3 * low + 0.7 * high, 0, allocate([e]))
    for degree in (1, 2):
        for symbols in (None, *range(8)):
            reach = Block(("x", "y"), low, high, degree, allocate([e], symbols)).range(e)
            assert np.all(reach.low <= inside.range(e).high)
            assert np.all(inside.range(e).low <= reach.high)


@pytest.mark.parametrize("engine", ["python", ""])
def test_engines_workers_and_checkpoints_know_the_number(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CERTIFY_ENGINE", engine)
    (obligation,) = obligations(claim(), None)
    sizes = {}
    for symbols in (0, 1):
        search = ObligationSearch(obligation, None, (1,), symbols)
        again = ObligationSearch.restored(obligation, search.state())
        assert (again.symbols, search.restarted(search.obligation).symbols) == (symbols, symbols)
        search.grow(100_000)
        assert OPEN not in search.tree
        sizes[symbols] = len(search.tree)
        statement = Statement.of(again, claim(), None)
        from certify.verifiers.jobs import Job

        job = Job(search.low[None], search.high[None], (1,), 100_000, 60.0, True)
        assert perform_stated(statement, job).trees == (search.tree,)
        assert check_certificate(certificate(symbols, tree=search.tree)).leaves
    assert sizes[0] > sizes[1] == 1
    low, high = np.array([-1.0, -1.0]), np.array([1.0, 1.0])
    grown = [
        compiled(obligation, None, k).grow(low, high, bytes([OPEN]), 1, (1,), 9.0) for k in (0, 1)
    ]
    assert [g.boxes for g in grown] == [1, 1]
    assert [len(g.tree) for g in grown] == [3, 1]


def test_the_certificate_of_a_run_states_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from certify.verifiers import proof_run

    def with_one(wanted: list[Obligation], *_: object, **__: object) -> list[ObligationSearch]:
        return [ObligationSearch(o, None, (1,), 1) for o in wanted]

    monkeypatch.setattr(proof_run, "plans", with_one)
    found = ProofRun(claim(), Options()).outcome().certificate
    assert found is not None
    assert found.proof.symbols == {"output": 1}
    assert check(write_certificate(found)).leaves == {"output": 1}


@pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")
@pytest.mark.parametrize("text", [claim_text, kernel_text])
@pytest.mark.parametrize(
    ("symbols", "lower", "accepted"),
    [(None, "-1/1000", True), (1, "-1/1000", True), (60, "-1/1000", True), (0, "1/1000", False),
     (1, "1/1000", False)],
)  # fmt: skip
def test_the_kernel_from_coq_names_as_many(
    text: Callable[[Certificate], list[str]], symbols: int | None, lower: str, accepted: bool,
    tmp_path: Path,
) -> None:  # fmt: skip
    file = tmp_path / "kernel.txt"
    file.write_text("\n".join(text(certificate(symbols, Q(lower)))) + "\n")
    done = subprocess.run([KERNEL, file], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.splitlines()[-1:] == ["accepted"]) == accepted, done.stdout + done.stderr


@pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")
@pytest.mark.parametrize("line", ["names", "names some", "names some -1", "names 1"])
def test_the_kernel_from_coq_refuses_other_numbers(line: str, tmp_path: Path) -> None:
    text = "\n".join(claim_text(certificate(1))) + "\n"
    assert "names some 1\n" in text
    file = tmp_path / "kernel.txt"
    file.write_text(text.replace("names some 1\n", f"{line}\n"))
    done = subprocess.run([KERNEL, file], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "accepted" not in done.stdout


@pytest.mark.skipif(
    shutil.which("coqc") is None or not (COQ / "Inside.vo").exists(),
    reason="Coq is not installed, or its files are not compiled",
)
@pytest.mark.parametrize("proved", [True, False])
def test_in_coq_as_many_get_names(proved: bool, tmp_path: Path) -> None:
    file = tmp_path / "certificate.v"
    given = certificate(1, Q(-1 if proved else 1, 1000))
    file.write_text("\n".join(coq_file(given, whole=True)) + "\n")
    command = ["coqc", "-Q", str(COQ), "Certify", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode == 0) == proved, done.stdout + done.stderr


def test_the_checker_as_a_process_agrees(tmp_path: Path) -> None:
    for symbols, status in ((1, 0), (0, 5)):
        path = tmp_path / f"{symbols}.json"
        path.write_bytes(write_certificate(certificate(symbols)))
        command = [sys.executable, "-m", "certify.proofs.checker", str(path)]
        assert subprocess.run(command, capture_output=True, check=False).returncode == status


def plan_of(e: Node) -> ObligationSearch:
    """The plan for ``e``, as if its tree were a large one."""
    (obligation,) = obligations(claim(e=e), None)
    first = ObligationSearch(obligation, None, (0, 1), 16)
    points = np.random.default_rng(1).uniform(-1, 1, (64, 2))
    best, straight = planning._numbered(first, first, points, Budget(Options()))
    assert best.symbols == straight.symbols
    return best


@pytest.mark.skipif(engine_name() == "python", reason="only the native engine compares plans")
def test_plans_have_as_many_symbols_as_pay() -> None:
    assert plan_of(ZERO).symbols == 16  # there is one, whatever the number
    wide = relu(affine([[1, i] for i in range(20)], None, stack([X, Y])))
    scalar = affine([[(-1) ** i for i in range(20)]], [0], wide)[0]
    e = (scalar + Y) ** 2 - scalar**2 - Y**2 - 2 * scalar * Y
    assert plan_of(e).symbols is None  # a layer of 20 is too wide for 16
    (obligation,) = obligations(claim(e=ZERO), None)
    assert planned(obligation, Budget(Options())).symbols == 16


def test_what_was_derived_last_is_not_taken_for_another_claim() -> None:
    first, other = claim(), claim(Q(1, 2))
    assert derived(first, None) is derived(first, None)
    for asked in (first, other, first, replace(first, numbers={"lower": Q(7)})):
        assert list(derived(asked, None)) == obligations(asked, None)
