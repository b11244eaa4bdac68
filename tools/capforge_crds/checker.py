"""All API rules over one CRD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capforge_crds.document_rules import DOCUMENT_RULES
from capforge_crds.field_rules import FIELD_RULES
from capforge_crds.walk import Schema, fields


@dataclass(frozen=True)
class Violation:
    """One broken rule at one place."""

    rule: str
    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place} {self.problem} ({self.rule})"


def violations(crd: Schema) -> Iterator[Violation]:
    """Yield everything about a CRD that breaks an API rule."""
    name = crd["metadata"]["name"]
    for check in DOCUMENT_RULES:
        problem = check(crd)
        if problem:
            yield Violation(check.__name__, name, problem)
    for field in fields(crd):
        for rule in FIELD_RULES:
            problem = rule(field)
            if problem:
                yield Violation(rule.__name__, f"{name} {field.path}", problem)
