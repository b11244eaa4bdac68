"""The API rules that one field can show. Each is a pure function: what is wrong with this field, or nothing."""

# ruff: noqa: D103 - the name of each rule is its sentence

from __future__ import annotations

import re
from collections.abc import Callable

from capforge_crds.walk import Field

FieldRule = Callable[[Field], str | None]

_CAMEL = re.compile(r"^[a-z][a-zA-Z0-9]*$")
_PASCAL = re.compile(r"^[A-Z][a-zA-Z0-9]*$")
_ONLY_BOOLEAN = "suspend"
_FREE_FORM = {"overrides", "parameterSchema", "defaults"}
_UNKNOWN_TO_KUBERNETES = ("$ref", "$defs", "const", "title", "oneOf", "allOf", "not", "prefixItems", "examples")
_OTHER_TIME_UNITS = re.compile(r"(Millis|Milliseconds|Ms|Minutes|Hours|Days|Duration|Timeout)$")
_LIST_TYPES = {"map", "set", "atomic"}


def names_are_camel_case(field: Field) -> str | None:
    plain = field.name.rstrip("[]{}")
    return None if _CAMEL.match(plain) else "is not camelCase"


def enum_values_are_pascal_case(field: Field) -> str | None:
    wrong = [value for value in field.schema.get("enum", []) if not _PASCAL.match(str(value))]
    return f"has enum values that are not PascalCase: {wrong}" if wrong else None


def booleans_are_enums(field: Field) -> str | None:
    if field.type != "boolean" or field.name == _ONLY_BOOLEAN:
        return None
    return "is a boolean; a string enum can grow"


def there_are_no_floats(field: Field) -> str | None:
    return "is a float; write a decimal string or an integer with its unit" if field.type == "number" else None


def integers_have_format_and_bounds(field: Field) -> str | None:
    if field.type != "integer":
        return None
    if field.schema.get("format") not in {"int32", "int64"}:
        return "is an integer without format int32 or int64"
    missing = [bound for bound in ("minimum", "maximum") if bound not in field.schema]
    return f"is an integer without {' and '.join(missing)}" if missing else None


def times_are_called_time(field: Field) -> str | None:
    is_time = field.schema.get("format") == "date-time"
    is_called = field.name == "time" or field.name.endswith("Time")
    if is_time and not is_called:
        return "is a time; its name must end in Time"
    return "is called a time but has not the format date-time" if is_called and not is_time else None


def durations_are_in_seconds(field: Field) -> str | None:
    if _OTHER_TIME_UNITS.search(field.name):
        return "is a duration; its name must end in Seconds"
    if field.name.endswith("Seconds") and field.type != "integer":
        return "is a duration; it must be an integer"
    return None


def shares_are_integer_percents(field: Field) -> str | None:
    if re.search(r"(Fraction|Ratio|Share)$", field.name):
        return "is a share; it must be an integer called …Percent"
    if not field.name.endswith(("Percent", "percent")):
        return None
    return None if field.type == "integer" and field.schema.get("maximum", 101) <= 100 else "must be an integer 0-100"


def references_are_objects_with_a_name(field: Field) -> str | None:
    if not field.name.endswith("Ref"):
        return None
    return None if set(field.schema.get("properties", {})) == {"name"} else "is a reference; it must be {name}"


def lists_have_list_type_and_max_items(field: Field) -> str | None:
    if field.type != "array":
        return None
    kind = field.schema.get("x-kubernetes-list-type")
    if kind not in _LIST_TYPES:
        return "is a list without x-kubernetes-list-type"
    if kind == "map" and not field.schema.get("x-kubernetes-list-map-keys"):
        return "is a list-map without keys"
    return None if "maxItems" in field.schema else "is a list without maxItems"


def strings_have_max_length(field: Field) -> str | None:
    is_text = field.type == "string" or field.schema.get("x-kubernetes-int-or-string")
    if not is_text or "enum" in field.schema or "maxLength" in field.schema:
        return None
    return "is a string without maxLength"


