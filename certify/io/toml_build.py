"""From the tables of a problem file to the problem that it states."""

from __future__ import annotations

from fractions import Fraction

from certify.checks import InvalidProblemError, check_names, check_states, check_step
from certify.problem import Problem, System

from .toml_claim import ClaimReader
from .toml_names import Names, declared
from .toml_networks import NetworkFiles
from .toml_schema import ProblemTable, PropertyTable, SystemTable
from .toml_training import controller_training
from .toml_units import check_units

__all__ = ["build_problem"]

_MOST_NAMES = 1000


def build_problem(table: ProblemTable, claim: PropertyTable, networks: NetworkFiles) -> Problem:
    """The problem of ``table`` and its property table ``claim``.

    Raises ``InvalidProblemError`` with the place of the fault, and the errors of expressions
    and networks, whose messages already have it.
    """
    system = table.system
    groups = (
        ("states", system.states),
        ("inputs", system.inputs),
        ("disturbances", system.disturbances),
        ("parameters", system.parameters),
        ("let", system.let),
    )
    check_states(system.states)
    check_step(system.time, system.step)
    paths = [(["system", key], names) for key, names in groups]
    if sum(len(names) for _, names in groups) > _MOST_NAMES:
        raise InvalidProblemError(["system"], f"more than {_MOST_NAMES} names; write fewer")
    check_names([*paths, (["networks"], table.networks)])
    functions = {n: networks.read(["networks", n], f) for n, f in table.networks.items()}
    names = declared(networks.document, system, functions)
    options = controller_training(table, claim, names)
    reader = ClaimReader(names, networks, system.states, options)
    return Problem(
        name=table.name,
        system=_system(system, names),
        controller={
            name: names.controller(name, text)
            for name, text in table.controller.items()
            if isinstance(text, str)
        },
        domain=table.domain,
        property=reader.property(claim),
        box=claim.box,
        sources=networks.sources,
    )


def _system(table: SystemTable, names: Names) -> System:
    """The plant; its units are checked before parameters become numbers."""
    path = ["system", "dynamics"]
    raw = {n: names.expression([*path, n], text) for n, text in table.dynamics.items()}
    check_units(table, names, raw)
    uncertain = {n: v for n, v in table.parameters.items() if not isinstance(v, Fraction)}
    kept = {*table.states, *table.inputs, *table.disturbances, *uncertain}
    return System(
        time=table.time,
        states=tuple(table.states),
        dynamics={n: names.final([*path, n], node) for n, node in raw.items()},
        inputs=tuple(table.inputs),
        disturbances=tuple(table.disturbances),
        parameters=uncertain,
        step=table.step,
        units={n: unit for n, unit in table.units.items() if n in kept},
    )
