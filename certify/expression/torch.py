"""Evaluation with torch in float64: differentiable samples for training and attacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import torch

from certify.proofs.checker.language import Node, topological

from .arithmetic import Functions, interpret, literals

__all__ = ["to_torch"]

_Program: TypeAlias = Callable[[Mapping[str, torch.Tensor]], list[torch.Tensor]]


def _stack(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    shape = np.broadcast_shapes(*(part.shape for part in parts))
    return torch.stack([part.expand(shape) for part in parts], dim=-1)


_TORCH: Functions[torch.Tensor] = Functions(
    elementwise={
        "sin": torch.sin,
        "cos": torch.cos,
        "tanh": torch.tanh,
        "exp": torch.exp,
        "expm1": torch.expm1,
        "atan": torch.atan,
        "log": torch.log,
        "log1p": torch.log1p,
        "sqrt": torch.sqrt,
        "abs": torch.abs,
        "relu": torch.relu,
    },
    where=torch.where,
    maximum=torch.maximum,
    atan2=torch.atan2,
    stack=_stack,
    full_like=torch.full_like,
)


def to_torch(nodes: Sequence[Node]) -> _Program:
    """A function from values of the variables to the values of ``nodes``, in float64.

    The function takes a tensor for every variable (converted to float64; together they
    broadcast to the batch shape ``B``) and returns one tensor per node, of shape ``B`` or
    ``B + (k,)``, on their device.  It is differentiable; at a kink the derivative is the one
    torch chooses.  Undefined is NaN; as everywhere in samples nothing bounds rounding.

    The function raises ``LanguageError`` for a variable without a value.
    """
    roots = list(nodes)
    order = topological(roots)
    moved: dict[torch.device, dict[Node, list[torch.Tensor]]] = {}

    def constants_on(device: torch.device) -> dict[Node, list[torch.Tensor]]:
        if device not in moved:
            moved[device] = {
                node: [torch.tensor(a, device=device) for a in literals(node)]
                for node in order
                if node.op in ("const", "affine")
            }
        return moved[device]

    def run(values: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
        inputs = {name: value.to(torch.float64) for name, value in values.items()}
        device = next((v.device for v in inputs.values()), torch.device("cpu"))
        batch = np.broadcast_shapes(*(v.shape for v in inputs.values()))
        constants = constants_on(device)
        results = interpret(order, roots, inputs, constants.__getitem__, _TORCH)
        shapes = [(*batch, n.size) if n.size else batch for n in roots]
        return [r.expand(s) for r, s in zip(results, shapes, strict=True)]

    return run
