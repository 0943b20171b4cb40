"""What may be written in a problem.toml, key by key, and what to say when it is not.

The description of every field is an example of it: the advice in messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from certify.expression.tokens import exact_decimal

from .toml_document import Decimal

__all__ = [
    "PROPERTIES",
    "CertificateTable",
    "ExtendTable",
    "LyapunovTable",
    "OutputTable",
    "ProblemTable",
    "PropertyTable",
    "RecoveryTable",
    "RulesTable",
    "SafetyTable",
    "StabilityTable",
    "SystemTable",
    "describe",
]

_RATIO = re.compile(r"\s*([+-]?[0-9]{1,400})\s*/\s*([0-9]{1,400})\s*\Z")
_LARGEST_INTEGER = 10**400


def describe(value: object) -> str:
    """What a TOML value is, as messages say it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"the integer {value}" if abs(value) < 10**15 else "a large integer"
    if isinstance(value, Decimal):
        return f"the number {value.text[:40]}"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    if isinstance(value, list):
        return "an array"
    return "a table" if isinstance(value, dict) else "a date or time"


def _exact(value: object) -> Fraction:
    """The exact rational of an integer, a decimal, ``"0.05"`` or ``"1/3"``."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > _LARGEST_INTEGER:
            raise ValueError("an integer has more than 400 digits")
        return Fraction(value)
    if isinstance(value, Decimal):
        return exact_decimal(value.text.replace("_", ""))
    if not isinstance(value, str):
        raise ValueError(f'expected a number, found {describe(value)}; write a number or "0.05"')
    ratio = _RATIO.match(value)
    if ratio is None:
        return exact_decimal(value.strip())
    if int(ratio[2]) == 0:
        raise ValueError(f"{value[:40]!r} divides by zero")
    return Fraction(int(ratio[1]), int(ratio[2]))


def _pair(value: object) -> tuple[Fraction, Fraction]:
    if not isinstance(value, list) or len(value) != 2:
        found = f"{len(value)} values" if isinstance(value, list) else describe(value)
        raise ValueError(f"expected two bounds, found {found}; write [lower, upper]")
    return _exact(value[0]), _exact(value[1])


def _parameter(value: object) -> Fraction | tuple[Fraction, Fraction]:
    return _pair(value) if isinstance(value, list) else _exact(value)


def _open(value: object) -> Fraction | None:
    """A number, or None for the largest that can be proved."""
    if isinstance(value, str) and value.strip()[:1].isalpha():
        if value != "largest":
            raise ValueError(f'{value[:40]!r} is not a number; write "largest" or a number')
        return None
    return _exact(value)


def _control(value: object) -> str | Mapping[str, object]:
    if isinstance(value, str | dict):
        return value
    raise ValueError(f'expected a string, found {describe(value)}; write an expression "..."')


Exact: TypeAlias = Annotated[Fraction, PlainValidator(_exact)]
Pair: TypeAlias = Annotated[tuple[Fraction, Fraction], PlainValidator(_pair)]
Parameter: TypeAlias = Annotated[Fraction | tuple[Fraction, Fraction], PlainValidator(_parameter)]
Open: TypeAlias = Annotated[Fraction | None, PlainValidator(_open)]
Control: TypeAlias = Annotated[str | Mapping[str, object], PlainValidator(_control)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)


class SystemTable(_Table):
    """``[system]``: the plant."""

    time: Literal["discrete", "continuous"] = Field(description='time = "discrete"')
    states: list[str] = Field(description='states = ["theta", "omega"]')
    inputs: list[str] = Field([], description='inputs = ["u"]')
    disturbances: list[str] = Field([], description='disturbances = ["w"]')
    step: Exact | None = Field(None, description='step = "0.05"')
    parameters: dict[str, Parameter] = Field({}, description='parameters = { m = "0.15" }')
    units: dict[str, str] = Field({}, description='omega = "rad/s"')
    let: dict[str, str] = Field({}, description='energy = "omega**2/2"')
    dynamics: dict[str, str] = Field({}, description='theta = "theta + step*omega"')


class CertificateTable(_Table):
    """``[property.barrier]``: exactly one way to give a function."""

    expression: str | None = Field(None, description='expression = "x**2 + y**2 - 1"')
    network: str | None = Field(None, description='network = "certificate.onnx"')
    train: dict[str, object] | None = Field(None, description='train = { family = "neural" }')

    @model_validator(mode="after")
    def _exactly_one(self) -> CertificateTable:
        keys = list(type(self).model_fields)
        given = [k for k in keys if getattr(self, k) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise ValueError(f"found {found}; write exactly one of {', '.join(keys)}")
        return self


class LyapunovTable(CertificateTable):
    """``[property.lyapunov]``: also a quadratic form ``(x - x*)' P (x - x*)``."""

    quadratic: list[list[Exact]] | None = Field(None, description="quadratic = [[2, 0], [0, 1]]")


