"""Whether the dynamics of a problem file respect the units that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from certify.checks import InvalidProblemError, check_known
from certify.errors import ProblemError
from certify.expression import Node, variables

from .toml_names import Names
from .toml_schema import SystemTable
from .units import Unit, parse_unit, unit_of

__all__ = ["check_units"]

_SECOND = parse_unit("s")


def check_units(system: SystemTable, names: Names, dynamics: Mapping[str, Node]) -> None:
    """Raise at the first expression of ``[system]`` in which declared units disagree."""
    units = _declared(system, names)
    for name in system.let:
        _compare(["system", "let", name], names.meaning[name], units, units.get(name), "it")
    for name, node in dynamics.items():
        wanted = units.get(name)
        if wanted is not None and system.time == "continuous":
            wanted = wanted.times(_SECOND, Fraction(-1))
        what = "the next value" if system.time == "discrete" else "the derivative"
        _compare(["system", "dynamics", name], node, units, wanted, f"{what} of {name}")


def _declared(system: SystemTable, names: Names) -> dict[str, Unit]:
    units: dict[str, Unit] = {"step": _SECOND}
    for name, text in system.units.items():
        path = ["system", "units", name]
        check_known(path, name, names.meaning, "a name of the system")
        try:
            units[name] = parse_unit(text)
        except ProblemError as error:
            raise InvalidProblemError(path, str(error)) from None
    if not units["step"].agrees(_SECOND):
        message = f"the step is in {units['step']}; write s"
        raise InvalidProblemError(["system", "units", "step"], message)
    return units


def _compare(
    path: list[str], node: Node, units: Mapping[str, Unit], wanted: Unit | None, what: str
) -> None:
    used = ", ".join(f"{v} in {units[v]}" for v in variables([node]) if v in units)
    try:
        found = unit_of(node, units)
    except ProblemError as error:
        message = f"{path[-1]}: {error}; write terms of one unit (here {used})"
        raise InvalidProblemError(path, message) from None
    if found is not None and wanted is not None and not found.agrees(wanted):
        message = f"{what} is in {found}; write an expression in {wanted} (here {used})"
        raise InvalidProblemError(path, message)
