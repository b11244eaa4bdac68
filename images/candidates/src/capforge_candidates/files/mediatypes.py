"""The media types that are read."""

from __future__ import annotations

from enum import StrEnum

from capforge_candidates.faults import Code, Fault


class Kind(StrEnum):
    """One of them, by the name that it has on the wire."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    TIFF = "image/tiff"


ALLOWED = ", ".join(Kind)


def check_media_type(sent: str) -> None:
    """Refuse a content type that is none of ours; what is not said (or only "bytes") is told by the content."""
    bare = sent.partition(";")[0].strip().lower()
    if bare in {*Kind, "", "image/jpg", "application/octet-stream"}:
        return
    raise Fault(Code.UNSUPPORTED_MEDIA_TYPE, f"`{bare[:100]}` was sent; allowed: {ALLOWED}")
