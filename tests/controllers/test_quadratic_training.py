from fractions import Fraction

import numpy as np
import pytest

from certify.controllers.quadratic_lyapunov import train
from certify.errors import ProblemError
from certify.expression import const, sin, substitute, var
from certify.expression.evaluate import evaluate
from certify.problem import Problem, Stability, System, Training

CORE = {
    "limits": {"u": [-6, 6]},
    "policy_steps": 20,
    "horizon": 10,
    "batch": 128,
    "judged": 500,
    "samples": 5000,
}
WIDE = {**CORE, "rounds": 2, "steps": 110}
BOX = {"a": (Fraction(-3), Fraction(3)), "w": (Fraction(-4), Fraction(5))}
A, W, U = var("a"), var("w"), var("u")


def pendulum(controller=None, force=26):
    dynamics = {
        "a": A + W * const(Fraction("0.05")),
        "w": W + (20 * sin(A) - 3 * W + force * U) / 20,
    }
    system = System("discrete", ("a", "w"), dynamics, ("u",))
    claim = Stability(Training(), {}, Fraction(1, 1000))
    return Problem("pendulum", system, controller or {}, BOX, claim)


def trained(options, problem=None, seed=3, **more):
    return train(problem or pendulum(), options, seed=seed, **{"progress": lambda _: None, **more})


def content(candidate):
    functions = [candidate.lyapunov, *candidate.controller.values()]
    return dict(candidate.networks), [f.digest for f in functions], candidate.suggested_level


@pytest.fixture(scope="module")
def core():
    return trained(CORE)


@pytest.fixture(scope="module")
def wide():
    return trained(WIDE)


def test_training_v_makes_the_ellipsoid_larger(wide):
    first = trained({**CORE, "rounds": 1, "steps": 1}).history[-1]
    assert wide.history[-1].phase == first.phase == "quadratic"
    assert wide.history[-1].level == first.level == 1
    assert wide.history[-1].volume > 2 * first.volume > 0


@pytest.mark.parametrize("options", [CORE, WIDE])
def test_the_same_seed_gives_the_same_bytes(options, core, wide):
    assert content(trained(options)) == content(core if options is CORE else wide)


@pytest.mark.parametrize("reports", [1, 2])
def test_a_killed_training_resumes_to_the_same_bytes(tmp_path, wide, reports):
    class KilledError(Exception):
        pass

    def die(step):
        seen.append(step)
        if len(seen) == reports:
            raise KilledError

    seen = []
    file = tmp_path / "training.pt"
    with pytest.raises(KilledError):
        trained(WIDE, progress=die, checkpoint=file)
    assert content(trained(WIDE, checkpoint=file)) == content(wide)


def test_v_is_a_quadratic_that_decreases_where_it_is_said_to(wide):
    rng = np.random.default_rng(11)
    point = {"a": rng.uniform(-3, 3, 4000), "w": rng.uniform(-4, 5, 4000)}
    dynamics = [substitute(f, wide.controller) for f in pendulum().system.dynamics.values()]
    value, a, w = evaluate([wide.lyapunov, *dynamics], point)
    (after,) = evaluate([wide.lyapunov], {"a": a, "w": w})
    (twice,) = evaluate([wide.lyapunov], {x: 2 * v for x, v in point.items()})
    np.testing.assert_allclose(twice, 4 * value)
    inside = value < float(wide.suggested_level)
    assert inside.mean() == pytest.approx(wide.sampled_volume / (6 * 9), abs=0.05)
    assert (after[inside] < value[inside]).all()


def test_counterexamples_are_asked_for_between_rounds_and_count(wide):
    asked = []

    def counterexamples(candidate):
        asked.append(candidate)
        return [[0.5, 0.5], [1.0, -1.0]]

    assert content(trained(WIDE, counterexamples=counterexamples)) != content(wide)
    assert len(asked) == 1


def test_a_loop_that_is_not_stable_has_no_quadratic():
    with pytest.raises(ProblemError, match="not stable"):
        trained(CORE, pendulum({"u": const(0) * A}))