class ExtendTable(_Table):
    """``[property.extend]``: pave what reaches the level set."""

    steps: int = Field(32, ge=1, le=254, description="steps = 32, at most 254")
    depth: int = Field(
        18, ge=1, le=26, description="depth = 18, halvings of the domain, at most 26"
    )


class StabilityTable(_Table):
    """``[property]`` of kind stability."""

    kind: Literal["stability"]
    decay: Open = Field(Fraction(0), description='decay = "0.001"')
    level: Open = Field(None, description='level = "largest"')
    box: Open = Field(Fraction(1), description='box = "largest"')
    equilibrium: dict[str, Exact] = Field({}, description='equilibrium = { theta = "0" }')
    extend: ExtendTable | None = Field(None, description="extend = { steps = 32 }")
    lyapunov: LyapunovTable = Field(description="[property.lyapunov] with an expression")


class SafetyTable(_Table):
    """``[property]`` of kind safety."""

    kind: Literal["safety"]
    initial: str = Field(description='initial = "x**2 + y**2 - 0.25 <= 0"')
    unsafe: str = Field(description='unsafe = "x - 1.5 >= 0"')
    barrier: CertificateTable = Field(description="[property.barrier] with an expression")
    box: Open = Field(Fraction(1), description='box = "largest"')


class RecoveryTable(_Table):
    """``[property]`` of kind recovery."""

    kind: Literal["recovery"]
    target: str = Field(description='target = "T >= 20 and T <= 23.5"')
    initial: str | None = Field(None, description='initial = "T >= 15 and T <= 26"')
    steps: int | None = Field(None, ge=0, le=65534, description="steps = 12")
    away: int | None = Field(None, ge=0, le=65534, description="away = 0")
    depth: int = Field(14, ge=1, le=26, description="depth = 14, at most 26")
    hops: int = Field(16, ge=1, le=254, description="hops = 16, at most 254")
    box: Exact = Field(Fraction(1), description="box = 1")
    distribution: dict[str, list[list[Exact]]] = Field(
        {}, description='distribution = { T = [[15, 20, "0.3"], [20, 25, "0.7"]] }'
    )


class OutputTable(_Table):
    """``[property]`` of kind output."""

    kind: Literal["output"]
    expression: str = Field(description='expression = "policy(x, y)"')
    lower: Exact | None = Field(None, description="lower = -1")
    upper: Exact | None = Field(None, description="upper = 1")
    box: Open = Field(Fraction(1), description='box = "largest"')


class RulesTable(_Table):
    """``[property]`` of kind tree."""

    kind: Literal["tree"]
    rules: dict[str, str] = Field(description='rules = { cold = "when T < 20 then heating > T" }')
    decisions: list[Exact | list[Exact]] | None = Field(None, description="decisions = [15, 22]")
    box: Exact = Field(Fraction(1), description="box = 1")


class ProblemTable(_Table):
    """The whole file; the property is checked by the table of its kind."""

    name: str = Field(description='name = "inverted-pendulum"')
    description: str = Field("", description='description = "..."')
    system: SystemTable = Field(description="[system] with time, states and dynamics")
    networks: dict[str, str] = Field({}, description='policy = "policy.onnx"')
    controller: dict[str, Control] = Field({}, description='u = "-2*theta - omega"')
    domain: dict[str, Pair] = Field(description="[domain] with theta = [-1, 1]")
    property: dict[str, object] = Field(description='[property] with kind = "stability"')


PropertyTable: TypeAlias = StabilityTable | SafetyTable | RecoveryTable | OutputTable | RulesTable
PROPERTIES: Mapping[str, type[PropertyTable]] = {
    "stability": StabilityTable,
    "safety": SafetyTable,
    "recovery": RecoveryTable,
    "output": OutputTable,
    "tree": RulesTable,
}
