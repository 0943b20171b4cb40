"""Pretrained loops of Yang et al. (ICML 2024) as problem files that certify reads.

``python benchmarks/pretrained.py [--data FOLDER] [-o FOLDER] [--level largest] [--decay D]
[NAME ...]`` writes ``NAME/problem.toml`` and the networks of each loop.  Nothing is rounded on
the way: weights stay the binary32 numbers of the file, plant constants the decimals of its
statement, and the matrix ``eps I + R'R`` in V is the exact product, in decimals.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from decimal import Context
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from plants import LOOPS, Plant

from certify.io.export_onnx import Layer, write_onnx

__all__ = ["DATA", "LOOPS", "convert"]

DATA = Path(__file__).parents[2] / "shared" / "data" / "lyapunov_stable_nn"


def convert(
    source: Path, target: Path, *, level: str = "published", decay: str = "published"
) -> Path:
    """Write the loop in the folder ``source`` to the folder ``target``; its problem file.

    ``level`` is "published", "largest" or a decimal, ``decay`` "published" or a decimal.  The
    claim has no hole around the origin and no tolerance, which the published property has.
    """
    plant = LOOPS[source.name]
    # numbers stay the text that they are in the file
    statement = json.loads((source / "problem.json").read_text(), parse_float=str, parse_int=str)
    if Fraction(statement["dynamics"].get("b", "0")):
        raise ValueError(f"{source.name}: the damping b is not 0, and the equations have none")
    weights = np.load(source / "weights.npz")
    target.mkdir(parents=True, exist_ok=True)
    networks = {
        "policy": _layers(weights, "controller.net", "relu"),
        "observer": _layers(weights, "observer.fc_net", "leaky_relu"),
        "phi": _layers(weights, "lyapunov.net", "leaky_relu"),
    }
    for name in [name for name, layers in networks.items() if not layers]:
        del networks[name]
    for name, layers in networks.items():
        write_onnx(target / f"{name}.onnx", layers)
    rows = _weighted_rows(weights["lyapunov.R"], statement["lyapunov"]["eps"])
    function = _piecewise_linear(plant, rows) if "phi" in networks else _quadratic(rows)
    asked = {
        "decay": statement["kappa"] if decay == "published" else decay,
        "level": statement["rho"][0] if level == "published" else level,
    }
    problem = target / "problem.toml"
    text = _problem(statement, plant, networks, asked, function)
    problem.write_text(text, encoding="utf-8")
    return problem


def _layers(weights: Mapping[str, npt.NDArray[Any]], part: str, activation: str) -> list[Layer]:
    numbers = sorted({int(k.split(".")[2]) for k in weights if k.startswith(f"{part}.")})
    keys = [f"{part}.{n}" for n in numbers]
    return [
        (weights[f"{k}.weight"], weights[f"{k}.bias"], activation if k != keys[-1] else None)
        for k in keys
    ]


def _weighted_rows(r: npt.NDArray[np.float32], eps: str) -> list[list[str]]:
    """The matrix ``eps I + R'R`` of the exact binary32 entries of ``r``."""
    columns = [[Fraction(float(v)) for v in column] for column in r.T]
    return [
        [
            _decimal(sum((x * y for x, y in zip(a, b, strict=True)), Fraction(eps) * (i == j)))
            for j, b in enumerate(columns)
        ]
        for i, a in enumerate(columns)
    ]


def _decimal(value: Fraction) -> str:
    """``value`` as the finite decimal that it is."""
    context = Context(prec=300)
    text = context.divide(value.numerator, value.denominator)
    if Fraction(text) != value:
        raise ValueError(f"{value} is not a decimal of at most 300 digits")
    return f"{text:f}"


def _piecewise_linear(plant: Plant, rows: Sequence[Sequence[str]]) -> str:
    """``V(x) = |phi(x) - phi(0)| + |(eps I + R'R) x|_1``."""
    point, zero = ", ".join(plant.states), ", ".join("0" for _ in plant.states)
    forms = [
        " + ".join(f"({c})*{x}" for c, x in zip(row, plant.states, strict=True)) for row in rows
    ]
    terms = [f"abs(phi({point}) - phi({zero}))", *(f"abs({form})" for form in forms)]
    text = " +\n".join(terms)
    return f'expression = """\n{text}\n"""\n'


