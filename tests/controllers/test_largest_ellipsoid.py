import numpy as np
import pytest

from certify.controllers.largest_ellipsoid import LinearPlant, largest_ellipsoid
from certify.errors import ProblemError

STEP = 0.1
CHAIN = np.array([[1.0, STEP], [0.0, 1.0]])
FORCE = np.array([[STEP**2 / 2], [STEP]])
FLOW, PUSH = np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0], [1.0]])
STEADY = np.array([[-1.0, -1.5]])


def plant(discrete=True, reach=(1.0, 1.0), bound=1.0):
    a, b = (CHAIN, FORCE) if discrete else (FLOW, PUSH)
    return LinearPlant(a, b, np.array(reach), np.array([bound]), discrete)


def area(root):
    return np.pi / np.linalg.det(root)


def border(root, count=4000):
    angle = np.linspace(0, 2 * np.pi, count)
    return np.linalg.solve(root, np.stack([np.cos(angle), np.sin(angle)]))


@pytest.mark.parametrize("discrete", [True, False])
def test_the_ellipsoid_is_within_the_limits_and_shrinks(discrete):
    loop = plant(discrete)
    feedback, root = largest_ellipsoid(loop, STEADY)
    states = border(root)
    assert np.abs(states).max() <= 1 + 1e-9
    assert np.abs(feedback @ states).max() <= 1 + 1e-9
    change = (loop.a + loop.b @ feedback) @ states
    if discrete:
        assert np.linalg.norm(root @ change, axis=0).max() < 1
    else:
        assert np.einsum("ij,ij->j", root @ states, root @ change).max() < 0
    assert np.abs(states).max() > 0.99


def test_it_is_much_larger_than_that_of_the_feedback_it_starts_from():
    loop = plant()
    p, _ = loop.quadratic(STEADY)
    states = border(np.linalg.cholesky(p).T)
    most = max(np.abs(states).max(), np.abs(STEADY @ states).max())
    first = np.pi / np.sqrt(np.linalg.det(p)) / most**2
    assert area(largest_ellipsoid(loop, STEADY)[1]) > 1.2 * first


def test_without_rate_and_limits_on_inputs_almost_all_of_the_disc_is_invariant():
    """Its area is pi at most, within faces at 1, and a state has to move inwards there."""
    found = area(largest_ellipsoid(plant(False, bound=np.inf), STEADY)[1])
    assert 0.8 * np.pi < found <= np.pi + 1e-9


def test_weaker_inputs_make_it_smaller():
    sizes = [area(largest_ellipsoid(plant(bound=u), STEADY)[1]) for u in (0.1, 0.5, 2.0)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.8 * sizes[2]


def test_it_shrinks_at_least_as_fast_as_asked():
    feedback, root = largest_ellipsoid(plant(), STEADY, least=0.05)
    shrunk = root @ (CHAIN + FORCE @ feedback) @ np.linalg.inv(root)
    assert np.linalg.norm(shrunk, 2) ** 2 <= 0.95 + 1e-9


def test_a_feedback_that_is_not_stable_or_too_slow_is_refused():
    with pytest.raises(ProblemError, match="not stable"):
        largest_ellipsoid(plant(), np.zeros((1, 2)))
    with pytest.raises(ProblemError, match="fast enough"):
        largest_ellipsoid(plant(), STEADY, least=0.9)
