"""Every field of a CRD, with where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One place in a schema."""

    path: str
    name: str
    """The last name in the path; a list's items have the list's name and `[]`."""
    schema: Schema
    required: bool = False
    in_list_item: bool = False

    @property
    def type(self) -> str:
        """`string`, `integer` …; an int-or-string has none."""
        return str(self.schema.get("type", ""))

    @property
    def is_always_there(self) -> bool:
        """Whether no object lacks the field."""
        return self.required or "default" in self.schema


def fields(crd: Schema) -> Iterator[Field]:
    """Yield spec, status and everything below them, of every version."""
    for version in crd["spec"]["versions"]:
        root = version["schema"]["openAPIV3Schema"]
        required = root.get("required", [])
        for name in ("spec", "status"):
            if name in root["properties"]:
                yield from _below(Field(name, name, root["properties"][name], name in required))


def _below(field: Field) -> Iterator[Field]:
    yield field
    required = field.schema.get("required", [])
    for name, schema in field.schema.get("properties", {}).items():
        path = f"{field.path}.{name}"
        yield from _below(replace(field, path=path, name=name, schema=schema, required=name in required))
    if "items" in field.schema:
        yield from _below(Field(f"{field.path}[]", f"{field.name}[]", field.schema["items"], in_list_item=True))
    values = field.schema.get("additionalProperties")
    if isinstance(values, dict):
        yield from _below(Field(f"{field.path}{{}}", f"{field.name}{{}}", values))
