"""Case distinction on thresholds, exactly: boxes with open ends on which trees are one leaf.

Where the condition of a ``select`` is affine in one variable, its two branches are taken on two
parts of a box, one of which owns the threshold.  Nothing is rounded.
Proofs: ``proofs/theory/T-RULE.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from .errors import LanguageError
from .language import Node, build

__all__ = [
    "Range",
    "Ranges",
    "Sharp",
    "affine_form",
    "cases",
    "choices",
    "decided",
    "impossible",
    "narrowed",
    "negated",
    "with_choices",
]

_MOST_CASES = 1 << 17


class Range(NamedTuple):
    """The reals between two rational ends, each of which may be left out."""

    low: Fraction
    high: Fraction
    open_low: bool = False
    open_high: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no number is left."""
        return self.low > self.high or (self.low == self.high and (self.open_low or self.open_high))

    def above(self, bound: Fraction, *, strict: bool) -> Range:
        """Those ``> bound`` if ``strict``, else ``>= bound``."""
        if bound > self.low or (bound == self.low and strict):
            return self._replace(low=bound, open_low=strict)
        return self

    def below(self, bound: Fraction, *, strict: bool) -> Range:
        """Those ``< bound`` if ``strict``, else ``<= bound``."""
        if bound < self.high or (bound == self.high and strict):
            return self._replace(high=bound, open_high=strict)
        return self


Ranges: TypeAlias = Mapping[str, Range]


class Sharp(NamedTuple):
    """``constant + sum of slopes[x] x``, with no slope 0."""

    constant: Fraction
    slopes: Mapping[str, Fraction]


_known: WeakKeyDictionary[Node, Sharp | None] = WeakKeyDictionary()


def affine_form(root: Node) -> Sharp | None:
    """``root`` as an affine function of its variables, if it is plainly one."""
    if root not in _known:
        forms: dict[Node, Sharp] = {}
        for node in _outside_selects([root]):
            form = _form(node, [forms[a] for a in node.args if a in forms])
            if form is None:
                break
            forms[node] = form
        _known[root] = forms.get(root)
    return _known[root]


def _form(node: Node, args: list[Sharp]) -> Sharp | None:
    if node.op == "const" and isinstance(node.data, Fraction):
        return Sharp(node.data, {})
    if node.op == "var":
        return Sharp(Fraction(0), {str(node.data): Fraction(1)})
    if node.size or len(args) != len(node.args):
        return None
    if node.op == "neg":
        return negated(args[0])
    if node.op in ("add", "sub"):
        return _sum(args[0], args[1] if node.op == "add" else negated(args[1]))
    if node.op == "mul":
        for a, b in (args, reversed(args)):
            if not a.slopes:
                return _scaled(a.constant, b)
    return None


def _scaled(factor: Fraction, a: Sharp) -> Sharp:
    slopes = {x: factor * s for x, s in a.slopes.items() if factor}
    return Sharp(factor * a.constant, slopes)


def _sum(a: Sharp, b: Sharp) -> Sharp:
    slopes = dict(a.slopes)
    for x, s in b.slopes.items():
        slopes[x] = slopes[x] + s if x in slopes else s
        if not slopes[x]:
            del slopes[x]
    return Sharp(a.constant + b.constant, slopes)


def negated(a: Sharp) -> Sharp:
    """``-a``."""
    return Sharp(-a.constant, {x: -s for x, s in a.slopes.items()})


def narrowed(box: Ranges, form: Sharp, *, strict: bool) -> Ranges | None:
    """The part of ``box`` with ``form > 0`` (``>= 0`` if not ``strict``); None if that is empty.

    Exact for a form in one variable or none; for others all of ``box``, or None.
    """
    if len(form.slopes) != 1:
        return None if impossible(box, form, strict=strict) else box
    ((x, slope),) = form.slopes.items()
    bound = -form.constant / slope
    side = box[x].above if slope > 0 else box[x].below
    part = side(bound, strict=strict)
    return None if part.is_empty else {**box, x: part}


def impossible(box: Ranges, form: Sharp, *, strict: bool) -> bool:
    """Whether ``form > 0`` (``>= 0`` if not ``strict``) nowhere in ``box``, which is not empty."""
    top, attained = form.constant, True
    for x, slope in form.slopes.items():
        side = box[x]
        top += slope * (side.high if slope > 0 else side.low)
        attained = attained and not (side.open_high if slope > 0 else side.open_low)
    return top < 0 or (top == 0 and (strict or not attained))


