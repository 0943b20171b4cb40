"""Certified regions beside published ones: ``python benchmarks/regions.py [NAME ...]``.

A row is a case study, verified by one worker, its certificate checked in a process of its own.
With ``--train`` it is trained again first, where it was trained; with ``--seeds N`` N times, and
the row says how many trainings end with a proof, and how large the sets are; with ``--baseline``
there is a row for the saturated linear-quadratic regulator of the same problem too, with a V of
degree 6 where the plant is polynomial.  Volumes of different kinds have columns of their own:

- *explicit*: proved, the volume of cells that the checker accepts one by one;
- *core*: proved, boxes on which V <= level; in more than two dimensions the proved set is counted
  instead, by samples with a 95 % interval, of a quadratic V by points of its ellipsoid;
- *grid*: the estimator of the published figures, and only beside them: the part of the nodes of a
  grid of 20 x 20 with its rim on the faces that are in the explicit set, or of a smaller one of
  the same middle, whichever gives more;
- *sampled*: starts whose simulation stays in the domain and comes to the proved core, with a 95 %
  interval; statistical, never called proved.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from published import PUBLISHED, PUBLISHED_FLOWS
from region_volumes import core_volume, counted, counted_volume, explicit_volume, grid_volume
from variants import baseline, is_polynomial, option, with_options

from certify import check, read_problem
from certify.certificate import save
from certify.errors import ProblemError
from certify.pipeline import verify
from certify.problem import Problem
from certify.report.volume import estimate_reach
from certify.training import asks_for_training, saved_as, train_into
from certify.verifiers.interface import Options

CASES = Path(__file__).parents[1] / "case_studies"
EFFORT = ("training CPU s", "verification CPU s", "kB", "command")
COLUMNS = ("system", "domain", "published (grid)", "explicit", "grid", "core", "sampled", *EFFORT)
FLOW_COLUMNS = (
    "system", "domain", "published (samples)", "proved", "sampled, of the proved set", *EFFORT,
)  # fmt: skip
Result = TypeVar("Result")


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", default=[*PUBLISHED, *PUBLISHED_FLOWS])
    parser.add_argument("--train", action="store_true", help="train again what was trained")
    parser.add_argument(
        "--seeds", type=int, default=0, metavar="N", help="train with seeds 0 to N - 1"
    )
    parser.add_argument(
        "--set",
        type=option,
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="train with this option",
    )
    parser.add_argument("--baseline", action="store_true", help="also the saturated regulator")
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("-o", "--out", type=Path, default=Path("out/regions"))
    asked = parser.parse_args(arguments)
    if asked.set and not (asked.train or asked.seeds):
        parser.error("--set is for trainings: give --train or --seeds too")
    print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    flows = [name for name in asked.names if time_of(name) == "continuous"]
    steps = [name for name in asked.names if name not in flows]
    for names, columns in ((steps, COLUMNS), (flows, FLOW_COLUMNS)):
        if names:
            print("\n| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
        for cells in (cells for name in names for cells in rows(name, asked)):
            print("| " + " | ".join(cells) + " |", flush=True)
    return 0


def time_of(name: str) -> str:
    """Whether the time of a case study is discrete or continuous."""
    return read_problem(CASES / name / "problem.toml").system.time


def rows(name: str, asked: argparse.Namespace) -> list[list[str]]:
    """The row of a case study, and that of its baseline."""
    problem = read_problem(CASES / name / "problem.toml")
    request = CASES / name / "training.toml"
    stated = read_problem(request) if request.is_file() else problem
    stated = with_options(stated, dict(asked.set))
    if asked.seeds:
        return [seeded(name, stated, asked)]
    spent = ""
    folder = asked.out / name
    if asks_for_training(problem):
        problem, seconds = timed(lambda: newly(stated, 0, folder))
        spent = f"{seconds:.0f}"
    elif asked.train and stated is not problem:
        spent = f"{trained(stated, 0, folder)[1]:.0f}"
    command = f"certify run case_studies/{name}/problem.toml"
    found = [[name, *measured(problem, folder, asked.samples, name, spent), command]]
    if asked.baseline and asks_for_training(stated):
        families = {"saturated LQR": "lqr"}
        if is_polynomial(stated):
            families["saturated LQR, V of degree 6"] = "polynomial"
        for what, family in families.items():
            found.append([f"{name}, {what}", *regulated(stated, family, folder, asked.samples)])
    return found


def regulated(stated: Problem, family: str, folder: Path, samples: int) -> list[str]:
    """The rest of the row of a baseline, whose training is that of another ``family``."""
    simpler = baseline(stated, family)
    problem, seconds = timed(lambda: newly(simpler, 0, folder / family))
    cells = measured(problem, folder / family, samples, "", f"{seconds:.0f}")
    return [*cells, "--baseline"]


def seeded(name: str, stated: Problem, asked: argparse.Namespace) -> list[str]:
    """The row of a case study trained with several seeds: how many proofs, how large the sets."""
    kept = [one_seed(stated, seed, asked.out / f"{name}-{seed}") for seed in range(asked.seeds)]
    sizes = [row[0] for row in kept if row[0] is not None]
    text = f"{len(sizes)} of {len(kept)} proved"
    if sizes:
        text += f": {spread(sizes)}"
    training, search = ([row[i] for row in kept] for i in (1, 2))
    flows = stated.system.time == "continuous"
    first = [f"{name}, seeds 0 to {asked.seeds - 1}", f"{whole(stated):.10g}"]
    volumes = [PUBLISHED_FLOWS.get(name, ""), text, ""]
    if not flows:
        blank = [""] * 3
        explicit = getattr(stated.property, "extend", None) is not None
        volumes = [
            PUBLISHED.get(name, ""),
            *([text, *blank] if explicit else [*blank[1:], text, ""]),
        ]
    effort = [f"{min(training):.0f} to {max(training):.0f}"]
    command = " ".join([f"--seeds {asked.seeds}", *(f"--set {k}={v}" for k, v in asked.set), name])
    effort += [f"{min(search):.1f} to {max(search):.1f}", "", command]
    return [*first, *volumes, *effort]


def spread(sizes: Sequence[float]) -> str:
    """Range, mean and standard deviation (of a sample) of the volumes of the proved sets."""
    text = f"{min(sizes):g} to {max(sizes):g}, mean {np.mean(sizes):.2f}"
    return text if len(sizes) < 2 else f"{text}, deviation {np.std(sizes, ddof=1):.2f}"


def one_seed(stated: Problem, seed: int, folder: Path) -> tuple[float | None, float, float]:
    """The volume, explicit or of the core, that a training with ``seed`` ends with, None without a
    proof of convergence to the equilibrium itself; CPU-seconds of training and search.
    """
    size = None
    problem, training = trained(stated, seed, folder)
    if problem is None:
        return None, training, 0.0
    outcome, search = timed(lambda: verify(problem, Options(workers=1)))
    if outcome.certificate is not None and not outcome.claim.theorem.startswith("T-RES"):
        claim = outcome.certificate.claim
        volume = explicit_volume(claim) or core_volume(claim)
        size = float(volume.removeprefix("counted: ").split()[0])
    said = f"{outcome.claim.theorem} {outcome.verdict.word}"
    print(
        f"seed {seed}: {said}, volume {size}, CPU s {training:.0f} and {search:.1f}",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    return size, training, search


def trained(problem: Problem, seed: int, folder: Path) -> tuple[Problem | None, float]:
    """``problem`` trained from the start, None where no candidate is found, and CPU-seconds."""
    return timed(lambda: attempt(lambda: newly(problem, seed, folder)))


def newly(problem: Problem, seed: int, folder: Path) -> Problem:
    """``problem`` trained from the start, whatever an earlier training left in ``folder``."""
    saved_as("training", problem, seed, folder).unlink(missing_ok=True)
    return train_into(folder, problem, seed)[0]


def attempt(work: Callable[[], Result]) -> Result | None:
    """What ``work`` gives; None, with a line about it, where a training finds no candidate."""
    try:
        return work()
    except ProblemError as error:
        print(f"training failed: {error}", file=sys.stderr, flush=True)
        return None


def whole(problem: Problem) -> float:
    """The volume of the domain."""
    sides = (problem.domain[x] for x in problem.system.states)
    return float(np.prod([float(high - low) for low, high in sides]))


def measured(problem: Problem, folder: Path, samples: int, name: str, training: str) -> list[str]:
    """The columns from the domain to the size of the certificate."""
    outcome, seconds = timed(lambda: verify(problem, Options(workers=1)))
    published = PUBLISHED.get(name, "")
    flows = problem.system.time == "continuous"
    first = [f"{whole(problem):.10g}", PUBLISHED_FLOWS.get(name, "") if flows else published]
    if outcome.certificate is None:
        blank = [""] * (1 if flows else 3)
        return [*first, outcome.verdict.word, *blank, training, f"{seconds:.1f}", ""]
    path = folder / "certificate.json"
    save(outcome.certificate, path)
    accepted, checking = timed(lambda: check(path))
    claim = accepted.certificate.claim
    explicit = explicit_volume(claim)
    grid = f"{grid_volume(accepted.certificate):.2f}" if explicit and published else ""
    volumes = [core_volume(claim), counted(counted_volume(claim))]
    if not flows:
        volumes = [explicit, grid, volumes[0], counted(estimate_reach(claim, samples))]
    effort = [training, f"{seconds + checking:.1f}", f"{path.stat().st_size / 1000:.0f}"]
    return [*first, *volumes, *effort]


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What ``work`` gives, and its CPU-seconds with those of the processes that it started."""
    before = _cpu()
    result = work()
    return result, _cpu() - before


def _cpu() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
