"""What to say when a search ends without an answer: what is left, why, and what would help.

Nothing here is evidence.  Bounds are looked at on some of the open boxes, with the models that
the kernel would use: how far the deciding bound is from zero, whether the condition looks
false at a centre, and which approximation errors make up the width of the bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certify.expression import Node, to_text
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import All, Any, Atom, Formula, atoms, proved
from certify.proofs.checker.symbols import Roles, allocate
from certify.verifiers.engine import engine_name
from certify.verifiers.planning import estimate, interesting_points, interesting_share
from certify.verifiers.points import Array, margin
from certify.verifiers.search import ObligationSearch
from certify.verifiers.trees import Piece, middle_of, pieces

__all__ = ["diagnose"]

_LOOKED_AT = 32
_PATHS, _FEW_PATHS = 24, 3  # native and in Python
_NAMED = 3  # sources of error
_LONGEST = 60  # characters of an expression


def diagnose(searches: Sequence[ObligationSearch], boxes_per_second: float) -> tuple[str, ...]:
    """Sentences about every obligation that has open boxes, most important first."""
    lines: list[str] = []
    for search in searches:
        if search.is_open:
            lines += _about(search, boxes_per_second)
    return tuple(lines)


def _about(search: ObligationSearch, rate: float) -> list[str]:
    found = pieces(search.tree, search.low, search.high)
    width = np.where(search.high > search.low, search.high - search.low, 1.0)
    shares = np.array([np.where(p.high > p.low, (p.high - p.low) / width, 1).prod() for p in found])
    name = search.obligation.name
    lines = [f"{name}: {len(found):,} boxes are open, {shares.sum():.2g} of its volume"]
    order = np.argsort(-shares, kind="stable")[:_LOOKED_AT]
    lines += _bounds(search, [found[i] for i in order])
    paths = _PATHS if engine_name() != "python" else _FEW_PATHS
    points = interesting_points(search.obligation, paths)
    size = estimate(search, points)
    more = "more than " if size.capped else "about "
    nodes = size.nodes * interesting_share(search.obligation)
    lines.append(
        f"{name}: the whole tree is estimated at {more}{nodes:.1g} boxes, "
        f"{_duration(nodes / max(rate, 1.0))} at the speed of this run"
    )
    return lines


def _bounds(search: ObligationSearch, found: Sequence[Piece]) -> list[str]:
    """How far from proved, whether false at a centre, and the largest sources of error."""
    formula, names = search.stated.formula, tuple(search.stated.box)
    nodes = [a.node for a in atoms(formula)]
    low, high = (np.array([p[k] for p in found]).T for k in (1, 2))
    roles = allocate(nodes, search.symbols)
    block = Block(names, low, high, max(search.degrees), roles)
    relative, which = _deciding(formula, block, nodes)
    name, lines = search.obligation.name, []
    middle = middle_of(low, high).T
    false = margin(formula, names, middle)
    if false.min() < 0:
        point = search.points(middle[false.argmin()][None])[0]
        at = ", ".join(f"{x} = {v:.6g}" for x, v in zip(search.obligation.box, point, strict=True))
        lines.append(
            f"{name}: probably false: in float64 a condition is {false.min():.3g} at {at}, "
            "which exact arithmetic has not confirmed"
        )
    typical = float(np.median(relative))
    lines.append(
        f"{name}: on the largest open boxes the deciding bound misses 0 by {-typical:.2g} of its "
        f"width ({_text(nodes[int(np.bincount(which).argmax())])})"
    )
    sources = _sources(block, nodes, which, roles)
    if sources:
        lines.append(f"{name}: what makes this bound wide: " + "; ".join(sources))
    return lines


def _deciding(formula: Formula, block: Block, nodes: Sequence[Node]) -> tuple[Array, np.ndarray]:
    """For each box the relative bound that keeps ``formula`` open, and the atom it is of.

    Of alternatives one counts that looks true at the centre, if there is one.
    """
    if isinstance(formula, Atom):
        reach = block.range(formula.node)
        with np.errstate(all="ignore"):
            bound = reach.low / (reach.high - reach.low + 1e-300)
        bound = np.where(proved(formula, block), np.inf, np.nan_to_num(bound, nan=-1e300))
        return bound, np.full(len(block), nodes.index(formula.node))
    assert isinstance(formula, (All, Any))
    pairs = [_deciding(p, block, nodes) for p in formula.parts]
    bounds = np.stack([b for b, _ in pairs])
    if isinstance(formula, Any):
        middle = middle_of(block.low, block.high).T
        false = np.stack([margin(p, block.names, middle) <= 0 for p in formula.parts])
        bounds = np.where(false & ~false.all(axis=0), -np.inf, bounds)
    best = bounds.argmin(axis=0) if isinstance(formula, All) else bounds.argmax(axis=0)
    rows = np.arange(len(block))
    return bounds[best, rows], np.stack([w for _, w in pairs])[best, rows]


def _sources(block: Block, nodes: Sequence[Node], which: np.ndarray, roles: Roles) -> list[str]:
    """The largest shares of the width of the deciding bounds, in words."""
    if not block.degree:
        return []
    named = {k: (n, i) for n, ks in roles.symbols.items() for i, k in enumerate(ks)}
    total: dict[str, float] = {}
    for index in np.unique(which):
        model, rows = block.model(nodes[index]), which == index
        width = np.maximum(model.range.high[0] - model.range.low[0], 1e-300)[rows] / 2
        p = np.abs(model.p[0][:, rows])
        n = model.layout.variables
        slopes, symbols = np.split(p[model.layout.linear], [n])
        parts = {"the slope over the box": slopes.sum(axis=0)}
        parts["curvature"] = p[model.layout.squares].sum(axis=0)
        parts["products of errors, and unnamed ones"] = model.e[0][rows]
        for k, row in zip(model.layout.symbols, symbols, strict=True):
            parts[_described(*named[k])] = row
        for text, part in parts.items():
            share = np.nan_to_num(part / width, nan=0.0, posinf=0.0)
            total[text] = total.get(text, 0.0) + float(share.sum()) / len(which)
    ranked = sorted(total.items(), key=lambda pair: -pair[1])[:_NAMED]
    return [f"{text} ({share:.0%})" for text, share in ranked if share > 0.01]


def _described(node: Node, component: int) -> str:
    if node.size:
        return f"{node.op} {component} of a layer of {node.size}"
    return f"the error of {_text(node)}"


def _text(node: Node) -> str:
    if node.op == "index" or len(text := to_text(node)) > _LONGEST:
        return f"a {node.op} expression"
    return text


def _duration(seconds: float) -> str:
    for size, unit in ((86400 * 365, "years"), (86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds > 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} seconds"
