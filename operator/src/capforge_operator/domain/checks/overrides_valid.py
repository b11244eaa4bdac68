"""The effective parameters fit the template's schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from capforge_operator.domain.checks.case import Case, Violation
from capforge_operator.domain.parameters import merged, null_paths

_REASON = "InvalidOverrides"
_NOTHING_FETCHED: Registry[Any] = Registry()
"""References out of a schema are refused, never fetched."""


def overrides_valid(case: Case) -> Iterator[Violation]:
    """Name every parameter that is wrong, not only the first."""
    if case.template is None:
        return
    nulls = null_paths(case.overrides)
    for path in nulls:
        yield Violation(_REASON, f"overrides.{path}: null is not allowed; leave the parameter out to keep the default")
    if nulls:
        return
    try:
        Draft202012Validator.check_schema(case.template.schema)
    except SchemaError:
        return  # said by template_known
    validator = Draft202012Validator(case.template.schema, registry=_NOTHING_FETCHED)
    try:
        errors = list(validator.iter_errors(merged(case.template.defaults, case.overrides)))
    except Unresolvable as error:
        yield Violation("UnknownTemplate", f"templateRef: parameterSchema refers to {error.ref!r}, which is not there")
        return
    messages = sorted({message for error in errors for message in _messages(error)})
    yield from (Violation(_REASON, message) for message in messages)


def _messages(error: ValidationError) -> list[str]:
    schema = error.schema
    if error.validator == "additionalProperties" and isinstance(error.instance, dict) and isinstance(schema, Mapping):
        allowed = sorted(schema.get("properties", {}))
        unknown = sorted(set(error.instance) - set(allowed))
        choice = ", ".join(allowed) or "none"
        return [
            f"{_path([*error.absolute_path, name])}: there is no such parameter; allowed: {choice}" for name in unknown
        ]
    return [f"{_path(error.absolute_path)}: {error.message}"]


def _path(parts: Iterable[object]) -> str:
    return ".".join(["overrides", *(str(part) for part in parts)])
