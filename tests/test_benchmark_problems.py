"""The problems of the benchmarks are well formed, and their float models are those written."""

import importlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from certify.expression.evaluate import evaluate
from certify.io.toml import read_problem
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.stability import decrease
from certify.theorems import claim_of

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
OWN = sorted((BENCHMARKS / "own").glob("*/problem.toml"))
MODULES = ("extension", "growth", "measure", "present", "pretrained")


@pytest.fixture(scope="module", autouse=True)
def _on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield
        for name in MODULES:
            sys.modules.pop(name, None)


def sampled(claim: Claim, count: int = 2000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of the box, and V and its decrease there."""
    half = np.array([float(claim.box[x][1]) for x in claim.states])
    points = np.random.default_rng(0).uniform(-1, 1, (count, len(half))) * half
    points[::2] *= 0.3
    at = dict(zip(claim.states, points.T, strict=True))
    v, falling = evaluate([claim.functions["lyapunov"], decrease(claim)], at)
    return points, v, falling


def test_there_are_loops_of_our_own() -> None:
    assert [p.parent.name for p in OWN] == ["cart_pole", "pvtol", "quadrotor_continuous"]


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.parent.name)
def test_a_loop_of_our_own_has_an_equilibrium_and_falls_in_samples(path: Path) -> None:
    claim = claim_of(read_problem(path))
    assert claim.theorem in ("T-STAB-D", "T-STAB-C")
    _, v, falling = sampled(claim, 20_000)
    inside = v <= float(claim.numbers["level"])
    assert inside.sum() > 10
    assert (falling[inside] > 0).all()
    assert (v > 0).all()


def test_extensions_are_measured_of_what_has_a_core(capsys: pytest.CaptureFixture[str]) -> None:
    extension = importlib.import_module("extension")
    cases = BENCHMARKS.parent / "case_studies"
    files = [str(cases / name / "problem.toml") for name in ("double_integrator", "leaky_tank")]
    assert extension.main([*files, "--depth", "8", "--steps", "16"]) == 0
    (weak,) = (BENCHMARKS / "extended").glob("*/problem.toml")
    assert claim_of(read_problem(weak)).theorem == "T-EXT-D"
    *_, line = capsys.readouterr().out.splitlines()
    row = dict(zip(extension.COLUMNS, line.strip("| ").split(" | "), strict=True))
    assert row["problem"] == "double-integrator"
    assert float(row["core at least"]) < float(row["extended at least"]) < 128


@pytest.mark.parametrize(
    ("time", "dimension", "width"),
    [("discrete", 2, 8), ("continuous", 3, 16), ("discrete", 5, 16), ("continuous", 6, 32)],
)
def test_a_chain_is_the_loop_that_its_level_was_sampled_on(
    time: str, dimension: int, width: int, tmp_path: Path
) -> None:
    pytest.importorskip("scipy")
    growth = importlib.import_module("growth")
    size = growth.Size(time, dimension, width)
    claim = claim_of(read_problem(growth.write(size, tmp_path)))
    assert claim.theorem == ("T-STAB-D" if time == "discrete" else "T-STAB-C")
    points, v, falling = sampled(claim)
    np.testing.assert_allclose(falling / v, growth._Loop(size).fall(points), atol=1e-9)
    assert (falling[v <= float(claim.numbers["level"])] > 0).all()


def test_the_series_grows_in_both_ways() -> None:
    pytest.importorskip("scipy")
    growth = importlib.import_module("growth")
    sizes = set(growth.sizes())
    assert {s.dimension for s in sizes if s.width == 16} == set(range(2, 9))
    assert {s.width for s in sizes if s.dimension == 4} == {8, 16, 32, 64, 128, 256}
    assert {s.time for s in sizes} == {"discrete", "continuous"}
    with pytest.raises(ValueError, match="neurons"):
        growth.write(growth.Size("discrete", 8, 4), Path("unused"))


def test_a_peer_without_an_answer_gives_a_lower_bound() -> None:
    measure = importlib.import_module("measure")
    present = importlib.import_module("present")
    given = dict.fromkeys(measure.Row.__dataclass_fields__)
    given |= {"problem": "loop", "group": "own", "dimension": 4, "time": "discrete"}
    given |= {"function": "quadratic", "asked": "1", "verify_cpu": 2.0, "verify_mb": 50.0}
    slow = measure.Row(**{**given, "verdict": "proved", "peer_cpu": 10.0, "peer_finished": False})
    open_ = measure.Row(**{**given, "verdict": "unknown", "peer_cpu": 9.0, "peer_finished": True})
    assert math.isclose(slow.ratio, 5)
    assert open_.ratio is None
    head, _, first, second = present.table([slow, open_]).splitlines()
    assert head.startswith("| problem")
    assert [cell.strip() for cell in first.split("|")][-3:-1] == ["> 10", "> 5"]
    assert [cell.strip() for cell in second.split("|")][-3:-1] == ["9", "-"]


def test_a_process_is_measured_and_a_slow_one_is_killed() -> None:
    measure = importlib.import_module("measure")
    done = measure.measured([sys.executable, "-c", 'print(\'{"verdict": "proved"}\')'])
    assert done.answer == {"verdict": "proved"}
    assert done.cpu > 0
    assert done.memory > 1
    slow = measure.measured([sys.executable, "-c", "import time; time.sleep(60)"], 0.5)
    assert slow.answer == {"verdict": "killed"}
    assert slow.wall < 30
