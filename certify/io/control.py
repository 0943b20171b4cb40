"""python-control systems as plants with exact matrices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import control
import numpy as np
import numpy.typing as npt

from certify.errors import ProblemError
from certify.expression import Node, const, var
from certify.problem import System

__all__ = ["read_control", "read_control_outputs"]


def read_control(
    system: control.StateSpace,
    states: Sequence[str] | None = None,
    inputs: Sequence[str] | None = None,
    disturbances: Sequence[str] = (),
) -> System:
    """The plant ``x+ = A x + B u`` or ``dx/dt = A x + B u`` of a state-space ``system``.

    Every entry of ``A`` and ``B`` is the binary64 number that it is, and so is the sampling
    time: discretising has already rounded.  ``states`` and ``inputs`` rename the signals
    (by default their labels, ``x[0]`` as ``x0``); the inputs also named in ``disturbances``
    become disturbances.  See :func:`read_control_outputs` for ``C`` and ``D``.

    Raises ``ProblemError`` for anything but a ``StateSpace``, for an unspecified time base
    (``dt=None``), for names that do not fit, and for NaN or infinity.
    """
    state_names, input_names = _names(system, states, inputs)
    unknown = [d for d in disturbances if d not in input_names]
    if unknown:
        raise ProblemError(f"the disturbance {unknown[0]} is not one of the inputs {input_names}")
    rows = _sums({"A": system.A, "B": system.B}, state_names, input_names)
    if system.dt is None:
        raise ProblemError(
            "the system has dt=None: say dt=0 for continuous time, or the sampling time in seconds"
        )
    return System(
        time="continuous" if system.dt == 0 else "discrete",
        states=tuple(state_names),
        dynamics=dict(zip(state_names, rows, strict=True)),
        inputs=tuple(i for i in input_names if i not in disturbances),
        disturbances=tuple(disturbances),
        step=None if system.dt == 0 or system.dt is True else Fraction(float(system.dt)),
    )


def read_control_outputs(
    system: control.StateSpace,
    states: Sequence[str] | None = None,
    inputs: Sequence[str] | None = None,
) -> Mapping[str, Node]:
    """The outputs ``y = C x + D u`` of ``system``, by name; see :func:`read_control`."""
    state_names, input_names = _names(system, states, inputs)
    rows = _sums({"C": system.C, "D": system.D}, state_names, input_names)
    return dict(zip(_identifiers(system.output_labels, "output"), rows, strict=True))


def _names(
    system: control.StateSpace, states: Sequence[str] | None, inputs: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    _refuse_others(system)
    state_names = _identifiers(system.state_labels if states is None else states, "state")
    input_names = _identifiers(system.input_labels if inputs is None else inputs, "input")
    if len(state_names) != system.nstates or len(input_names) != system.ninputs:
        raise ProblemError(
            f"the system has {system.nstates} states and {system.ninputs} inputs, "
            f"but {len(state_names)} and {len(input_names)} names were given"
        )
    if len({*state_names, *input_names}) != len(state_names) + len(input_names):
        raise ProblemError(f"the names of states {state_names} and inputs {input_names} repeat")
    return state_names, input_names


def _refuse_others(system: object) -> None:
    kind = type(system).__name__
    if isinstance(system, control.StateSpace):
        return
    if isinstance(system, control.NonlinearIOSystem):
        raise ProblemError(
            f"a {kind} is made of Python functions, which cannot be read exactly: "
            "write its equations in [system.dynamics], or linearise it with control.linearize"
        )
    if isinstance(system, control.TransferFunction):
        raise ProblemError(
            f"a {kind} has no state: convert it with control.ss (which rounds) and read that"
        )
    raise ProblemError(f"a {kind} is not a control.StateSpace")


def _identifiers(labels: Sequence[str], what: str) -> list[str]:
    names = [re.sub(r"\[(\d+)\]\Z", r"\1", label) for label in labels]
    wrong = [name for name in names if not name.isidentifier()]
    if wrong:
        raise ProblemError(f"the {what} {wrong[0]!r} is not a name: rename it")
    return names


def _sums(
    matrices: Mapping[str, npt.NDArray[Any]], states: Sequence[str], inputs: Sequence[str]
) -> list[Node]:
    """The rows of ``[A B] (x, u)``, without the terms whose coefficient is exactly zero."""
    for name, matrix in matrices.items():
        if np.iscomplexobj(matrix) or not np.isfinite(matrix).all():
            raise ProblemError(f"the matrix {name} holds a number that is not real and finite")
    columns = [var(name) for name in (*states, *inputs)]
    rows = np.hstack([np.asarray(m, dtype=np.float64) for m in matrices.values()]).tolist()
    return [_sum(row, columns) for row in rows]


def _sum(coefficients: Sequence[float], columns: Sequence[Node]) -> Node:
    total = const(0)
    for coefficient, column in zip(coefficients, columns, strict=True):
        if coefficient != 0:
            total = total + const(coefficient) * column
    return total
