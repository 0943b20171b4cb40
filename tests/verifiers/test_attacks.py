"""Attacks find what is false, also where it is hard to hit, and leave alone what is true."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from certify.expression import Node, absolute, exp, log, relu, sin, tanh, var
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.kernel import refutes
from certify.proofs.checker.stability import is_ray
from certify.proofs.checker.theorems import obligations, violation
from certify.verifiers import doubts, replay
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.budget import Budget
from certify.verifiers.climbing import Climb
from certify.verifiers.decay_attack import Effort, slowest
from certify.verifiers.doubts import Doubts, states_of
from certify.verifiers.endings import RefutedError
from certify.verifiers.falsifier import LAST, LONG, SHORT, falsify
from certify.verifiers.glance import glance
from certify.verifiers.interface import Options
from certify.verifiers.kinks import Kinks
from certify.verifiers.lowest import Lowest, descents, violated_level
from certify.verifiers.points import Sampled, Table
from certify.verifiers.search import ObligationSearch

X, Y = var("x"), var("y")


def stable(
    plant: dict[str, Node], v: Node, decay: float, level: str = "1/100", time: str = "discrete"
) -> Claim:
    return Claim(
        theorem="T-STAB-D" if time == "discrete" else "T-STAB-C",
        name="attacked",
        time=time,
        states=tuple(plant),
        parameters=(),
        disturbances=(),
        box=dict.fromkeys(plant, (Fraction(-1), Fraction(1))),
        plant=plant,
        controller={},
        functions={"lyapunov": v},
        numbers={"decay": Fraction(str(decay)), "level": Fraction(level)},
        equilibrium=dict.fromkeys(plant, Fraction(0)),
    )


def sharp(n: int, seed: int, decay: float = 0.0) -> tuple[Claim, float]:
    """``x+ = A x`` with ``V = |W x|_1``, and the least fall of V relative to V.

    That is one less the norm of ``W A W^-1`` induced by ``|.|_1``, its largest column sum,
    which is attained only on the lines where all components of ``W x`` but one are 0.
    """
    rng = np.random.default_rng(seed)
    w = np.round(np.eye(n) + 0.4 * rng.normal(size=(n, n)), 3)
    a = np.round(np.diag(rng.uniform(0.1, 0.5, n)) + 0.05 * rng.normal(size=(n, n)), 3)
    column_sums = np.abs(w @ a @ np.linalg.inv(w)).sum(axis=0)
    x = [var(f"x{i}") for i in range(n)]

    def times(m: np.ndarray) -> list[Node]:
        rows = [[Fraction(str(c)) * e for c, e in zip(row, x, strict=True)] for row in m]
        return [sum(terms[1:], start=terms[0]) for terms in rows]

    parts = [absolute(e) for e in times(w)]
    plant = {f"x{i}": e for i, e in enumerate(times(a))}
    return stable(plant, sum(parts[1:], start=parts[0]), decay), 1 - float(column_sums.max())


@pytest.mark.parametrize("n", [2, 3, 4, 6])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_slowest_fall_of_a_sharp_function_is_found_on_a_line(n: int, seed: int) -> None:
    claim, least = sharp(n, seed)
    found = slowest(claim, effort=LONG.decay)[1]
    assert found >= least - 1e-9
    assert found == pytest.approx(least, abs=1e-6)


def test_a_decay_that_is_false_by_a_millionth_on_a_line_is_refuted() -> None:
    true, least = sharp(4, 1)
    assert least > 1e-3
    false = replace(true, numbers={**true.numbers, "decay": Fraction(least) + Fraction(1, 10**6)})
    found = falsify(false, attempt=SHORT)
    assert found is not None
    assert refutes(false, dict(found.point)) == found.condition == "descent"
    below = replace(true, numbers={**true.numbers, "decay": Fraction(least) - Fraction(1, 10**6)})
    assert falsify(below, attempt=LONG) is None


def test_an_attack_within_a_distance_stays_there_and_is_the_same_again() -> None:
    claim, least = sharp(3, 0)
    points, decay = slowest(claim, within=1e-3)
    assert np.abs(points[0]).max() <= 1.01e-3
    assert decay == pytest.approx(least, abs=1e-4)
    again, same = slowest(claim, within=1e-3)
    assert same == decay
    assert np.array_equal(points, again)


def test_points_to_start_from_are_used() -> None:
    """A dip of V's fall that no sample hits by itself."""
    dip = exp(-(10**8) * ((X - Fraction(1, 3)) ** 2 + (Y - Fraction(1, 5)) ** 2))
    plant = {"x": X / 2 + dip / 2, "y": Y / 2}
    claim = stable(plant, X**2 + Y**2, 0.01, "1/2")
    few = Effort(starts=64, kept=16, rounds=2)
    near = np.array([[1 / 3 + 2e-5, 0.2 - 2e-5]])
    assert slowest(claim, effort=few)[1] > 0
    assert slowest(claim, effort=few, near=near)[1] < 0


