"""Train case studies anew: ``python case_studies/retrain.py [NAME ...]``.

A folder with a ``training.toml`` has a controller that was trained for it.  This trains it again
(seed 0), writes the network beside it, and ``problem.toml``: the same problem with the trained
functions in the place of the requests.  On one machine the same bytes come out every time; a
killed training goes on from its checkpoint in ``out/NAME``.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from certify.controllers.registry import Candidate, TrainingStep
from certify.expression import Node, topological
from certify.expression.printer import to_text
from certify.io.toml import read_problem
from certify.problem import Interval, Problem, Stability, Training
from certify.proofs.checker.attributes import Affine
from certify.training import train_into

__all__ = ["retrain"]

HERE = Path(__file__).parent
_TABLE = re.compile(r"^(?=\[)", re.MULTILINE)
_TRAINED = ("[controller]", "[property.lyapunov]")


def retrain(name: str, out: Path) -> str:
    """Train the case study ``name``; one line about it."""
    folder = HERE / name
    problem = read_problem(folder / "training.toml")
    prop = problem.property
    if not isinstance(prop, Stability) or not isinstance(prop.lyapunov, Training):
        raise SystemExit(f"{name}: training.toml asks for no training")
    start = time.process_time()
    _, candidate, files = train_into(out / name, problem, progress=_tell)
    spent = time.process_time() - start
    for file in files.values():
        shutil.copyfile(file, folder / file.name)
    options = prop.lyapunov.options
    tables = {
        "[networks]": {stem: f"{stem}.onnx" for stem in candidate.networks},
        "[controller]": _controller(problem, {**options, **_inner(options)}),
        "[property.lyapunov]": {"expression": _lyapunov(problem, candidate)},
    }
    text = (folder / "training.toml").read_text(encoding="utf-8")
    (folder / "problem.toml").write_text(_written(name, text, tables), encoding="utf-8")
    return f"{name}: trained in {spent:.0f} CPU-seconds"


def _lyapunov(problem: Problem, candidate: Candidate) -> str:
    """V as text; a neural one by its network, its quadratic part to seven digits."""
    if "features" not in candidate.networks:
        return to_text(candidate.lyapunov, 100_000)
    prop, names = problem.property, problem.system.states
    assert isinstance(prop, Stability)
    rest = [str(prop.equilibrium.get(x, 0)) for x in names]
    offsets = [x if v == "0" else f"({x} - {v})" for x, v in zip(names, rest, strict=True)]
    quadratic, network = candidate.lyapunov.args
    root = _rows(quadratic)
    squares = [
        " + ".join(f"({float(w):.7g})*{e}" for w, e in zip(row, offsets, strict=True))
        for row in root
    ]
    here, there = ", ".join(names), ", ".join(rest)
    outputs = range(len(_rows(network)))
    squares += [f"features({here})[{i}] - features({there})[{i}]" for i in outputs]
    return " + ".join(f"({square})**2" for square in squares)


def _rows(part: Node) -> Sequence[Sequence[Fraction]]:
    """The matrix of the first layer in ``part``."""
    layers = (n.data for n in topological([part]) if isinstance(n.data, Affine))
    return next(layers).weight


def _inner(options: Mapping[str, object]) -> Mapping[str, object]:
    inner = options.get("controller", {})
    return inner if isinstance(inner, Mapping) else {}


def _controller(problem: Problem, options: Mapping[str, object]) -> dict[str, str]:
    """``clip(policy(x) - policy(x*) + u*, low, high)`` for each input."""
    prop, system = problem.property, problem.system
    assert isinstance(prop, Stability)
    here = ", ".join(system.states)
    rest = ", ".join(str(prop.equilibrium.get(x, 0)) for x in system.states)
    limits, held = _table(options, "limits"), _table(options, "u_equilibrium")
    texts = {}
    for i, u in enumerate(system.inputs):
        part = f"[{i}]" if len(system.inputs) > 1 else ""
        text = f"policy({here}){part} - policy({rest}){part}"
        if u in held:
            text += f" + {held[u]}"
        if u in limits:
            low, high = limits[u]
            text = f"clip({text}, {low}, {high})"
        texts[u] = text
    return texts


def _table(options: Mapping[str, object], key: str) -> Mapping[str, Interval]:
    table = options.get(key, {})
    return table if isinstance(table, Mapping) else {}


def _written(name: str, text: str, tables: Mapping[str, Mapping[str, str]]) -> str:
    """The file ``text`` with ``tables`` in the place of what is trained."""
    head, *rest = _TABLE.split(text)
    kept = [part for part in rest if not part.startswith(_TRAINED)]
    at = next(i for i, part in enumerate(kept) if part.startswith("[domain]"))
    written = {
        title: title + "\n" + "".join(f'{key} = "{value}"\n' for key, value in entries.items())
        for title, entries in tables.items()
    }
    parts = [
        *kept[:at],
        *(written[t] + "\n" for t in ("[networks]", "[controller]")),
        *kept[at:],
        written["[property.lyapunov]"],
    ]
    note = f"# Written by `python case_studies/retrain.py {name}` from training.toml.\n"
    return (note + head + "".join(parts)).rstrip() + "\n"


def _tell(step: TrainingStep) -> None:
    volume = "" if step.volume is None else f", volume {step.volume:.6g} (sampled)"
    print(f"{step.phase} {step.step}/{step.steps}{volume}", file=sys.stderr)


def main() -> None:
    """Retrain what the command line names."""
    names = sys.argv[1:] or sorted(p.parent.name for p in HERE.glob("*/training.toml"))
    for name in names:
        print(retrain(name, Path("out")), flush=True)


if __name__ == "__main__":
    main()
