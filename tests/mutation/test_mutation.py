"""Every damaged certificate is rejected with a reason, or what it says is still true."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from fractions import Fraction as Q
from pathlib import Path

import pytest
from accepted_certificates import CLAIMS, accepted, same_claim, still_true
from edits_of_the_bytes import BYTE_EDITS
from mutants import JSON_EDITS, PER_BYTE_EDIT, PER_JSON_EDIT, mutants
from sealing import sealed

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.kernel import check

_LABELS_ONLY = frozenset({"metadata", "tree packing", "tree bytes", "radius", "tree keys"})
_SEEN: Counter[tuple[str, str]] = Counter()


def _answer(data: bytes) -> tuple[str, Claim | None]:
    try:
        return "", check(data).certificate.claim
    except CheckerError as refusal:
        return str(refusal), None


def _judge(category: str, name: str, data: bytes) -> None:
    """Rejected, or accepted and true for a reason that is not the kernel's word."""
    reason, claim = _answer(data)
    if claim is None:
        assert 0 < len(reason) < 2000
        _SEEN[category, "rejected"] += 1
        return
    if any(same_claim(claim, original) for original in CLAIMS.values()):
        _SEEN[category, "accepted, same claim"] += 1
    else:
        assert category not in _LABELS_ONLY
        assert still_true(claim), f"{category} of {name}: accepted, but not true"
        _SEEN[category, "accepted, proved again"] += 1


@pytest.mark.parametrize("name", CLAIMS)
def test_the_originals_are_accepted_and_true(name: str) -> None:
    assert check(accepted(name)).certificate.claim == CLAIMS[name]
    assert sealed(json.loads(accepted(name))) == accepted(name)
    assert still_true(CLAIMS[name])


@pytest.mark.parametrize("category", JSON_EDITS)
def test_edits_of_the_meaning(category: str) -> None:
    for name, data in mutants(category, PER_JSON_EDIT):
        _judge(category, name, data)
    assert _SEEN[category, "rejected"] or category == "metadata"


@pytest.mark.parametrize("category", BYTE_EDITS)
def test_edits_of_the_bytes(category: str) -> None:
    for name, data in mutants(category, PER_BYTE_EDIT):
        _judge(category, name, data)
    accepted_ones = sum(n for (c, word), n in _SEEN.items() if c == category and word != "rejected")
    assert not accepted_ones


def test_an_edit_without_a_new_digest_is_always_rejected() -> None:
    for category in JSON_EDITS:
        rng = random.Random(category)
        body, digest = json.loads(accepted("map")), json.loads(accepted("map"))["digest"]
        JSON_EDITS[category](body, rng, json.loads(accepted("flow")))
        if body != json.loads(accepted("map")):
            data = json.dumps({**body, "digest": digest}, sort_keys=True, separators=(",", ":"))
            with pytest.raises(CheckerError):
                check(data.encode() + b"\n")


def test_the_oracle_can_say_no() -> None:
    for name, key, value in (
        ("map", "decay", Q("0.9")),
        ("flow", "decay", Q(3)),
        ("output", "upper", Q(1)),
        ("corners", "level", Q("1.95")),
        ("residual", "decay", Q("0.4")),
        ("residual", "residual", Q("0.03")),
    ):
        claim = CLAIMS[name]
        numbers = {**claim.numbers, key: value}
        assert not still_true(Claim(**{**vars(claim), "numbers": numbers}))


_FOR_A_PROCESS = (
    "number", "constant", "box", "theorem", "names", "tree bytes", "tree packing", "huge",
    "metadata types", "wire", "flip", "truncate", "literal", "nesting", "foreign", "spelling",
)  # fmt: skip


def test_the_checker_as_a_process_rejects_with_a_reason(tmp_path: Path) -> None:
    running = []
    for i, category in enumerate(_FOR_A_PROCESS):
        rejected = (d for _, d in mutants(category, 8) if _answer(d)[1] is None)
        path = tmp_path / f"{i}.cert"
        path.write_bytes(next(rejected))
        command = [sys.executable, "-m", "certify.proofs.checker", str(path)]
        running.append(
            (category, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        )
        if len(running) % 2 == 0:
            running[-2][1].wait(60)
    for category, process in running:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 5, (category, out, err)
        assert b"Traceback" not in err
        answer = json.loads(out)
        assert answer["verdict"] == "rejected"
        assert answer["reason"]


def test_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """Last in the file: how many edits there were, and what became of them."""
    words = sorted({word for _, word in _SEEN})
    lines = [f"{'edits':18}" + "".join(f"{word:>24}" for word in words)]
    for category in sorted({c for c, _ in _SEEN}):
        lines.append(f"{category:18}" + "".join(f"{_SEEN[category, w]:24}" for w in words))
    total = Counter({w: sum(n for (_, x), n in _SEEN.items() if x == w) for w in words})
    lines.append(f"{'all':18}" + "".join(f"{total[w]:24}" for w in words))
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201  (the count is what this test is for)
    if len({c for c, _ in _SEEN}) == len(JSON_EDITS) + len(BYTE_EDITS):  # the whole file ran
        assert sum(total.values()) >= 250
        assert total["rejected"] > total.total() / 2
