"""Everything that can be wrong with a source of labelled images, by code. Codes are stable: people filter by them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultCode(StrEnum):
    """What is wrong."""

    SOURCE_NOT_ALLOWED = "SourceNotAllowed"
    TOO_LARGE = "TooLarge"
    TRUNCATED_FILE = "TruncatedFile"
    INVALID_JSON = "InvalidJson"
    NOT_COCO = "NotCoco"
    INVALID_YAML = "InvalidYaml"
    NOT_YOLO = "NotYolo"
    INVALID_XML = "InvalidXml"
    NOT_VOC = "NotVoc"
    NOT_A_MANIFEST = "NotAManifest"
    NOT_A_CLASS_FOLDER = "NotAClassFolder"
    BAD_RECORD = "BadRecord"
    BAD_FILE_NAME = "BadFileName"
    BAD_BOX = "BadBox"
    ZERO_AREA_BOX = "ZeroAreaBox"
    BOX_OUTSIDE = "BoxOutside"
    BAD_POLYGON = "BadPolygon"
    ZERO_AREA_POLYGON = "ZeroAreaPolygon"
    POLYGON_OUTSIDE = "PolygonOutside"
    NO_CLASS = "NoClass"
    OUTSIDE_SELECTION = "OutsideSelection"
    DUPLICATE_CATEGORY_ID = "DuplicateCategoryId"
    DUPLICATE_CATEGORY_NAME = "DuplicateCategoryName"
    DUPLICATE_IMAGE_ID = "DuplicateImageId"
    DUPLICATE_ANNOTATION_ID = "DuplicateAnnotationId"
    DUPLICATE_FILE_NAME = "DuplicateFileName"
    DUPLICATE_CONTENT = "DuplicateContent"
    UNDECLARED_CATEGORY = "UndeclaredCategory"
    UNKNOWN_IMAGE = "UnknownImage"
    MISSING_IMAGE = "MissingImage"
    UNREADABLE_IMAGE = "UnreadableImage"
    TRUNCATED_IMAGE = "TruncatedImage"
    SIZE_MISMATCH = "SizeMismatch"
    CONTENT_MISMATCH = "ContentMismatch"
    UNKNOWN_CLASS = "UnknownClass"
    CLASS_MISSING_FROM_SPLIT = "ClassMissingFromSplit"


@dataclass(frozen=True)
class RecordFault:
    """One thing that is wrong with one record."""

    code: FaultCode
    record: str
    """`annotation 12`, `image 7 (a.jpg)`, `categories[2]`."""
    message: str
    """What is wrong and what is allowed."""
    image: str | None = None
    """Id of the image whose labels cannot be trusted because of it; None where no image is touched."""
