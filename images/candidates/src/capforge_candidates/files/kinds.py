"""Which file it is: told by its first bytes, whatever the sender calls it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.mediatypes import ALLOWED, Kind
from capforge_candidates.files.page import Limits, RawPage
from capforge_candidates.files.pdf import pdf
from capforge_candidates.files.pictures import picture, tiff

_PDF_WITHIN_BYTES = 1024
"""Readers accept a PDF whose header comes within its first kilobyte."""
_OPENERS: dict[Kind, Callable[[bytes, Limits], Sequence[RawPage]]] = {
    Kind.PDF: pdf,
    Kind.JPEG: picture,
    Kind.PNG: picture,
    Kind.WEBP: picture,
    Kind.TIFF: tiff,
}


def pages_of(data: bytes, limits: Limits) -> Sequence[RawPage]:
    """Return the pages of a file, at least one; raises Fault."""
    return _OPENERS[kind_of(data)](data, limits)


def kind_of(data: bytes) -> Kind:
    """Tell the kind by the content; raises Fault (EmptyDocument, UnsupportedMediaType)."""
    if not data:
        raise Fault(Code.EMPTY_DOCUMENT, f"the document has no bytes; send one of {ALLOWED}")
    if data.startswith(b"\xff\xd8"):
        return Kind.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Kind.WEBP
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return Kind.TIFF
    if b"%PDF-" in data[:_PDF_WITHIN_BYTES]:
        return Kind.PDF
    raise Fault(
        Code.UNSUPPORTED_MEDIA_TYPE, f"the document starts with {data[:8].hex(' ')}, which is none of {ALLOWED}"
    )
