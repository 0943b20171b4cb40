"""What is installed and what it is good for."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from certify.verifiers.registry import verifiers

__all__ = ["findings"]

_PACKAGES = (
    ("python-flint", "ball arithmetic of the checker (required)"),
    ("numpy", "the search (required)"),
    ("onnx", "reading networks (required)"),
    ("matplotlib", "figures in reports: pip install certify[report]"),
    ("torch", "training: pip install certify[train]"),
    ("control", "LQR for training, python-control systems: pip install certify[train]"),
    ("scipy", "training: pip install certify[train]"),
    ("z3-solver", "the second verifier: pip install certify[smt]"),
    ("scikit-learn", "reading trees: pip install certify[models]"),
    ("sympy", "reading sympy expressions: pip install certify[models]"),
)


def findings() -> list[tuple[str, str, str]]:
    """Rows of (name, state, use)."""
    rows = [("python", platform.python_version(), "runs everything")]
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
    return rows