def test_steps_onto_kinks_end_on_kinks() -> None:
    kinks = Kinks([relu(X - 2 * Y + 0.1) + absolute(Y + X) * tanh(X)], ("x", "y"))
    assert kinks.count == 2
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (200, 2))
    moved = points + kinks.steps(points, np.full(200, 0.5), np.ones(2), rng)
    x, y = moved.T
    first, second = np.abs(x - 2 * y + 0.1) < 1e-8, np.abs(x + y) < 1e-8
    assert (first | second).all()
    assert 0 < (first & second).sum() < 200
    assert (first & ~second).any()
    assert (second & ~first).any()


def test_a_graph_without_kinks_has_none() -> None:
    assert Kinks([sin(X) * Y], ("x", "y")).count == 0
    claim = stable({"x": X / 2}, X**2, 0.5)
    assert slowest(claim)[1] == pytest.approx(0.75)


def test_a_table_is_the_same_in_parts() -> None:
    points = np.random.default_rng(1).uniform(-1, 1, (3000, 2))
    table = Table([X * Y, X, sin(X * Y)], ("x", "y"))
    whole = table.at(points)
    x, y = points.T
    assert np.array_equal(whole, np.stack([x * y, x, np.sin(x * y)]))
    assert np.array_equal(whole[:, 1500:1600], table.at(points[1500:1600]))


