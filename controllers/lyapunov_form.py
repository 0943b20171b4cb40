"""What a form of V is: parameters in torch, and the same function over the exact reals.

In coordinates ``y = (x - x*) / scale``.  To add a form: write one module with a subclass of
:class:`Form`, and add its line to ``FORMS`` in ``lyapunov_forms.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch

from certify.controllers.affine_forms import AffineForm
from certify.controllers.task import Floats, Task
from certify.expression import Node

__all__ = ["Draw", "Form", "Parameters"]

Parameters: TypeAlias = dict[str, torch.Tensor]
Draw: TypeAlias = Callable[..., torch.Tensor]
"""Normal deviates of the shape given."""


class Form(ABC):
    """A family of functions, zero at ``y = 0`` and positive elsewhere by construction.

    ``order`` is that to which V vanishes at 0, ``names`` are those of its parameters, and
    ``deepest`` is how many hidden layers its networks may have.
    """

    order: int
    names: tuple[str, ...]
    deepest: int

    def fewest(self, n: int) -> int:
        """How many features V needs over ``n`` states."""
        del n
        return 0

    @abstractmethod
    def parameters(self, n: int, features: int, layers: int, draw: Draw) -> Parameters:
        """Parameters at first, for ``n`` states and hidden ``layers`` of ``features`` units."""

    def start(self, p: Parameters, root: torch.Tensor) -> None:
        """Change ``p`` so that V is near ``|root y|**order``: here by ``R``, for squares."""
        p["R"].copy_(root)

    def divide(self, p: Parameters, value: torch.Tensor) -> None:
        """Change ``p`` so that V is divided by the number ``value``: here by its roots R and D."""
        for name in ("R", "D"):
            p[name].div_(value.sqrt())

    @abstractmethod
    def value(self, p: Parameters, y: torch.Tensor) -> torch.Tensor:
        """V at ``y`` of shape ``(N, n)``: shape ``(N,)``."""

    def root(self, p: Parameters) -> torch.Tensor | None:
        """R of shape (k, n) where ``V(y) = |R y|**2`` up to what is smaller near 0, else None."""
        del p
        return None

    @abstractmethod
    def enclosed(self, p: Parameters, y: AffineForm) -> AffineForm:
        """V over the boxes of ``y``."""

    @abstractmethod
    def change(self, p: Parameters, y: AffineForm, d: AffineForm, flows: bool) -> AffineForm:
        """``V(y + d) - V(y)`` over boxes; of what ``flows``, the derivative along ``d``."""

    @abstractmethod
    def expression(self, task: Task, p: Mapping[str, Floats]) -> tuple[Node, dict[str, bytes]]:
        """V over the states, its weights rounded to float32, and its networks as ONNX files."""
