"""Cells of a paving: the same as the leaves of a tree, and which of them a box touches."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest

from certify.proofs.checker.errors import FormatError, Rejected
from certify.proofs.checker.paving import NEVER, Cells, Paving
from certify.proofs.checker.tree import leaves

LOW, HIGH = np.array([-1.0, 0.1]), np.array([2.0, 0.7])


def grown(rng: np.random.Generator, depth: int) -> bytes:
    """A random tree over two states."""
    if depth == 0 or rng.random() < 0.2:
        return bytes([0x40 + int(rng.integers(3))])
    half = [grown(rng, depth - 1) for _ in range(2)]
    return bytes([int(rng.integers(2))]) + half[0] + half[1]


def paving(tree: bytes, times: list[int] | None = None) -> Paving:
    """``tree`` with times 0, 1, 2, ... or those given."""
    count = sum(byte >= 0x40 for byte in tree)
    given = np.arange(count) if times is None else np.array(times)
    return Paving(tree, bytes(count), given.astype("<u2").tobytes())


@pytest.mark.parametrize("seed", range(20))
def test_cells_are_the_leaves_of_the_tree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = grown(rng, 7)
    cells = Cells(paving(tree), LOW, HIGH)
    boxes = {}
    for group in leaves(tree, LOW, HIGH):
        for k, position in enumerate(group.positions):
            boxes[position] = (group.low[:, k].tolist(), group.high[:, k].tolist(), group.degree)
    found = zip(cells.low.T.tolist(), cells.high.T.tolist(), cells.degree.tolist(), strict=True)
    assert list(found) == [boxes[position] for position in sorted(boxes)]


@pytest.mark.parametrize("seed", range(20))
def test_the_latest_time_is_over_cells_that_hold_the_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = grown(rng, 8)
    count = sum(byte >= 0x40 for byte in tree)
    times = rng.integers(0, 1000, count)
    times[rng.random(count) < 0.1] = NEVER
    cells = Cells(paving(tree, times.tolist()), LOW, HIGH)
    span = (HIGH - LOW)[:, None]
    low = LOW[:, None] + span * rng.random((2, 300))
    high = low + (HIGH[:, None] - low) * rng.random((2, 300)) ** 3
    low[:, 0], high[:, 0] = LOW, HIGH
    # corners and edges of cells, of which one side is enough
    rows = rng.integers(0, count, 100)
    low[:, 1:101] = high[:, 1:101] = np.where(rng.random((2, 100)) < 0.5, cells.low[:, rows],
                                              cells.high[:, rows])  # fmt: skip
    low[0, 101:150] = cells.low[0, rng.integers(0, count, 49)]
    high[0, 101:200] = np.maximum(low[0, 101:200], cells.high[0, rng.integers(0, count, 99)])
    a, b = cells.low[:, None, :], cells.high[:, None, :]
    least, largest = low[:, :, None], high[:, :, None]
    above = (largest > a) | (least >= a)
    below = (least < b) | (b == HIGH[:, None, None])
    counted = (above & below).all(axis=0)
    expected = np.where(counted, times, -1).max(axis=1)
    assert cells.latest(low, high).tolist() == expected.tolist()
    for share in rng.choice([0.0, 1.0, 0.5, 0.1], (20, 2, 300)):
        points = np.clip(low + share * (high - low), low, high)[:, :, None]
        assert (((a <= points) & (points <= b)).all(axis=0) & counted).any(axis=1).all()


def test_a_box_that_is_none_touches_nothing() -> None:
    cells = Cells(paving(b"\x00\x41\x41"), LOW, HIGH)
    nothing = np.full((2, 1), np.nan)
    assert cells.latest(nothing, nothing).tolist() == [-1]


def test_the_volume_is_exact_and_within_the_box() -> None:
    tree, box = b"\x00\x41\x01\x41\x41", {"x": (Q(-1), Q(2)), "y": (Q(1, 10), Q(7, 10))}
    cells = Cells(paving(tree, [5, NEVER, 7]), LOW, HIGH)
    side, upper = Q(0.7) - Q(0.1), Q(0.7) - Q(0.5 * 0.1 + 0.5 * 0.7)
    assert cells.volume(box) == Q(3, 2) * (side + upper)
    assert Cells(paving(tree, [NEVER] * 3), LOW, HIGH).volume(box) == 0
    within = {"x": (Q(-1, 3), Q(2)), "y": (Q(1, 5), Q(3, 5))}
    assert Cells(paving(tree), LOW, HIGH).volume(within) == Q(7, 3) * Q(2, 5)


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        (b"", "before its cells"),
        (b"\x00\x41", "before its cells"),
        (b"\x41\x41", "after its last"),
        (b"\x02\x41\x41", "no rule 0x02"),
        (b"\x43", "no rule 0x43"),
        (b"\x7f", "no rule 0x7f"),
        (b"\x00" * 5000, "no rule 0x00"),
    ],
)
def test_what_is_no_tree_is_rejected(tree: bytes, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        Cells(paving(tree), LOW, HIGH)


def test_each_cell_has_one_entry() -> None:
    tree = b"\x00\x41\x41"
    for hops, times in ((b"\x00", b"\x00" * 4), (b"\x00" * 2, b"\x00" * 3), (b"\x00" * 3, b"")):
        with pytest.raises(Rejected, match="one entry"):
            Cells(Paving(tree, hops, times), LOW, HIGH)


def test_reading_back_what_was_written() -> None:
    given = paving(grown(np.random.default_rng(1), 6))
    data = given.to_json()
    assert Paving.from_json(data) == given
    for wrong in (None, {}, {**data, "more": ""}, {**data, "hops": 1}, {**data, "tree": "x"}):
        with pytest.raises(FormatError):
            Paving.from_json(wrong)
    with pytest.raises(FormatError, match="larger"):
        Paving.from_json(data, room=len(given.tree))
