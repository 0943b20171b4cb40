"""Trees cover their boxes, batches change nothing, and old or damaged files are refused."""

from __future__ import annotations

import random
from fractions import Fraction as Q

import numpy as np
import pytest

from certify.proofs.checker.errors import FormatError, Rejected
from certify.proofs.checker.format import FORMAT, read_certificate
from certify.proofs.checker.kernel import open_leaves
from certify.proofs.checker.language import var
from certify.proofs.checker.obligations import Atom, Obligation
from certify.proofs.checker.tree import LEAF, Leaves, leaves, root_box

UNIT = np.zeros(2), np.ones(2)


def random_tree(rng: random.Random, depth: int) -> bytes:
    if depth == 0 or rng.random() < 0.2:
        return bytes([LEAF + rng.randrange(3)])
    return bytes([rng.randrange(2)]) + random_tree(rng, depth - 1) + random_tree(rng, depth - 1)


def listed(groups: list[Leaves]) -> dict[int, tuple[int, list[float], list[float]]]:
    return {
        position: (g.degree, g.low[:, i].tolist(), g.high[:, i].tolist())
        for g in groups
        for i, position in enumerate(g.positions)
    }


@pytest.mark.parametrize("seed", range(20))
def test_the_leaves_cover_the_box_once(seed: int) -> None:
    rng = random.Random(seed)
    tree = random_tree(rng, 7)
    low = np.array([Q(1, 3), Q(-2)], dtype=float)
    found = listed(list(leaves(tree, low, low + 1)))
    assert sorted(found) == [i for i, byte in enumerate(tree) if byte >= LEAF]
    area = sum((Q(b[0]) - Q(a[0])) * (Q(b[1]) - Q(a[1])) for _, a, b in found.values())
    whole = [Q(float(high)) - Q(float(start)) for start, high in zip(low, low + 1, strict=True)]
    assert area == whole[0] * whole[1]
    assert all(tree[i] == LEAF + degree for i, (degree, _, _) in found.items())
    assert listed(list(leaves(tree, low, low + 1, 3))) == found
    few = frozenset(list(found)[::2])
    rest = listed(list(leaves(tree, low, low + 1, 2, few)))
    assert rest == {i: leaf for i, leaf in found.items() if i not in few}


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        (b"", "ends before"),
        (b"\x00", "ends before"),
        (b"\x00\x40", "ends before"),
        (b"\x40\x40", "goes on"),
        (b"\x00\x40\x40\x41", "goes on"),
        (b"\x02\x40\x40", "no rule 0x02"),
        (b"\x43", "no rule 0x43"),
        (b"\x3f", "no rule 0x3f"),
        (b"\x7f", "no rule 0x7f"),
        (b"\xff", "no rule 0xff"),
        (b"\x00" * 5000, "no rule 0x00 at node 4096"),
    ],
)
def test_what_is_no_tree_is_rejected(tree: bytes, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        list(leaves(tree, *UNIT))


@pytest.mark.parametrize(
    ("low", "high"),
    [(1.0, 0.0), (np.nan, 1.0), (0.0, np.nan), (-np.inf, 0.0), (0.0, np.inf)],
)
def test_what_is_no_box_is_rejected(low: float, high: float) -> None:
    with pytest.raises(Rejected, match="not a box"):
        list(leaves(b"\x40", np.array([low]), np.array([high])))


def test_a_box_too_small_to_have_a_midpoint_is_not_split() -> None:
    tiny = np.array([5e-324])
    with pytest.raises(Rejected, match="no midpoint"):
        list(leaves(b"\x00\x40\x40", tiny, tiny))
    one = np.array([1.0])
    found = list(leaves(b"\x00\x40\x40", one, np.nextafter(one, 2)))
    assert found[0].low.tolist() == [[1.0, 1.0]]


def test_the_root_contains_the_exact_box() -> None:
    ends = [Q(1, 3), Q(1, 10), Q(-1, 10), Q(1), Q(10) ** 30 + 1, -(Q(10) ** -400), Q(2) ** -1074]
    for a in ends:
        for b in ends:
            if a <= b:
                low, high = root_box(Obligation("o", "", {"x": (a, b)}, Atom(">", var("x"))))
                assert Q(float(low[0])) <= a <= b <= Q(float(high[0]))
                assert a.denominator > 3 or Q(float(low[0])) == a or a == Q(1, 3) or a > 2


def test_older_files_are_refused_with_what_to_do() -> None:
    assert FORMAT == "certify-certificate-2"
    with pytest.raises(FormatError, match="verify the problem again"):
        read_certificate(b'{"format":"certify-certificate-1"}\n')
    with pytest.raises(FormatError, match="this checker reads"):
        read_certificate(b'{"format":"certify-certificate-3"}\n')


@pytest.mark.parametrize("workers", [1, 2])
def test_open_leaves_are_those_not_proved_and_not_known(workers: int) -> None:
    from test_coordinates import claim

    tree = b"\x40"
    for i in range(14):
        tree = bytes([i % 2]) + tree + tree
    told: list[float] = []
    sum_of = claim(Q(3, 2))
    found = open_leaves(sum_of, None, {"output": tree}, {}, workers, told.append)["output"]
    assert found.leaves == 1 << 14
    assert 0.03 < len(found.open) / found.leaves < 0.04  # a corner with the area 1/8 of 4
    assert "around x = " in found.where
    assert told[-1] == 1
    assert told == sorted(told)
    known = frozenset(found.open[1:])
    again = open_leaves(sum_of, None, {"output": tree}, {}, workers, None, {"output": known})
    assert again["output"].open == found.open[:1]
    assert again["output"].leaves == found.leaves - len(known)
