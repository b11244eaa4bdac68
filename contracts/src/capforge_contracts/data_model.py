"""The data model of a FieldExtractorElement: which typed fields a document has."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from capforge_contracts.model import Stored

MAX_FIELDS = 200
FIELD_NAME = r"^[a-z0-9]([a-z0-9_]{0,61}[a-z0-9])?$"


class FieldType(StrEnum):
    """What a field's value is; decides what can be a candidate for it."""

    WORD = "Word"
    AMOUNT = "Amount"
    DATE = "Date"
    EMAIL = "Email"
    URL = "Url"
    PHONE = "Phone"
    CLASSIFICATION = "Classification"


class Writing(StrEnum):
    """How the value stands on the page."""

    PRINTED = "Printed"
    HANDWRITTEN = "Handwritten"


class Presence(StrEnum):
    """How often a kind of character occurs in a value."""

    NEVER = "Never"
    SOMETIMES = "Sometimes"
    ALWAYS = "Always"


class Convention(StrEnum):
    """How an all-numeric date is written."""

    US = "US"
    """Month first."""
    EU = "EU"
    """Day first."""


class DataField(Stored):
    """One typed field."""

    name: Annotated[str, Field(pattern=FIELD_NAME)]
    display_name: str = ""
    type: FieldType
    writing: Writing = Writing.PRINTED
    letters: Presence = Presence.SOMETIMES
    """Of a Word: whether its text has letters."""
    digits: Presence = Presence.SOMETIMES
    """Of a Word: whether its text has digits."""
    whole: Presence = Presence.SOMETIMES
    """Of an Amount: Always = a whole number."""
    convention: Convention = Convention.EU
    """Of a Date: how the document writes it."""
    classes: list[str] = []
    """Of a Classification: what the document can be; the position is the class index."""
