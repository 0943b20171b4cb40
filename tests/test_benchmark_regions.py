"""The volumes beside published ones are what their texts say."""

import importlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from certify import read_problem
from certify.errors import ProblemError
from certify.expression import sin, var
from certify.problem import Problem, Stability, System, Training
from certify.proofs.checker.claim import Claim
from certify.report.volume import estimate_volume
from certify.theorems import claim_of

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
HALF = Fraction(1, 2)
X, Y, Z = (var(x) for x in "xyz")


@pytest.fixture(autouse=True)
def _on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield


def claim(value: object, level: Fraction, wide: int = 2) -> Claim:
    """{value <= level} in a box, of a loop that halves every state."""
    names = ("x", "y", "z")
    system = System("discrete", names, {x: var(x) * HALF for x in names}, ())
    box = {x: (Fraction(-wide), Fraction(wide)) for x in names}
    return claim_of(Problem("halved", system, {}, box, Stability(value, {}, level=level)))


TILTED = X**2 + (X + Y) ** 2 + 2 * (Z - Y) ** 2


def test_an_ellipsoid_within_the_domain_has_the_volume_of_the_formula() -> None:
    found = importlib.import_module("region_volumes")
    ball = found.counted_volume(claim(TILTED, Fraction(1)), 1000)
    assert ball.value == pytest.approx(4 / 3 * np.pi / np.sqrt(2), rel=1e-9)
    assert found.counted(ball).endswith("by formula")


def test_a_cut_ellipsoid_is_counted_as_uniform_samples_do() -> None:
    found = importlib.import_module("region_volumes")
    cut = claim(TILTED, Fraction(6))
    fine, rough = found.counted_volume(cut, 100_000), estimate_volume(cut, 400_000)
    assert rough.interval[0] < fine.value < rough.interval[1]
    assert fine.interval[0] < rough.value < fine.interval[1]
    assert fine.value < 0.9 * 4 / 3 * np.pi * 6**1.5 / np.sqrt(2)
    assert (
        found.counted(fine)
        == f"{fine.value:.2f} ({fine.interval[0]:.2f} to {fine.interval[1]:.2f})"
    )


def test_what_is_no_quadratic_is_counted_by_uniform_samples() -> None:
    found = importlib.import_module("region_volumes")
    other = claim(TILTED + sin(X) ** 2, Fraction(1))
    assert found.counted_volume(other, 10_000) == estimate_volume(other, 10_000)


def test_a_row_has_the_columns_of_its_time(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    regions = importlib.import_module("regions")
    assert regions.main(["double_integrator", "--samples", "1000", "-o", str(tmp_path)]) == 0
    title, _, line = capsys.readouterr().out.strip().splitlines()
    row = dict(zip(*([c.strip() for c in t.split("|")[1:-1]] for t in (title, line)), strict=True))
    assert tuple(row) == regions.COLUMNS
    assert row["system"] == "double_integrator"
    assert 0 < float(row["core"]) < float(row["domain"])
    assert regions.time_of("van_der_pol_flow") == "continuous"


def test_what_a_controller_keeps_is_below_the_ceiling() -> None:
    ceiling = importlib.import_module("pvtol_ceiling")
    start = np.random.default_rng(0).uniform(-1, 1, (20_000, 6))
    kept, points = np.arange(len(start)), start
    for _ in range(100):
        x, y, theta, vx, vy, omega = points.T
        turn = np.clip(1.6 * vx + 0.6 * x - 6 * theta - omega, -10.3, 10.3)
        lift = np.clip(9.8 - 4 * vy - 4 * y, 0, 19.6)
        h, sine, cosine = ceiling.STEP, np.sin(theta), np.cos(theta)
        moves = [vx * cosine - vy * sine, vx * sine + vy * cosine, omega]
        moves += [vy * omega - 9.8 * sine, lift - vx * omega - 9.8 * cosine, turn / h]
        points = points + h * np.stack(moves, axis=1)
        inside = (np.abs(points) <= 1).all(axis=1)
        kept, points = kept[inside], points[inside]
    assert len(kept) > 500
    may = ceiling.may_stay(start)
    assert may[kept].all()
    assert may.mean() < 0.46


def test_options_of_a_training_are_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    variants, regions = (importlib.import_module(name) for name in ("variants", "regions"))
    stated = read_problem(regions.CASES / "van_der_pol_flow" / "training.toml")
    given = dict(map(variants.option, ["features=7", "margin = 0.01"]))
    changed = variants.with_options(stated, given).property.lyapunov
    assert changed == Training("neural", {**stated.property.lyapunov.options, **given})
    assert given == {"features": 7, "margin": "0.01"}
    for wrong in (["--set", "near"], ["--set", "near=3"]):
        with pytest.raises(SystemExit):
            regions.main(["van_der_pol_flow", *wrong])
        assert "--set" in capsys.readouterr().err
    with pytest.raises(ProblemError, match="nothing is trained"):
        variants.with_options(read_problem(regions.CASES / "double_integrator/problem.toml"), given)
