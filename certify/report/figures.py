"""Which figures a report has: each an SVG with a caption and a text for those who cannot see it.

matplotlib is imported only when :func:`figures` draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from certify.errors import UnsupportedError
from certify.outcome import Outcome
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.obligations import Obligation
from certify.proofs.checker.theorems import obligations

from .curves import draw_decrease, draw_output, draw_profile
from .decision_figures import decision_pictures
from .drawing import Picture, legend_below, new_figure, style, svg_text
from .numerics import Floats, Loop
from .paving import draw_paving
from .portrait import draw_counterexample, draw_open_boxes, draw_portrait
from .proofmap import draw_depths, draw_leaf_map, mapped_obligation
from .safety import draw_safety, safety_centre
from .scene import Scene, sample
from .sentences import lead

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Picture", "figures"]

_MOST_SLICES = 3


def figures(outcome: Outcome) -> tuple[Picture, ...]:
    """The figures for ``outcome``, the same bytes every time.

    Raises ``UnsupportedError`` where matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise UnsupportedError("figures need matplotlib: pip install 'certify[report]'")
    with style():
        return tuple(_figures(outcome))


def _figures(outcome: Outcome) -> Iterator[Picture]:
    loop = Loop(outcome.claim)
    centre = _centre(outcome, loop)
    if outcome.claim.theorem == "T-RULE":
        yield from decision_pictures(outcome.claim, centre)
        return
    scenes = [Scene(outcome, loop, pair, centre) for pair in _pairs(loop, outcome, centre)]
    if "lyapunov" in outcome.claim.functions:
        for number, scene in enumerate(scenes):
            yield from _portraits(scene, number)
        yield from _paving(scenes[0])
        yield from _decrease(scenes[0])
    elif "barrier" in outcome.claim.functions:
        for number, scene in enumerate(scenes):
            yield _safety(scene, number)
    elif "output" in outcome.claim.functions:
        for number, scene in enumerate(scenes):
            yield _output(scene, number)
    elif "target/0" in outcome.claim.functions:
        yield from _paving(scenes[0])
    yield from _proof(scenes[0])


def _centre(outcome: Outcome, loop: Loop) -> Floats:
    """Where slices cut: the equilibrium, a point of the initial set, or the counterexample."""
    found = outcome.counterexample
    if found is not None and len(loop.names) > 2 and all(x in found.point for x in loop.names):
        return np.array([float(found.point[x]) for x in loop.names])
    if "barrier" in outcome.claim.functions:
        return safety_centre(loop)
    return loop.rest


def _pairs(loop: Loop, outcome: Outcome, centre: Floats) -> list[tuple[int, int]]:
    """The pairs of states worth a slice: those that the certificate function couples most."""
    count = len(loop.names)
    if count <= 2:
        return [(0, count - 1)]
    functions = outcome.claim.functions
    keys = ("lyapunov", "barrier", "output", "target/0")
    node = next(functions[k] for k in keys if k in functions)
    h = 0.05 * (loop.high - loop.low)
    corner = np.eye(count) * h
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    points = [centre + s * a + t * b for a in corner for b in corner for s, t in signs]
    v = loop.values([node], np.array(points))[0].reshape(count, count, 4)
    bend = np.nan_to_num(np.abs(v[:, :, 0] - v[:, :, 1] - v[:, :, 2] + v[:, :, 3]))
    own = np.sqrt(np.maximum(np.diag(bend), 1e-300))
    return sorted(
        combinations(range(count), 2), key=lambda p: -float(bend[p] / (own[p[0]] * own[p[1]]))
    )[:_MOST_SLICES]


def _picture(
    name: str,
    title: str,
    caption: str,
    alt: str,
    draw: Callable[[Axes], object],
    size: tuple[float, float] = (5.4, 4.7),
) -> Picture:
    figure = new_figure(*size)
    axes = figure.add_subplot()
    draw(axes)
    legend_below(figure, axes)
    return Picture(name, title, caption, alt, svg_text(figure, name))


def _slice_of(scene: Scene) -> str:
    if len(scene.loop.names) <= 2:
        return ""
    first, second = (scene.loop.names[k] for k in scene.pair)
    return f" Slice over {first} and {second}; the other states are held fixed."


_NOMINAL = " Simulations hold parameters and disturbances at the middle of their intervals."


