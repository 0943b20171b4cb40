"""Growing trees: open boxes are cut out and subtrees put in where they belong."""

from __future__ import annotations

import random

import numpy as np
import pytest

from certify.proofs.checker.tree import LEAF, leaves
from certify.verifiers.points import Array
from certify.verifiers.trees import (
    OPEN,
    Piece,
    accepted_positions,
    certified,
    grafted,
    has_marks,
    mark_accepted,
    pieces,
    regrown,
    split_leaf,
)

VARIABLES = 3
LOW, HIGH = np.array([-1.0, 0.1, -7.0]), np.array([1.0, 0.7, 11.0])


def random_tree(rng: random.Random, size: int, share_open: float) -> bytes:
    """A tree of about ``size`` bytes, of which so many leaves are open."""
    tree, waiting = bytearray(), 1
    while waiting:
        waiting -= 1
        if len(tree) + waiting < size and (not waiting or rng.random() < 0.6):
            tree.append(rng.randrange(VARIABLES))
            waiting += 2
        else:
            tree.append(OPEN if rng.random() < share_open else LEAF + rng.randrange(3))
    return bytes(tree)


def same(first: list[Piece], second: list[Piece]) -> bool:
    return len(first) == len(second) and all(
        p.position == q.position and (p.low == q.low).all() and (p.high == q.high).all()
        for p, q in zip(first, second, strict=True)
    )


def by_the_checker(tree: bytes, positions: list[int], low: Array, high: Array) -> list[Piece]:
    """The same boxes by the reader of the kernel."""
    closed = certified(tree).replace(bytes([OPEN]), bytes([LEAF]))
    found = {}
    for group in leaves(closed, low, high):
        for row, position in enumerate(group.positions):
            found[position] = Piece(position, group.low[:, row], group.high[:, row])
    return [found[position] for position in positions]


@pytest.mark.parametrize("seed", range(60))
def test_pieces_have_the_boxes_that_the_checker_gives_them(seed: int) -> None:
    rng = random.Random(seed)
    tree = random_tree(rng, rng.choice([1, 2, 9, 80, 700]), rng.choice([0.02, 0.3, 1.0]))
    where = [i for i, byte in enumerate(tree) if byte == OPEN]
    assert same(pieces(tree, LOW, HIGH), by_the_checker(tree, where, LOW, HIGH))
    chosen = [i for i, byte in enumerate(tree) if byte >= LEAF and rng.random() < 0.2]
    found = pieces(tree, LOW, HIGH, frozenset(chosen))
    assert same(found, by_the_checker(tree, chosen, LOW, HIGH))


@pytest.mark.parametrize("seed", range(40))
def test_what_is_open_after_grafting_is_known_without_reading_the_tree(seed: int) -> None:
    rng = random.Random(seed)
    tree = random_tree(rng, 200, 0.4)
    before = pieces(tree, LOW, HIGH)
    subtrees = {p.position: random_tree(rng, 20, 0.4) for p in before if rng.random() < 0.6}
    assert same(regrown(before, subtrees), pieces(grafted(tree, subtrees), LOW, HIGH))


def test_marks_are_put_on_and_taken_off() -> None:
    tree = random_tree(random.Random(1), 300, 0.2)
    closed = [i for i, byte in enumerate(tree) if LEAF <= byte < OPEN]
    rejected = closed[::3]
    marked = mark_accepted(tree, rejected)
    assert not has_marks(tree)
    assert has_marks(marked)
    assert accepted_positions(marked) == frozenset(closed) - frozenset(rejected)
    assert mark_accepted(marked, []) == mark_accepted(tree, [])
    assert certified(marked) == tree
    assert same(pieces(marked, LOW, HIGH), pieces(tree, LOW, HIGH))


def test_a_leaf_is_cut_where_it_is_relatively_widest() -> None:
    box = Piece(0, np.array([0.0, 0.0, 5.0]), np.array([0.5, 0.3, 5.0]))
    root = np.array([1.0, 0.4, 0.0])
    assert split_leaf(box, root) == bytes([1, OPEN, OPEN])
    assert split_leaf(Piece(0, box.low, box.low), root) == b""
    one, next_to_it = np.ones(1), np.nextafter(np.ones(1), 2)
    assert split_leaf(Piece(0, one, next_to_it), root[:1]) == b""
