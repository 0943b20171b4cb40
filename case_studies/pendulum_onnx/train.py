"""Train the policy of this case study: a 2-8-1 ReLU network that imitates a saturated LQR.

``python train.py`` rewrites ``policy.onnx`` and prints the matrix of the Lyapunov function.
The weights are rounded to multiples of 2**-10, so that rounding errors of the training, which
differ between machines, do not show in the file.
"""

from __future__ import annotations

from pathlib import Path

import control
import numpy as np
import numpy.typing as npt
import torch

from certify.io.export_onnx import write_onnx

LIMIT, STEP = 2.0, 0.05
STABLE = np.array([[1.0, STEP], [STEP * 19.62, 1.0 - STEP * 8.0 / 3.0]])
TORQUE = np.array([[0.0], [STEP * 80.0 / 3.0]])
GRID = 2.0**10


def expert() -> npt.NDArray[np.float64]:
    """The gain of the linear-quadratic regulator of the linearised pendulum."""
    gain, _, _ = control.dlqr(STABLE, TORQUE, np.diag([1.0, 0.1]), np.array([[1.0]]))
    return np.asarray(gain, dtype=np.float64)


def imitate(gain: npt.NDArray[np.float64], steps: int = 3000) -> torch.nn.Sequential:
    """A 2-8-1 network trained to the saturated expert, half of the samples near the origin."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    weight = torch.tensor(gain, dtype=torch.float32)
    for _ in range(steps):
        points = (2 * torch.rand(512, 2) - 1) * torch.tensor([3.0, 8.0])
        points[::2] *= 0.3
        wanted = torch.clamp(-points @ weight.T, -LIMIT, LIMIT)
        loss = ((net(points) - wanted) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return net


def rounded(parameter: torch.Tensor) -> npt.NDArray[np.float32]:
    """``parameter`` on a grid that binary32 represents exactly."""
    return (np.round(parameter.detach().double().numpy() * GRID) / GRID).astype(np.float32)


def lyapunov(layers: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float64]:
    """``P`` with ``A' P A - P = -diag(1, 0.3)`` for the loop linearised at the origin."""
    w1, b1, w2, _ = (layer.astype(np.float64) for layer in layers)
    closed = STABLE + TORQUE @ (w2 * (b1 > 0)) @ w1
    return np.asarray(control.dlyap(closed.T, np.diag([1.0, 0.3])), dtype=np.float64)


def main() -> None:
    """Write the policy and print what goes into ``problem.toml``."""
    layers = [rounded(p) for p in imitate(expert()).parameters()]
    w1, b1, w2, b2 = layers
    write_onnx(Path(__file__).with_name("policy.onnx"), [(w1, b1, "relu"), (w2, b2, None)])
    print("quadratic =", np.round(lyapunov(layers), 3).tolist())


if __name__ == "__main__":
    main()
