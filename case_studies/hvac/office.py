"""The office of ``building.toml``, run: what is simulated are the expressions of the proofs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.case_studies.hvac.weather import Weather
from certify.expression import const, substitute
from certify.expression.evaluate import Program
from certify.io.toml import read_problem
from certify.problem import Problem, Rules

__all__ = [
    "COMFORT",
    "FEATURES",
    "FOLDER",
    "Month",
    "Office",
    "Policy",
    "discomfort",
    "occupied",
    "simulate",
]

Floats: TypeAlias = npt.NDArray[np.float64]
Policy: TypeAlias = Callable[[int, Floats], Floats]
"""From the number of a step and states, ``(months, 6)``, to set-points, ``(months, 2)``."""

FOLDER = Path(__file__).parent
FEATURES = ("T", "out", "sun", "people", "hour")
COMFORT = (20.0, 23.5)
_STATES = ("T", "mass", "out", "sun", "people", "hour")
_OFF = {"heating": -1000, "cooling": 1000}
_HEATER, _JOULES = 5000.0, 3.6e6  # W, J/kWh


class Office:
    """``building.toml`` in float64; a row of states is T, mass, out, sun, people, hour."""

    def __init__(self, problem: Problem | None = None) -> None:
        self.problem = problem or read_problem(FOLDER / "building.toml")
        system, prop = self.problem.system, self.problem.property
        assert isinstance(prop, Rules)
        assert prop.decisions is not None
        self.decisions = np.array([[float(v) for v in row] for row in prop.decisions])
        air, mass = system.dynamics["T"], system.dynamics["mass"]
        free = substitute(air, {u: const(v) for u, v in _OFF.items()})
        self._next = Program([air, mass, free])
        self._kwh = self._heat_per_kelvin()

    def step(self, states: Floats, setpoints: Floats) -> tuple[Floats, Floats, Floats]:
        """Air and mass after a step, and the kWh of heating or cooling, each of shape ``(n,)``.

        The air is warmer than without power in proportion to the power.
        """
        values = dict(zip(_STATES, states.T, strict=True))
        given = {"heating": setpoints[:, 0], "cooling": setpoints[:, 1]}
        air, mass, free = self._next({**values, **given})
        return air, mass, np.abs(air - free) * self._kwh

    def _heat_per_kelvin(self) -> float:
        """kWh for each kelvin by which power changes the air at the end of a step."""
        at = dict.fromkeys(_STATES, np.zeros(1))
        air, _, free = self._next({**at, "heating": np.full(1, 99.0), "cooling": np.full(1, 99.0)})
        return float(_HEATER * 900.0 / _JOULES / (air - free)[0])


def occupied(people: Floats) -> npt.NDArray[np.bool_]:
    """Whether somebody is there."""
    return people > 0.5


def discomfort(air: Floats, people: Floats) -> Floats:
    """Kelvins outside of the comfort zone while somebody is there."""
    low, high = COMFORT
    return np.where(occupied(people), np.maximum(low - air, 0) + np.maximum(air - high, 0), 0.0)


@dataclass(frozen=True)
class Month:
    """What a policy did: states of shape ``(steps, 6)``, air after each, decisions, kWh."""

    states: Floats
    after: Floats
    decisions: Floats
    kwh: Floats

    @property
    def energy(self) -> float:
        """kWh of heating and cooling."""
        return float(self.kwh.sum())

    @property
    def violations(self) -> float:
        """The share of the steps, of those at whose start somebody is there, that end outside."""
        there = occupied(self.states[:, 4])
        return float(np.mean(discomfort(self.after, self.states[:, 4])[there] > 0))


def simulate(
    office: Office, months: Sequence[Weather], policy: Policy, start: float = 20.0
) -> list[Month]:
    """Months of the same length under ``policy``, side by side, from air and mass at ``start``."""
    columns = np.stack([weather.rows() for weather in months], axis=1)
    air = mass = np.full(len(months), start)
    states, after = np.empty((*columns.shape[:2], 6)), np.empty(columns.shape[:2])
    decisions, kwh = np.empty((*columns.shape[:2], 2)), np.empty(columns.shape[:2])
    for k, rows in enumerate(columns):
        states[k] = np.concatenate([air[:, None], mass[:, None], rows], axis=1)
        decisions[k] = policy(k, states[k])
        air, mass, kwh[k] = office.step(states[k], decisions[k])
        after[k] = air
    found = (states, after, decisions, kwh)
    return [Month(*(a[:, i] for a in found)) for i in range(len(months))]
