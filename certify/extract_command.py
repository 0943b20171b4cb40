"""``certify extract``: a decision tree in the place of the controller of a problem."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from certify import arguments as args
from certify.terminal import print_json

__all__ = ["extract"]

_SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512)

Out = Annotated[Path, typer.Option("-o", "--out", help="write the tree here, as JSON")]
Leaves = Annotated[int, typer.Option(min=2, help="the most leaves")]
Rounds = Annotated[int, typer.Option(min=0, help="rounds in which states it visits are added")]
Rows = Annotated[int, typer.Option(min=1, help="labelled states in each round, at most")]
Noise = Annotated[float, typer.Option(min=0, help="noise on the first states, in deviations")]
Curve = Annotated[Path | None, typer.Option(help="CSV to write: what trees of other sizes cost")]


def extract(
    problem: args.ProblemFile,
    out: Out,
    leaves: Leaves = 64,
    rounds: Rounds = 4,
    rows: Rows = 4000,
    noise: Noise = 0.1,
    curve: Curve = None,
    seed: args.Seed = 0,
    as_json: args.Json = False,
) -> None:
    """Extract a decision tree from the controller of a discrete-time problem; proves nothing.

    What a tree costs is its mean squared distance from the controller where it leads itself.
    """
    from certify.certificate import open_folder, write_file
    from certify.controllers.plant_loop import PlantLoop
    from certify.controllers.tree_extraction import Extraction, sizes
    from certify.controllers.tree_extraction import extract as extracted
    from certify.expression import Node
    from certify.io.toml import read_problem
    from certify.io.tree_file import tree_text
    from certify.problem import Stability

    stated = read_problem(problem)
    prop = stated.property
    v = prop.lyapunov if isinstance(prop, Stability) else None
    loop = PlantLoop(stated, v if isinstance(v, Node) else None, seed=seed)
    setting = Extraction(rounds, rows, leaves, noise)
    found = extracted(loop, setting, seed)
    open_folder(out.parent)
    write_file(out, tree_text(found.tree).encode())
    known = []
    if curve is not None:
        known = [(t.leaves, cost) for t, cost in sizes(found, loop, setting, _SIZES)]
        lines = ["leaves,cost", *(f"{n},{cost!r}" for n, cost in known)]
        open_folder(curve.parent)
        write_file(curve, ("\n".join(lines) + "\n").encode())
    if as_json:
        print_json({"tree": str(out), "leaves": found.tree.leaves, "cost": found.score,
                    "rounds": list(found.scores), "curve": known})  # fmt: skip
        return
    typer.echo(f"{found.tree.leaves} leaves, cost {found.score:.4g} (sampled): {out}")
    for size, cost in known:
        typer.echo(f"  {size} leaves: {cost:.4g}")
