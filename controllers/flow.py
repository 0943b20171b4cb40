"""Continuous time for training: one step of a flow, and how fast a function grows along it.

All of it is per *period*, the time that a step of a roll-out takes, so that rates mean the same as
the changes of a discrete loop.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

__all__ = ["advanced", "slope"]

Function = Callable[[torch.Tensor], torch.Tensor]


def advanced(rate: Function, y: torch.Tensor) -> torch.Tensor:
    """Where ``dy/dt = rate(y)`` is after one period (the classical Runge-Kutta method)."""
    first = rate(y)
    second = rate(y + first / 2)
    third = rate(y + second / 2)
    fourth = rate(y + third)
    return y + (first + 2 * second + 2 * third + fourth) / 6


def slope(value: Function, y: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """The derivative of ``value`` at the rows of ``y`` along ``direction``, of shape (N,)."""
    with torch.enable_grad():
        at = y if y.requires_grad else y.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(value(at).sum(), at, create_graph=True)
    along: torch.Tensor = (gradient * direction).sum(-1)
    return along
