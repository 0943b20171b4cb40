"""What no controller can keep within a domain: ``python benchmarks/pvtol_ceiling.py``.

The craft is that of Wu et al. (2023), with steps of 50 ms, all six states within 1 and velocities
in the frame of its body; ``own/pvtol`` has its equations and a larger domain.

As long as a trajectory stays, ``|vy omega| <= 1`` and ``|omega| <= 1`` whatever the thrusts, so

    ``vx+ <= vx + h (1 - g sin(theta))``,  ``theta+ >= theta - h``,

and the same with the signs of ``vx`` and ``theta`` turned round; the sine grows on the domain.  The
first step does not depend on the thrusts in any state but ``vy`` and ``omega``.  States from
which these bounds leave the domain are in no set that is invariant there.  The bounds are proved;
the volume of the other states is counted by uniform samples, with a 95 % interval.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

STEP, GRAVITY = 0.05, 9.8
SAMPLES, STEPS = 1_000_000, 60

Floats = npt.NDArray[np.float64]


def may_stay(points: Floats) -> npt.NDArray[np.bool_]:
    """Which of the ``points``, shape (N, 6), the bounds do not rule out."""
    x, y, theta, vx, vy, omega = points.T
    first = [
        x + STEP * (vx * np.cos(theta) - vy * np.sin(theta)),
        y + STEP * (vx * np.sin(theta) + vy * np.cos(theta)),
        theta + STEP * omega,
        vx + STEP * (vy * omega - GRAVITY * np.sin(theta)),
    ]
    stays: npt.NDArray[np.bool_] = (np.abs(first) <= 1).all(axis=0)
    for sign in (1, -1):
        angle, most = sign * first[2], sign * first[3]
        for _ in range(STEPS):
            most = most + STEP * (1 - GRAVITY * np.sin(angle))
            angle = np.maximum(angle - STEP, -1)
            stays &= most >= -1
    return stays


def main() -> None:
    """Print an upper bound of the volume of every invariant set in the domain."""
    points = np.random.default_rng(0).uniform(-1, 1, (SAMPLES, 6))
    share = float(np.mean(may_stay(points)))
    error = 1.96 * math.sqrt(share * (1 - share) / SAMPLES)
    low, high = (64 * (share + sign * error) for sign in (-1, 1))
    print(f"at most {64 * share:.2f} ({low:.2f} to {high:.2f}) of 64 stays under any controller")


if __name__ == "__main__":
    main()
