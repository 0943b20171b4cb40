"""The office of the case study against its network of resistances, solved as such."""

from pathlib import Path

import numpy as np

from certify.expression.evaluate import evaluate
from certify.io.toml import read_problem

FOLDER = Path(__file__).parents[2] / "case_studies" / "hvac"
HEATER, COOLER = 5000.0, 4000.0


def network(
    mass: float, out: float, sun: float, people: float, power: float
) -> tuple[float, float]:
    """Air and mass after a quarter of an hour: balances of heat at the three nodes."""
    ve, w, inner, ms, op, c, dt = 60.0, 28.0, 1552.5, 2275.0, 36.0, 11e6, 900.0
    em = 1 / (1 / op - 1 / ms)
    gains = 120 + 140 * people
    radiant = gains / 2 + 5 * sun
    to_mass, to_surface = 250 / 450 * radiant, (1 - 250 / 450 - w / (9.1 * 450)) * radiant
    # unknown: air, surface, next mass; the two resistive nodes see the mean of the mass
    balances = np.array([
        [ve + inner, -inner, 0.0],
        [-inner, inner + w + ms, -ms / 2],
        [0.0, -ms, c / dt + (ms + em) / 2],
    ])  # fmt: skip
    flows = np.array([
        gains / 2 + power + ve * out,
        to_surface + w * out + ms * mass / 2,
        to_mass + em * out + mass * (c / dt - (ms + em) / 2),
    ])  # fmt: skip
    air, _, after = np.linalg.solve(balances, flows)
    return float(air), float(after)


def thermostat(at: tuple[float, ...], heating: float, cooling: float) -> tuple[float, float]:
    free, one = network(*at, 0.0)[0], network(*at, 1.0)[0]
    slope = one - free
    wanted = (heating - free) / slope if free < heating else (cooling - free) / slope
    power = np.clip(wanted, 0, HEATER) if free < heating else np.clip(wanted, -COOLER, 0)
    return network(*at, float(power))


def test_the_office_is_the_network_of_the_standard() -> None:
    dynamics = read_problem(FOLDER / "building.toml").system.dynamics
    rng = np.random.default_rng(3)
    low, high = np.array([10, -25, 0, 0, 15]), np.array([30, 35, 900, 11, 22])
    seen = set()
    for *at, heating in rng.uniform(low, high, (300, 5)).tolist():
        cooling = heating + float(rng.uniform(0, 8))
        names = ("mass", "out", "sun", "people", "heating", "cooling")
        values = dict(zip(names, (*at, heating, cooling), strict=True))
        found = evaluate([dynamics["T"], dynamics["mass"]], values)
        expected = thermostat(tuple(at), heating, cooling)
        np.testing.assert_allclose([float(v) for v in found], expected, rtol=0, atol=1e-9)
        free = network(*at, 0.0)[0]
        seen.add((free < heating, free > cooling, abs(expected[0] - heating) < 1e-9))
    assert len(seen) >= 4  # heated to the set-point or not so far, cooled, and left alone
