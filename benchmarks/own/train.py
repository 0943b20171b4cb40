"""Train the loops of our own: ``python benchmarks/own/train.py [NAME ...]``, a minute for each.

Writes ``NAME/problem.toml`` and its networks.  The policy imitates a saturated linear-quadratic
regulator; then policy and V are tuned together so that V falls wherever a gradient attack finds
it does not.  Weights end as multiples of 2**-10.  The level is 0.8 times the largest at which
dense samples and the attack find no violation: a guess until it is proved.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.linalg
import torch
from loops import LOOPS, Loop
from torch import Tensor, nn
from written import write_problem

from certify.io.export_onnx import Layer

__all__ = ["Candidate", "train"]

Floats = npt.NDArray[np.float64]

GRID = 2.0**10
MARGIN = 0.2  # of the decrease of the linear loop, that tuning asks for everywhere


class Candidate(nn.Module):
    """A policy and a Lyapunov function ``x'(e I + R'R)x + |phi(x) - phi(0)|**2``."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        n, m = len(loop.states), len(loop.inputs)
        kind = nn.ReLU if loop.activation == "relu" else nn.Tanh
        self.loop = loop
        self.policy = nn.Sequential(nn.Linear(n, loop.width), kind(), nn.Linear(loop.width, m))
        self.phi = nn.Sequential(nn.Linear(n, 8), nn.Tanh(), nn.Linear(8, max(loop.features, 1)))
        a, b = (np.asarray(j) for j in self._linear())
        q, r = (np.diag(np.asarray(w, dtype=float)) for w in loop.weights)
        step = float(loop.step or 0)
        if step:
            a, b = np.eye(n) + step * a, step * b
            p = scipy.linalg.solve_discrete_are(a, b, q, r)
            self.gain = np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a)
        else:
            p = scipy.linalg.solve_continuous_are(a, b, q, r)
            self.gain = np.linalg.solve(r, b.T @ p)
        self.p_start = p / np.trace(p) * n
        self.root = nn.Parameter(torch.tensor(np.linalg.cholesky(self.p_start).T))
        self.double()

    def _linear(self) -> tuple[Tensor, Tensor]:
        n, m = len(self.loop.states), len(self.loop.inputs)
        rest = torch.full((m,), float(self.loop.rest), dtype=torch.float64)
        zero = torch.zeros(n, dtype=torch.float64)
        jacobians = torch.autograd.functional.jacobian(
            lambda x, u: self.loop.motion(x[None], u[None])[0], (zero, rest)
        )
        return jacobians[0], jacobians[1]

    def control(self, x: Tensor) -> Tensor:
        """The saturated input; the origin is an equilibrium by construction."""
        low, high = (float(v) for v in self.loop.limits)
        net = self.policy(x) - self.policy(torch.zeros_like(x[:1]))
        return torch.clamp(net + float(self.loop.rest), low, high)

    def matrix(self) -> Tensor:
        """The matrix of the quadratic part of V."""
        return self.root.T @ self.root

    def value(self, x: Tensor) -> Tensor:
        """V at the rows of ``x``."""
        v = ((x @ self.root.T) ** 2).sum(dim=1)
        if self.loop.features:
            v = v + ((self.phi(x) - self.phi(torch.zeros_like(x[:1]))) ** 2).sum(dim=1)
        return v

    def growth(self, x: Tensor) -> Tensor:
        """The relative change of V in a step, or its relative rate, beyond the decay asked."""
        rate = self.loop.motion(x, self.control(x))
        if self.loop.step:
            v = self.value(x)
            change = self.value(x + float(self.loop.step) * rate) - v
        else:
            value, change = torch.func.jvp(self.value, (x,), (rate,))[:2]
            v = torch.as_tensor(value)
        relative: Tensor = change / v
        return relative + float(self.loop.decay)

    def sample(self, level: float, count: int, *, inside: bool = True) -> Tensor:
        """Points of the ellipsoid that contains {V <= level}, more of them near its surface."""
        n = len(self.loop.states)
        y = torch.randn(count, n, dtype=torch.float64)
        radius = torch.rand(count, 1, dtype=torch.float64) ** (1 / n if inside else 1.0)
        y = y / y.norm(dim=1, keepdim=True) * radius * math.sqrt(level)
        return torch.linalg.solve_triangular(_triangular(self.matrix()), y.T, upper=True).T

    def attack(self, level: float, count: int, steps: int) -> tuple[Tensor, Tensor]:
        """Points with V <= level where gradient ascent ends, and the growth of V there."""
        frame = _triangular(self.matrix().detach())
        x = self.sample(level, count, inside=False).detach()
        best, where = torch.full((count,), -math.inf, dtype=torch.float64), x.clone()
        size = 0.2 * math.sqrt(level)
        for _ in range(steps):
            x = x.requires_grad_()
            worth = self.growth(x)
            (slope,) = torch.autograd.grad(worth.sum(), x)
            with torch.no_grad():
                allowed = (self.value(x) <= level) & (worth > best)
                best, where = worth.where(allowed, best), x.where(allowed[:, None], where)
                uphill = torch.linalg.solve_triangular(frame.T, slope.T, upper=False).T
                uphill = uphill / (uphill.norm(dim=1, keepdim=True) + 1e-30)
                y = x @ frame.T + size * torch.rand(count, 1) * uphill
                y = y * (math.sqrt(level) / y.norm(dim=1, keepdim=True)).clamp(max=1)
                x = torch.linalg.solve_triangular(frame, y.T, upper=True).T
            size *= 0.9
        return where.detach(), best.detach()

    def room(self) -> float:
        """The largest level whose ellipsoid is inside the box."""
        inverse = np.linalg.inv(self.matrix().detach().numpy())
        return min(float(b) ** 2 / float(inverse[i, i]) for i, b in enumerate(self.loop.box))


