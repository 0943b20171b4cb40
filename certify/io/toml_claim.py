"""The property of a problem file, as the objects that theorems take."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from certify.checks import InvalidProblemError
from certify.expression import Node, const, var
from certify.expression.quadratic import quadratic_form
from certify.problem import (
    Extension,
    Output,
    Property,
    Recovery,
    Rule,
    Rules,
    Safety,
    Stability,
    Training,
)

from .toml_names import Names
from .toml_networks import NetworkFiles
from .toml_schema import (
    CertificateTable,
    LyapunovTable,
    PropertyTable,
    RecoveryTable,
    RulesTable,
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
            extend = None if claim.extend is None else Extension(**dict(claim.extend))
            return Stability(lyapunov, equilibrium, claim.decay, claim.level, extend)
        if isinstance(claim, SafetyTable):
            initial = self.names.condition(["property", "initial"], claim.initial)
            unsafe = self.names.condition(["property", "unsafe"], claim.unsafe)
            return Safety(initial, unsafe, self._function(["property", "barrier"], claim.barrier))
        if isinstance(claim, RecoveryTable):
            return self._recovery(claim)
        allowed = {"state", "input", "disturbance", "uncertain parameter"}
        if isinstance(claim, RulesTable):
            return self._rules(claim, allowed)
        path = ["property", "expression"]
        output = self.names.over(path, claim.expression, allowed, "an output")
        return Output(output, claim.lower, claim.upper)

    def _recovery(self, claim: RecoveryTable) -> Recovery:
        target = self.names.condition(["property", "target"], claim.target)
        initial = (
            ()
            if claim.initial is None
            else (self.names.condition(["property", "initial"], claim.initial))
        )
        steps, away = (None if n is None else Fraction(n) for n in (claim.steps, claim.away))
        given = {}
        for name, rows in claim.distribution.items():
            if any(len(row) != 3 for row in rows):
                message = "a piece is not [low, high, probability]; write three numbers"
                raise InvalidProblemError(["property", "distribution", name], message)
            given[name] = tuple((row[0], row[1], row[2]) for row in rows)
        return Recovery(target, initial, steps, away, claim.depth, claim.hops, given)

    def _rules(self, claim: RulesTable, allowed: Collection[str]) -> Rules:
        rules = {}
        for name, text in claim.rules.items():
            when, then = self.names.rule(["property", "rules", name], text, allowed)
            rules[name] = Rule(when, then)
        decisions = claim.decisions
        if decisions is None:
            return Rules(rules)
        rows = (row if isinstance(row, list) else [row] for row in decisions)
        return Rules(rules, tuple(map(tuple, rows)))

    def _function(
        self,
        path: list[str],
        table: CertificateTable,
        equilibrium: Mapping[str, Fraction] | None = None,
    ) -> Node | Training:
        """The Lyapunov function or barrier, given or to be trained."""
        if table.train is not None:
            options = {**table.train, **self.controller}
            return training([*path, "train"], options, self.names)
        if table.network is not None:
            return self.networks.scalar([*path, "network"], table.network, self.states)
        if isinstance(table, LyapunovTable) and table.quadratic is not None:
            return self._quadratic([*path, "quadratic"], table.quadratic, equilibrium or {})
        what = f"a {path[-1]} function"
        return self.names.over([*path, "expression"], table.expression or "", {"state"}, what)

    def _quadratic(
        self, path: list[str], rows: list[list[Fraction]], equilibrium: Mapping[str, Fraction]
    ) -> Node:
        """``(x - x*)' P (x - x*)`` for the symmetric matrix ``rows``."""
        n = len(self.states)
        if len(rows) != n or any(len(row) != n for row in rows):
            raise InvalidProblemError(path, f"P is not {n} by {n}; write one row for each state")
        for i, j in combinations(range(n), 2):
            if rows[i][j] != rows[j][i]:
                message = f"P is not symmetric: P[{i}][{j}] differs from P[{j}][{i}]"
                raise InvalidProblemError(path, f"{message}; write (P + P')/2")
        if not any(map(any, rows)):
            raise InvalidProblemError(path, "P is zero; write a positive definite matrix")
        return quadratic_form(rows, [var(s) - const(equilibrium[s]) for s in self.states])
