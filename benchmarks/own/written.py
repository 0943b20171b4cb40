"""A loop of our own as a problem file with its networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from loops import Loop

from certify.io.export_onnx import Layer, write_onnx

__all__ = ["write_problem"]


def write_problem(
    loop: Loop,
    folder: Path,
    networks: Mapping[str, Sequence[Layer]],
    rows: Sequence[Sequence[str]],
    level: Fraction,
) -> None:
    """Write ``problem.toml`` and the ``networks``; ``rows`` is the matrix of V in decimals."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, layers in networks.items():
        write_onnx(folder / f"{name}.onnx", layers)
    units = {**loop.states, **loop.inputs, **{k: unit for k, (_, unit) in loop.constants.items()}}
    constants = ", ".join(f'{k} = "{value}"' for k, (value, _) in loop.constants.items())
    time = f'time = "discrete"\nstep = "{loop.step}"' if loop.step else 'time = "continuous"'
    rates = loop.rates
    if loop.step:
        rates = {x: f"{x} + step*({rate})" for x, rate in rates.items()}
    box = "".join(f'{x} = ["-{b}", "{b}"]\n' for x, b in zip(loop.states, loop.box, strict=True))
    text = f"""\
# {loop.about}
# Written by `python benchmarks/own/train.py {folder.name}`.
name = "{loop.name}"

[system]
{time}
states = [{_quoted(loop.states)}]
inputs = [{_quoted(loop.inputs)}]
parameters = {{ {constants} }}

{_table("system.units", units)}{_table("system.let", loop.let)}\
{_table("system.dynamics", rates)}\
{_table("networks", {name: f"{name}.onnx" for name in networks})}\
{_table("controller", _controller(loop))}\
[domain]
{box}
[property]
kind = "stability"
decay = "{loop.decay}"
level = "{_decimal(level)}"

[property.lyapunov]
{_lyapunov(loop, rows)}"""
    (folder / "problem.toml").write_text(text, encoding="utf-8")


def _quoted(names: Mapping[str, str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _decimal(value: Fraction) -> str:
    return f"{float(value):.12g}"


def _table(name: str, entries: Mapping[str, str]) -> str:
    rows = "".join(f'{key} = "{value}"\n' for key, value in entries.items())
    return f"[{name}]\n{rows}\n" if rows else ""


def _difference(loop: Loop, network: str, output: int, outputs: int) -> str:
    part = f"[{output}]" if outputs > 1 else ""
    point, zero = ", ".join(loop.states), ", ".join("0" for _ in loop.states)
    return f"{network}({point}){part} - {network}({zero}){part}"


def _controller(loop: Loop) -> dict[str, str]:
    offset = f" + {loop.rest}" if Fraction(loop.rest) else ""
    low, high = loop.limits
    size = len(loop.inputs)
    texts = (f"{_difference(loop, 'policy', i, size)}{offset}" for i in range(size))
    return {u: f"clip({text}, {low}, {high})" for u, text in zip(loop.inputs, texts, strict=True)}


def _lyapunov(loop: Loop, rows: Sequence[Sequence[str]]) -> str:
    if not loop.features:
        lines = "".join("    [" + ", ".join(f'"{c}"' for c in row) + "],\n" for row in rows)
        return f"quadratic = [\n{lines}]\n"
    names = list(loop.states)
    terms = [
        f"({Decimal(rows[i][j]) * (1 if i == j else 2)})*{x}{f'*{y}' if i < j else '**2'}"
        for i, x in enumerate(names)
        for j, y in enumerate(names)
        if i <= j
    ]
    squares = [f"({_difference(loop, 'phi', i, loop.features)})**2" for i in range(loop.features)]
    text = " +\n".join([" + ".join(terms), *squares])
    return f'expression = """\n{text}\n"""\n'
