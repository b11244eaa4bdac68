"""Whether a ModelTemplate can be used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from capforge_operator.api.model_template import ModelTemplate, ModelTemplateStatus
from capforge_operator.domain.conditions import FALSE, TRUE, Finding, settle

READY = "Ready"
_SHOWN = 10
_NOTHING_FETCHED: Registry[Any] = Registry()
"""References out of a schema are refused, never fetched."""


def template_status(template: ModelTemplate, now: datetime) -> ModelTemplateStatus:
    """Return the status: the schema is one, and the defaults fit it."""
    reason, message = _verdict(template)
    ready = Finding(READY, TRUE if reason == "Valid" else FALSE, reason, message)
    stalled = Finding("Stalled", FALSE if reason == "Valid" else TRUE, reason, message)
    reconciling = Finding("Reconciling", FALSE, "Converged", "Nothing is under way.")
    generation = template.metadata.generation
    return ModelTemplateStatus(
        conditions=settle(template.status.conditions, [ready, reconciling, stalled], now, generation),
        observed_generation=generation,
    )


def _verdict(template: ModelTemplate) -> tuple[str, str]:
    schema = template.spec.parameter_schema
    try:
        Draft202012Validator.check_schema(schema)
        wrong = sorted(_wrong_defaults(schema, template.spec.defaults))
    except SchemaError as error:
        return "InvalidSchema", f"parameterSchema{_path(error.absolute_path)}: {error.message}"
    except Unresolvable as error:
        return "InvalidSchema", f"parameterSchema: the reference {error.ref!r} leads nowhere; write what it stands for."
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        return "InvalidDefaults", "; ".join(wrong[:_SHOWN]) + more
    return "Valid", "The defaults fit the parameter schema."


def _wrong_defaults(schema: dict[str, Any], defaults: dict[str, Any]) -> Iterator[str]:
    for error in Draft202012Validator(schema, registry=_NOTHING_FETCHED).iter_errors(defaults):
        yield f"defaults{_path(error.absolute_path)}: {error.message}"


def _path(parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
