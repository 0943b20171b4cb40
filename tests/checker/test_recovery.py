"""T-REACH-D: images of boxes under trees, pavings by hand, and what a search finds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction as Q
from functools import lru_cache

import numpy as np
import pytest

from certify.expression import Node, const, recip, select, var
from certify.outcome import Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import Rejected, TheoremError
from certify.proofs.checker.format import Certificate, Proof, read_certificate, write_certificate
from certify.proofs.checker.images import Steps
from certify.proofs.checker.kernel import check, check_certificate
from certify.proofs.checker.language import clip
from certify.proofs.checker.paving import NEVER, Paving, cells_of, inner_ends
from certify.proofs.checker.recovery import check_recovery
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

X, Y, W = var("x"), var("y"), var("w")
UNIT = (Q(-1), Q(1))
# [-1, 1] in eighths of 2
TREE = b"\x00" + 2 * (b"\x00" + 2 * b"\x00\x41\x41")


def claim(
    plant: Mapping[str, Node], target: Sequence[Node], box: object = None, **numbers: str
) -> Claim:
    names = {"steps": "9", "volume": "0", **numbers}
    free = [x for x in ("w",) if isinstance(box, dict) and x in box]
    return Claim(
        theorem="T-REACH-D",
        name="recovery",
        time="discrete",
        states=tuple(plant),
        parameters=(),
        disturbances=tuple(free),
        box=dict.fromkeys(plant, UNIT) | (box if isinstance(box, dict) else {}),
        plant=plant,
        controller={},
        functions={f"target/{i}": e for i, e in enumerate(target)},
        numbers={k: Q(v) for k, v in names.items()},
    )


def within(radius: str) -> list[Node]:
    return [X - Q(radius), -X - Q(radius)]


HALVING = claim({"x": X * Q(9, 20)}, within("1/4"))
KEPT = replace(HALVING, numbers={**HALVING.numbers, "away": Q(0)})
TIMES = [2, 2, 1, 0, 0, 1, 2, 2]
HOPS = [1, 1, 1, 1, 1, 1, 1, 1]


def paving(times: Sequence[int], hops: Sequence[int] = HOPS) -> Paving:
    return Paving(TREE, bytes(hops), np.array(times).astype("<u2").tobytes())


def accepts(about: Claim, times: Sequence[int], hops: Sequence[int] = HOPS) -> bool:
    try:
        check_recovery(about, paving(times, hops))
    except Rejected:
        return False
    return True


@pytest.mark.parametrize("about", [HALVING, KEPT], ids=["reached", "kept"])
def test_a_paving_by_hand(about: Claim) -> None:
    assert accepts(about, TIMES)
    assert accepts(about, [7, 3, 1, 0, 0, 5, 6, 7])  # later is not wrong
    assert accepts(about, [2, 2, 1, 0, 0, 1, NEVER, NEVER])  # nor is less
    for i, time in ((0, 1), (7, 1), (2, 0), (5, 0)):  # too early, not in the target
        assert not accepts(about, [time if i == j else t for j, t in enumerate(TIMES)])
    assert not accepts(about, [*TIMES[:5], NEVER, 2, 2])  # others go there
    assert not accepts(about, TIMES, [0, *HOPS[1:]])
    assert not accepts(replace(about, numbers={**about.numbers, "steps": Q(1)}), TIMES)
    assert accepts(replace(about, numbers={**about.numbers, "volume": Q(2)}), TIMES)
    more = Q(2) + Q(1, 10**30)
    assert not accepts(replace(about, numbers={**about.numbers, "volume": more}), TIMES)


def test_a_reached_target_need_not_be_kept_and_a_kept_one_must() -> None:
    # from the target everything goes to 1, where it rests
    thrown = {"x": select(X - Q(1, 4), X, select(X + Q(1, 4), const(1), X * Q(9, 20)))}
    reached = claim(thrown, within("1/4"))
    times = [2, 2, 1, 0, 0, NEVER, NEVER, NEVER]
    assert accepts(reached, times, [1, 1, 1, 0, 0, 1, 1, 1])
    for away in ("0", "5", "100000", "1e30"):
        kept = replace(reached, numbers={**reached.numbers, "away": Q(away)})
        assert not accepts(kept, times)
        assert not accepts(kept, [2, 2, 1, 0, 0, 5, 5, 5])


def test_returns_are_counted() -> None:
    # x+ = -x: from the target x >= 0 and back
    for away, ok in (("0", False), ("1", True), ("2", True)):
        about = claim({"x": -X}, [-X], away=away)
        assert accepts(about, [1, 1, 1, 1, 0, 0, 0, 0]) is ok
        assert accepts(about, [1, 1, 1, NEVER, NEVER, 0, 0, 0]) is ok
        assert not accepts(about, [1, 1, NEVER, NEVER, NEVER, 0, 0, 0])
        jump = claim({"x": select(X, const(Q(-5, 8)), const(Q(5, 8)))}, [-X], away=away)
        assert accepts(jump, [1, 1, 1, 1, 0, 0, 0, 0]) is ok


def test_cells_cannot_rely_on_each_other_in_a_circle() -> None:
    swap = claim({"x": -X}, within("1/4"), steps="60000", away="60000")
    for first in range(0, 60000, 1999):
        times = [first, first, first, 0, 0, first + 1, first + 1, first + 1]
        assert not accepts(swap, times)


def test_initial_states_are_in_cells_that_are_kept() -> None:
    def starting(*parts: Node) -> Claim:
        functions = {f"initial/{i}": e for i, e in enumerate(parts)}
        return replace(KEPT, functions={**KEPT.functions, **functions})

    times = [NEVER, 2, 1, 0, 0, 1, 2, NEVER]
    assert accepts(starting(*within("0.74")), times)
    assert not accepts(starting(*within("0.75")), times)  # the cell beside it has that point
    assert not accepts(starting(X - 1), times)
    assert accepts(starting(X - 1), TIMES)
    assert accepts(starting(X + 2), [NEVER] * 8)  # there are none
    assert not accepts(starting(recip(X - 1)), times)


def test_the_domain_is_not_left_on_the_way() -> None:
    out = claim(
        {"x": select(X - 1, X * 0, select(X - Q(5, 8), X * 2, X * Q(9, 20)))}, within("1/4")
    )
    assert not accepts(out, [2, 2, 1, 0, 0, 1, 2, 2], [1, 1, 1, 1, 1, 1, 1, 2])
    assert accepts(out, [2, 2, 1, 0, 0, 1, NEVER, NEVER])


def test_a_value_that_is_not_defined_is_in_no_cell() -> None:
    pole = claim({"x": X * Q(9, 20) + 0 * recip(X - Q(7, 8))}, within("1/4"))
    assert not accepts(pole, TIMES)
    assert accepts(pole, [2, 2, 1, 0, 0, 1, 2, NEVER])


def test_a_tie_is_where_the_tree_has_it() -> None:
    # x > 0 goes to 3/8 and all else to -3/8: the cell [0, 1/4] has a point that goes down
    about = claim({"x": select(X, const(Q(3, 8)), const(Q(-3, 8)))}, [Q(1, 4) - X])
    up = [NEVER, NEVER, NEVER, NEVER, 1, 0, 0, 0]
    assert not accepts(about, up)
    other = claim({"x": select(-X, const(Q(-3, 8)), const(Q(3, 8)))}, [Q(1, 4) - X])
    assert accepts(other, up)
    down = [NEVER, NEVER, NEVER, 1, NEVER, 0, 0, 0]
    assert not accepts(other, down)


def tree(depth: int, rng: np.random.Generator) -> Node:
    if not depth:
        kind = rng.integers(3)
        value = const(Q(int(rng.integers(-8, 9)), 16))
        return value if kind else value + X * Q(int(rng.integers(-4, 5)), 8) - Y * Q(1, 4)
    split = (X, Y, W)[rng.integers(3)] - Q(int(rng.integers(-7, 8)), 8)
    return select(split if rng.integers(2) else -split, tree(depth - 1, rng), tree(depth - 1, rng))


def test_images_hold_every_step() -> None:
    rng = np.random.default_rng(7)
    for trial in range(12):
        u, v = tree(4, rng), tree(3, rng)
        plant = {"x": X * Q(1, 2) + u * Q(1, 2) + W * Q(1, 8), "y": Y - clip(v + X * Y, -1, 1)}
        about = claim(plant, within("1"), {"w": (Q(-1), Q(1))})
        steps = Steps(about)
        grid = np.round(rng.uniform(-8, 7, (2, 40))) / 8
        low, high = grid, np.minimum(grid + rng.choice([0.0, 0.125, 0.5], (2, 40)), 1.0)
        images = steps.images(low, high, trial % 3)
        # points on thresholds too: all coordinates are eighths, or anything in between
        share = rng.choice([0.0, 1.0, 0.5, 0.3], (2, 40))
        points = low + share * (high - low)
        w = rng.choice([-1.0, 1.0, 0.25, 0.1], 40)
        for k in range(40):
            at = {"x": Q(points[0, k]), "y": Q(points[1, k]), "w": Q(w[k])}
            there = [value(plant[x], at) for x in ("x", "y")]
            mine = images.owner == k
            hit = np.ones(int(mine.sum()), dtype=bool)
            for i, exact in enumerate(there):
                ends = zip(images.low[i, mine], images.high[i, mine], strict=True)
                hit &= [Q(float(a)) <= exact <= Q(float(b)) for a, b in ends]
            assert hit.any()


def value(node: Node, at: Mapping[str, Q]) -> Q:
    """What ``node`` is at a point, exactly, by the definition of each operation."""
    if node.op == "const":
        assert isinstance(node.data, Q)
        return node.data
    if node.op == "var":
        return at[str(node.data)]
    if node.op == "select":
        return value(node.args[1 if value(node.args[0], at) > 0 else 2], at)
    a = [value(e, at) for e in node.args]
    simple = {
        "add": lambda: a[0] + a[1],
        "sub": lambda: a[0] - a[1],
        "mul": lambda: a[0] * a[1],
        "neg": lambda: -a[0],
        "max": lambda: max(a),
        "relu": lambda: max(a[0], Q(0)),
    }
    return simple[node.op]()


def test_a_leaf_is_not_mixed_with_its_neighbour() -> None:
    about = claim({"x": select(X, const(Q(1, 2)), const(Q(-1, 2)))}, within("1"))
    images = Steps(about).images(np.array([[-0.25]]), np.array([[0.25]]), 1)
    ends = sorted(zip(images.low[0].tolist(), images.high[0].tolist(), strict=True))
    assert ends == [(-0.5, -0.5), (0.5, 0.5)]


def test_followed_boxes_say_which_stay_inside() -> None:
    doubling = claim({"x": 2 * X}, within("1"))
    low, high = np.array([[0.0, 0.2, 0.3, 0.6]]), np.array([[0.0, 0.25, 0.4, 0.7]])
    images, inside = Steps(doubling).followed(low, high, 2, 1, inner_ends(doubling))
    assert inside.tolist() == [True, True, False, False]
    assert images.high[0, images.owner == 1].max() == 1.0


# --- what is found ----------------------------------------------------------------------------


THERMOSTAT = select(X - Q(1, 8), select(W, const(-4), const(-3)), const(Q(3))) * Q(1, 16)


def heated(away: str | None = "0", target: Sequence[Node] | None = None) -> Claim:
    """A value pushed up below 1/8 and down above it, and a slow one that follows it."""
    plant = {"x": X + THERMOSTAT + W * Q(1, 32), "y": Y + Q(1, 8) * (X - Y)}
    goal = [X - Q(3, 8), Q(-1, 4) - X] if target is None else target
    result = claim(plant, goal, {"w": UNIT})
    return replace(result, numbers={} if away is None else {"away": Q(away)})


@lru_cache
def found(away: str | None) -> Outcome:
    outcome = BranchAndBound().verify(
        heated(away), Options(timeout=60, extend_depth=10, extend_steps=4)
    )
    assert outcome.verdict is Verdict.PROVED, outcome.advice
    return outcome


def proof(away: str | None = "0") -> Certificate:
    certificate = found(away).certificate
    assert certificate is not None
    return certificate


@pytest.mark.parametrize("away", ["0", "2", None])
def test_what_is_found_holds_by_simulation(away: str | None) -> None:
    about, paved = proof(away).claim, proof(away).proof.paving
    assert paved is not None
    cells = cells_of(about, paved)
    rng, kept = np.random.default_rng(3), np.flatnonzero(cells.kept)
    rows = rng.choice(kept, 4000)
    share = rng.choice([0.0, 1.0, 0.4], (2, 4000))
    x, y = cells.low[:, rows] + share * (cells.high - cells.low)[:, rows]
    since = np.zeros(4000)  # steps since the target was seen last
    arrived = np.zeros(4000, dtype=bool)
    for k in range(60):
        inside = (x <= 0.375 + 1e-9) & (x >= -0.25 - 1e-9)
        if away is not None:
            assert (np.maximum(np.abs(x), np.abs(y)) <= 1).all()
        arrived |= inside
        assert arrived[cells.times[rows] <= k].all()
        since = np.where(inside, 0, since + 1)
        if away is not None and k >= int(about.numbers["steps"]):
            assert (since <= int(away)).all()
        w = rng.choice([-1.0, 0.0, 1.0, 0.3], 4000)
        push = np.where(x > 0.125, np.where(w > 0, -4, -3), 3) / 16
        x, y = x + push + w / 32, y + (x - y) / 8


def test_more_is_reached_than_kept() -> None:
    volumes = [proof(away).claim.numbers["volume"] for away in ("0", "2", None)]
    assert 0 < volumes[0] <= volumes[1] <= volumes[2] <= 4


def test_a_certificate_is_read_back_and_accepted() -> None:
    data = write_certificate(proof())
    accepted = check(data)
    assert read_certificate(data) == proof()
    assert accepted.leaves == {"paving": accepted.leaves["paving"]}
    assert accepted.leaves["paving"] > 0


def test_a_target_that_is_too_small_is_not_kept() -> None:
    small = heated("0", [X - Q(1, 4), -X])
    outcome = BranchAndBound().verify(small, Options(timeout=20, extend_depth=8, extend_steps=2))
    assert outcome.verdict is Verdict.UNKNOWN
    assert "no cell was kept" in outcome.advice


def test_an_initial_set_is_looked_at_with_finer_and_finer_cells() -> None:
    near = replace(heated(), functions={**heated().functions, "initial/0": X**2 + Y**2 - Q(1, 4)})
    outcome = BranchAndBound().verify(near, Options(timeout=60, extend_depth=12))
    assert outcome.verdict is Verdict.PROVED, outcome.advice
    coarse = BranchAndBound().verify(near, Options(timeout=60, extend_depth=5))
    assert coarse.verdict is Verdict.UNKNOWN
    assert len(coarse.open_boxes) > 0
    soon = replace(near, numbers={**near.numbers, "steps": Q(1)})
    outcome = BranchAndBound().verify(soon, Options(timeout=60))
    assert outcome.verdict is Verdict.UNKNOWN
    assert re.search(
        r"a simulation from x = .* was not in the target yet after 1 steps", outcome.advice
    )
    assert outcome.statistics["boxes"] == 0


def test_sets_are_over_states_and_numbers_are_those_of_the_theorem() -> None:
    theorem = THEOREMS["T-REACH-D"]
    moving = replace(proof().claim, functions={"target/0": W})
    with pytest.raises(TheoremError, match="more than the state"):
        theorem.derive(moving, Q(0))
    for numbers in ({"steps": Q(1)}, {"steps": Q(1), "volume": Q(1), "level": Q(1)}):
        with pytest.raises(TheoremError, match="needs the numbers"):
            check_certificate(replace(proof(), claim=replace(proof().claim, numbers=numbers)))
    empty = replace(proof().claim, functions={"initial/0": X})
    with pytest.raises(TheoremError, match="needs the functions"):
        check_certificate(replace(proof(), claim=empty))
    negative = replace(proof().claim, numbers={**proof().claim.numbers, "away": Q(-1)})
    with pytest.raises(TheoremError, match="negative"):
        check_certificate(replace(proof(), claim=negative))
    bare = replace(proof(), proof=Proof(None, {}, {}))
    with pytest.raises(Rejected, match="needs paving"):
        check_certificate(bare)
