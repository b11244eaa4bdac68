"""What kind of file some bytes are, by how they begin: clients send documents without a type, or with a wrong one."""

from __future__ import annotations

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
WEBP = "image/webp"
TIFF = "image/tiff"
ALLOWED = (PDF, JPEG, PNG, WEBP, TIFF)
_PDF_WITHIN_BYTES = 1024
"""A reader looks for the header so far: mail programs put lines before it."""
_BEGINNINGS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)


def media_type_of(data: bytes) -> str | None:
    """Return the media type; None: nothing that can be read here."""
    for beginning, media in _BEGINNINGS:
        if data.startswith(beginning):
            return media
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    return PDF if b"%PDF-" in data[:_PDF_WITHIN_BYTES] else None
