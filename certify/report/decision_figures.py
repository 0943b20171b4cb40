"""The figures of a controller that keeps rules: its tree, and what it decides over two states."""

from __future__ import annotations

from collections.abc import Iterator

from certify.proofs.checker.claim import Claim

from .decisions import draw_map, draw_tree, drawn_tree, map_pairs
from .drawing import Picture, new_figure, svg_text
from .numerics import Floats

__all__ = ["decision_pictures"]


def decision_pictures(claim: Claim, centre: Floats) -> Iterator[Picture]:
    """The tree of ``claim`` and maps of what it decides, through ``centre``."""
    tree = drawn_tree(claim)
    if tree is not None and len(tree.leaves) > 1:
        figure = new_figure(7.4, 4.8)
        draw_tree(figure, claim, tree)
        caption = (
            f"The tree that decides, of {len(tree.leaves)} leaves: what is at most the number at a "
            "split goes left. Leaves are coloured by their decision."
        )
        yield Picture("tree", "Decision tree", caption, caption, svg_text(figure, "tree"))
    for number, pair in enumerate(map_pairs(claim, tree)):
        figure, name = new_figure(7.4, 3.2), f"decisions-{number}"
        broken = draw_map(figure, claim, pair, centre)
        rest = ", ".join(
            f"{x} = {v:.4g}" for x, v in zip(claim.states, centre, strict=True) if x not in pair
        )
        caption = (
            f"What is decided over {pair[0]} and {pair[1]}, sampled"
            + (f", where {rest}" if rest else "")
            + ". Dashed: where the conditions of a rule hold. "
            + ("Hatched: where a rule is broken." if broken else "No rule is broken here.")
        )
        yield Picture(name, "Decisions", caption, caption, svg_text(figure, name))
