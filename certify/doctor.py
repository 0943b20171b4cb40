"""What is installed and what it is good for."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from certify.errors import InputError
from certify.kernels import find_program
from certify.trusted_base import tools, trusted_base
from certify.verifiers.engine import engine_name
from certify.verifiers.registry import verifiers

__all__ = ["findings"]

_PACKAGES = (
    ("python-flint", "elementary functions in the checker (required)"),
    ("numpy", "the checker and the search (required)"),
    ("onnx", "reading networks (required)"),
    ("matplotlib", "figures in reports: pip install certify[report]"),
    ("torch", "training: pip install certify[train]"),
    ("control", "LQR for training, python-control systems: pip install certify[train]"),
    ("scipy", "training: pip install certify[train]"),
    ("z3-solver", "the second verifier: pip install certify[smt]"),
    ("distributed", "--engine dask://host:port: pip install certify[cluster]"),
    ("scikit-learn", "reading trees: pip install certify[models]"),
    ("sympy", "reading sympy expressions: pip install certify[models]"),
)


def findings() -> list[tuple[str, str, str]]:
    """Rows of (name, state, use)."""
    rows = [("python", platform.python_version(), "runs everything"), _engine()]
    for name, use in _PACKAGES:
        try:
            state = version(name)
        except PackageNotFoundError:
            state = "not installed"
        rows.append((name, state, use))
    adapter = "importable" if find_spec("auto_LiRPA") else "not installed"
    rows.append(("auto_LiRPA", adapter, "not used: the project bounds with its own models"))
    for verifier in verifiers():
        grade = verifier.capabilities.evidence
        theorems = ", ".join(sorted(verifier.capabilities.theorems))
        rows.append((verifier.name, f"evidence: {grade}", f"verifier for {theorems}"))
    return rows + _coq_kernel()


def _engine() -> tuple[str, str, str]:
    """The engine of branch and bound that is used, and why it is that one."""
    forced = os.environ.get("CERTIFY_ENGINE", "")
    try:
        name = engine_name()
    except InputError as error:
        return "engine", "none", str(error)
    if name != "python":
        reason = "asked for by CERTIFY_ENGINE" if forced else "the fastest of this processor"
        return "engine", f"native, {name}", f"grows proof trees: {reason}"
    if forced:
        return "engine", "python", "grows proof trees: asked for by CERTIFY_ENGINE"
    return "engine", "python", "grows proof trees, slower: no C++ compiler at installation"


def _coq_kernel() -> list[tuple[str, str, str]]:
    """The kernel that is proved in Coq, and what one has to believe of it."""
    try:
        rows = [("certify-kernel", "built", f"check --kernel verified: {find_program()}")]
    except InputError as error:
        rows = [("certify-kernel", "not built", str(error))]
    meaning = {
        "specification": "believed by those who read it",
        "glue": "not proved",
        "more in JavaScript": "not proved, for node and browsers",
        "axioms": "what the proofs rest on",
    }
    for part in trusted_base():
        state = f"{part.count} {part.unit}"
        rows.append((part.name, state, f"{meaning[part.name]}: {', '.join(part.files)}"))
    return [*rows, ("tools of Coq", tools(), "Coq's kernel and extraction, OCaml, zarith")]
