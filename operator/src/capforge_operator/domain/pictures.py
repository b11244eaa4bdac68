"""Small pictures out of a run's report, to be shown inside of a letter. Pure.

The report is a file that a trainer wrote, perhaps a team's own: nothing of it is taken but pictures, each of which must
begin as its kind does and be small.
"""

from __future__ import annotations

import base64
import binascii
import re
from itertools import islice

from capforge_operator.posting import Picture

MOST_PICTURES = 4
MOST_PICTURE_BYTES = 96 * 1024
MOST_REPORT_BYTES = 16 * 1024 * 1024
_PICTURE = re.compile(
    rb"data:image/(jpeg|png);base64,([A-Za-z0-9+/]{1,%d}={0,2})[\"')]" % (MOST_PICTURE_BYTES * 4 // 3)
)
_BEGINS = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}


def pictures_of(report: bytes) -> tuple[Picture, ...]:
    """Return the first small pictures of a report in HTML, in their order, each once."""
    found: dict[bytes, str] = {}
    for match in _PICTURE.finditer(report):
        subtype = match[1].decode()
        data = _decoded(match[2])
        if data.startswith(_BEGINS[subtype]):
            found.setdefault(data, subtype)
        if len(found) >= MOST_PICTURES:
            break
    numbered = enumerate(islice(found.items(), MOST_PICTURES), start=1)
    return tuple(Picture(f"picture-{number}", subtype, data) for number, (data, subtype) in numbered)


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