def _portraits(scene: Scene, number: int) -> Iterator[Picture]:
    alt = f"{scene.claim.name}: {lead(scene.outcome)}"
    name = f"region-{number}"
    if len(scene.loop.names) == 1:
        v = scene.claim.functions["lyapunov"]
        yield _picture(name, "Lyapunov function", "V over the state, and the level.", alt,
                       lambda axes: draw_profile(axes, scene, v, "V"), (5.4, 3.4))  # fmt: skip
        return
    seen = sample(scene)
    what = "certified region, solid" if scene.is_certified else "set of the claim, dotted"
    goal = "residual set" if "residual" in scene.claim.numbers else "equilibrium"
    caption = (
        f"The {what}, within the domain. Dashed: the starts whose simulation stays in the "
        f"domain and reaches the {goal}, sampled and not proved." + _slice_of(scene)
    )
    free = scene.claim.parameters or scene.claim.disturbances
    caption += _NOMINAL if free else ""
    yield _picture(name, "State space", caption, alt, lambda a: draw_portrait(a, scene, seen))
    if seen.close is not None:
        near = replace(seen, extent=seen.close)
        yield _picture(f"{name}-close", "State space, closer", f"Closer: {caption}", alt,
                       lambda a: draw_portrait(a, scene, near))  # fmt: skip


def _paving(scene: Scene) -> Iterator[Picture]:
    certificate = scene.outcome.certificate
    if certificate is None or certificate.proof.paving is None or not scene.is_plane:
        return
    goal = "target" if "target/0" in scene.claim.functions else "core"
    caption = (
        f"The cells that are proved to reach the {goal}, coloured by the number of steps that this "
        f"takes at most; white cells are not kept. Solid: the {goal}."
    )
    if goal == "core":
        caption += " Dashed: the starts whose simulation stays in the domain and reaches the "
        caption += "equilibrium, sampled and not proved."
    paving = certificate.proof.paving
    alt = f"{scene.claim.name}: the paving around the {goal}. {lead(scene.outcome)}"
    yield _picture("paving", "Extended region" if goal == "core" else "Recovery", caption, alt,
                   lambda axes: draw_paving(axes, scene, paving), (5.4, 4.9))  # fmt: skip


def _decrease(scene: Scene) -> Iterator[Picture]:
    figure = new_figure(5.4, 3.3)
    axes = figure.add_subplot()
    if draw_decrease(axes, scene):
        legend_below(figure, axes, 3)
        caption = "V along simulated trajectories that start at the rim of the set."
        alt = "V over time on a logarithmic scale, falling along every trajectory drawn."
        yield Picture("decrease", "V over time", caption, alt, svg_text(figure, "decrease"))


def _safety(scene: Scene, number: int) -> Picture:
    caption = (
        "The invariant set (barrier <= 0) separates the initial from the unsafe set."
        + _slice_of(scene)
    )
    alt = f"{scene.claim.name}: {lead(scene.outcome)}"
    return _picture(f"safety-{number}", "Initial set, barrier and unsafe set", caption, alt,
                    lambda axes: draw_safety(axes, scene))  # fmt: skip


def _output(scene: Scene, number: int) -> Picture:
    node = scene.claim.functions["output"]
    alt = f"{scene.claim.name}: {lead(scene.outcome)}"
    caption = "The expression over the domain and its bounds." + _slice_of(scene)

    def draw(axes: Axes) -> None:
        if len(scene.loop.names) == 1:
            draw_profile(axes, scene, node, "expression")
        else:
            draw_output(axes, scene, node)
            draw_open_boxes(axes, scene)
            draw_counterexample(axes, scene)

    return _picture(f"output-{number}", "Output", caption, alt, draw)


def _proof(scene: Scene) -> Iterator[Picture]:
    certificate = scene.outcome.certificate
    if certificate is None or not certificate.proof.trees:
        return
    wanted = _wanted(scene)
    mapped = mapped_obligation(scene, wanted)
    if mapped is not None:
        obligation, tree = mapped
        caption = (
            f"The leaves of the proof tree of `{obligation.name}`: {obligation.text}. Each box "
            "was closed by one rigorous enclosure; small boxes are where the proof is tight."
        )
        yield _picture("leaves", "Leaves of the proof", caption, caption,
                       lambda axes: draw_leaf_map(axes, scene, obligation, tree))  # fmt: skip
    figure = new_figure(5.4, 2.8)
    draw_depths(figure, {o.name: certificate.proof.trees[o.name] for o in wanted})
    _one_legend(figure)
    caption = "How many bisections each leaf took, for every kind of obligation."
    yield Picture("depths", "Depth of the leaves", caption, caption, svg_text(figure, "depths"))


def _wanted(scene: Scene) -> Sequence[Obligation]:
    certificate = scene.outcome.certificate
    if certificate is None:
        return ()
    try:
        return obligations(certificate.claim, certificate.proof.radius)
    except CheckerError:
        return ()


def _one_legend(figure: Figure) -> None:
    if figure.axes:
        legend_below(figure, figure.axes[0])
