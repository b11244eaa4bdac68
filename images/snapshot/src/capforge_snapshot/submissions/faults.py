"""Everything that can be wrong with an annotation, by code. Codes are stable: people filter by them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultCode(StrEnum):
    """What is wrong."""

    SOURCE_NOT_ALLOWED = "SourceNotAllowed"
    TOO_LARGE = "TooLarge"
    BAD_RECORD = "BadRecord"
    BAD_DIGEST = "BadDigest"
    OUTSIDE_SELECTION = "OutsideSelection"
    DUPLICATE_FIELD = "DuplicateField"
    WRONG_KIND = "WrongKind"
    UNKNOWN_CLASS = "UnknownClass"
    UNKNOWN_PAGE = "UnknownPage"
    BAD_POSITION = "BadPosition"
    MISSING_READING = "MissingReading"
    DAMAGED_READING = "DamagedReading"
    OTHER_READING = "OtherReading"


@dataclass(frozen=True)
class LabelFault:
    """One thing that is wrong with one annotation."""

    code: FaultCode
    message: str
    """What is wrong and what is allowed."""
