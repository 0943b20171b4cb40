"""A policy that is tied to V while V is trained: down its steepest descent, within the limits.

Where the plant is ``dx/dt = A x + B u`` the slope of ``V = |R x|**2`` is affine in ``u``, with the
coefficients ``2 B'R'R x``: among inputs within limits it is least where each is at one of its
limits, by their signs.  A clipped linear feedback with a large gain along them is nearly that, and
has a slope at the equilibrium.  For ``x+ = A x + B u`` they are those of ``V(x+)`` at ``u = 0``,
``2 B'R'R A x``.  So V can be trained by itself, as a control Lyapunov function, and a policy that
makes it fall is known all the time.  References: Artstein, Stabilization with relaxed controls,
1983; Jurdjevic and Quinn, Controllability and stability, 1978.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from certify.controllers.largest_ellipsoid import LinearPlant, linear_plant
from certify.controllers.options import QuadraticOptions
from certify.controllers.policy_network import Policy
from certify.controllers.task import Floats, Task
from certify.errors import ProblemError

__all__ = ["Tie", "steepest_descent"]

_LEAST = 1e-12


class Tie:
    """Holds the first units of a policy to the feedback of steepest descent of V.

    Raises ``ProblemError`` where inputs do not read all states.
    """

    def __init__(self, task: Task, settings: QuadraticOptions, policy: Policy) -> None:
        if settings.reads:
            raise ProblemError("steepest descent of V is feedback of all states; leave reads out")
        self._plant, self._policy = linear_plant(task, settings), policy
        self._units = policy.half.numpy()[:, None] / task.scale
        self._steepness = float(settings.steepness)

    def hold(self, parameters: Mapping[str, torch.Tensor], root: torch.Tensor) -> None:
        """Change the policy in ``parameters`` to that of ``|root y|**2``."""
        feedback = steepest_descent(self._plant, root.detach().numpy(), self._steepness)
        self._policy.hold(parameters, -feedback * self._units, saturated=True)


def steepest_descent(plant: LinearPlant, root: Floats, steepness: float) -> Floats:
    """F of shape ``(m, n)`` for ``u = F x``, with the same factor for all inputs.

    The most that it asks for on ``{|R x| <= 1}``, with the ``root`` R of shape ``(n, n)``, is
    ``steepness`` on average over the inputs.
    """
    after = plant.a if plant.discrete else np.eye(len(root))
    slopes = plant.b.T @ root.T @ root @ after
    most = np.linalg.norm(np.linalg.solve(root.T, slopes.T), axis=0)
    feedback: Floats = -steepness / max(float(most.mean()), _LEAST) * slopes
    return feedback
