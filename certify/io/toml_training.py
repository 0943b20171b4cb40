"""Requests for training in a problem file; their options are no part of any claim.

Options are plain values but for ``reads``, whose texts become expressions over the states.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from certify.checks import InvalidProblemError
from certify.expression import Node
from certify.problem import Training

from .toml_document import Decimal
from .toml_names import Names
from .toml_schema import ProblemTable, PropertyTable, SafetyTable, StabilityTable

__all__ = ["controller_training", "training"]


def training(path: Sequence[str], table: Mapping[str, object], names: Names) -> Training:
    """The request ``train = {...}`` at ``path``; its floats become floats."""
    given = _with_reads(path, table, names)
    options = {key: _option([*path, key], value) for key, value in given.items()}
    family = options.pop("family", "neural")
    if not isinstance(family, str):
        raise InvalidProblemError([*path, "family"], 'a family is a name; write family = "neural"')
    return Training(family, options)


def controller_training(
    table: ProblemTable, claim: PropertyTable, names: Names
) -> Mapping[str, object]:
    """What ``[controller] train = {...}`` adds to the options of the certificate's training."""
    tables = [name for name, value in table.controller.items() if not isinstance(value, str)]
    if not tables:
        return {}
    path = ["controller", tables[0]]
    if list(table.controller) != ["train"]:
        advice = 'write u = "..." for every input, or only train = { family = "neural" }'
        raise InvalidProblemError(path, f"a controller is given or trained; {advice}")
    if not _trains(claim):
        advice = "write train = {...} in the property too"
        raise InvalidProblemError(path, f"it is trained together with its certificate; {advice}")
    options = table.controller["train"]
    if isinstance(options, Mapping):
        options = _with_reads(["controller", "train"], options, names)
    return {"controller": options}


def _with_reads(
    path: Sequence[str], table: Mapping[str, object], names: Names
) -> Mapping[str, object]:
    """``table`` with its ``reads``, if it has any, as what a controller can measure."""
    reads = table.get("reads")
    if not isinstance(reads, Mapping):
        return table
    terms = {
        name: [
            names.measured([*path, "reads", name], text) if isinstance(text, str) else text
            for text in texts
        ]
        if isinstance(texts, list)
        else texts
        for name, texts in reads.items()
    }
    return {**table, "reads": terms}


def _trains(claim: PropertyTable) -> bool:
    if not isinstance(claim, StabilityTable | SafetyTable):
        return False
    table = claim.lyapunov if isinstance(claim, StabilityTable) else claim.barrier
    return table.train is not None


def _option(path: list[str], value: object) -> object:
    if isinstance(value, dict):
        return {key: _option([*path, key], inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_option(path, inner) for inner in value]
    if isinstance(value, Decimal) and math.isfinite(float(value.text)):
        return float(value.text)
    if isinstance(value, str | int | Node):
        return value
    raise InvalidProblemError(path, "an option is a finite number, a string, true or false")
