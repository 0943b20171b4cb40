"""The search for pavings: grids, resuming, budgets, dimensions, both engines."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest
from claim_builders import stable

from certify.expression import Node, clip, const, sin, var
from certify.outcome import Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.extension import Extension
from certify.proofs.checker.format import write_certificate
from certify.proofs.checker.kernel import check
from certify.verifiers import extend as module
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.checkpoint import Checkpoint
from certify.verifiers.grid import Grid
from certify.verifiers.interface import Options
from certify.verifiers.orbits import OrbitBounds
from certify.verifiers.paving import PavingSearch

X, Y, Z = var("x"), var("y"), var("z")
QUICK = Options(timeout=100, extend_depth=12)


def claim(plant: dict[str, Node], v: Node, level: str, **changes: object) -> Claim:
    return replace(stable("D", plant, v, level, **changes), theorem="T-EXT-D")


# a pendulum held by a weak torque: not all of the domain can be
PENDULUM = claim(
    {
        "x": X + const(Q(1, 10)) * Y,
        "y": Y + const(Q(1, 10)) * (2 * sin(X) - Y + clip(-6 * X - 3 * Y, -1, 1)),
    },
    6 * X**2 + 3 * X * Y + Y**2,
    "0.05",
    box={"x": (Q(-1), Q(1)), "y": (Q(-2), Q(2))},
)


def decided(about: Claim, options: Options = QUICK) -> Outcome:
    outcome = BranchAndBound().verify(about, options)
    if outcome.certificate is not None:
        check(write_certificate(outcome.certificate))
    return outcome


def volume(outcome: Outcome) -> float:
    assert outcome.verdict is Verdict.PROVED, outcome.advice
    return float(outcome.claim.numbers["volume"])


def test_a_core_in_two_dimensions_is_extended_many_times() -> None:
    outcome = decided(PENDULUM)
    rng = np.random.default_rng(0)
    points = rng.uniform([[-1], [-2]], [[1], [2]], (2, 20_000))
    come = OrbitBounds(PENDULUM).arrives(
        points, 400, lambda p: 6 * p[0] ** 2 + 3 * p[0] * p[1] + p[1] ** 2 <= 0.05
    )
    assert 0.75 * 8 * come.mean() < volume(outcome) < 8 * come.mean() + 0.1
    assert volume(outcome) > 20 * 3.14 * 0.05 / np.sqrt(6 - 2.25)
    assert outcome.certificate is not None
    paving = outcome.certificate.proof.paving
    assert paving is not None
    cells = Extension(outcome.claim, paving).cells
    inside = cells.latest(points, points) <= int(outcome.claim.numbers["steps"])
    assert not (inside & ~come).any()


def test_finer_cells_never_keep_less() -> None:
    volumes = [volume(decided(PENDULUM, replace(QUICK, extend_depth=d))) for d in (8, 10, 12)]
    assert sorted(volumes) == volumes
    assert volumes[0] < volumes[2]


def test_three_states() -> None:
    rows = {x: var(x) * Q(1, 2) + var(x) ** 3 * Q(3, 5) for x in "xyz"}
    outcome = decided(claim(rows, X**2 + Y**2 + Z**2, "0.25"))
    assert 0.7 * 1.8257**3 < volume(outcome) < 1.8258**3


def test_without_a_native_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    options = replace(QUICK, extend_depth=9, extend_steps=8)
    native = volume(decided(PENDULUM, options))
    monkeypatch.setenv("CERTIFY_ENGINE", "python")
    assert volume(decided(PENDULUM, options)) == pytest.approx(native, rel=0.02)


def test_a_core_that_is_not_proved_is_not_extended() -> None:
    outcome = decided(replace(PENDULUM, numbers={"level": Q(9), "decay": Q(0)}))
    assert outcome.verdict is not Verdict.PROVED
    assert outcome.claim.theorem == "T-STAB-D"


def test_what_was_found_when_the_budget_ends_counts() -> None:
    whole = decided(PENDULUM)
    early = decided(PENDULUM, replace(QUICK, boxes=int(whole.statistics["boxes"] / 2)))
    assert 0 < volume(early) < volume(whole)


def test_cells_that_take_longer_than_claimed_are_not_kept() -> None:
    numbers = {**PENDULUM.numbers, "steps": Q(12)}
    outcome = decided(replace(PENDULUM, numbers=numbers))
    assert outcome.claim.numbers["steps"] == 12
    assert 0 < volume(outcome) < volume(decided(PENDULUM))


def test_a_killed_search_ends_with_the_same_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "search.checkpoint"
    options = replace(QUICK, checkpoint=file, checkpoint_seconds=0.0)
    expected = decided(PENDULUM, options)
    assert list(tmp_path.iterdir()) == []
    saves = 0

    def dying(self: Checkpoint, state: object) -> None:
        nonlocal saves
        saved(self, state)
        saves += "extension" in str(self._path)
        if saves == 4:
            raise KeyboardInterrupt

    saved = Checkpoint._save
    monkeypatch.setattr(Checkpoint, "_save", dying)
    with pytest.raises(KeyboardInterrupt):
        decided(PENDULUM, options)
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["search.extension.checkpoint"]
    monkeypatch.delattr(module, "ProofRun")  # the core is not searched again
    resumed = decided(PENDULUM, options)
    assert resumed.certificate == expected.certificate
    assert resumed.found == expected.found
    assert list(tmp_path.iterdir()) == []


def test_a_search_that_is_resumed_is_as_it_was() -> None:
    budget = module.Budget(QUICK)
    search = PavingSearch(PENDULUM, 8, 9, budget)
    states: list[dict[str, np.ndarray]] = []
    search.run(lambda: states.append(search.state()))
    again = PavingSearch(PENDULUM, 8, 9, budget)
    again.resume(states[2])
    for key, value in again.state().items():
        assert np.array_equal(value, states[2][key], equal_nan=True), key
    again.run()
    assert len(again.found) == len(search.found)
    for a, b in zip(again.leaves(), search.leaves(), strict=True):
        assert (a.depth, a.round) == (b.depth, b.round)
        assert a.path.tolist() == b.path.tolist()


@pytest.mark.parametrize("states", [1, 2, 3])
def test_a_grid_knows_which_boxes_are_covered(states: int) -> None:
    rng = np.random.default_rng(states)
    low, high = -rng.random(states), rng.random(states)
    grid = Grid(low, high)
    path = np.zeros(1, dtype=np.int64)
    places = grid.places(path)
    for _ in range(6):
        places = grid.halve(places)
        path = np.repeat(2 * path, 2)
        path[1::2] += 1
        kept = rng.random(len(path)) < 0.1
        grid.cover(places[:, kept])
        assert grid.places(path).tolist() == places.tolist()
    corners = grid.boxes(places)
    covered = np.array([bool(grid.is_covered(*(c[:, [i]] + 0 for c in middle(corners)))[0])
                        for i in range(places.shape[1])])  # fmt: skip
    a = low[:, None] + (high - low)[:, None] * rng.random((states, 400))
    b = a + (high[:, None] - a) * rng.random((states, 400)) ** 2
    a[:, :9], b[:, :9] = np.nan, np.nan
    apart = (corners[0][:, None, :] > b[:, :, None]) | (corners[1][:, None, :] < a[:, :, None])
    expected = (apart.any(axis=0) | covered).all(axis=1) & ~np.isnan(a[0])
    assert grid.is_covered(a, b).tolist() == expected.tolist()
    assert covered.any()
    assert grid.covered_part() == pytest.approx(covered.mean())


def middle(corners: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The middles of boxes, as boxes."""
    points = 0.5 * corners[0] + 0.5 * corners[1]
    return points, points


def test_bounds_of_many_steps_contain_what_is_simulated() -> None:
    bounds, rng = OrbitBounds(PENDULUM), np.random.default_rng(0)
    low = rng.uniform([[-1], [-2]], [[0.9], [1.9]], (2, 200))
    high = low + 0.05
    ends = bounds.hulls(low, high, 6)
    x = rng.uniform(low, high)
    for step in range(6):
        torque = np.clip(-6 * x[0] - 3 * x[1], -1, 1)
        x = np.array([x[0] + 0.1 * x[1], x[1] + 0.1 * (2 * np.sin(x[0]) - x[1] + torque)])
        known = ~np.isnan(ends[0][step]).any(axis=0)
        assert known.any()
        assert (ends[0][step][:, known] <= x[:, known]).all()
        assert (x[:, known] <= ends[1][step][:, known]).all()
