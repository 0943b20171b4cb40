"""Pretrained loops of Yang et al. (ICML 2024) as problem files that certify reads.

``python benchmarks/pretrained.py [--data FOLDER] [-o FOLDER] [--level largest] [NAME ...]``
writes ``NAME/problem.toml``, ``policy.onnx`` and ``phi.onnx`` for each loop.  Nothing is
rounded on the way: weights stay the binary32 numbers of the file, plant constants the decimals
of its statement, and the matrix ``eps I + R'R`` in V is the exact product, in decimals.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from certify.io.export_onnx import Layer, write_onnx

__all__ = ["DATA", "LOOPS", "convert"]

DATA = Path(__file__).parents[2] / "shared" / "data" / "lyapunov_stable_nn"


@dataclass(frozen=True)
class Plant:
    """How one plant of the collection is written; ``constants`` are keys of its statement."""

    constants: Mapping[str, str]
    units: Mapping[str, str]
    dynamics: Mapping[str, str]


_PENDULUM = Plant(
    constants={"m": "kg", "l": "m", "beta": "N*m*s", "g": "m/s**2"},
    units={"theta": "rad", "theta_dot": "rad/s", "u": "N*m"},
    dynamics={
        "theta": "theta + step*theta_dot",
        "theta_dot": "theta_dot + step*((g/l)*sin(theta) - beta/(m*l**2)*theta_dot + u/(m*l**2))",
    },
)
_PATH = Plant(
    constants={"speed": "", "length": "", "radius": ""},
    units={},
    dynamics={
        "d_e": "d_e + step*speed*sin(theta_e)",
        "theta_e": "theta_e + step*(speed*u/length - cos(theta_e)/(radius/speed - sin(theta_e)))",
    },
)
LOOPS: Mapping[str, Plant] = {
    "pendulum_state_feedback": _PENDULUM,
    "path_tracking_state_feedback": _PATH,
}


def convert(source: Path, target: Path, *, level: str = "published") -> Path:
    """Write the loop in the folder ``source`` to the folder ``target``; its problem file.

    ``level`` is "published", "largest" or a decimal.  The claim has no hole around the
    origin and no tolerance, which the published property has.
    """
    plant = LOOPS[source.name]
    # numbers stay the text that they are in the file
    statement = json.loads((source / "problem.json").read_text(), parse_float=str, parse_int=str)
    weights = np.load(source / "weights.npz")
    target.mkdir(parents=True, exist_ok=True)
    write_onnx(target / "policy.onnx", _layers(weights, "controller", "relu"))
    write_onnx(target / "phi.onnx", _layers(weights, "lyapunov", "leaky_relu"))
    rows = _weighted_rows(weights["lyapunov.R"], statement["lyapunov"]["eps"])
    wanted = statement["rho"][0] if level == "published" else level
    problem = target / "problem.toml"
    problem.write_text(_problem(statement, plant, rows, wanted), encoding="utf-8")
    return problem


def _layers(weights: Mapping[str, npt.NDArray[Any]], part: str, activation: str) -> list[Layer]:
    numbers = sorted({int(k.split(".")[2]) for k in weights if k.startswith(f"{part}.net.")})
    keys = [f"{part}.net.{n}" for n in numbers]
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
    context = Context(prec=200)
    text = context.divide(value.numerator, value.denominator)
    if Fraction(text) != value:
        raise ValueError(f"{value} is not a decimal of at most 200 digits")
    return f"{text:f}"


def _problem(
    statement: Mapping[str, Any], plant: Plant, rows: Sequence[Sequence[str]], level: str
) -> str:
    dynamics, states = statement["dynamics"], statement["dynamics"]["state"]
    point, zero = ", ".join(states), ", ".join("0" for _ in states)
    forms = [" + ".join(f"({c})*{x}" for c, x in zip(row, states, strict=True)) for row in rows]
    function = " + ".join([f"abs(phi({point}) - phi({zero}))", *(f"abs({form})" for form in forms)])
    rest, low, high = (statement[key][0] for key in ("u_equilibrium", "u_lo", "u_up"))
    units = {**plant.units, **{k: unit for k, unit in plant.constants.items() if unit}}
    upper = [max(float(region["upper"][i]) for region in statement["regions"]) for i in (0, 1)]
    constants = ", ".join(f'{k} = "{dynamics[k]}"' for k in plant.constants)
    offset = f" + {rest}" if Fraction(rest) else ""
    return f"""\
# {statement["name"]}: controller and V trained by Yang et al. (ICML 2024), data under MIT
# licence, (c) 2024 the authors.  Written by benchmarks/pretrained.py.
name = "{statement["name"].replace("_", "-")}"

[system]
time = "discrete"
step = "{dynamics["dt"]}"
states = [{", ".join(f'"{x}"' for x in states)}]
inputs = ["u"]
parameters = {{ {constants} }}

{_table("system.units", units)}{_table("system.dynamics", plant.dynamics)}[networks]
policy = "policy.onnx"
phi = "phi.onnx"

[controller]
u = "clip(policy({point}) - policy({zero}){offset}, {low}, {high})"

[domain]
{"".join(f'{x} = ["-{b:g}", "{b:g}"]' + chr(10) for x, b in zip(states, upper, strict=True))}
[property]
kind = "stability"
decay = "{statement["kappa"]}"
level = "{level}"

[property.lyapunov]
expression = "{function}"
"""


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
    options = parser.parse_args()
    for name in options.names or LOOPS:
        if name not in LOOPS:
            parser.error(f"{name}: only {' and '.join(LOOPS)} are converted")
        if not (options.data / name).is_dir():
            parser.error(f"{options.data / name}: there is no such folder; give --data")
        print(convert(options.data / name, options.out / name, level=options.level))


if __name__ == "__main__":
    main()
