"""Januaries of our own making: weather and people of an office, a row for each quarter of an hour.

Outdoor temperature is a mean, a daily wave that a clear sky makes larger, and an autoregressive
process for the weather of days.  The sun on a vertical surface to the south follows from its height
and azimuth (Duffie and Beckman, Solar Engineering of Thermal Processes, 2013, section 1.6), a
clear-sky direct beam ``900 exp(-0.15/sin h)`` W/m2 and a diffuse part, both less with clouds.
People come and go at times of their own on every day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["CLIMATES", "DAYS", "STEPS_A_DAY", "Climate", "Weather", "january"]

Floats: TypeAlias = npt.NDArray[np.float64]

DAYS, STEPS_A_DAY = 31, 96
_DECLINATION = np.radians(-21.0)  # of the sun in the middle of January
_HIGHEST, _LOWEST_OUT, _HIGHEST_OUT, _MOST_PEOPLE = 900.0, -25.0, 35.0, 11


@dataclass(frozen=True)
class Climate:
    """Degrees Celsius; ``clear`` is the usual share of the sky without clouds."""

    latitude: float
    mean: float
    daily: float
    spread: float
    clear: float


CLIMATES: Mapping[str, Climate] = {
    "cold": Climate(latitude=40.0, mean=-2.0, daily=3.0, spread=5.0, clear=0.3),
    "desert": Climate(latitude=32.0, mean=12.0, daily=7.0, spread=3.0, clear=0.8),
}


@dataclass(frozen=True)
class Weather:
    """Columns of one January, each of shape ``(2976,)``: degrees, W/m2, a count, hours."""

    out: Floats
    sun: Floats
    people: Floats
    hour: Floats

    def __len__(self) -> int:
        return len(self.out)

    def rows(self) -> Floats:
        """All columns, shape ``(steps, 4)``."""
        return np.stack([self.out, self.sun, self.people, self.hour], axis=1)


def january(climate: str, seed: int, days: int = DAYS) -> Weather:
    """The January number ``seed`` of ``climate``, always the same."""
    place = CLIMATES[climate]
    rng = np.random.default_rng([seed, sorted(CLIMATES).index(climate)])
    hour = np.tile(np.arange(STEPS_A_DAY) / 4.0, days)
    sky = _process(rng, days, memory=0.6)
    clear = np.clip(place.clear + 0.3 * sky, 0.02, 1.0)[np.arange(days * STEPS_A_DAY) // 96]
    slow = place.spread * _process(rng, days * STEPS_A_DAY, memory=np.exp(-1 / 192))
    wave = place.daily * (0.5 + clear) * np.cos(2 * np.pi * (hour - 15) / 24)
    out = np.clip(place.mean + slow + wave, _LOWEST_OUT, _HIGHEST_OUT)
    gusts = np.clip(1 + 0.15 * rng.standard_normal(len(hour)), 0.5, 1.5)
    sun = np.clip(_on_the_south(hour, place.latitude, clear) * gusts, 0, _HIGHEST)
    return Weather(out, sun, np.concatenate([_people(rng) for _ in range(days)]), hour)


def _process(rng: np.random.Generator, length: int, memory: float) -> Floats:
    """An autoregressive process of unit variance."""
    kicks = rng.standard_normal(length)
    values = np.empty(length)
    values[0] = kicks[0]
    for k in range(1, length):
        values[k] = memory * values[k - 1] + np.sqrt(1 - memory**2) * kicks[k]
    return values


def _on_the_south(hour: Floats, latitude: float, clear: Floats) -> Floats:
    turn, place = np.radians(15 * (hour + 0.125 - 12)), np.radians(latitude)
    up = np.sin(place) * np.sin(_DECLINATION)
    height = up + np.cos(place) * np.cos(_DECLINATION) * np.cos(turn)
    facing = np.sin(place) * np.cos(_DECLINATION) * np.cos(turn)
    facing -= np.cos(place) * np.sin(_DECLINATION)
    shining = height > 0
    beam = np.where(shining, 900 * np.exp(-0.15 / np.where(shining, height, 1.0)), 0.0)
    diffuse = np.where(shining, 0.5 * (60 + 140 * (1 - clear)) * np.sqrt(np.abs(height)), 0.0)
    return np.asarray(clear * beam * np.maximum(facing, 0) + diffuse, dtype=np.float64)


def _people(rng: np.random.Generator) -> Floats:
    """One day: all come in the course of an hour, some go for lunch, all leave in the evening."""
    steps = np.arange(STEPS_A_DAY)
    count = np.zeros(STEPS_A_DAY)
    for _ in range(int(rng.integers(7, _MOST_PEOPLE + 1))):
        start, end = rng.integers(31, 36), rng.integers(68, 85)
        lunch = rng.integers(47, 54)
        here = (steps >= start) & (steps < end) & ~((steps >= lunch) & (steps < lunch + 3))
        count += here
    return np.asarray(count, dtype=np.float64)
