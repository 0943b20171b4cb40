"""Claims of T-RULE as text for the kernel that is proved in Coq, which distinguishes cases itself.

The format is that of :mod:`certify.io.kernel_text`, with this in place of an obligation::

    T-RULE
    domain <n> <low> <high> ...
    decisions <nodes> ...
    rules <n>
    when <n> <positive or nonnegative> <value, counted back> ...
    then <n> ...

The trees that follow are those of cases that exact arithmetic leaves open, if there are any.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from certify.io.kernel_text import RELATIONS, node_lines, numbers
from certify.proofs.checker.calculus import substitute
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.decisions import stated_rules
from certify.proofs.checker.errors import Rejected
from certify.proofs.checker.language import Node, topological
from certify.proofs.checker.loops import bounded

__all__ = ["case_names", "rule_lines"]

_CASE = re.compile(r"rule/(\w+)/(0|[1-9][0-9]{0,8})\Z", re.ASCII)


def case_names(claim: Claim, names: Collection[str]) -> list[str]:
    """The cases ``names`` in the order in which the kernel finds them: rule by rule, numbered.

    Raises CheckerError if one is not the name of a case of a rule of ``claim``.
    """
    rules = [rule.name for rule in stated_rules(claim)]
    split = []
    for name in names:
        found = _CASE.match(name)
        if found is None or found[1] not in rules:
            raise Rejected(f"the tree {name[:40]!r} is for no case of a rule")
        split.append((rules.index(found[1]), int(found[2])))
    return [f"rule/{rules[rule]}/{i}" for rule, i in sorted(split)]


def rule_lines(claim: Claim) -> Iterator[str]:
    """What is claimed, with the controller in place of its inputs."""
    rules = stated_rules(claim)
    known: dict[Node, Node] = {}
    stated = dict.fromkeys(a.node for rule in rules for a in (*rule.when, *rule.then))
    of = {node: substitute(node, claim.controller, known) for node in stated}
    order = _near([*of.values()])
    box = bounded(claim)
    yield " ".join([f"domain {len(box)}", *map(numbers, box.values())])
    yield f"decisions {len(order)}"
    yield from node_lines(order, {x: i for i, x in enumerate(box)})
    last = {node: i for i, node in enumerate(order)}
    yield f"rules {len(rules)}"
    for rule in rules:
        for word, atoms in (("when", rule.when), ("then", rule.then)):
            compared = [
                f"{RELATIONS[a.relation]} {len(order) - 1 - last[of[a.node]]}" for a in atoms
            ]
            yield " ".join([f"{word} {len(atoms)}", *compared])


def _near(roots: Sequence[Node]) -> list[Node]:
    """The nodes of ``roots``, with variables and constants again before each use.

    The kernel counts back to arguments: those of a tree with thousands of leaves stay near.
    """
    order: list[Node] = []
    for node in topological(roots):
        if node.args:
            order += [a for a in dict.fromkeys(node.args) if not a.args]
            order.append(node)
    return order + [node for node in dict.fromkeys(roots) if not node.args]
