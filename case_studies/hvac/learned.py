"""Thermal models learnt from a log: one linear, one neural, which is written as ONNX.

Both are functions of what is measured, ``(T, out, sun, people, heating, cooling)``, to the air a
quarter of an hour later and the kWh spent; the mass is hidden from them.  In the log random
decisions are held for random times, so that what is learnt is not what one controller does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from certify.case_studies.hvac.office import Office, simulate
from certify.case_studies.hvac.planning import Stepper
from certify.case_studies.hvac.weather import DAYS, STEPS_A_DAY, january
from certify.expression import index, var
from certify.expression.evaluate import Program
from certify.io.export_onnx import onnx_bytes
from certify.io.network import Network

__all__ = ["Log", "errors", "fit_linear", "fit_network", "logged", "stepper"]

Floats: TypeAlias = npt.NDArray[np.float64]
_LONGEST = 24  # steps for which a decision is held
_INPUTS = 6


@dataclass(frozen=True)
class Log:
    """``inputs`` of shape ``(n, 6)`` and ``outputs`` of shape ``(n, 2)``."""

    inputs: Floats
    outputs: Floats


def logged(office: Office, climate: str, seeds: Sequence[int], days: int = DAYS) -> Log:
    """The Januaries number ``seeds`` under random decisions."""
    drawn = [_held(office, days, np.random.default_rng([seed, 7])) for seed in seeds]
    chosen = np.stack(drawn, axis=1)
    weather = [january(climate, seed, days) for seed in seeds]
    months = simulate(office, weather, lambda k, _: chosen[k])
    inputs = [np.concatenate([m.states[:, [0, 2, 3, 4]], m.decisions], axis=1) for m in months]
    outputs = [np.stack([m.after, m.kwh], axis=1) for m in months]
    return Log(np.concatenate(inputs), np.concatenate(outputs))


def _held(office: Office, days: int, rng: np.random.Generator) -> Floats:
    """Random decisions for a January."""
    steps = days * STEPS_A_DAY
    lengths = rng.integers(1, _LONGEST + 1, steps)
    held = np.repeat(rng.integers(0, len(office.decisions), steps), lengths)
    return office.decisions[held[:steps]]


def fit_linear(log: Log) -> bytes:
    """Least squares, as a network without hidden layers."""
    ones = np.ones((len(log.inputs), 1))
    found, *_ = np.linalg.lstsq(np.concatenate([log.inputs, ones], axis=1), log.outputs, rcond=None)
    return onnx_bytes([(found[:-1].T.copy(), found[-1].copy(), None)])


def fit_network(log: Log, seed: int, width: int = 16, steps: int = 4000) -> bytes:
    """A network 6-width-width-2 of ReLU units, by Adam on batches of 1024 rows, in float32.

    Inputs and outputs are scaled to mean 0 and deviation 1; the scales are in its outer layers.
    """
    import torch

    torch.manual_seed(seed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # layers are too small to share, and sums then have one order
    mean, spread = log.inputs.mean(axis=0), log.inputs.std(axis=0) + 1e-9
    middle, size = log.outputs.mean(axis=0), log.outputs.std(axis=0) + 1e-9
    x = torch.tensor((log.inputs - mean) / spread, dtype=torch.float32)
    y = torch.tensor((log.outputs - middle) / size, dtype=torch.float32)
    net = torch.nn.Sequential(
        torch.nn.Linear(_INPUTS, width), torch.nn.ReLU(),
        torch.nn.Linear(width, width), torch.nn.ReLU(),
        torch.nn.Linear(width, 2),
    )  # fmt: skip
    adam = torch.optim.Adam(net.parameters(), lr=1e-2)
    decline = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        rows = torch.randint(0, len(x), (1024,))
        loss = ((net(x[rows]) - y[rows]) ** 2).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        decline.step()
    torch.set_num_threads(threads)
    layers = [
        (m.weight.detach().numpy().astype(np.float64), m.bias.detach().numpy().astype(np.float64))
        for m in net
        if isinstance(m, torch.nn.Linear)
    ]
    (first, at), middle_layer, (last, top) = layers
    first = first / spread
    return onnx_bytes(
        [
            (*_single(first, at - first @ mean), "relu"),
            (*_single(*middle_layer), "relu"),
            (*_single(last * size[:, None], top * size + middle), None),
        ]
    )


def _single(
    weight: Floats, bias: Floats
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    return weight.astype(np.float32), bias.astype(np.float32)


def stepper(network: Network) -> Stepper:
    """The network as a model to plan with; what it does not know, the mass, is taken as the air."""
    body = network([var(f"x{i}") for i in range(_INPUTS)])
    program = Program([index(body, 0), index(body, 1)])

    def step(states: Floats, setpoints: Floats) -> tuple[Floats, Floats]:
        columns = (*states[:, [0, 2, 3, 4]].T, *setpoints.T)
        air, kwh = program({f"x{i}": column for i, column in enumerate(columns)})
        return np.stack([air, air], axis=1), np.maximum(kwh, 0.0)

    return step


def errors(network: Network, log: Log) -> tuple[float, float]:
    """The root mean square error of the air (K) and of the energy of a step (kWh)."""
    body = network([var(f"x{i}") for i in range(_INPUTS)])
    found = Program([body])({f"x{i}": log.inputs[:, i] for i in range(_INPUTS)})[0]
    air, kwh = np.sqrt(np.mean((found - log.outputs) ** 2, axis=0)).tolist()
    return float(air), float(kwh)
