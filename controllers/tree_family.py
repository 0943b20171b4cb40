"""A decision tree in the place of a regulator: extracted from it, with its Lyapunov function.

The teacher is the controller of the problem, or the linear-quadratic regulator if there is none.
Leaves are constant, so that the loop comes to a set around the equilibrium and not to it, unless
the plant does that by itself: the leaf of the equilibrium decides what holds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

from certify.controllers import lqr
from certify.controllers.options import LqrOptions, TreeOptions, read_options
from certify.controllers.plant_loop import PlantLoop
from certify.controllers.registry import Candidate, Counterexamples, TrainingStep
from certify.controllers.sampled_level import at_level, rounded_down, sampled_level
from certify.controllers.task import Task, task_of
from certify.controllers.tree_extraction import Extraction, extract
from certify.decision_tree import DecisionTree, Leaf
from certify.errors import ProblemError
from certify.expression import var
from certify.io.tree_file import tree_text
from certify.problem import Problem

__all__ = ["train"]


def train(
    problem: Problem,
    options: Mapping[str, object],
    *,
    seed: int,
    progress: Callable[[TrainingStep], None],
    counterexamples: Counterexamples | None = None,
    checkpoint: Path | None = None,
) -> Candidate:
    """A tree for ``problem``, as ``policy.json``, and a quadratic V.

    ``counterexamples`` and ``checkpoint`` are not used.  Raises ``ProblemError`` as the regulator
    does, and ``UnsupportedError`` for continuous time.
    """
    task, settings = task_of(problem), read_options(TreeOptions, options, problem)
    if settings.reads:
        raise ProblemError("training option 'reads': a tree reads all states; leave it out")
    own = {f.name: getattr(settings, f.name) for f in fields(LqrOptions)}
    teacher = lqr.train(problem, own, seed=seed, progress=progress)
    loop = PlantLoop(replace(problem, controller=teacher.controller), teacher.lyapunov, seed=seed)
    how = Extraction(settings.rounds, settings.rows, settings.leaves, float(settings.noise))
    steps: list[TrainingStep] = []

    def tell(number: int, score: float) -> None:
        steps.append(TrainingStep("tree", number, settings.rounds, score))
        progress(steps[-1])

    tree = _held(extract(loop, how, seed, tell).tree, task, settings)
    outputs = tree([var(x) for x in task.states]).args
    controller = dict(zip(teacher.controller, outputs, strict=True))
    v = teacher.lyapunov
    found = sampled_level(task, controller, v, margin=0.0, samples=settings.samples)
    v, level = at_level(task, v, rounded_down(found.level))
    return Candidate(
        controller=controller,
        lyapunov=v,
        trees={"policy": tree_text(tree)},
        suggested_level=level,
        sampled_volume=found.volume,
        history=(*teacher.history, *steps),
    )


def _held(tree: DecisionTree, task: Task, settings: TreeOptions) -> DecisionTree:
    """``tree`` with the input that holds the equilibrium in the leaf of the equilibrium."""
    inputs = task.problem.system.inputs
    leaf = tree.leaf_at(list(task.equilibrium.values()))
    here = tuple(settings.u_equilibrium.get(u, Fraction(0)) for u in inputs)
    nodes = (*tree.nodes[:leaf], Leaf(here), *tree.nodes[leaf + 1 :])
    return DecisionTree(tree.inputs, nodes, tree.rounding)
