"""Compute the gains of this case study with python-control."""

from __future__ import annotations

import control
import numpy as np

STEP, GRAVITY, FRICTION, TORQUE = 0.01, 19.62, 8 / 3, 80 / 3
DOMAIN = 2.19911


def main() -> None:
    """Print the gains of the regulator and of the steady Kalman filter of the linear pendulum."""
    change = np.array([GRAVITY, -FRICTION])
    plant = np.eye(2) + STEP * np.array([[0, 1], [0, 0]])
    plant += np.outer([STEP**2 / 2, STEP], change)
    torque = TORQUE * np.array([[STEP**2 / 2], [STEP]])
    angle = np.array([[1.0, 0.0]])
    regulator, _, _ = control.dlqr(plant, torque, np.eye(2) / DOMAIN**2, np.array([[0.1]]))
    noise = np.diag([1e-4, 3e-4])
    observer, _, _ = control.dlqr(plant.T, angle.T, noise, np.array([[0.01]]))
    print("regulator =", np.round(regulator.ravel(), 3).tolist())
    print("observer =", np.round(observer.ravel(), 4).tolist())


if __name__ == "__main__":
    main()
