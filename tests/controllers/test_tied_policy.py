from fractions import Fraction

import numpy as np
import pytest

from certify.controllers.largest_ellipsoid import LinearPlant
from certify.controllers.lqr import sum_of_squares
from certify.controllers.quadratic_lyapunov import train
from certify.controllers.task import task_of
from certify.controllers.tied_policy import steepest_descent
from certify.errors import ProblemError
from certify.expression import clip, const, var
from certify.expression.evaluate import evaluate
from certify.problem import Problem, Stability, System, Training

A = np.array([[0.0, 1.0, 0.0], [0.5, -0.1, 0.3], [0.0, -0.2, 0.1]])
B = np.array([[0.0, 0.1], [1.0, 0.0], [0.2, -2.0]])
ROOT = np.array([[1.0, 0.4, 0.0], [0.0, 0.8, -0.3], [0.0, 0.0, 1.5]])
LIMITS = {"limits": {"u": [-1, 1]}}
OPTIONS = {
    **LIMITS,
    "hidden": 4,
    "policy_steps": 0,
    "start": "ellipsoid",
    "batch": 64,
    "samples": 1000,
    "period": Fraction(1, 10),
    "rounds": 2,
    "steps": 20,
    "tied": 2,
    "kept": "last",
}
LONGER = {**OPTIONS, "steps": 110, "tied": 1}
X, V, U = var("x"), var("v"), var("u")
BOX = {"x": (Fraction(-4), Fraction(4)), "v": (Fraction(-2), Fraction(3))}


def plant(discrete):
    a = np.eye(3) + A / 10 if discrete else A
    return LinearPlant(a, B, np.ones(3), np.ones(2), discrete)


def sphere(count=4000):
    z = np.random.default_rng(1).normal(size=(3, count))
    return np.linalg.solve(ROOT, z / np.linalg.norm(z, axis=0))


def cart(controller=None):
    system = System("continuous", ("x", "v"), {"x": V, "v": U}, ("u",))
    return Problem("cart", system, controller or {}, BOX, Stability(Training(), {}))


def trained(options, problem=None, **more):
    return train(problem or cart(), options, seed=3, **{"progress": lambda _: None, **more})


@pytest.fixture(scope="module")
def longer():
    return trained(LONGER)


@pytest.mark.parametrize("discrete", [True, False])
def test_it_asks_for_as_much_as_is_said_along_the_gradient_of_v(discrete):
    loop = plant(discrete)
    feedback = steepest_descent(loop, ROOT, 7.0)
    most = np.abs(feedback @ sphere(200_000)).max(axis=1)
    assert most.mean() == pytest.approx(7, rel=1e-3)
    states, small = sphere(5), 1e-6

    def value(u):
        change = loop.a @ states + loop.b @ u
        if discrete:
            return ((ROOT @ change) ** 2).sum(axis=0)
        return 2 * ((ROOT @ states) * (ROOT @ change)).sum(axis=0)

    none = np.zeros((2, 5))
    slopes = np.array(
        [(value(none + small * e[:, None]) - value(none - small * e[:, None])) for e in np.eye(2)]
    )
    ratio = (feedback @ states) / slopes
    assert ratio.max() < 0
    assert ratio == pytest.approx(ratio.mean(), rel=1e-5)


def test_clipped_it_is_nearly_as_good_as_the_best_input_within_limits():
    loop, states = plant(False), sphere()
    slopes = 2 * loop.b.T @ ROOT.T @ ROOT @ states
    asked = steepest_descent(loop, ROOT, 20.0) @ states
    lost = (slopes * np.clip(asked, -1, 1)).sum(axis=0) + np.abs(slopes).sum(axis=0)
    assert lost.min() >= 0
    assert lost.mean() < 0.01 * np.abs(slopes).sum(axis=0).mean()
    half = (slopes * np.clip(asked / 20, -1, 1)).sum(axis=0) + np.abs(slopes).sum(axis=0)
    assert lost.mean() < half.mean() / 10


def test_after_tied_rounds_the_policy_is_that_of_the_trained_v():
    candidate = trained(OPTIONS)
    rng = np.random.default_rng(2)
    point = {"x": rng.uniform(-4, 4, 500), "v": rng.uniform(-2, 3, 500)}
    (value, given) = evaluate([candidate.lyapunov, candidate.controller["u"]], point)
    root = _root(candidate.lyapunov)
    slope = root.T @ root @ np.stack([point["x"], point["v"]])
    assert value == pytest.approx(((root @ np.stack([point["x"], point["v"]])) ** 2).sum(axis=0))
    asked = -10 * slope[1] / np.linalg.norm(np.linalg.solve(root.T, (root.T @ root)[:, 1]))
    assert given == pytest.approx(np.clip(asked, -1, 1), abs=0.12)  # two units are left to train
    assert 20 < (np.abs(asked) < 1).sum() < 480


def _root(lyapunov):
    """Upper triangular, of a quadratic form, by its values."""
    points = {"x": np.array([1.0, 0.0, 1.0]), "v": np.array([0.0, 1.0, 1.0])}
    ((xx, vv, both),) = evaluate([lyapunov], points)
    cross = (both - xx - vv) / 2
    return np.linalg.cholesky(np.array([[xx, cross], [cross, vv]])).T


def test_v_with_a_policy_of_its_own_grows_beyond_the_linear_ellipsoid(longer):
    first = []
    trained({**OPTIONS, "rounds": 1, "steps": 1, "tied": 0}, progress=first.append)
    assert longer.history[-1].volume > 1.2 * first[-1].volume > 0


def test_a_killed_training_that_was_tied_resumes_to_the_same_bytes(tmp_path, longer):
    class KilledError(Exception):
        pass

    def die(_):
        raise KilledError

    kept = tmp_path / "checkpoint"
    with pytest.raises(KilledError):
        trained(LONGER, progress=die, checkpoint=kept)
    assert kept.exists()
    assert dict(trained(LONGER, checkpoint=kept).networks) == dict(longer.networks)


def test_the_start_may_reach_less_far_than_what_is_trained():
    def reports(**more):
        seen = []
        trained({**OPTIONS, "rounds": 1, "steps": 1, **more}, progress=seen.append)
        return seen[-1].volume

    near = reports(start_reach={"x": Fraction(1, 4)}, tied=0)
    assert 0 < near < reports(tied=0) / 2
    assert near == reports(reach={"x": Fraction(1, 4)}, tied=0)


def test_a_given_controller_is_not_tied():
    given = cart({"u": clip(-X - 2 * V, const(-1), const(1))})
    candidate = trained({**OPTIONS, "start": "regulator"}, given)
    assert not candidate.networks
    assert candidate.controller == given.controller


def test_what_does_not_read_all_states_is_refused():
    with pytest.raises(ProblemError, match="feedback of all states"):
        trained({**OPTIONS, "start": "regulator", "reads": {"u": [X, V]}})


@pytest.mark.parametrize("option", [{"tied": -1}, {"steepness": 0}, {"tied": Fraction(1, 2)}])
def test_tied_rounds_and_steepness_are_checked(option):
    with pytest.raises(ProblemError, match=next(iter(option))):
        trained({**OPTIONS, **option})


def test_root_of_the_tests_is_that_of_the_form():
    task = task_of(cart())
    root = np.array([[0.5, 0.2], [0.0, 0.7]])
    assert _root(sum_of_squares(task, root)) == pytest.approx(root)