def _quadratic(rows: Sequence[Sequence[str]]) -> str:
    """``V(x) = x'(eps I + R'R) x``."""
    lines = [", ".join(f'"{c}"' for c in row) for row in rows]
    text = "".join(f"    [{line}],\n" for line in lines)
    return f"quadratic = [\n{text}]\n"


def _controller(statement: Mapping[str, Any], plant: Plant) -> dict[str, str]:
    """``clip(policy(y) - policy(0) + u*, low, high)`` for each input."""
    point, zero = ", ".join(plant.measured), ", ".join("0" for _ in plant.measured)
    result = {}
    for i, name in enumerate(plant.inputs):
        rest, low, high = (statement[key][i] for key in ("u_equilibrium", "u_lo", "u_up"))
        part = f"[{i}]" if len(plant.inputs) > 1 else ""
        offset = f" + {rest}" if Fraction(rest) else ""
        network = f"policy({point}){part} - policy({zero}){part}"
        result[name] = f"clip({network}{offset}, {low}, {high})"
    return result


def _domain(statement: Mapping[str, Any], states: Sequence[str]) -> dict[str, str]:
    """The box: what the next state has to stay in, without the tolerance of that test."""
    (threshold,) = statement["decrease_threshold_Y0"]
    limits = {i: v for sign, i, v in statement["x_next_violation_constraints"] if sign == ">="}
    # ten decimals are what the statement means: 0.050001000000000004 is 0.05 and 1e-6
    bounds = {
        x: round(Fraction(limits[str(i)]) + Fraction(threshold), 10) for i, x in enumerate(states)
    }
    return {x: _decimal(bound) for x, bound in bounds.items()}


def _problem(
    statement: Mapping[str, Any],
    plant: Plant,
    networks: Mapping[str, Sequence[Layer]],
    asked: Mapping[str, str],
    function: str,
) -> str:
    dynamics, box = statement["dynamics"], _domain(statement, list(plant.states))
    units = {**plant.states, **plant.inputs, **plant.constants}
    units = {name: unit for name, unit in units.items() if unit}
    constants = ", ".join(f'{k} = "{dynamics[k]}"' for k in plant.constants)
    files = {name: f"{name}.onnx" for name in networks}
    bounds = "".join(f'{x} = ["-{b}", "{b}"]\n' for x, b in box.items())
    return f"""\
# {statement["name"]}: controller and V trained by Yang et al. (ICML 2024), data under MIT
# licence, (c) 2024 the authors.  Written by benchmarks/pretrained.py.
name = "{statement["name"].replace("_", "-")}"

[system]
time = "discrete"
step = "{dynamics["dt"]}"
states = [{", ".join(f'"{x}"' for x in plant.states)}]
inputs = [{", ".join(f'"{u}"' for u in plant.inputs)}]
parameters = {{ {constants} }}

{_table("system.units", units)}{_table("system.let", plant.let)}\
{_table("system.dynamics", plant.dynamics)}\
{_table("networks", files)}\
{_table("controller", _controller(statement, plant))}\
[domain]
{bounds}
[property]
kind = "stability"
decay = "{asked["decay"]}"
level = "{asked["level"]}"

[property.lyapunov]
{function}"""


def _table(name: str, entries: Mapping[str, str]) -> str:
    rows = "".join(f'{key} = "{value}"\n' for key, value in entries.items())
    return f"[{name}]\n{rows}\n" if rows else ""


def main() -> None:
    """Convert the loops that the command line names."""
    parser = argparse.ArgumentParser(description="Write pretrained loops as problem files.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(LOOPS)}")
    parser.add_argument("--data", type=Path, default=DATA, help="where the collection is")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/pretrained"))
    parser.add_argument("--level", default="published", help="published, largest or a number")
    parser.add_argument("--decay", default="published", help="published or a number")
    options = parser.parse_args()
    for name in options.names or LOOPS:
        if name not in LOOPS:
            parser.error(f"{name}: only {', '.join(LOOPS)} are converted")
        if not (options.data / name).is_dir():
            parser.error(f"{options.data / name}: there is no such folder; give --data")
        target = options.out / name
        print(convert(options.data / name, target, level=options.level, decay=options.decay))


if __name__ == "__main__":
    main()
