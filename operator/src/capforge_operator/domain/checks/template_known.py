"""The template exists and suits the capability."""

from __future__ import annotations

from collections.abc import Iterator

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from capforge_operator.domain.checks.case import Case, Violation


def template_known(case: Case) -> Iterator[Violation]:
    """Refuse a template that is not there, is broken, or trains something else."""
    name, template = case.template_name, case.template
    if template is None:
        hint = "`kubectl get modeltemplates` lists what is there"
        yield Violation("UnknownTemplate", f"templateRef: there is no ModelTemplate {name}; {hint}")
        return
    if case.capability is not None and case.capability.type not in template.capability_types:
        types = ", ".join(sorted(template.capability_types))
        yield Violation(
            "UnknownTemplate",
            f"templateRef: {name} trains {types}; {case.capability_name} is a {case.capability.type.value}",
        )
    try:
        Draft202012Validator.check_schema(template.schema)
    except SchemaError as error:
        yield Violation("UnknownTemplate", f"templateRef: parameterSchema of {name} is no JSON Schema: {error.message}")
