"""Three loops of our own: plants as float functions for training and as text for the claim.

The constants are those under which these plants are usually compared: the planar vertical
take-off and landing craft and the cart with a pole of Wu et al. (NeurIPS 2023), the planar
quadrotor of Yang et al. (ICML 2024) in continuous time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

__all__ = ["LOOPS", "Loop"]

Motion = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Loop:
    """A plant, what is wanted of it, and the sizes of its networks.

    ``motion(x, u)`` with ``x`` of shape (N, n) and ``u`` of shape (N, m) is the derivative;
    with a ``step`` the claim is about explicit Euler steps of it.  ``weights`` are the diagonals
    of the linear-quadratic costs.  ``features`` counts the squared network outputs in V.
    """

    name: str
    about: str
    step: str | None
    states: Mapping[str, str]
    inputs: Mapping[str, str]
    constants: Mapping[str, tuple[str, str]]
    rates: Mapping[str, str]
    motion: Motion
    box: tuple[str, ...]
    rest: str
    limits: tuple[str, str]
    weights: tuple[tuple[float, ...], tuple[float, ...]]
    decay: str
    width: int = 8
    activation: str = "relu"
    features: int = 0
    let: Mapping[str, str] = field(default_factory=dict)


def _columns(*parts: Tensor) -> Tensor:
    return torch.stack(parts, dim=1)


def _craft(x: Tensor, u: Tensor) -> Tensor:
    _, _, theta, vx, vy, omega = x.T
    total, difference = u[:, 0] + u[:, 1], u[:, 0] - u[:, 1]
    sin, cos = torch.sin(theta), torch.cos(theta)
    return _columns(
        vx * cos - vy * sin,
        vx * sin + vy * cos,
        omega,
        vy * omega - 9.8 * sin,
        -vx * omega - 9.8 * cos + total / 4,
        difference * 0.25 / 0.0475,
    )


def _quadrotor(x: Tensor, u: Tensor) -> Tensor:
    _, _, theta, vx, vy, omega = x.T
    total, difference = u[:, 0] + u[:, 1], u[:, 0] - u[:, 1]
    lift = total / 0.486
    turn = difference * 0.25 / 0.00383
    return _columns(
        vx, vy, omega, -torch.sin(theta) * lift, torch.cos(theta) * lift - 9.81, turn
    )  # fmt: skip


def _cart(x: Tensor, u: Tensor) -> Tensor:
    _, speed, theta, omega = x.T
    sin, cos, push = torch.sin(theta), torch.cos(theta), u[:, 0]
    mass = 1 + 0.1 * sin**2
    return _columns(
        speed,
        (push + 0.1 * sin * (omega**2 - 9.8 * cos)) / mass,
        omega,
        (-push * cos - 0.1 * omega**2 * cos * sin + 1.1 * 9.8 * sin) / mass,
    )


_PLANAR = {"x": "m", "y": "m", "theta": "rad", "vx": "m/s", "vy": "m/s", "omega": "rad/s"}
_ROTORS = {"u1": "N", "u2": "N"}

LOOPS: Mapping[str, Loop] = {
    "pvtol": Loop(
        name="pvtol",
        about="A planar vertical take-off and landing craft, velocities in the frame of its body.",
        step="0.05",
        states=_PLANAR,
        inputs=_ROTORS,
        constants={
            "m": ("4", "kg"),
            "J": ("0.0475", "kg*m**2"),
            "r": ("0.25", "m"),
            "g": ("9.8", "m/s**2"),
        },
        rates={
            "x": "vx*cos(theta) - vy*sin(theta)",
            "y": "vx*sin(theta) + vy*cos(theta)",
            "theta": "omega",
            "vx": "vy*omega - g*sin(theta)",
            "vy": "(u1 + u2)/m - vx*omega - g*cos(theta)",
            "omega": "r/J*(u1 - u2)",
        },
        motion=_craft,
        box=("1", "1", "1", "1.5", "1.5", "4"),
        rest="19.6",
        limits=("0", "39.2"),
        weights=((4, 4, 1, 1, 1, 0.2), (0.05, 0.05)),
        decay="0.001",
    ),
    "quadrotor_continuous": Loop(
        name="quadrotor-continuous",
        about="A planar quadrotor in continuous time.",
        step=None,
        states=_PLANAR,
        inputs=_ROTORS,
        constants={
            "mass": ("0.486", "kg"),
            "inertia": ("0.00383", "kg*m**2"),
            "length": ("0.25", "m"),
            "g": ("9.81", "m/s**2"),
        },
        let={"lift": "(u1 + u2)/mass"},
        rates={
            "x": "vx",
            "y": "vy",
            "theta": "omega",
            "vx": "-sin(theta)*lift",
            "vy": "cos(theta)*lift - g",
            "omega": "length/inertia*(u1 - u2)",
        },
        motion=_quadrotor,
        box=("0.75", "0.75", "1.57", "4", "4", "12"),
        rest="2.38383",
        limits=("0", "5.9596"),
        weights=((4, 4, 1, 1, 1, 0.1), (1, 1)),
        decay="0.01",
    ),
    "cart_pole": Loop(
        name="cart-pole",
        about="A cart with a pole, upright, in continuous time; V has a network in it.",
        step=None,
        states={"p": "m", "v": "m/s", "theta": "rad", "omega": "rad/s"},
        inputs={"u": "N"},
        constants={
            "mc": ("1", "kg"),
            "mp": ("0.1", "kg"),
            "l": ("1", "m"),
            "g": ("9.8", "m/s**2"),
        },
        let={"D": "mc + mp*sin(theta)**2"},
        rates={
            "p": "v",
            "v": "(u + mp*sin(theta)*(l*omega**2 - g*cos(theta)))/D",
            "theta": "omega",
            "omega": "((mc + mp)*g*sin(theta) - u*cos(theta)"
            " - mp*l*omega**2*cos(theta)*sin(theta))/(l*D)",
        },
        motion=_cart,
        box=("1.5", "3", "1", "3"),
        rest="0",
        limits=("-30", "30"),
        weights=((1, 1, 2, 1), (0.1,)),
        decay="0.01",
        activation="tanh",
        features=2,
    ),
}
