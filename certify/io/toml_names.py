"""The names of a problem file: what they stand for, and who may depend on what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from certify.checks import InvalidProblemError
from certify.expression import Node, const, substitute, var, variables
from certify.expression.parser import Function, parse, parse_condition
from certify.expression.rules import parse_rule
from certify.proofs.checker.errors import LanguageError
from certify.proofs.checker.obligations import Atom

from .toml_document import Document
from .toml_schema import SystemTable

__all__ = ["Names", "declared"]

_CONTROLLER = "a controller"


@dataclass
class Names:
    """Every name as a variable or intermediate, and the constants substituted in the end.

    Expressions are parsed over variables first, so that units can be checked on them.
    """

    document: Document
    kinds: Mapping[str, str]
    constants: Mapping[str, Node]
    functions: Mapping[str, Function]
    meaning: dict[str, Node] = field(default_factory=dict)
    later: Mapping[str, str] = field(default_factory=dict)

    def expression(self, path: Sequence[str], text: str) -> Node:
        """``text`` over all names, constants not yet substituted."""
        where = self._where(path)
        return parse(text, self.meaning, self.functions, where=where, refused=self.later)

    def over(self, path: Sequence[str], text: str, allowed: Collection[str], what: str) -> Node:
        """``text``, which is ``what``, over the ``allowed`` kinds of names only."""
        names, refused = self._visible(allowed, what)
        where = self._where(path)
        node = parse(text, names, self.functions, where=where, refused=refused)
        return self.final(path, node)

    def controller(self, name: str, text: str) -> Node:
        """The expression ``text`` of the input ``name``, over what a controller can measure."""
        return self.measured(["controller", name], text)

    def measured(self, path: Sequence[str], text: str) -> Node:
        """The expression ``text`` over what a controller can measure."""
        return self.over(path, text, {"state"}, _CONTROLLER)

    def condition(self, path: Sequence[str], text: str) -> tuple[Node, ...]:
        """The set of states that ``text`` describes."""
        names, refused = self._visible({"state"}, "a set of states")
        where = self._where(path)
        parts = parse_condition(text, names, self.functions, where=where, refused=refused)
        return tuple(self.final(path, part) for part in parts)

    def rule(
        self, path: Sequence[str], text: str, allowed: Collection[str]
    ) -> tuple[tuple[Atom, ...], tuple[Atom, ...]]:
        """The conditions and conclusions of the rule ``text`` over the ``allowed`` names."""
        names, refused = self._visible(allowed, "a rule")
        where = self._where(path)
        when, then = parse_rule(text, names, self.functions, where=where, refused=refused)
        final = [Atom(a.relation, self.final(path, a.node)) for a in (*when, *then)]
        return tuple(final[: len(when)]), tuple(final[len(when) :])

    def final(self, path: Sequence[str], node: Node) -> Node:
        """``node`` with the value of every constant."""
        try:
            return substitute(node, self.constants)
        except LanguageError as error:
            message = f"with the values of the parameters: {error}"
            raise InvalidProblemError(path, message) from error

    def _where(self, path: Sequence[str]) -> str:
        return f"{self.document.where(path)}: {path[-1]}"

    def _visible(
        self, allowed: Collection[str], what: str
    ) -> tuple[dict[str, Node], dict[str, str]]:
        """The names that depend on ``allowed`` kinds only, and why the others are refused."""
        names: dict[str, Node] = {}
        refused: dict[str, str] = {}
        for name, node in self.meaning.items():
            bad = [v for v in variables([node]) if self.kinds[v] not in {*allowed, "constant"}]
            if bad:
                refused[name] = self._reason(name, bad[0], what)
            else:
                names[name] = node
        return names, {**self.later, **refused}

    def _reason(self, name: str, bad: str, what: str) -> str:
        kind = self.kinds[bad]
        unmeasured = what == _CONTROLLER and kind != "input"
        measure = ", which it cannot measure" if unmeasured else ""
        through = "" if name == bad else f" (through {name!r})"
        reason = f"{what} cannot depend on the {kind} {bad!r}{measure}{through}"
        return f"{reason}; write it over the states"


def declared(document: Document, system: SystemTable, functions: Mapping[str, Function]) -> Names:
    """The names of ``system`` with its intermediates, read in order."""
    kinds = dict.fromkeys(system.states, "state")
    kinds |= dict.fromkeys(system.inputs, "input")
    kinds |= dict.fromkeys(system.disturbances, "disturbance")
    constants: dict[str, Node] = {}
    for name, value in system.parameters.items():
        kinds[name] = "constant" if isinstance(value, Fraction) else "uncertain parameter"
        if isinstance(value, Fraction):
            constants[name] = const(value)
    if system.step is not None:
        kinds["step"] = "constant"
        constants["step"] = const(system.step)
    later = {n: f"{n!r} is defined below; move it above its use" for n in system.let}
    if system.step is None:
        later["step"] = 'the step is not given; write step = "0.05" under [system]'
    names = Names(document, kinds, constants, functions, {n: var(n) for n in kinds}, later)
    for name, text in system.let.items():
        names.meaning[name] = names.expression(["system", "let", name], text)
    return names
