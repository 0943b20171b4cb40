"""The claim: what a certificate says, and all that its obligations are derived from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from .errors import FormatError
from .exact import number_text, parse_number
from .graph import decode_graph, encode_graph
from .language import Node, variables

__all__ = ["Claim", "Interval"]

Interval = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Claim:
    """A property of a closed loop, closed under everything needed to state it.

    ``plant`` maps each state to its next value (``time == "discrete"``) or derivative
    (``"continuous"``) over states, inputs, parameters and disturbances; ``controller`` maps
    each input to an expression over states.  ``box`` bounds states, parameters and
    disturbances.  ``functions`` and ``numbers`` are those that the theorem names (for
    instance ``lyapunov`` and ``level``); ``step`` is the sampling time in seconds and
    ``units`` are labels, neither of which the theorem uses.
    """

    theorem: str
    name: str
    time: str
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    disturbances: tuple[str, ...]
    box: Mapping[str, Interval]
    plant: Mapping[str, Node]
    controller: Mapping[str, Node]
    functions: Mapping[str, Node]
    numbers: Mapping[str, Fraction]
    equilibrium: Mapping[str, Fraction] = field(default_factory=dict)
    step: Fraction | None = None
    units: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raise FormatError unless every name is declared once and used where it may be."""
        free = (*self.states, *self.parameters, *self.disturbances)
        names = (*free, *self.controller)
        _require(self.time in ("discrete", "continuous"), "time is not discrete or continuous")
        _require(len(set(names)) == len(names), "a name is declared twice")
        for name in names:
            proper = name.isascii() and name.isidentifier() and not name.startswith("_")
            _require(proper, f"{name[:40]!r} is not a name")
        _require(len(self.states) > 0, "a claim is about at least one state")
        _require(len(free) < 64, "a claim has at most 63 variables")
        _require(set(self.box) == set(free), "the box does not bound exactly the variables")
        for name, (low, high) in self.box.items():
            _require(low <= high, f"the interval of {name} is empty")
        _require(all(self.box[x][0] < self.box[x][1] for x in self.states), "a state has no room")
        _require(set(self.plant) in (set(self.states), set()), "the plant is not one row per state")
        _require(
            set(self.equilibrium) in (set(self.states), set()), "the equilibrium is not a state"
        )
        for e in self.plant.values():
            _require_over(e, set(names), "the plant")
        for e in self.controller.values():
            _require_over(e, set(self.states), "the controller")
        # rules are about what the controller decides; other functions are over the variables
        allowed = set(names if self.theorem == "T-RULE" else free)
        for e in self.functions.values():
            _require_over(e, allowed, "a certificate function")

    def to_json(self) -> dict[str, object]:
        """The claim as canonical JSON data."""
        parts = {"plant": self.plant, "controller": self.controller, "functions": self.functions}
        keys = [(part, key) for part in sorted(parts) for key in sorted(parts[part])]
        rows, positions = encode_graph([parts[part][key] for part, key in keys])
        where = dict(zip(keys, positions, strict=True))
        return {
            "theorem": self.theorem,
            "name": self.name,
            "time": self.time,
            "states": list(self.states),
            "parameters": list(self.parameters),
            "disturbances": list(self.disturbances),
            "box": {
                x: [number_text(low), number_text(high)] for x, (low, high) in self.box.items()
            },
            **{part: {key: where[part, key] for key in parts[part]} for part in parts},
            "numbers": {key: number_text(v) for key, v in self.numbers.items()},
            "equilibrium": {key: number_text(v) for key, v in self.equilibrium.items()},
            "step": None if self.step is None else number_text(self.step),
            "units": dict(self.units),
            "graph": rows,
        }

    @classmethod
    def from_json(cls, data: object) -> Claim:
        """Read :meth:`to_json`'s data back; anything else is a FormatError."""
        if not isinstance(data, dict) or set(data) != _KEYS:
            raise FormatError(f"a claim has exactly the keys {', '.join(sorted(_KEYS))}")
        parts = {part: _dict(data, part) for part in ("controller", "functions", "plant")}
        keys = [(part, key) for part in parts for key in parts[part]]
        positions = [_position(parts[part][key]) for part, key in keys]
        nodes = dict(zip(keys, decode_graph(data["graph"], positions), strict=True))
        if any(n.size for n in nodes.values()):
            raise FormatError("a claim is about scalar functions")
        box = {}
        for name, bounds in _dict(data, "box").items():
            if not (isinstance(bounds, list) and len(bounds) == 2):
                raise FormatError(f"the interval of {name} is not [lower, upper]")
            box[name] = (parse_number(bounds[0]), parse_number(bounds[1]))
        claim = cls(
            theorem=_text(data["theorem"]),
            name=_text(data["name"]),
            time=_text(data["time"]),
            states=_names(data["states"]),
            parameters=_names(data["parameters"]),
            disturbances=_names(data["disturbances"]),
            box=box,
            plant={k: nodes["plant", k] for k in parts["plant"]},
            controller={k: nodes["controller", k] for k in parts["controller"]},
            functions={k: nodes["functions", k] for k in parts["functions"]},
            numbers={k: parse_number(v) for k, v in _dict(data, "numbers").items()},
            equilibrium={k: parse_number(v) for k, v in _dict(data, "equilibrium").items()},
            step=None if data["step"] is None else parse_number(data["step"]),
            units={k: _text(v) for k, v in _dict(data, "units").items()},
        )
        claim.check()
        return claim


_KEYS = {
    *("theorem", "name", "time", "states", "parameters", "disturbances", "box", "plant"),
    *("controller", "functions", "numbers", "equilibrium", "step", "units", "graph"),
}


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise FormatError(message)


def _require_over(e: Node, names: set[str], what: str) -> None:
    others = sorted(set(variables([e])) - names)
    _require(not others, f"{what} depends on {', '.join(others)}")


def _dict(data: dict[str, object], key: str) -> dict[str, object]:
    value = data[key]
    if not isinstance(value, dict):
        raise FormatError(f"{key} is not an object")
    return value


def _position(value: object) -> int:
    if type(value) is not int:
        raise FormatError(f"{str(value)[:40]!r} is not a position in the graph")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 10_000 or not value.isprintable():
        raise FormatError("a label is not a printable text")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise FormatError("a list of names is not one")
    return tuple(value)
