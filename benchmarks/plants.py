"""How the plants of the pretrained collection are written in a problem file.

With output feedback the state is (x, e): the plant's state and the error ``e = x - z`` of the
estimate ``z``.  The observer is ``z+ = f(z, u) + observer(z, h(x) - h(z)) - observer(z, 0)``,
so ``e+ = f(x, u) - f(z, u) - (observer(z, h(x) - h(z)) - observer(z, 0))``.  It is written with
its cancellations done by exact algebra: whatever of ``u`` does not multiply a state drops out,
and two values of one function stay next to each other as a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["LOOPS", "Plant"]


@dataclass(frozen=True)
class Plant:
    """States, inputs and constants with their units (or none), and the equations.

    ``constants`` are keys of the statement's dynamics; ``measured`` is what the policy reads.
    """

    states: Mapping[str, str]
    inputs: Mapping[str, str]
    constants: Mapping[str, str]
    dynamics: Mapping[str, str]
    measured: tuple[str, ...]
    let: Mapping[str, str] = field(default_factory=dict)


def _corrections(estimate: Mapping[str, str], surprise: tuple[str, ...]) -> dict[str, str]:
    """``fix_x`` for each state: observer(z, surprise) - observer(z, 0)."""
    z = ", ".join(estimate)
    now, none = f"observer({z}, {', '.join(surprise)})", f"observer({z}{', 0' * len(surprise)})"
    return {f"fix{name[1:]}": f"{now}[{i}] - {none}[{i}]" for i, name in enumerate(estimate)}


def _estimate(states: Mapping[str, str]) -> dict[str, str]:
    return {f"z_{x}": f"{x} - e_{x}" for x in states}


def _with_errors(states: Mapping[str, str]) -> dict[str, str]:
    return {**states, **{f"e_{x}": unit for x, unit in states.items()}}


_ANGLE = {"theta": "rad", "theta_dot": "rad/s"}
_PENDULUM = {"m": "kg", "l": "m", "beta": "N*m*s", "g": "m/s**2"}
_SWING = "(g/l)*sin(theta) - beta/(m*l**2)*theta_dot + u/(m*l**2)"
_PENDULUM_STATE = Plant(
    states=_ANGLE,
    inputs={"u": "N*m"},
    constants=_PENDULUM,
    dynamics={
        "theta": "theta + step*theta_dot",
        "theta_dot": f"theta_dot + step*({_SWING})",
    },
    measured=tuple(_ANGLE),
)
_PENDULUM_OUTPUT = Plant(  # measured is theta, so h(x) - h(z) = e_theta
    states=_with_errors(_ANGLE),
    inputs={"u": "N*m"},
    constants=_PENDULUM,
    let={
        **_estimate(_ANGLE),
        **_corrections(_estimate(_ANGLE), ("e_theta",)),
        "swing": _SWING,
        "e_swing": "(g/l)*(sin(theta) - sin(z_theta)) - beta/(m*l**2)*e_theta_dot",
    },
    dynamics={
        "theta": "theta + step*theta_dot + step**2/2*swing",
        "theta_dot": "theta_dot + step*swing",
        "e_theta": "e_theta + step*e_theta_dot + step**2/2*e_swing - fix_theta",
        "e_theta_dot": "e_theta_dot + step*e_swing - fix_theta_dot",
    },
    measured=("z_theta", "z_theta_dot", "e_theta"),
)
_PATH_STATES = {"d_e": "", "theta_e": ""}
_PATH = Plant(
    states=_PATH_STATES,
    inputs={"u": ""},
    constants={"speed": "", "length": "", "radius": ""},
    dynamics={
        "d_e": "d_e + step*speed*sin(theta_e)",
        "theta_e": "theta_e + step*(speed*u/length - cos(theta_e)/(radius/speed - sin(theta_e)))",
    },
    measured=tuple(_PATH_STATES),
)
_BODY = {"length": "m", "mass": "kg", "inertia": "kg*m**2", "g": "m/s**2"}
_ROTORS = {"u0": "N", "u1": "N"}
_PLANAR = {
    "x": "m", "y": "m", "theta": "rad", "xdot": "m/s", "ydot": "m/s", "thetadot": "rad/s"
}  # fmt: skip
_QUADROTOR = Plant(
    states=_PLANAR,
    inputs=_ROTORS,
    constants=_BODY,
    let={
        "lift": "(u0 + u1)/mass",
        "turn": "length/inertia*(u0 - u1)",
    },
    dynamics={
        "x": "x + step*xdot - step**2/2*sin(theta)*lift",
        "y": "y + step*ydot + step**2/2*(cos(theta)*lift - g)",
        "theta": "theta + step*thetadot + step**2/2*turn",
        "xdot": "xdot - step*sin(theta)*lift",
        "ydot": "ydot + step*(cos(theta)*lift - g)",
        "thetadot": "thetadot + step*turn",
    },
    measured=tuple(_PLANAR),
)
_VERTICAL = {"y": "m", "theta": "rad", "ydot": "m/s", "thetadot": "rad/s"}


def _ray(offset: str) -> str:
    """The length that a ray at this angle to the body measures, less the one expected."""
    lengths = (
        f"clip(({y} + origin_height)/cos({theta} {offset}), 0, lidar_H)"
        for y, theta in (("y", "theta"), ("z_y", "z_theta"))
    )
    return " - ".join(lengths)


_RAYS = {  # angles evenly spaced from -lidar_angle_max to lidar_angle_max
    "ray0": _ray("+ lidar_angle_max"),
    "ray1": _ray("+ lidar_angle_max/3"),
    "ray2": _ray("- lidar_angle_max/3"),
    "ray3": _ray("- lidar_angle_max"),
}
_QUADROTOR_OUTPUT = Plant(
    states=_with_errors(_VERTICAL),
    inputs=_ROTORS,
    constants={**_BODY, "lidar_angle_max": "rad", "lidar_H": "m", "origin_height": "m"},
    let={
        **_estimate(_VERTICAL),
        **_RAYS,
        **_corrections(_estimate(_VERTICAL), tuple(_RAYS)),
        "lift": "(u0 + u1)/mass",
        "turn": "length/inertia*(u0 - u1)",
        "climb": "cos(theta)*lift - g",
        "e_climb": "(cos(theta) - cos(z_theta))*lift",
    },
    dynamics={
        "y": "y + step*ydot + step**2/2*climb",
        "theta": "theta + step*thetadot + step**2/2*turn",
        "ydot": "ydot + step*climb",
        "thetadot": "thetadot + step*turn",
        "e_y": "e_y + step*e_ydot + step**2/2*e_climb - fix_y",
        "e_theta": "e_theta + step*e_thetadot - fix_theta",
        "e_ydot": "e_ydot + step*e_climb - fix_ydot",
        "e_thetadot": "e_thetadot - fix_thetadot",
    },
    measured=(*_estimate(_VERTICAL), *_RAYS),
)

LOOPS: Mapping[str, Plant] = {
    "pendulum_state_feedback": _PENDULUM_STATE,
    "path_tracking_state_feedback": _PATH,
    "pendulum_output_feedback": _PENDULUM_OUTPUT,
    "pendulum_output_feedback_nn": _PENDULUM_OUTPUT,
    "quadrotor2d_state_feedback": _QUADROTOR,
    "quadrotor2d_output_feedback": _QUADROTOR_OUTPUT,
}
