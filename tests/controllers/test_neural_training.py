from fractions import Fraction

import numpy as np
import onnx
import onnx.reference
import pytest

from certify.controllers.neural_lyapunov import train
from certify.errors import ProblemError
from certify.expression import clip, const, sin, substitute, var
from certify.expression.evaluate import evaluate
from certify.problem import Problem, Stability, System, Training
from certify.proofs.checker.blowup import vanishes

SMALL = {
    "limits": {"u": [-6, 6]},
    "policy_steps": 40,
    "horizon": 10,
    "rounds": 2,
    "steps": 150,
    "batch": 128,
    "samples": 5000,
    "near": 16,
    "penalty_start": "0.5",
    "settle": "0.1",
}
BOX = {"a": (Fraction(-3), Fraction(3)), "w": (Fraction(-4), Fraction(5))}
A, W, U = var("a"), var("w"), var("u")


def pendulum(controller=None, equilibrium=None):
    dynamics = {"a": A + W * const(Fraction("0.05")), "w": W + (20 * sin(A) - 3 * W + 26 * U) / 20}
    system = System("discrete", ("a", "w"), dynamics, ("u",))
    claim = Stability(Training(), equilibrium or {}, Fraction(1, 1000))
    return Problem("pendulum", system, controller or {}, BOX, claim)


def trained(problem=None, options=None, seed=3, **more):
    problem = problem or pendulum()
    steps = []
    more.setdefault("progress", steps.append)
    candidate = train(problem, SMALL if options is None else options, seed=seed, **more)
    return candidate, steps


def content(candidate):
    functions = [candidate.lyapunov, *candidate.controller.values()]
    return dict(candidate.networks), [f.digest for f in functions], candidate.suggested_level


@pytest.fixture(scope="module")
def reference():
    return trained()


def test_the_result_is_useful_on_a_tiny_budget(reference):
    candidate, steps = reference
    assert candidate.sampled_volume > 0.3 * 6 * 9
    assert [s.phase for s in steps[:2]] == ["policy", "policy"]
    assert steps[-1].step == steps[-1].steps == 300
    assert candidate.history == tuple(steps)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(reference):
    assert content(trained()[0]) == content(reference[0])
    assert content(trained(seed=4)[0]) != content(reference[0])


@pytest.mark.parametrize("reports", [1, 3])
def test_a_killed_training_resumes_to_the_same_bytes(tmp_path, reference, reports):
    class KilledError(Exception):
        pass

    def die(step):
        seen.append(step)
        if len(seen) == reports:
            raise KilledError

    seen = []
    file = tmp_path / "training.pt"
    with pytest.raises(KilledError):
        trained(progress=die, checkpoint=file)
    candidate, steps = trained(checkpoint=file)
    assert len(steps) == len(reference[1]) - reports
    assert content(candidate) == content(reference[0])
    assert [p.name for p in tmp_path.iterdir()] == ["training.pt"]


@pytest.mark.parametrize("damage", ["garbage", "other"])
def test_a_checkpoint_of_something_else_is_not_used(tmp_path, reference, damage):
    file = tmp_path / "training.pt"
    if damage == "garbage":
        file.write_bytes(b"no checkpoint")
    else:
        trained(seed=5, checkpoint=file)
    assert content(trained(checkpoint=file)[0]) == content(reference[0])


def test_the_functions_vanish_identically_at_the_equilibrium():
    equilibrium = {"a": Fraction(1, 3), "w": Fraction(0)}
    at = {name: const(value) for name, value in equilibrium.items()}
    held = pendulum().system.dynamics["w"]
    problem = pendulum(equilibrium=equilibrium)
    dynamics = {**problem.system.dynamics, "w": held - sin(const(Fraction(1, 3)))}
    system = System("discrete", ("a", "w"), dynamics, ("u",))
    problem = Problem("shifted", system, {}, BOX, problem.property)
    options = {**SMALL, "policy_steps": 0, "rounds": 1, "steps": 10}
    candidate, _ = trained(problem, options)
    assert vanishes(substitute(candidate.lyapunov, at))
    assert vanishes(substitute(candidate.controller["u"], at))


def test_v_is_positive_and_decreases_on_samples(reference):
    candidate, _ = reference
    rng = np.random.default_rng(11)
    point = {"a": rng.uniform(-3, 3, 4000), "w": rng.uniform(-4, 5, 4000)}
    dynamics = [substitute(f, candidate.controller) for f in pendulum().system.dynamics.values()]
    value, a, w = evaluate([candidate.lyapunov, *dynamics], point)
    (after,) = evaluate([candidate.lyapunov], {"a": a, "w": w})
    inside = value < 0.9 * float(candidate.suggested_level)
    assert (value > 0).all()
    assert inside.any()
    assert (after[inside] < value[inside]).all()
    assert (np.abs(a[inside]) <= 3).all()


def test_the_onnx_policy_is_the_one_in_the_expression(reference):
    candidate, _ = reference
    model = onnx.load_from_string(candidate.networks["policy"])
    states = np.random.default_rng(0).uniform(-3, 3, (50, 2)).astype(np.float32)
    run = onnx.reference.ReferenceEvaluator(model).run
    at = run(None, {"x": states})[0] - run(None, {"x": np.zeros((1, 2), np.float32)})[0]
    (u,) = evaluate([candidate.controller["u"]], {"a": states[:, 0], "w": states[:, 1]})
    np.testing.assert_allclose(np.clip(at[:, 0], -6, 6), u, atol=1e-4)


def test_a_given_controller_is_kept_and_counterexamples_count():
    given = {"u": clip(-2 * A - W, -6, 6)}
    options = {k: v for k, v in SMALL.items() if k not in ("limits", "policy_steps")}
    asked = []

    def counterexamples(candidate):
        asked.append(candidate)
        return [[0.5, 0.5], [2.9, 4.9]]

    candidate, _ = trained(pendulum(given), options, counterexamples=counterexamples)
    without, _ = trained(pendulum(given), options)
    assert candidate.controller == given
    assert set(candidate.networks) == {"features"}
    assert len(asked) == 1
    assert candidate.lyapunov is not without.lyapunov


@pytest.mark.parametrize(
    ("problem", "options", "message"),
    [
        (pendulum(), {**SMALL, "hidden": 1}, "at least 2"),
        (pendulum(), {**SMALL, "margn": "0.1"}, "did you mean 'margin'"),
        (pendulum(equilibrium={"a": Fraction(3)}), SMALL, "not inside the domain"),
    ],
)
def test_what_cannot_be_trained_is_refused(problem, options, message):
    with pytest.raises(ProblemError, match=message):
        trained(problem, options)