def test_what_no_attack_suspects_is_not_put_to_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points of the inside are none of the faces, on which the condition is another one."""
    asked = []
    monkeypatch.setattr(replay, "refutes", lambda *a: asked.append(a))
    monkeypatch.setattr(replay, "_fails", lambda *a: asked.append(a))
    flow = stable({"x": -X + Y / 2, "y": -Y}, X**2 + Y**2, 0.01, "1/2", "continuous")
    assert falsify(flow) is None
    assert asked == []
    # a face with a field that points outward within the set
    assert falsify(stable({"x": X, "y": -Y}, X**2 + Y**2, 0, "2", "continuous")) is None
    assert asked


def test_points_on_rays_are_states_where_the_same_condition_fails() -> None:
    claim, least = sharp(3, 2)
    numbers = {"decay": Fraction(least) + Fraction(1, 50), "level": Fraction(100)}
    claim = replace(claim, numbers=numbers)
    descent = Sampled(violation(claim)[0].formula, claim.states)
    rng = np.random.default_rng(0)
    seen = set()
    for ray in filter(is_ray, obligations(claim, Fraction(1, 16))):
        low, high = np.array([[float(b) for b in pair] for pair in ray.box.values()]).T
        points = rng.uniform(low, high, (400, len(low)))
        points[:, 0] = np.maximum(points[:, 0], 1e-3)
        on_ray = Sampled(ray.formula, tuple(ray.box)).margin(points) < 0
        states = states_of(claim, ray, points).reshape(400, -1, 3)
        assert np.array_equal(descent.margin(states[:, 0]) < 0, on_ray)
        seen |= set(on_ray.tolist())
    assert seen == {True, False}


def test_a_longer_attack_starts_from_what_the_search_cannot_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true, least = sharp(3, 1)
    false = replace(true, numbers={**true.numbers, "decay": Fraction(least) + Fraction(1, 10**6)})
    searches = [ObligationSearch(o) for o in obligations(false, Fraction(1, 4096)) if is_ray(o)]
    monkeypatch.setattr(doubts, "_FIRST_SHORT", 0.0)
    attacks = Doubts(Budget(Options()), 0)
    attacks.first(true, set())
    attacks.again(true, searches)
    attacks.again(false, searches)  # not due yet
    monkeypatch.setattr(doubts, "_FIRST_LONG", 0.0)
    monkeypatch.setattr(doubts, "_PER_SHORT", 0.0)
    attacks = Doubts(Budget(Options()), 0)
    attacks.first(true, set())
    attacks.again(true, searches)
    with pytest.raises(RefutedError):
        attacks.again(false, searches)


def test_the_short_attack_is_made_at_last_if_the_search_ends_without_a_proof() -> None:
    true, least = sharp(2, 0)
    false = replace(true, numbers={**true.numbers, "decay": Fraction(least) + Fraction(1, 100)})
    attacks = Doubts(Budget(Options(boxes=0)), 0)
    attacks.first(false, set())
    attacks.again(false, [])  # not due yet
    assert attacks.last(false) is not None
    late = Doubts(Budget(Options(timeout=0)), 0)
    late.first(false, set())
    assert late.last(false) is None
    outcome = BranchAndBound().verify(false, Options(boxes=0))
    assert outcome.verdict is Verdict.REFUTED


def leaving(level: str) -> Claim:
    """It leaves the box at corners of a level set that goes down everywhere."""
    plant = {"x": (X + Y * Fraction(3, 2)) / 2, "y": -X / 4}
    return stable(plant, X**2 + 2 * Y**2, 0, level)


def test_a_glance_sees_what_is_grossly_false() -> None:
    for claim, false in ((leaving("9/10"), False), (leaving("3"), True)):
        (descent,) = violation(claim)
        found = glance(claim, descent)
        assert bool(len(found)) == false
        assert (Sampled(descent.formula, claim.states).margin(found) < 0).all()
    attacks = Doubts(Budget(Options()), 0)
    attacks.first(claim, set())
    with pytest.raises(RefutedError):
        attacks.glance(claim, violation(claim))
    attacks.first(claim, {"level"})
    attacks.glance(claim, violation(claim))  # nothing is claimed
    flow = stable({"x": X}, X**2, 0, "1/2", "continuous")
    assert {o.name for o in violation(flow) if len(glance(flow, o))} == {"descent"}
    rays = filter(is_ray, obligations(claim, Fraction(1, 16)))
    assert not any(len(glance(claim, o)) for o in rays)
    partly = stable({"x": X / 2}, X**2 + log(X + Fraction(1, 2)) * 0 * X, 0, "1/100")
    assert all(np.isfinite(glance(partly, o)).all() for o in violation(partly))


def test_violations_are_come_to_from_above_the_level() -> None:
    high = violated_level(leaving("3"), X**2 + 2 * Y**2)
    claim = leaving(f"{high * 1.001:.6f}")  # false in a corner
    found = falsify(claim, 0, lambda: None, replace(LAST, climb=LAST.climb.shorter(16)))
    assert found is not None
    assert refutes(claim, found.point) == found.condition
    true = leaving(f"{high * 0.99:.6f}")
    assert falsify(true, 0, lambda: None, LAST) is None


def test_known_violations_are_descended_from() -> None:
    claim, v = leaving("3"), X**2 + 2 * Y**2
    few = Lowest(Climb(32, 4, 0), 1, near=np.array([[1.0, 1.0]]))
    assert violated_level(claim, v, search=few) < 3 * violated_level(claim, v)
    (found, *_) = (down for _, _, down in descents(claim, v, 0, lambda: None, True, few))
    assert (Sampled(violation(claim)[0].formula, claim.states).margin(found) <= 0).all()


def test_rays_that_look_false_refute_without_an_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "falsify", lambda *_: None)
    true, least = sharp(2, 0)
    false = replace(true, numbers={**true.numbers, "decay": Fraction(least) + Fraction(1, 100)})
    outcome = BranchAndBound().verify(false, Options(boxes=100_000))
    assert outcome.verdict is Verdict.REFUTED
    assert BranchAndBound().verify(true, Options()).verdict is Verdict.PROVED


def test_a_level_is_not_looked_for_where_the_decay_is_false_at_the_equilibrium() -> None:
    true, least = sharp(2, 0)
    numbers = {"decay": Fraction(least) + Fraction(1, 100)}
    outcome = BranchAndBound().verify(replace(true, numbers=numbers), Options())
    assert outcome.verdict is Verdict.UNKNOWN
    assert "no level from" in outcome.advice
    assert f"falls by {least:.3g} of itself" in outcome.advice
    kept = {"decay": Fraction(least) - Fraction(1, 100)}
    assert BranchAndBound().verify(replace(true, numbers=kept), Options()).verdict is Verdict.PROVED


def test_advice_on_a_level_names_one_where_a_condition_fails() -> None:
    # V = x**2 grows where x**2 > 5/6
    plant = {"x": X / 2 + Fraction(3, 5) * X**3}
    outcome = BranchAndBound().verify(stable(plant, X**2, 0, "0.95"), Options())
    assert outcome.verdict is Verdict.REFUTED
    named = float(outcome.advice.split("found to fail is ")[1].split(",")[0].split(":")[0])
    assert 5 / 6 - 1e-3 < named < 0.95
    assert "V grows by" in outcome.advice
