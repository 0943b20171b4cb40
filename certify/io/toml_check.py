"""A document against the schema: every fault with its line and what to write instead."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from certify.errors import ProblemError

from .toml_document import Document
from .toml_lines import line_of
from .toml_schema import PROPERTIES, ProblemTable, PropertyTable, describe

__all__ = ["checked"]

_T = TypeVar("_T", bound=BaseModel)
_PLANNED = ("lipschitz", "gain", "hybrid")
_MOST_SHOWN = 10
_EXPECTED = {
    "string_type": "a string",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
}


def checked(document: Document) -> tuple[ProblemTable, PropertyTable]:
    """The tables of ``document``; a ProblemError that lists its faults, each with its line."""
    problem = _validated(document, ProblemTable, document.data, ())
    return problem, _validated(document, _kind(document, problem), problem.property, ("property",))


def _kind(document: Document, problem: ProblemTable) -> type[PropertyTable]:
    kind = problem.property.get("kind")
    known = ", ".join(f'"{k}"' for k in PROPERTIES)
    if kind is None:
        raise document.error(["property"], f"'kind' is missing; write kind = one of {known}")
    if isinstance(kind, str) and kind in PROPERTIES:
        return PROPERTIES[kind]
    path = ["property", "kind"]
    if kind in _PLANNED:
        raise document.error(path, f'kind = "{kind}" is not supported yet; write one of {known}')
    raise document.error(path, f"{describe(kind)} is not a kind of property; write one of {known}")


def _validated(
    document: Document, model: type[_T], data: Mapping[str, object], prefix: tuple[str, ...]
) -> _T:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults: list[tuple[int, str]] = []
        for fault in error.errors(include_url=False):
            path = [*prefix, *(part for part in fault["loc"] if isinstance(part, str))]
            line = line_of(document.lines, tuple(path))
            faults.append((line, f"{document.path}:{line}: {_message(model, fault)}"))
    shown = [text for _, text in sorted(faults)[:_MOST_SHOWN]]
    if len(faults) > _MOST_SHOWN:
        shown.append(f"and {len(faults) - _MOST_SHOWN} more")
    raise ProblemError("\n".join(shown))


def _message(model: type[BaseModel], fault: ErrorDetails) -> str:
    loc = [str(part) for part in fault["loc"]]
    table, field = _declared(model, loc)
    name = ".".join(loc[-2:]) if len(loc) > 1 else "".join(loc)
    advice = f"; write {field.description}" if field is not None and field.description else ""
    kind = fault["type"]
    if kind == "missing":
        return f"{loc[-1]!r} is missing{advice}"
    if kind == "extra_forbidden":
        return _unknown(loc[-1], table)
    if kind == "value_error":
        text = str(fault["ctx"]["error"])
        return f"{name}: {text}{'' if 'write' in text else advice}"
    found = describe(fault["input"])
    if kind in _EXPECTED:
        return f"{name}: expected {_EXPECTED[kind]}, found {found}{advice}"
    if kind == "literal_error":
        return f"{name}: {found} is not {fault['ctx']['expected']}{advice}"
    return f"{name}: {fault['msg']}{advice}"


def _unknown(key: str, table: type[BaseModel]) -> str:
    known = list(table.model_fields)
    close = get_close_matches(key[:60], known, n=1)
    advice = f"did you mean {close[0]!r}?" if close else f"write one of: {', '.join(known)}"
    return f"unknown key {key[:60]!r}; {advice}"


def _declared(
    model: type[BaseModel], loc: Sequence[str]
) -> tuple[type[BaseModel], FieldInfo | None]:
    """The innermost table on the way to ``loc``, and the field of it that leads there."""
    field: FieldInfo | None = None
    for part in loc:
        inner = _table(field.annotation) if field is not None else model
        if inner is None:
            break
        model, field = inner, inner.model_fields.get(part)
        if field is None:
            break
    return model, field


def _table(annotation: object) -> type[BaseModel] | None:
    for candidate in (annotation, *typing.get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
