"""The effective parameters fit the template's schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from capforge_operator.domain.checks.case import Case, Violation
from capforge_operator.domain.parameters import is_given, merged, null_paths

_REASON = "InvalidOverrides"
_MESSAGE_CHARS = 400
_NOTHING_FETCHED: Registry[Any] = Registry()
"""References out of a schema are refused, never fetched."""


def overrides_valid(case: Case) -> Iterator[Violation]:
    """Name every parameter that is wrong, not only the first; what is wrong with a default is the template's fault."""
    if case.template is None:
        return
    nulls = null_paths(case.overrides)
    for path in nulls:
        yield Violation(_REASON, f"overrides.{path}: null is not allowed; leave the parameter out to keep the default")
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
    found = {violation for error in errors for violation in _violations(case, error)}
    said = {f"overrides.{path}" for path in nulls}
    wrong = (one for one in found if one.message.partition(": ")[0] not in said)
    yield from sorted(wrong, key=lambda one: (one.reason, one.message))


def _violations(case: Case, error: ValidationError) -> Iterator[Violation]:
    for path, message in _faults(error):
        place = ".".join(str(part) for part in path)
        text = message[:_MESSAGE_CHARS]
        if path and not is_given(case.overrides, path):
            said = f"templateRef: {case.template_name} has a default that does not fit: {place}: {text}"
            yield Violation("UnknownTemplate", said)
        else:
            yield Violation(_REASON, f"{'.'.join(['overrides', *([place] if place else [])])}: {text}")


def _faults(error: ValidationError) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where something is wrong and what, one for each unknown parameter."""
    schema, path = error.schema, tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict) and isinstance(schema, Mapping):
        allowed = sorted(schema.get("properties", {}))
        choice = ", ".join(allowed) or "none"
        for name in sorted(set(error.instance) - set(allowed)):
            yield (*path, name), f"there is no such parameter; allowed: {choice}"
    elif error.context:  # anyOf, oneOf: each choice says why it is none
        yield path, ", or ".join(dict.fromkeys(one.message for one in error.context))
    else:
        yield path, error.message
