"""``problem.toml``: the file in which a user states a problem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from certify.checks import InvalidProblemError
from certify.problem import Problem
from certify.validate import validate

from .toml_build import build_problem
from .toml_check import checked
from .toml_document import read_document
from .toml_networks import NetworkFiles, NetworkFunction

__all__ = ["NetworkFunction", "read_problem"]


def read_problem(
    path: str | Path, *, networks: Callable[[Path], NetworkFunction] | None = None
) -> Problem:
    """The problem that the file at ``path`` states, with every number exact.

    ``networks`` reads a network file (by default ONNX, or a tree in JSON or npz); network
    files are relative to the folder of ``path``.  Parameters with one value, the ``step`` and
    the intermediates of ``[system.let]`` are substituted.  Training options keep floats, since
    they are no part of the claim; those of ``[controller] train`` are the option ``controller``.

    Raises ``ProblemError``, ``ExpressionError`` or ``NetworkError`` whose message starts
    with ``file:line:`` and says what to write instead.
    """
    document = read_document(Path(path))
    table, claim = checked(document)
    try:
        files = NetworkFiles(document, networks or _read_network)
        problem = build_problem(table, claim, files)
        validate(problem)
    except InvalidProblemError as error:
        raise document.error(error.path, error.message) from None
    return problem


def _read_network(path: Path) -> NetworkFunction:
    if path.suffix in (".json", ".npz"):
        from certify.io.tree_file import read_tree_file

        return read_tree_file(path)
    from certify.io.onnx import read_onnx  # onnx is loaded only when there is a network

    return read_onnx(path)
