"""PDF files written by hand, so that a test says exactly what is in them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Add = Callable[[bytes], int]
"""Adds an object and returns its number."""
A4 = (595.0, 842.0)
_REVISION_2_KEY_BYTES = 32


@dataclass(frozen=True)
class Text:
    """A line of text: its left end and baseline in points from the lower left, turned against the clock."""

    text: str
    x: float
    y: float
    size: float = 12.0
    degrees: int = 0


@dataclass(frozen=True)
class Page:
    """One page."""

    texts: Sequence[Text] = ()
    size: tuple[float, float] = A4
    rotate: int = 0
    grey: bytes = b""
    """Pixels of a picture that fills the page, `grey_size` (width, height)."""
    grey_size: tuple[int, int] = (0, 0)
    drawing: bytes = b""
    """More operators of the page's content."""
    fields: Sequence[Text] = ()
    """What was filled into fields of a form."""


_MATRICES = {0: "1 0 0 1", 90: "0 1 -1 0", 180: "-1 0 0 -1", 270: "0 -1 1 0"}


def written(pages: Sequence[Page], *, encrypted: bool = False) -> bytes:
    """Return the file."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    add(b"")
    add(b"")
    font = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids = [_page(page, font, add) for page in pages]
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), listed)
    trailer = b""
    if encrypted:  # keys that no password fits
        key = b"<" + b"5a" * _REVISION_2_KEY_BYTES + b">"
        lock = add(b"<< /Filter /Standard /V 1 /R 2 /P -44 /O %s /U %s >>" % (key, key))
        trailer = b"/Encrypt %d 0 R /ID [<00> <00>]" % lock
    return _file(objects, trailer)


def _page(page: Page, font: int, add: Add) -> int:
    content = page.drawing + b"".join(map(_operators, page.texts))
    resources = b"/Font << /F1 %d 0 R >>" % font
    if page.grey:
        image = add(_image(page))
        resources += b" /XObject << /Im1 %d 0 R >>" % image
        content = b"q %g 0 0 %g 0 0 cm /Im1 Do Q\n" % page.size + content
    stream = add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    fields = b" ".join(b"%d 0 R" % _field(field, font, add) for field in page.fields)
    return add(
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Rotate %d /Resources << %s >> /Contents %d 0 R"
        b" /Annots [%s] >>" % (*page.size, page.rotate, resources, stream, fields)
    )


def _field(field: Text, font: int, add: Add) -> int:
    """Return a text field whose value is drawn by an appearance of its own, as filling programs write it."""
    width, height = len(field.text) * field.size, field.size * 1.5
    content = _operators(Text(field.text, 2, 2, field.size))
    head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 %g %g] /Resources << /Font << /F1 %d 0 R >> >>"
    look = add(head % (width, height, font) + b" /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    box = (field.x, field.y, field.x + width, field.y + height)
    return add(
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /F 4 /T (f) /Rect [%g %g %g %g] /V (%s) /AP << /N %d 0 R >> >>"
        % (*box, field.text.encode("ascii"), look)
    )


def _operators(text: Text) -> bytes:
    escaped = text.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")
    matrix = _MATRICES[text.degrees].encode()
    return b"BT /F1 %g Tf %s %g %g Tm (%s) Tj ET\n" % (text.size, matrix, text.x, text.y, escaped)


def _image(page: Page) -> bytes:
    pixels = zlib.compress(page.grey)
    head = b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
    return head % page.grey_size + b" /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(pixels), pixels)


def _file(objects: Sequence[bytes], trailer: bytes) -> bytes:
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, rows)
    end = b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)
    return out + table + end
