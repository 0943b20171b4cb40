"""The main job: from a problem to an outcome, and from files to a folder of results."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from certify.certificate import check, open_folder, save, write_file
from certify.errors import InputError, UnsupportedError
from certify.io.toml import read_problem
from certify.magnitude import check_magnitudes
from certify.outcome import Outcome, Verdict
from certify.problem import Problem, Recovery, Stability
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import LanguageError, TheoremError
from certify.proofs.checker.kernel import Accepted
from certify.report.words import found_text
from certify.scaling import factor_of
from certify.theorems import THEOREMS, claim_of
from certify.training import asks_for_training, saved_as, train, train_into
from certify.verifiers.interface import Options
from certify.verifiers.registry import choose, named

if TYPE_CHECKING:
    from certify.controllers.registry import TrainingStep

__all__ = [
    "Results",
    "falsify",
    "report",
    "run",
    "train",
    "verify",
]

_PAVED = 3  # states; in more dimensions boxes give no useful bounds of a volume
_OVERFLOW = "its numbers leave the range of binary64; rescale the states and functions"


@dataclass(frozen=True)
class Results:
    """What a run left behind: the outcome, the checker's answer and the files written."""

    outcome: Outcome
    accepted: Accepted | None
    summary: Mapping[str, object]
    files: Mapping[str, Path]


def verify(problem: Problem, options: Options | None = None, engine: str = "auto") -> Outcome:
    """Decide the property of ``problem``; ``engine`` names a verifier or lets one be chosen.

    ``dask://host:port`` is branch and bound on the workers of a Dask cluster.
    A proved outcome carries its certificate, every leaf of which the kernel has accepted in
    this process; :func:`certify.check` repeats that in a process of its own.
    Raises ``InputError`` and ``UnsupportedError``.
    """
    claim, options = _claim(problem), options or Options()
    options = replace(options, largest_box=problem.box is None)
    asked = problem.property
    if isinstance(asked, Stability) and asked.extend is not None:
        options = replace(options, extend_steps=asked.extend.steps, extend_depth=asked.extend.depth)
    elif isinstance(asked, Recovery):
        options = replace(options, extend_steps=asked.hops, extend_depth=asked.depth)
    if engine.startswith("dask://"):
        engine, options = "branch-and-bound", replace(options, cluster=engine)
    verifier = choose(claim) if engine == "auto" else named(engine)
    try:
        outcome = verifier.verify(claim, options)
    except OverflowError as error:
        raise InputError(f"{problem.name}: {_OVERFLOW}") from error
    if outcome.certificate is None:
        return outcome
    tool = {"certify": _version(), "verifier": verifier.name, **outcome.certificate.tool}
    if outcome.found is not None:
        tool[f"largest {outcome.found.name}"] = found_text(outcome.found)
    certificate = replace(outcome.certificate, sources=dict(problem.sources), tool=tool)
    return replace(outcome, certificate=certificate)


def _claim(problem: Problem) -> Claim:
    try:
        claim = claim_of(problem)
        check_magnitudes(claim)
        return claim
    except (LanguageError, TheoremError) as error:
        raise InputError(f"{problem.name}: {error}") from error


def falsify(problem: Problem, seed: int = 0) -> Outcome:
    """Only attack ``problem``: refuted with a replayed counterexample, or unknown.

    A level or box that is left open is not refuted by a violation, which only bounds it.
    Raises ``InputError``.
    """
    from certify.verifiers.extend import core_of
    from certify.verifiers.falsifier import attack
    from certify.verifiers.lowest import violated_level

    claim = core_of(_claim(problem))
    outcome = attack(claim, seed)
    if problem.box is None and outcome.counterexample is not None:
        factor = float(factor_of(claim, outcome.counterexample.point))
        advice = (
            f"the box is left open, so that nothing is refuted; the conditions fail for "
            f"{factor:g} of the domain; give a factor to see the point"
        )
        return replace(outcome, verdict=Verdict.UNKNOWN, counterexample=None, advice=advice)
    has_level = "level" in claim.numbers or not THEOREMS[claim.theorem].has_level
    if has_level or outcome.counterexample is None:
        return outcome
    numbers = {**claim.numbers, "level": Fraction(10) ** 30}
    bound = violated_level(replace(claim, numbers=numbers), claim.functions["lyapunov"], seed)
    advice = (
        f"the level is left open, so that nothing is refuted; the conditions fail at "
        f"V = {bound:g}: no level from there on can be proved; give one to see the point"
    )
    return replace(outcome, verdict=Verdict.UNKNOWN, counterexample=None, advice=advice)