def cases(
    nodes: tuple[Node, ...], box: Ranges, most: int = _MOST_CASES
) -> Iterator[tuple[tuple[Node, ...], Ranges]]:
    """Disjoint parts of ``box`` that cover it, with ``nodes`` as they are on each of them.

    On a part no ``select`` that decides ``nodes`` has a condition in one variable alone.
    Raises ``LanguageError`` if there are more than ``most`` of them.
    """
    pending, count = [(nodes, box)], 0
    while pending:
        stated, here = pending.pop()
        tree = next(filter(_is_threshold, _outside_selects(stated)), None)
        if tree is None:
            yield stated, here
            continue
        for leaf, part in _leaves(tree, here):
            pending.append((tuple(with_choices(e, {tree: leaf}) for e in stated), part))
            count += 1
            if count > most:  # paths through shared parts can be too many to walk
                raise LanguageError(f"more than {most} cases")


def choices(
    nodes: tuple[Node, ...], box: Ranges, most: int = _MOST_CASES
) -> tuple[tuple[Node, ...], list[tuple[tuple[Node, ...], Ranges]]]:
    """The trees of ``select`` in ``nodes``, and what each of them is on parts of ``box``.

    The parts are disjoint and cover ``box``.  What the trees are there may have ``select`` in it
    again.  Raises ``LanguageError`` if there are more than ``most`` of them.
    """
    trees = tuple(filter(_is_threshold, _outside_selects(nodes)))
    found: list[tuple[tuple[Node, ...], Ranges]] = [((), box)]
    for tree in trees:
        finer = []
        for known, part in found:
            finer += [((*known, leaf), here) for leaf, here in _leaves(tree, part)]
            if len(finer) > most:
                raise LanguageError(f"more than {most} cases")
        found = finer
    return trees, found


def decided(
    nodes: tuple[Node, ...], box: Ranges
) -> tuple[dict[Node, Node], list[tuple[Node, bool]]]:
    """What trees of ``select`` in ``nodes`` are on all of ``box``, as far as thresholds miss it.

    Wherever every one of the expressions that come with them is ``> 0`` (True) or ``>= 0`` (False),
    as on ``box``, they are that.
    """
    found: dict[Node, Node] = {}
    conditions: list[tuple[Node, bool]] = []
    for tree in filter(_is_threshold, _outside_selects(nodes)):
        node = tree
        while node.op == "select" and (form := _threshold(node)) is not None:
            condition, yes, no = node.args
            if narrowed(box, negated(form), strict=False) is None:
                conditions.append((condition, True))
                node = yes
            elif narrowed(box, form, strict=True) is None:
                conditions.append((-condition, False))
                node = no
            else:
                break
        if node is not tree:
            found[tree] = node
    return found, conditions


def with_choices(root: Node, chosen: Mapping[Node, Node]) -> Node:
    """``root`` with others in place of some of its :func:`choices`."""
    built = dict(chosen)
    for node in _outside_selects([root]):
        if node not in built:
            args = tuple(built.get(a, a) for a in node.args)
            built[node] = node if args == node.args else build(node.op, args, node.data)
    return built[root]


def _outside_selects(nodes: tuple[Node, ...] | list[Node]) -> list[Node]:
    """What ``nodes`` are made of, arguments first, but for what is inside of a ``select``."""
    found: dict[Node, None] = {}
    work = [*reversed(nodes)]
    while work:
        node = work[-1]
        missing = () if node.op == "select" else [a for a in node.args if a not in found]
        if missing:
            work += reversed(missing)
        else:
            found[work.pop()] = None
    return list(found)


def _threshold(node: Node) -> Sharp | None:
    """The condition of the ``select`` node, if it is in one variable."""
    form = affine_form(node.args[0])
    return form if form is not None and len(form.slopes) == 1 else None


def _is_threshold(node: Node) -> bool:
    return node.op == "select" and _threshold(node) is not None


def _leaves(tree: Node, box: Ranges) -> Iterator[tuple[Node, Ranges]]:
    """What ``tree`` is on disjoint parts of ``box`` that cover it, without empty ones."""
    pending = [(tree, box)]
    while pending:
        node, here = pending.pop()
        form = _threshold(node) if node.op == "select" else None
        if form is None:
            yield node, here
            continue
        yes = narrowed(here, form, strict=True)
        no = narrowed(here, negated(form), strict=False)
        pending += [(e, b) for e, b in ((node.args[2], no), (node.args[1], yes)) if b is not None]
