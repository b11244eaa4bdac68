"""Pictures as far as their headers tell: snapshots read every pixel, a check before a push takes seconds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from capforge.data.folder import is_within
from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_snapshot.pictures import Picture
from capforge_snapshot.records import ImageRecord
from capforge_transforms import DEFAULT_LIMITS, Header, ImageError, TooManyPixels, Truncated, read_header

_HEADER_BYTES = 256 * 1024
_NOT_LOOKED_AT = "unknown"
"""In place of a digest that no record claims: the snapshot finds pictures with the same bytes."""


def picture_of(folder: Path, path: Path, image: ImageRecord) -> Picture | RecordFault:
    """Return what the header of an image's file says, or what is wrong with the file."""
    if not is_within(folder, path):
        message = f"there is no file {path} (links must stay inside the folder)"
        return RecordFault(FaultCode.MISSING_IMAGE, image.label, message, image.id)
    try:
        header = _header(path)
        found = _digest(path) if image.sha256 else _NOT_LOOKED_AT
    except OSError as error:
        return RecordFault(FaultCode.UNREADABLE_IMAGE, image.label, f"{path}: {error.strerror}", image.id)
    except ImageError as error:
        code = FaultCode.TOO_LARGE if isinstance(error, TooManyPixels) else FaultCode.UNREADABLE_IMAGE
        return RecordFault(code, image.label, str(error), image.id)
    if image.sha256 not in (None, found):
        message = f"the record says sha256 {image.sha256}, the file has {found}; allowed: the file's own"
        return RecordFault(FaultCode.CONTENT_MISMATCH, image.label, message, image.id)
    return Picture(found, header.width, header.height, header.orientation)


def _header(path: Path) -> Header:
    """Return the header; raises ImageError, OSError."""
    with path.open("rb") as file:
        data = file.read(_HEADER_BYTES)
        try:
            header = read_header(data)
        except Truncated:
            data += file.read()
            header = read_header(data)
    if header.width * header.height > DEFAULT_LIMITS.max_pixels:
        allowed = f"allowed: at most {DEFAULT_LIMITS.max_pixels} in all"
        raise TooManyPixels(f"the image has {header.width} x {header.height} pixels; {allowed}")
    return header


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