def maps_are_of_strings(field: Field) -> str | None:
    values = field.schema.get("additionalProperties")
    if values is None:
        return None
    if not isinstance(values, dict) or values.get("type") != "string":
        return "is a map of something other than strings; write a list of named objects"
    return None if "maxProperties" in field.schema else "is a map without maxProperties"


def nothing_is_nullable(field: Field) -> str | None:
    return "is nullable; absence means none" if field.schema.get("nullable") else None


def unknown_fields_are_kept_only_where_meant(field: Field) -> str | None:
    if field.schema.get("x-kubernetes-preserve-unknown-fields") and field.name not in _FREE_FORM:
        return f"keeps unknown fields; only {sorted(_FREE_FORM)} may"
    return None


def list_items_have_no_defaults(field: Field) -> str | None:
    if field.in_list_item and "default" in field.schema:
        return "is in a list item and has a default, which GitOps tools report as drift for ever"
    return None


def required_fields_have_no_default(field: Field) -> str | None:
    return "is required and has a default" if field.required and "default" in field.schema else None


def status_has_no_defaults(field: Field) -> str | None:
    return (
        "is in the status and has a default" if field.path.startswith("status") and "default" in field.schema else None
    )


def rules_say_what_is_allowed(field: Field) -> str | None:
    silent = [rule["rule"] for rule in field.schema.get("x-kubernetes-validations", []) if not rule.get("message")]
    return f"has a rule without a message: {silent}" if silent else None


def rule_messages_name_the_field(field: Field) -> str | None:
    """A rule on one value names it; a rule on an object or list names it or one of its members."""
    known = {field.name.rstrip("[]{}"), field.name.split("[")[0], *field.schema.get("properties", {})}
    for rule in field.schema.get("x-kubernetes-validations", []):
        message = rule.get("message", "")
        if message and not any(re.search(rf"\b{name}\b", message) for name in known) and field.name != "spec":
            return f"has a rule whose message names no field: {message!r}"
    return None


def immutability_of_optional_fields_is_on_the_parent(field: Field) -> str | None:
    """`self == oldSelf` on a field is not asked when the field is added or removed."""
    rules = [rule["rule"] for rule in field.schema.get("x-kubernetes-validations", [])]
    if "self == oldSelf" in rules and not field.is_always_there:
        return "is optional and immutable by a rule of its own, which adding or removing it does not break"
    return None


def only_structural_words_are_used(field: Field) -> str | None:
    wrong = [word for word in _UNKNOWN_TO_KUBERNETES if word in field.schema]
    if "anyOf" in field.schema and not field.schema.get("x-kubernetes-int-or-string"):
        wrong.append("anyOf")
    bounds = ("exclusiveMinimum", "exclusiveMaximum")
    wrong += [bound for bound in bounds if not isinstance(field.schema.get(bound, True), bool)]
    return f"uses what a structural schema does not know: {wrong}" if wrong else None


def every_field_is_described(field: Field) -> str | None:
    if "[" in field.name or "{" in field.name or field.schema.get("description"):
        return None
    return "has no description for kubectl explain"


FIELD_RULES: tuple[FieldRule, ...] = (
    names_are_camel_case,
    enum_values_are_pascal_case,
    booleans_are_enums,
    there_are_no_floats,
    integers_have_format_and_bounds,
    times_are_called_time,
    durations_are_in_seconds,
    shares_are_integer_percents,
    references_are_objects_with_a_name,
    lists_have_list_type_and_max_items,
    strings_have_max_length,
    maps_are_of_strings,
    nothing_is_nullable,
    unknown_fields_are_kept_only_where_meant,
    list_items_have_no_defaults,
    required_fields_have_no_default,
    status_has_no_defaults,
    rules_say_what_is_allowed,
    rule_messages_name_the_field,
    immutability_of_optional_fields_is_on_the_parent,
    only_structural_words_are_used,
    every_field_is_described,
)