def _version() -> str:
    try:
        return version("certify")
    except PackageNotFoundError:
        return "unknown"


def run(
    path: Path,
    directory: Path,
    *,
    options: Options,
    engine: str = "auto",
    training: Callable[[TrainingStep], None] = lambda _: None,
) -> Results:
    """Train if asked, verify, check in another process, and report into ``directory``.

    Writes ``certificate.json``, ``report.html``, ``summary.json`` and the trained networks.
    A killed run goes on from its checkpoints in the same folder, to the same bytes.
    """
    problem = read_problem(path)
    open_folder(directory)
    files: dict[str, Path] = {}
    search = saved_as("search", problem, options.seed, directory)
    if asks_for_training(problem):
        problem, _, files = train_into(directory, problem, options.seed, training)
    outcome = verify(problem, replace(options, checkpoint=search), engine)
    accepted = None
    file = directory / "certificate.json"
    if outcome.certificate is None:
        _put_aside(file)
    else:
        files["certificate"] = file
        save(outcome.certificate, file)
        if outcome.certificate.evidence == "kernel":
            _tell(options, "check in a process of its own")
            accepted = check(files["certificate"], workers=options.workers)
    _tell(options, "report")
    summary = report(outcome, accepted, directory, files)
    return Results(outcome, accepted, summary, files)


def _put_aside(file: Path) -> None:
    """Keep a certificate of an earlier run, but not where it seems to be of this one."""
    if file.exists():
        file.replace(file.with_name(file.name + ".old"))


def _tell(options: Options, phase: str) -> None:
    if options.progress is not None:
        options.progress(phase, 1.0)


def report(
    outcome: Outcome,
    accepted: Accepted | None,
    directory: Path,
    files: dict[str, Path],
    *,
    recheckable: bool = False,
) -> Mapping[str, object]:
    """Write ``report.html`` and ``summary.json`` for ``outcome``; the summary.

    A ``recheckable`` report of a certificate has the kernel from Coq in it.
    """
    from certify.report.figures import figures
    from certify.report.html import render_html
    from certify.report.json import summary
    from certify.report.model import report_model
    from certify.report.volume import estimate_reach, estimate_volume, inner_volume

    rechecking = None
    if recheckable and outcome.certificate is not None:
        from certify.page_kernel import page_kernel

        rechecking = page_kernel(outcome.certificate)
    has_set = outcome.verdict is Verdict.PROVED and "lyapunov" in outcome.claim.functions
    volume = estimate_volume(outcome.claim) if has_set else None
    few = len(outcome.claim.states) <= _PAVED
    bounds = inner_volume(outcome.claim) if has_set and few else None
    reach = estimate_reach(outcome.claim) if has_set and "volume" in outcome.claim.numbers else None
    name = files["certificate"].name if "certificate" in files else None
    model = report_model(
        outcome, accepted=accepted, volume=volume, bounds=bounds, reach=reach, certificate_path=name
    )
    try:
        pictures = figures(outcome)
    except UnsupportedError as error:  # a report without figures is better than none
        sys.stderr.write(f"certify: {error}\n")
        pictures = ()
    files["report"] = directory / "report.html"
    write_file(files["report"], render_html(model, pictures, rechecking).encode())
    where = str(files["certificate"]) if "certificate" in files else None
    data = summary(
        outcome,
        accepted=accepted,
        volume=volume,
        bounds=bounds,
        reach=reach,
        certificate_path=where,
    )
    files["summary"] = directory / "summary.json"
    write_file(files["summary"], (json.dumps(data, indent=1) + "\n").encode())
    return data
