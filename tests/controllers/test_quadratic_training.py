from fractions import Fraction

import numpy as np
import pytest
import torch

from certify.controllers.neural_lyapunov import first_state
from certify.controllers.options import QuadraticOptions, read_options
from certify.controllers.outreach import outreach_gradient
from certify.controllers.quadratic_lyapunov import train
from certify.controllers.task import task_of
from certify.controllers.training_loop import Training as Loop
from certify.controllers.training_state import deterministic
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


def furthest(candidate):
    """How far {V <= 1} goes in each state."""
    points = np.eye(2)[:, [0, 1]], np.ones((2, 1))
    a, w = np.concatenate(points, axis=1)
    (v,) = evaluate([candidate.lyapunov], {"a": a, "w": w})
    mixed = (v[2] - v[0] - v[1]) / 2
    return np.sqrt(np.diag(np.linalg.inv([[v[0], mixed], [mixed, v[1]]])))


def test_the_start_may_be_the_largest_ellipsoid_of_a_linear_feedback(core):
    candidate = trained({**CORE, "policy_steps": 0, "start": "ellipsoid"})
    assert candidate.networks["policy"] != core.networks["policy"]
    assert 0.98 < (furthest(candidate) / (3, 4)).max() < 1.001


def test_the_ellipsoid_goes_no_further_than_it_may():
    options = {**WIDE, "policy_steps": 0, "start": "ellipsoid", "reach": {"a": "0.5"}}
    angle, speed = furthest(trained(options))
    assert angle <= 1.03 * 0.5 * 3
    assert speed > 0.6 * 4


def test_less_than_the_sampled_level_may_be_suggested(wide):
    part = trained({**WIDE, "share": "0.5"})
    assert part.lyapunov.digest == wide.lyapunov.digest
    assert part.suggested_level == pytest.approx(wide.suggested_level / 2, rel=0.01)


def test_a_start_that_is_not_one_is_refused():
    with pytest.raises(ProblemError, match="write one of regulator, ellipsoid, not 'lqr'"):
        trained({**CORE, "start": "lqr"})


WEAK = {
    **WIDE,
    "limits": {"u": ["-3/4", "3/4"]},
    "state_weights": {"a": "1/10000"},
    "input_weights": {"u": "1/100"},
    "policy_steps": 0,
}
OUTREACH = {**WEAK, "rounds": 1, "steps": 205, "outreach": 20, "horizon": 10, "batch": 64}


def come(training, root, count=1000):
    """How many of uniform starts come to {V <= 1} without leaving the domain."""
    y = training.plant.uniform(count, torch.Generator().manual_seed(4))
    arrived = 0
    for _ in range(60):
        inside = ((y @ root.T) ** 2).sum(-1) <= 1
        arrived += int(inside.sum())
        y = training.plant.step(training.model, y[~inside], training.state.generator)
        y = y[training.plant.gauge(y) <= 1]
    return arrived


@pytest.fixture
def one_thread():
    with deterministic():
        yield


@pytest.mark.usefixtures("one_thread")
def test_along_the_gradient_of_outreach_more_come_to_the_core():
    problem = pendulum()
    task, settings = task_of(problem), read_options(QuadraticOptions, WEAK, problem)
    state = first_state(task, settings, seed=0, saturated=True)
    training = Loop(task, settings, state, print, None, "")
    root = 4 * torch.eye(2, dtype=torch.float64)
    before = come(training, root)
    for step in range(8):
        found = outreach_gradient(
            training, lambda y: ((y @ root.T) ** 2).sum(-1), 20, 256, step / 8
        )
        assert 0 < sum(float((g**2).sum()) for g in found.values()) <= 1.0001
        with torch.no_grad():
            for name, gradient in found.items():
                state.parameters[name] -= 0.25 * gradient
    assert come(training, root) > 1.1 * before > 100


def test_a_killed_training_with_outreach_resumes_to_the_same_bytes(tmp_path):
    def die(step):
        raise InterruptedError

    file = tmp_path / "training.pt"
    with pytest.raises(InterruptedError):
        trained(OUTREACH, progress=die, checkpoint=file)
    assert content(trained(OUTREACH, checkpoint=file)) == content(trained(OUTREACH))


def test_outreach_is_no_negative_number():
    with pytest.raises(ProblemError, match="is negative"):
        trained({**OUTREACH, "outreach": -1})


def nearest_to_a_face(candidate):
    """The least distance of the next speed to a face, relative, from the suggested level set."""
    rng = np.random.default_rng(0)
    points = {"a": rng.uniform(-3, 3, 20_000), "w": rng.uniform(-4, 5, 20_000)}
    after = substitute(pendulum().system.dynamics["w"], candidate.controller)
    value, speed = evaluate([candidate.lyapunov, after], points)
    inside = speed[value <= float(candidate.suggested_level)]
    return min(1 - inside.max() / 5, 1 + inside.min() / 4)


def test_faces_that_weigh_more_are_kept_off_further(wide):
    heavy = trained({**WIDE, "face_weight": 50})
    assert nearest_to_a_face(heavy) > max(0.01, nearest_to_a_face(wide))


@pytest.mark.parametrize(
    ("option", "message"), [({"face_weight": 0}, "positive"), ({"face_margin": -1}, "negative")]
)
def test_weight_and_margin_of_faces_have_their_signs(option, message):
    with pytest.raises(ProblemError, match=message):
        trained({**WIDE, **option})


def test_the_last_parameters_may_be_kept_in_the_place_of_the_largest():
    start = {"policy_steps": 0, "start": "ellipsoid", "rounds": 1, "steps": 30}
    shrinking = {**CORE, **start, "margin": 3}  # more than the loop can fall
    largest, last = trained(shrinking), trained({**shrinking, "kept": "last"})
    assert last.history == largest.history
    assert last.sampled_volume < largest.sampled_volume
    with pytest.raises(ProblemError, match="write one of largest, last, not 'first'"):
        trained({**shrinking, "kept": "first"})
