"""The command line.  Results go to stdout, progress and errors to stderr."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from certify import arguments as args
from certify import chance_command, extract_command, tree_commands
from certify.terminal import answer, ending, print_json, tell

__all__ = ["app", "main"]

app = typer.Typer(
    help="Train, prove, certify, re-check and report control loops.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on ``arguments``, or those of the process; its exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if arguments is None and not sys.warnoptions:
        warnings.simplefilter("ignore")  # they are for developers, and stderr is for people
    command = partial(app, words, prog_name="certify", standalone_mode=False)
    resumes = words[:1] in (["run"], ["verify"], ["train"])
    return ending(command, as_json="--json" in words, resumes=resumes)


@app.callback(invoke_without_command=True)
def _program(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="print the version")] = False,
) -> None:
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"certify {version_of('certify')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command()
def run(
    problem: args.ProblemFile,
    out: args.Directory = Path("out"),
    as_json: args.Json = False,
    timeout: args.Timeout = None,
    boxes: args.Boxes = args.BOXES,
    workers: args.Workers = args.CORES,
    engine: args.Engine = "auto",
    seed: args.Seed = 0,
    saving: args.Saving = 2.0,
) -> None:
    """Train if asked, verify, check in a process of its own, and report: the main job.

    A killed run goes on where it was when the same command is given again.
    """
    from certify import pipeline
    from certify.progress import watching
    from certify.verifiers.interface import Options

    with watching() as watch:
        options = Options(
            timeout=timeout,
            boxes=boxes,
            workers=workers,
            seed=seed,
            checkpoint_seconds=saving,
            progress=watch.search,
        )
        results = pipeline.run(
            problem, out, options=options, engine=engine, training=watch.training
        )
    if as_json:
        print_json(results.summary)
    else:
        tell(results.outcome)
        if results.accepted is not None:
            typer.echo("  The checker accepted the certificate in a process of its own.")
        for name, path in results.files.items():
            typer.echo(f"  {name:12} {path}")
    raise typer.Exit(results.outcome.verdict.exit_code)


@app.command()
def verify(
    problem: args.ProblemFile,
    out: args.CertificateOut = None,
    as_json: args.Json = False,
    timeout: args.Timeout = None,
    boxes: args.Boxes = args.BOXES,
    workers: args.Workers = args.CORES,
    engine: args.Engine = "auto",
    seed: args.Seed = 0,
    saving: args.Saving = 2.0,
) -> None:
    """Prove or refute the property; --out writes the certificate.

    A killed search goes on where it was when the same command is given again.
    Its state is beside the certificate, or in the current folder without --out.
    """
    from certify import pipeline
    from certify.certificate import open_folder, save
    from certify.errors import InputError
    from certify.io.toml import read_problem
    from certify.progress import watching
    from certify.training import saved_as
    from certify.verifiers.interface import Options

    with watching() as watch:
        stated = read_problem(problem)
        if out is not None:
            open_folder(out.parent)
            if out.is_dir():
                raise InputError(f"{out} is a folder: name a file for the certificate")
        options = Options(
            timeout=timeout,
            boxes=boxes,
            workers=workers,
            seed=seed,
            checkpoint=saved_as("search", stated, seed, out.parent if out else Path()),
            checkpoint_seconds=saving,
            progress=watch.search,
        )
        outcome = pipeline.verify(stated, options, engine)
    where = None
    if outcome.certificate is not None and out is not None:
        save(outcome.certificate, out)
        where = str(out)
    answer(outcome, as_json=as_json, certificate=where)
    raise typer.Exit(outcome.verdict.exit_code)


@app.command()
def train(
    problem: args.ProblemFile, out: args.Directory = Path("out"), seed: args.Seed = 0
) -> None:
    """Train only: write the networks, to look at or to use in another problem file."""
    from certify.io.toml import read_problem
    from certify.progress import watching
    from certify.training import train_into

    with watching() as watch:
        stated = read_problem(problem)
        _, candidate, written = train_into(out, stated, seed, watch.training)
    for path in written.values():
        typer.echo(path)
    if not written:
        from certify.expression.printer import to_text

        for name, node in {**candidate.controller, "V": candidate.lyapunov}.items():
            typer.echo(f"{name} = {to_text(node)}")
    typer.echo(
        f"largest level without a sampled violation: {float(candidate.suggested_level):g} "
        f"(volume {candidate.sampled_volume:.4g}); sampled, not proved"
    )


@app.command()
def check(
    cert: args.CertificateFile,
    kernel: args.Kernel = "python",
    program: args.Program = None,
    out: args.TheoremOut = None,
    workers: args.Workers = args.CORES,
    as_json: args.Json = False,
) -> None:
    """Re-check a certificate in a process of its own: exit code 0 accepted, 5 not."""
    from certify.recheck import recheck

    recheck(cert, kernel, program=program, out=out, workers=workers, as_json=as_json)


@app.command()
def explain(cert: args.CertificateFile) -> None:
    """Say in words what a certificate claims, under which assumptions, and how to re-check it."""
    from certify.certificate import load
    from certify.report.model import outcome_of, report_model
    from certify.report.text import explain as text

    model = report_model(outcome_of(load(cert)), certificate_path=str(cert))
    typer.echo(text(model), nl=False)


@app.command()
def report(
    cert: args.CertificateFile,
    out: args.Directory = Path("out"),
    recheckable: args.Recheckable = False,
) -> None:
    """Check a certificate and write its report."""
    from certify import certificate, pipeline
    from certify.report.model import outcome_of

    certificate.open_folder(out)
    accepted = certificate.check(cert, workers=args.CORES, progress=sys.stderr.isatty())
    outcome, files = outcome_of(accepted.certificate), {"certificate": cert}
    pipeline.report(outcome, accepted, out, files, recheckable=recheckable)
    typer.echo(files["report"])


@app.command()
def falsify(problem: args.ProblemFile, seed: args.Seed = 0, as_json: args.Json = False) -> None:
    """Only attack: look for a point where the conditions are false, and replay it exactly."""
    from certify import pipeline
    from certify.io.toml import read_problem

    outcome = pipeline.falsify(read_problem(problem), seed)
    answer(outcome, as_json=as_json)
    raise typer.Exit(outcome.verdict.exit_code)


@app.command()
def init(folder: args.NewFolder = Path("my-loop")) -> None:
    """Write a small problem that can be proved, to start from."""
    from certify.starter import write_starter

    for path in write_starter(folder):
        typer.echo(path)
    typer.echo(f"try: certify run {folder / 'problem.toml'} -o {folder / 'out'}")


@app.command()
def doctor(as_json: args.Json = False) -> None:
    """What is installed, what it is used for, and which verifiers there are."""
    from certify.doctor import findings

    rows = findings()
    if as_json:
        print_json({"findings": [list(row) for row in rows]})
    else:
        typer.echo("\n".join(f"{name:18} {state:22} {use}" for name, state, use in rows))


_VERBS = (
    tree_commands.rules,
    tree_commands.repair,
    extract_command.extract,
    chance_command.chances,
)
for _verb in _VERBS:
    app.command()(_verb)


if __name__ == "__main__":
    sys.exit(main())
