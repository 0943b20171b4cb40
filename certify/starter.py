"""What ``certify init`` writes: a problem that can be proved, to start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from certify.certificate import write_file
from certify.errors import InputError

__all__ = ["write_starter"]

_PROBLEM = """\
# A cart of unit mass on a track, sampled every 50 ms, under a saturated linear controller.
name = "my-loop"

[system]
time = "discrete"
step = "0.05"                     # s
states = ["position", "speed"]
inputs = ["force"]
parameters = { m = "1" }

[system.dynamics]                 # the next state
position = "position + step*speed"
speed = "speed + step*force/m"

[controller]
force = "clip(-2*position - 3*speed, -5, 5)"

[domain]
position = [-2, 2]
speed = [-2, 2]

[property]
kind = "stability"
decay = "0.001"                   # V shrinks by at least 0.1 % a step
level = "largest"

[property.lyapunov]               # V(x) = x' P x
quadratic = [["1.6", "0.5"], ["0.5", "0.6"]]
"""


def write_starter(directory: Path) -> Iterator[Path]:
    """Write the files of the starting problem; an InputError if ``directory`` has one already."""
    path = directory / "problem.toml"
    if path.exists():
        raise InputError(f"{path} exists already: name another folder")
    write_file(path, _PROBLEM.encode())
    yield path
