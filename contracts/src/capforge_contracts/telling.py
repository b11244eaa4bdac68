"""What pydantic found wrong, in words that say what is allowed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

Model = type[BaseModel]
_UNKNOWN = "extra_forbidden"


def told(fault: Mapping[str, Any], model: Model) -> str:
    """Return what is wrong with a field of a document of this model.

    `fault` is one of `ValidationError.errors()`, `loc` counted from the model; steps before it (an index) do no harm.
    """
    if fault["type"] != _UNKNOWN:
        return str(fault["msg"]).removeprefix("Value error, ")
    return f"is no field here; allowed: {', '.join(_allowed(model, fault['loc'][:-1]))}"


def _allowed(model: Model, steps: Sequence[int | str]) -> list[str]:
    """Return the names of fields, as they are written, at a place of a document."""
    here = [model]
    for step in steps:
        # An index, a key of a mapping and the tag of a union name no field: they stay with the models around them.
        here = [inner for one in here for inner in _inside(one, step)] or here
    return list(dict.fromkeys(alias for one in here for alias in _fields(one)))


def _inside(model: Model, step: int | str) -> list[Model]:
    field = _fields(model).get(str(step))
    return [] if field is None else list(_models(field))


def _fields(model: Model) -> dict[str, Any]:
    """Return the type of each field by the name that people write."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models(annotation: Any) -> Iterator[Model]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
