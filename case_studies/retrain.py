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

from certify.controllers.options import NeuralOptions, QuadraticOptions, read_options
from certify.controllers.policy_network import Policy
from certify.controllers.registry import Candidate, TrainingStep
from certify.controllers.task import task_of
from certify.expression import Node, topological
from certify.expression.printer import number_to_text, to_text
from certify.io.toml import read_problem
from certify.problem import Problem, Stability, Training
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
    tables = {
        "[networks]": {stem: f"{stem}.onnx" for stem in candidate.networks},
        "[controller]": _controller(problem, prop.lyapunov),
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


def _controller(problem: Problem, training: Training) -> dict[str, str]:
    """``clip(policy(r(x)) - policy(r(x*)) + u*, low, high)`` for each input."""
    kind = NeuralOptions if training.family == NeuralOptions.family else QuadraticOptions
    settings = read_options(kind, training.options, problem)
    policy = Policy.of(task_of(problem), settings)
    information, texts = policy.information, {}
    for stem, (inputs, terms) in zip(policy.stems(), information.groups, strict=True):
        here, rest = (
            ", ".join(to_text(nodes[j]) for j in terms)
            for nodes in (information.terms, information.rest)
        )
        for j, i in enumerate(inputs):
            u = problem.system.inputs[i]
            part = f"[{j}]" if len(inputs) > 1 else ""
            text = f"{stem}({here}){part} - {stem}({rest}){part}"
            if u in settings.u_equilibrium:
                text += f" + {number_to_text(settings.u_equilibrium[u])}"
            if u in settings.limits:
                low, high = map(number_to_text, settings.limits[u])
                text = f"clip({text}, {low}, {high})"
            texts[u] = text
    return {u: texts[u] for u in problem.system.inputs}


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
