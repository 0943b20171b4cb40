"""The property of a problem file, as the objects that theorems take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from certify.checks import InvalidProblemError
from certify.expression import Node, const, var
from certify.problem import Output, Property, Safety, Stability, Training

from .toml_names import Names
from .toml_networks import NetworkFiles
from .toml_schema import (
    CertificateTable,
    LyapunovTable,
    PropertyTable,
    SafetyTable,
    StabilityTable,
)
from .toml_training import training

__all__ = ["ClaimReader"]


@dataclass(frozen=True)
class ClaimReader:
    """Reads property tables over ``states``; ``controller`` are options to train with."""

    names: Names
    networks: NetworkFiles
    states: Sequence[str]
    controller: Mapping[str, object]

    def property(self, claim: PropertyTable) -> Property:
        """The property that ``claim`` states."""
        if isinstance(claim, StabilityTable):
            equilibrium = {**dict.fromkeys(self.states, Fraction(0)), **claim.equilibrium}
            lyapunov = self._function(["property", "lyapunov"], claim.lyapunov, equilibrium)
            return Stability(lyapunov, equilibrium, claim.decay, claim.level)
        if isinstance(claim, SafetyTable):
            initial = self.names.condition(["property", "initial"], claim.initial)
            unsafe = self.names.condition(["property", "unsafe"], claim.unsafe)
            return Safety(initial, unsafe, self._function(["property", "barrier"], claim.barrier))
        allowed = {"state", "input", "disturbance", "uncertain parameter"}
        path = ["property", "expression"]
        output = self.names.over(path, claim.expression, allowed, "an output")
        return Output(output, claim.lower, claim.upper)

    def _function(
        self,
        path: list[str],
        table: CertificateTable,
        equilibrium: Mapping[str, Fraction] | None = None,
    ) -> Node | Training:
        """The Lyapunov function or barrier, given or to be trained."""
        if table.train is not None:
            return training([*path, "train"], {**table.train, **self.controller})
        if table.network is not None:
            return self.networks.scalar([*path, "network"], table.network, self.states)
        if isinstance(table, LyapunovTable) and table.quadratic is not None:
            return self._quadratic([*path, "quadratic"], table.quadratic, equilibrium or {})
        what = f"a {path[-1]} function"
        return self.names.over([*path, "expression"], table.expression or "", {"state"}, what)

    def _quadratic(
        self, path: list[str], rows: list[list[Fraction]], equilibrium: Mapping[str, Fraction]
    ) -> Node:
        """``(x - x*)' P (x - x*)`` as a sum over the upper triangle of the matrix ``rows``."""
        n = len(self.states)
        if len(rows) != n or any(len(row) != n for row in rows):
            raise InvalidProblemError(path, f"P is not {n} by {n}; write one row for each state")
        offset = [var(s) - const(equilibrium[s]) for s in self.states]
        terms: list[Node] = []
        for i, row in enumerate(rows):
            for j in range(i, n):
                if row[j] != rows[j][i]:
                    message = f"P is not symmetric: P[{i}][{j}] differs from P[{j}][{i}]"
                    raise InvalidProblemError(path, f"{message}; write (P + P')/2")
                if row[j] != 0:
                    square = offset[i] ** 2 if i == j else 2 * offset[i] * offset[j]
                    terms.append(const(row[j]) * square)
        if not terms:
            raise InvalidProblemError(path, "P is zero; write a positive definite matrix")
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total
