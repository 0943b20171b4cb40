"""How far boxes are from proved, in torch: the loss of certified training.

Over a box the closed loop, V and its change are affine forms (:mod:`affine_forms`).  A box fails by
what its bounds miss of ``V > 1, or V falls and the next state is in the domain``: the condition of
the theorem, not a sample of it.  References: Mirman, Gehr and Vechev, Differentiable abstract
interpretation for provably robust neural networks, ICML 2018; Shi et al., Certified training with
branch-and-bound for Lyapunov-stable neural control, 2024.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from certify.controllers.affine_forms import AffineForm, maximum, stacked
from certify.controllers.information import information_of
from certify.controllers.neural_model import Model
from certify.controllers.options import PolicyOptions
from certify.controllers.task import Task
from certify.errors import UnsupportedError
from certify.expression import Node, topological
from certify.expression.arithmetic import literals

__all__ = ["BoxBounds", "enclosed"]

_CORRECTIONS = (0.0, 0.5, 0.8, 0.95)  # parts of the state that are taken off the next one
_SLACK = 0.02
_FACE_WEIGHT = 20.0
_MOST = 2.0
_LEAST_VALUE = 1e-6

_RULES: Mapping[str, Callable[..., AffineForm]] = {
    "add": AffineForm.__add__,
    "sub": AffineForm.__sub__,
    "mul": AffineForm.__mul__,
    "neg": AffineForm.__neg__,
    "recip": AffineForm.reciprocal,
    "relu": AffineForm.relu,
    "abs": AffineForm.absolute,
    "tanh": AffineForm.tanh,
    "sin": AffineForm.sine,
    "cos": lambda a: a.sine(torch.pi / 2),
    "max": maximum,
    "stack": lambda *parts: stacked(parts),
}
_OTHER = ("var", "const", "pow", "index", "affine")


@dataclass(frozen=True)
class BoxBounds:
    """The closed loop of ``task`` over boxes of states ``y`` and of what is uncertain.

    Raises ``UnsupportedError`` for an operator that has no bound here.
    """

    task: Task
    period: float
    nodes: Sequence[Node]

    @classmethod
    def of(cls, task: Task, settings: PolicyOptions) -> BoxBounds:
        """The bounds for ``task``; in continuous time a step lasts a period."""
        closed = task.closed(task.problem.controller)
        flows = task.problem.system.time == "continuous"
        nodes = [closed[x] for x in task.states]
        read = information_of(task, settings).deviations() if settings.reads else []
        for node in topological([*nodes, *read]):
            if node.op not in _RULES and node.op not in _OTHER:
                raise UnsupportedError(
                    f"training option 'boxes': there is no bound over boxes for {node.op!r}; "
                    "train without it"
                )
        return cls(task, float(settings.period) if flows else 1.0, nodes)

    def change(self, model: Model, y: AffineForm, free: Sequence[AffineForm]) -> AffineForm:
        """How far a step moves ``y``, or how far it would with the derivative as it is."""
        task, system = self.task, self.task.problem.system
        x = y.times(torch.tensor(task.scale)).plus(torch.tensor(task.centre))
        values = {name: x.index(i) for i, name in enumerate(task.states)}
        values |= dict(zip(task.free, free, strict=True))
        if not task.problem.controller:
            inputs = _control(model, y, values)
            values |= dict(zip(system.inputs, inputs, strict=True))
        moved = stacked(enclosed(self.nodes, values))
        if system.time == "continuous":
            return moved.times(self.period / torch.tensor(task.scale))
        return (moved - x).times(1 / torch.tensor(task.scale))

    def failure(
        self, model: Model, low: torch.Tensor, high: torch.Tensor, needed: float
    ) -> torch.Tensor:
        """By how much the boxes with corners ``low`` and ``high`` (N, states + free) fail: (N,).

        The first columns are states ``y``.  ``needed`` is the decrease relative to V at the centre.
        As of samples, a failure counts at most as much as what the least V is below 1.  A box on
        which something may be undefined counts 0.
        """
        task, n = self.task, len(self.task.states)
        whole = AffineForm.over(low, high)
        parts = [whole.index(i) for i in range(low.shape[1])]
        y = stacked(parts[:n])
        step = self.change(model, y, parts[n:])
        flows = task.problem.system.time == "continuous"
        p, form = model.parameters, model.form
        value = form.enclosed(p, y)
        here = form.value(p, y.centre).clamp_min(_LEAST_VALUE)
        decay = task.decay * self.period
        fall = -form.change(p, y, step, flows) - value.times(decay)
        least = value.bounds()[0]
        decrease = torch.relu(needed - decay - fall.bounds()[0] / here).clamp_max(_MOST)
        positive = torch.relu(-least / here).clamp_max(_MOST)
        leaving = torch.zeros_like(least) if flows else _FACE_WEIGHT * self._leaving(y, step)
        excuse = torch.relu(1 + _SLACK - least)
        failure = torch.minimum(torch.maximum(decrease, positive), excuse)
        failure = failure + torch.minimum(leaving, excuse)
        fine = whole.space.valid & torch.isfinite(failure)
        return torch.where(fine, failure, 0.0)

    def _leaving(self, y: AffineForm, step: AffineForm) -> torch.Tensor:
        """How far the next state may be out of the domain."""
        sides = []
        for side, sign in ((self.task.high, 1.0), (self.task.low, -1.0)):
            room = torch.tensor(sign * side)
            over = [
                (y.times(1 - part) + step).times(sign).bounds()[1] - (1 - part) * room
                for part in _CORRECTIONS
            ]
            sides.append(torch.stack(over).amin(0))
        return torch.relu(torch.maximum(*sides)).sum(-1)


def _control(model: Model, y: AffineForm, values: Mapping[str, AffineForm]) -> list[AffineForm]:
    """The inputs over boxes of ``y``, each within its limits; ``values`` are the states."""
    p, policy, inputs = model.parameters, model.policy, []
    z = y
    if policy.settings.reads:
        terms = enclosed(policy.information.deviations(), values)
        z = stacked(terms).times(1 / torch.tensor(policy.information.scale))
    hidden = z.linear(policy.first * p["W"]).plus(p["b"]).relu().plus(-torch.relu(p["b"]))
    wanted = hidden.linear(policy.last * p["O"]).times(policy.half).plus(policy.middle)
    for i in range(len(policy.half)):
        u = wanted.index(i)
        if torch.isfinite(policy.high[i]):
            u = (-u).plus(policy.high[i]).relu().times(-1.0).plus(policy.high[i])
        if torch.isfinite(policy.low[i]):
            u = u.plus(-policy.low[i]).relu().plus(policy.low[i])
        inputs.append(u)
    return inputs


def enclosed(nodes: Sequence[Node], values: Mapping[str, AffineForm]) -> list[AffineForm]:
    """The ``nodes`` over boxes, where the variables have ``values``."""
    like = next(iter(values.values()))
    found: dict[Node, AffineForm] = {}
    for node in topological(nodes):
        parts = [found[a] for a in node.args]
        if node.op == "var":
            found[node] = values[str(node.data)]
        elif node.op == "const":
            found[node] = like.constant(torch.tensor(literals(node)[0]))
        elif node.op == "affine":
            weight, bias = (torch.tensor(a) for a in literals(node))
            found[node] = parts[0].linear(weight.T).plus(bias)
        elif node.op == "pow" and isinstance(node.data, int):
            found[node] = parts[0].power(node.data)
        elif node.op == "index" and isinstance(node.data, int):
            found[node] = parts[0].index(node.data)
        else:
            found[node] = _RULES[node.op](*parts)
    return [found[node] for node in nodes]
