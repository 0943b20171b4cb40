"""T-REACH-D by the kernel from Coq: pavings that are true, and none that is not.

Of a loop with a tree on [-1, 1] exact arithmetic says where every cell goes in one step.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest

from certify.expression import Node, const, select, var
from certify.io.claim_text import claim_text
from certify.io.coq_file import coq_file
from certify.io.paving_text import away_steps, cells_shown
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError, Rejected
from certify.proofs.checker.format import Certificate, Proof, read_certificate
from certify.proofs.checker.kernel import check_certificate
from certify.proofs.checker.paving import NEVER, Paving
from certify.proofs.checker.theorems import THEOREMS

ROOT = Path(__file__).parents[2]
KERNEL = ROOT / "proofs" / "coq" / "build" / "certify-kernel"
built = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")

X, W = var("x"), var("w")
# [-1, 1] in eighths of 2
TREE = b"\x00" + 2 * (b"\x00" + 2 * b"\x00\x41\x41")
TIMES = [3, 2, 1, 0, 0, 1, 2, 3]
# towards the origin by 11/32, near it by half, and |w| <= 1/16
PUSH = Q(11, 32)
LOOP = W + select(X - Q(1, 4), X - PUSH, select(-X - Q(1, 4), X + PUSH, X / 2))


def about(away: str | None = "0", initial: str | None = None, plant: Node = LOOP) -> Claim:
    numbers = {"steps": Q(3), "volume": Q(2)} | ({} if away is None else {"away": Q(away)})
    functions = {"target/0": X - Q(1, 4), "target/1": -X - Q(1, 4)}
    if initial is not None:
        functions["initial/0"] = X**2 - Q(initial)
    return Claim(
        theorem="T-REACH-D", name="pushed", time="discrete", states=("x",), parameters=(),
        disturbances=("w",), box={"x": (Q(-1), Q(1)), "w": (Q(-1, 16), Q(1, 16))},
        plant={"x": plant}, controller={}, functions=functions, numbers=numbers,
    )  # fmt: skip


def certificate(
    claim: Claim, times: Sequence[int] = TIMES, hops: Sequence[int] = (1,) * 8, tree: bytes = TREE
) -> Certificate:
    cells = Paving(tree, bytes(hops), np.array(times).astype("<u2").tobytes())
    known = THEOREMS["T-REACH-D"].assumptions
    return Certificate(claim, known, "kernel", Proof(None, {}, {}, {}, cells))


def answer(lines: Sequence[str], folder: Path) -> tuple[int, str]:
    file = folder / "kernel.txt"
    file.write_text("\n".join(lines) + "\n")
    done = subprocess.run([KERNEL, file], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def accepts(given: Certificate, folder: Path) -> bool:
    status, said = answer(list(claim_text(given)), folder)
    assert status in (0, 4, 5), said
    return status == 0


def sampled(times: Mapping[tuple[Q, Q], int], away: int | None, steps: int) -> bool:
    """No trajectory from a grid contradicts the times, under the extreme disturbances."""
    rng = np.random.default_rng(0)
    for (low, high), time in times.items():
        if time > steps:
            return False
        for x in np.linspace(float(low), float(high), 9):
            for path in rng.choice([-1 / 16, 0, 1 / 16], size=(6, time + 12)):
                if not _keeps(float(x), path, time, away):
                    return False
    return True


def _keeps(x: float, disturbances: Sequence[float], time: int, away: int | None) -> bool:
    hits = [abs(x) <= 1 / 4]
    for w in disturbances:
        x = w + (x / 2 if abs(x) <= 1 / 4 else x - np.sign(x) * float(PUSH))
        if abs(x) > 1:
            return False
        hits.append(abs(x) <= 1 / 4)
    if True not in hits[: time + 1]:
        return False
    first, window = hits.index(True), (away or 0) + 1
    later = range(first, len(hits) - window + 1)
    return away is None or all(any(hits[i : i + window]) for i in later)


@built
@pytest.mark.parametrize("away", [None, "0", "5/2", "1e30"])
@pytest.mark.parametrize("initial", [None, "1", "0.3"])
def test_a_paving_by_hand(away: str | None, initial: str | None, tmp_path: Path) -> None:
    given = certificate(about(away, initial))
    status, said = answer(list(claim_text(given)), tmp_path)
    assert (status, said.splitlines()) == (0, ["proved paving 8 leaves", "accepted"]), said
    smaller = certificate(about(away, initial), [NEVER, *TIMES[1:]])
    assert not accepts(smaller, tmp_path)  # the volume
    numbers = {**smaller.claim.numbers, "volume": Q(7, 4)}
    smaller = replace(smaller, claim=replace(smaller.claim, numbers=numbers))
    assert accepts(smaller, tmp_path) is (initial != "1")
    assert cells_shown(smaller.claim, smaller.proof.paving) == (7 if initial is None else 8)


WRONG: Mapping[str, tuple[str, str, int]] = {
    "a larger volume": (r"^volume .*$", "volume 0x20000000000000001 0x10000000000000000", 5),
    "fewer steps": (r"^steps 3$", "steps 2", 5),
    "a time too early": (r"kept 3$", "kept 2", 5),
    "a cell that is not in the target": (r"kept 1$", "kept 0", 5),
    "a smaller target": (r"(target(?:.*\n)*?const) 0x1 0x4", r"\1 0x1 0x5", 5),
    "stronger disturbances": (r"^others .*$", "others 1 -0x1 0x8 0x1 0x8", 5),
    "a cut outside": (r"^cut 0 0x0 0x1$", "cut 0 0x2 0x1", 5),
    "a cut that is moved": (r"^cut 0 0x3 0x4$", "cut 0 0x7 0x8", 5),
    "a cut that is no number": (r"^cut 0 0x0 0x1$", "cut 0 nan 0x1", 2),
    "a disturbance that is no number": (r"^others .*$", "others 1 nan 0x1 0x1 0x8", 2),
    "away below 0": (r"^away some 0$", "away some -1", 2),
    "another word for it": (r"^away some 0$", "away maybe 0", 2),
    "another spelling": (r"^away some 0$", "away some 00", 2),
    "a cell too few": (r"\nkept 3$", "", 2),
    "a leaf that pushes less": (r"^const 0xb 0x20$", "const 0x1 0x20", 5),
}


@built
@pytest.mark.parametrize("name", WRONG)
def test_claims_that_are_false_or_damaged_are_not_accepted(name: str, tmp_path: Path) -> None:
    part, other, expected = WRONG[name]
    text = "\n".join(claim_text(certificate(about())))
    wrong = re.sub(part, other, text, count=1, flags=re.MULTILINE)
    assert wrong != text
    status, said = answer([wrong], tmp_path)
    assert (status, "accepted" in said.splitlines()) == (expected, False), said


@built
def test_damaged_pavings_are_accepted_only_where_they_are_true(tmp_path: Path) -> None:
    """By the program, and by the checker in Python: nearly always both or none."""
    rng, judged, agree = random.Random(11), {True: 0, False: 0}, 0
    for _ in range(60):
        times, hops = [6, 4, 2, 0, 0, 2, 4, 6], [1] * 8
        for _ in range(rng.randint(1, 2)):
            cell = rng.randrange(8)
            times[cell] = rng.choice([0, 1, *range(times[cell], 8), NEVER])
            hops[cell] = rng.choice([0, 1, 1, 1, 2])
        away = rng.choice([None, "0", "1"])
        claim = about(away)
        claim = replace(claim, numbers={**claim.numbers, "steps": Q(7), "volume": Q(3, 2)})
        given = certificate(claim, times, hops)
        found = accepts(given, tmp_path)
        ends = [(Q(i, 4) - 1, Q(i + 1, 4) - 1) for i in range(8)]
        kept = {end: t for end, t in zip(ends, times, strict=True) if t != NEVER}
        assert not found or sampled(kept, None if away is None else int(away), 7)
        judged[found] += 1
        try:
            check_certificate(given)
        except CheckerError:
            agree += not found
        else:
            agree += found
    assert min(judged.values()) > 10
    assert agree > 50, agree


@built
@pytest.mark.parametrize(("tie", "ok"), [(select(X, 1, -1), True), (-select(-X, 1, -1), False)])
def test_ties_are_on_the_side_of_the_tree(tie: Node, ok: bool, tmp_path: Path) -> None:
    """From x <= 0 the loop goes up by 1/4, from others down; 0 itself is in the cell below."""
    plant = X / 2 - Q(1, 4) * tie + 0 * W
    claim = replace(about(None, None, plant), functions={"target/0": -X, "target/1": X - 1})
    numbers = {"steps": Q(1), "volume": Q(5, 4)}
    given = certificate(replace(claim, numbers=numbers), [NEVER] * 3 + [1] + [0] * 4)
    assert accepts(given, tmp_path) is ok


@built
def test_a_tree_of_the_weather_is_taken_apart(tmp_path: Path) -> None:
    """3 w is up to 3/16, and 3/32 with the tree, which pushes against it."""
    times = [2, 2, 1, 0, 0, 1, 2, 2]
    tree = select(W, const(Q(3, 32)), const(Q(-3, 32)))
    against, along = X / 4 + 3 * W - tree, X / 4 + 3 * W + tree
    assert accepts(certificate(about("0", None, against), times), tmp_path)
    assert not accepts(certificate(about("0", None, along), times), tmp_path)


def test_steps_away_are_a_natural_number() -> None:
    assert [away_steps(about(a)) for a in (None, "0", "5/2", "1e30")] == [None, 0, 2, NEVER]
    with pytest.raises(Rejected, match="negative"):
        away_steps(replace(about(), numbers={"away": Q(-1)}))


def test_a_theorem_of_coq_has_the_claim() -> None:
    path = ROOT / "case_studies" / "hvac" / "recovery" / "certificate.json"
    whole = "\n".join(coq_file(read_certificate(path.read_bytes()), whole=True))
    assert "Recovered (RecoveryClaim (System" in whole
    assert re.search(r"\(Some 1\) 12 \(\(0x2a9\) # 0x2\)%Q \(Cut ", whole)
    assert whole.count("Select") > 100
