"""Pydantic models → Kubernetes structural schemas.

A structural schema knows no `$ref`, no `null`, no unions, no tuples, no `const` and no numeric exclusive bounds; what
cannot be said is refused here, with the place, and not found out later by an API server.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

_REFERENCE = "#/$defs/"
_DROPPED = {"title", "$defs"}
_ORDER = ("type", "description", "default", "enum", "format")
_LAST = ("required", "properties", "items", "additionalProperties")


class NotStructuralError(Exception):
    """A model says something that a structural schema cannot say."""


class StructuralSchema(GenerateJsonSchema):
    """Pydantic's generator with Kubernetes' words."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Absence means none: there is no null."""
        return self.generate_inner(schema["schema"])

    def union_schema(self, schema: core_schema.UnionSchema) -> JsonSchemaValue:  # noqa: ARG002 - the parent\'s
        raise NotStructuralError("a union: write one optional member for each case and a CEL rule instead")

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:  # noqa: ARG002 - the parent\'s
        raise NotStructuralError("a tagged union: write one optional member for each case and a CEL rule instead")

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:  # noqa: ARG002 - the parent\'s
        raise NotStructuralError("a tuple: write an object with named fields instead")

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:  # noqa: ARG002 - the parent\'s
        raise NotStructuralError("a float: write a decimal string or an integer with its unit instead")

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        """Always an enum, also with one member."""
        return {"type": "string", "enum": list(schema["expected"])}

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        """Always an enum, also with one member; without the class's docstring, which is not about the field."""
        return {"type": "string", "enum": [member.value for member in schema["members"]]}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Keep a default that says something: neither none nor an empty list."""
        json_schema = super().default_schema(schema)
        default = _without_none(json_schema.get("default"))
        bare = {key: value for key, value in json_schema.items() if key != "default"}
        return bare if default is None or default == [] else {**bare, "default": default}


def structural_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the structural schema of a model; raises NotStructuralError naming the model."""
    try:
        schema = model.model_json_schema(schema_generator=StructuralSchema)
    except NotStructuralError as error:
        raise NotStructuralError(f"{model.__name__} holds {error}") from error
    inlined: dict[str, Any] = _structural(schema, schema.get("$defs", {}))
    return inlined


def without_defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without any default: in status and in list items they would only make noise."""
    bare = {key: value for key, value in schema.items() if key != "default"}
    if "properties" in bare:
        bare["properties"] = {name: without_defaults(part) for name, part in bare["properties"].items()}
    if "items" in bare:
        bare["items"] = without_defaults(bare["items"])
    return bare


def _structural(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Inline references, drop what Kubernetes does not know, and put the keys into a reader's order."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].removeprefix(_REFERENCE)]
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        rules = [*target.get("x-kubernetes-validations", []), *siblings.pop("x-kubernetes-validations", [])]
        merged = {**target, **siblings, **({"x-kubernetes-validations": rules} if rules else {})}
        return _structural(merged, definitions)
    dropped = _DROPPED | {"type"} if schema.get("x-kubernetes-int-or-string") else _DROPPED
    result = {key: value for key, value in schema.items() if key not in dropped}
    if "properties" in result:
        result["properties"] = {name: _structural(part, definitions) for name, part in result["properties"].items()}
    if "items" in result:
        result["items"] = _structural(result["items"], definitions)
    return _in_order(_free_form_or_map(_with_boolean_bounds(result), definitions))


def _in_order(schema: dict[str, Any]) -> dict[str, Any]:
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    known = [key for key in _ORDER if key in schema]
    rest = sorted(key for key in schema if key not in _ORDER and key not in _LAST)
    return {key: schema[key] for key in [*known, *rest, *(key for key in _LAST if key in schema)]}


def _with_boolean_bounds(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI v3.0 writes an exclusive bound as a bound and a boolean."""
    for bound in ("Minimum", "Maximum"):
        exclusive = schema.pop(f"exclusive{bound}", None)
        if exclusive is not None:
            schema |= {bound.lower(): exclusive, f"exclusive{bound}": True}
    return schema


def _free_form_or_map(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    values = schema.pop("additionalProperties", None)
    if isinstance(values, dict) and values and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = _structural(values, definitions)
    return schema


def _without_none(value: Any) -> Any:
    """A default is applied as it stands, so what is absent in the model is absent in it, and so are empty lists."""
    if isinstance(value, dict):
        kept = {key: _without_none(part) for key, part in value.items()}
        return {key: part for key, part in kept.items() if part is not None and part not in ([], {})}
    return value