def _triangular(matrix: Tensor) -> Tensor:
    upper: Tensor = torch.linalg.cholesky(matrix, upper=True)
    return upper


def imitate(found: Candidate, steps: int = 2000) -> None:
    """Fit the policy to the saturated regulator, half of the points close to the origin."""
    low, high = (float(v) for v in found.loop.limits)
    gain = torch.tensor(found.gain)
    optimiser = torch.optim.Adam(found.policy.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    box = torch.tensor([float(b) for b in found.loop.box], dtype=torch.float64)
    for _ in range(steps):
        x = (2 * torch.rand(512, len(box), dtype=torch.float64) - 1) * box
        x[::2] *= 0.2
        wanted = torch.clamp(float(found.loop.rest) - x @ gain.T, low, high)
        net = found.policy(x) - found.policy(torch.zeros_like(x[:1])) + float(found.loop.rest)
        error = (net - wanted) / (1 + (x / box).abs().amax(dim=1, keepdim=True) * 5)
        optimiser.zero_grad()
        (error**2).mean().backward()
        optimiser.step()
        schedule.step()


def tune(found: Candidate, steps: int = 1500) -> None:
    """Lower the growth of V, and widen the level set, where samples and attacks find it."""
    optimiser = torch.optim.Adam(found.parameters(), lr=0.002)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    near = found.growth(found.sample(1e-6 * found.room(), 4000)).max().item()
    wanted = min(MARGIN * near, -0.2 * float(found.loop.decay))
    for i in range(steps):
        level = found.room() * (0.2 + 0.8 * i / steps)
        if i % 5 == 0:
            hard, _ = found.attack(level, 256, 8)
        points = torch.cat([hard, found.sample(level, 512, inside=False).detach()])
        excess = torch.relu(found.growth(points) - wanted)
        excess = excess * (found.value(points) <= level)
        drift = ((found.matrix() - torch.tensor(found.p_start)) ** 2).mean()
        loss = excess.mean() + 0.1 * excess.amax() + 1e-4 * drift
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def fix(found: Candidate) -> list[list[str]]:
    """Round all weights to the grid and the matrix to four decimals; the matrix as text."""
    with torch.no_grad():
        for weight in (*found.policy.parameters(), *found.phi.parameters()):
            weight.copy_(torch.round(weight * GRID) / GRID)
        rows = np.round(found.matrix().numpy(), 4)
        rows = (rows + rows.T) / 2
        found.root.copy_(torch.tensor(np.linalg.cholesky(rows).T))
    return [[f"{v:.4f}" for v in row] for row in rows]


def largest_level(found: Candidate) -> float:
    """The largest level at which neither samples nor the attack find growth."""
    low, high = 0.0, found.room()
    for i in range(12):
        level = high if i == 0 else (low + high) / 2
        _, worst = found.attack(level, 4000, 40)
        x = found.sample(level, 100_000)
        growth = torch.where(found.value(x) <= level, found.growth(x), worst.max())
        if max(worst.max().item(), growth.max().item()) < 0:
            low = level
            if i == 0:
                break
        else:
            high = level
    return low


def layers(net: nn.Sequential, activation: str) -> list[Layer]:
    """The network as the ONNX writer takes it; its weights are binary32 numbers."""
    parts = [m for m in net if isinstance(m, nn.Linear)]
    return [
        (
            part.weight.detach().numpy().astype(np.float32),
            part.bias.detach().numpy().astype(np.float32),
            activation if part is not parts[-1] else None,
        )
        for part in parts
    ]


def train(name: str, folder: Path, seed: int = 0) -> None:
    """Train the loop ``name`` and write it to ``folder``."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    loop = LOOPS[name]
    found = Candidate(loop)
    imitate(found)
    tune(found)
    rows = fix(found)
    largest = largest_level(found)
    level = Fraction(f"{0.8 * largest:.2g}")
    _, worst = found.attack(float(level), 20_000, 60)
    print(f"{name}: room {found.room():.4g}, sampled {largest:.4g}, level {float(level):g}, "
          f"growth beyond decay there {worst.max().item():.3g}")  # fmt: skip
    networks = {"policy": layers(found.policy, loop.activation)}
    if loop.features:
        networks["phi"] = layers(found.phi, "tanh")
    write_problem(loop, folder, networks, rows, level)


def main(names: Sequence[str]) -> None:
    """Train the loops of the command line, or all."""
    for name in names or LOOPS:
        train(name, Path(__file__).parent / name)


if __name__ == "__main__":
    main(sys.argv[1:])
