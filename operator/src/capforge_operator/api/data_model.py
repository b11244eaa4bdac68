"""The data model of a FieldExtractorElement: which typed fields a document has."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from capforge_contracts.data_model import FIELD_NAME, MAX_FIELDS, Convention, FieldType, Presence, Writing
from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import SET, ClassName, Rule, checked, immutable, map_by, rules

MAX_CLASSES = 100
"""Of one field: with more, the API server's cost limit refuses the rule that they are only appended."""
MANY_FIELDS = 50
"""More are allowed, with a warning: each field needs its own examples."""
NEW_CAPABILITY = "make a new Capability"


class Wholeness(StrEnum):
    """How often an amount is a whole number."""

    SOMETIMES = "Sometimes"
    ALWAYS = "Always"


def _only_for(options: tuple[str, ...], types: str) -> Rule:
    absent = " && ".join(f"!has(self.{option})" for option in options)
    return Rule(f"self.type == '{types}' || ({absent})", f"{' and '.join(options)}: allowed for type {types} only")


class DataField(ApiModel):
    """One typed field of a document."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            _only_for(("letters", "digits"), "Word"),
            _only_for(("whole",), "Amount"),
            _only_for(("convention",), "Date"),
            _only_for(("classes",), "Classification"),
            Rule(
                "self.type != 'Classification' || has(self.classes)",
                "classes: type Classification needs the list of what the document can be",
            ),
            Rule(
                # Class names have one line each, so this compares them one by one.
                "!has(oldSelf.classes) || (has(self.classes)"
                " && (self.classes.join('\\n') + '\\n').startsWith(oldSelf.classes.join('\\n') + '\\n'))",
                f"classes: may only be appended; to rename, remove or move one, {NEW_CAPABILITY}",
            ),
        )
    )

    name: Annotated[str, Field(min_length=1, max_length=63, pattern=FIELD_NAME)]
    """What annotations and predictions call it: lower-case letters, digits and '_'."""
    display_name: Annotated[str, Field(max_length=128)] | None = None
    """What people see; the name where absent."""
    type: Annotated[FieldType, checked(immutable("type", f"to give a field another type, {NEW_CAPABILITY}"))]
    """What its value is. Classification applies to the whole document; all others are read from the page."""
    writing: Writing | None = None
    """Printed (also where absent) or Handwritten."""
    letters: Presence | None = None
    """Of a Word: whether its text has letters; Sometimes where absent."""
    digits: Presence | None = None
    """Of a Word: whether its text has digits; Sometimes where absent."""
    whole: Wholeness | None = None
    """Of an Amount: Always allows whole numbers only; Sometimes where absent."""
    convention: Convention | None = None
    """Of a Date: US (month first) or EU (day first, also where absent), as the documents write it."""
    classes: (
        Annotated[
            list[Annotated[ClassName, Field(pattern=r"^\S([^\r\n\t]*\S)?$")]],
            Field(min_length=1, max_length=MAX_CLASSES),
            SET,
        ]
        | None
    ) = None
    """Of a Classification: what the document can be. Later ones may be appended."""


class DataModel(ApiModel):
    """The fields that are read from each document."""

    fields: Annotated[
        list[DataField],
        Field(min_length=1, max_length=MAX_FIELDS),
        map_by("name"),
        checked(
            Rule(
                "oldSelf.all(o, self.exists(f, f.name == o.name))",
                f"fields: may only be appended; to remove or rename one, {NEW_CAPABILITY}",
            ),
        ),
    ]
    """The fields, by name. Later ones may be appended, none may be removed, renamed or given another type."""
