"""Planners for the office: random shooting through a model, and dynamic programming.

The cost of a step is ``kWh + PRICE * kelvins outside of comfort``, the latter at its end, while
somebody is there at its start.  Weather and people of the next steps are taken as forecast: those
of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.case_studies.hvac.office import Office, Policy, discomfort
from certify.case_studies.hvac.weather import Weather
from certify.controllers.random_shooting import Model, Shooting

__all__ = ["PRICE", "Costs", "Stepper", "cost", "planned_costs", "shooting_policy", "true_model"]

Floats: TypeAlias = npt.NDArray[np.float64]
Stepper: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From rows T, mass, out, sun, people, hour and set-points to rows (air, mass) and kWh."""
Costs: TypeAlias = Callable[[npt.NDArray[np.intp], Floats], Floats]
"""From numbers of steps and rows of states to the costs of every decision."""

PRICE = 4.0  # kWh for a kelvin outside of the comfort zone during a step
_GRID = np.linspace(8.0, 36.0, 281)


def cost(kwh: Floats, air: Floats, people: Floats) -> Floats:
    """What a step costs."""
    return np.asarray(kwh + PRICE * discomfort(air, people), dtype=np.float64)


def true_model(office: Office) -> Stepper:
    """The office itself."""

    def step(states: Floats, setpoints: Floats) -> tuple[Floats, Floats]:
        air, mass, kwh = office.step(states, setpoints)
        return np.stack([air, mass], axis=1), kwh

    return step


def _forecast(step: Stepper, decisions: Floats, weather: Floats, state: Floats) -> Model:
    """``step`` from ``state``, whose weather is measured, along ``weather``, which is to come."""

    def model(k: int, states: Floats, chosen: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
        here = weather[min(k, len(weather)) - 1] if k and len(weather) else state[2:]
        full = np.concatenate([states, np.broadcast_to(here, (len(states), 4))], axis=1)
        after, kwh = step(full, decisions[chosen])
        return after, cost(kwh, after[:, 0], full[:, 4])

    return model


def shooting_policy(
    step: Stepper, office: Office, weather: Weather, shooting: Shooting, seed: int
) -> Policy:
    """The policy that shoots through the model ``step`` anew at every step."""
    rng, rows = np.random.default_rng(seed), weather.rows()

    def policy(k: int, states: Floats) -> Floats:
        models = [_forecast(step, office.decisions, rows[k + 1 :], s) for s in states]
        pairs = zip(models, states, strict=True)
        return office.decisions[[shooting.decide(m, s[:2], rng) for m, s in pairs]]

    return policy


def planned_costs(office: Office, weather: Weather) -> Costs:
    """What each decision costs until the end of the month if all later ones are the best.

    ``Q_k(s, d) = cost + V_{k+1}(mass')`` by dynamic programming on a grid of the mass, of 0.1 K,
    interpolated: of the state nothing else matters later.  A function of steps, ``(n,)``, and
    states, ``(n, 6)``, whose weather is that of the rows given, to shape ``(n, decisions)``.
    """
    rows, choices = weather.rows(), len(office.decisions)
    values = np.zeros((len(rows) + 1, len(_GRID)))

    def costs(steps: npt.NDArray[np.intp], states: Floats) -> Floats:
        n = len(states)
        air, mass, kwh = office.step(
            np.repeat(states, choices, axis=0), np.tile(office.decisions, (n, 1))
        )
        at = np.clip((mass - _GRID[0]) / (_GRID[1] - _GRID[0]), 0, len(_GRID) - 1.001)
        below, then = at.astype(np.intp), np.repeat(steps, choices) + 1
        left, right = values[then, below], values[then, below + 1]
        spent = cost(kwh, air, np.repeat(states[:, 4], choices))
        return np.asarray(spent + left + (at - below) * (right - left)).reshape(n, choices)

    for k in range(len(rows) - 1, -1, -1):
        states = np.empty((len(_GRID), 6))
        states[:, 0] = states[:, 1] = _GRID
        states[:, 2:] = rows[k]
        values[k] = costs(np.full(len(_GRID), k), states).min(axis=1)
    return costs
