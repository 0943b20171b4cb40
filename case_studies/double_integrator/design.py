"""Compute the gain and the Lyapunov function of this case study with python-control."""

from __future__ import annotations

import control
import numpy as np

STEP = 0.1


def main() -> None:
    """Print the linear-quadratic regulator for Q = I, R = 10 and its cost matrix."""
    plant = np.array([[1.0, STEP], [0.0, 1.0]])
    force = np.array([[STEP**2 / 2], [STEP]])
    gain, cost, _ = control.dlqr(plant, force, np.eye(2), np.array([[10.0]]))
    print("gain =", np.round(gain, 4).tolist())
    print("quadratic =", np.round(cost, 3).tolist())


if __name__ == "__main__":
    main()
