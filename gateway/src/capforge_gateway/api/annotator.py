"""The header X-Annotator: who annotates, in whatever letters their name is written.

A header is bytes. Programs that may send any send UTF-8; browsers and some libraries send nothing beyond Latin-1, and
write a name as RFC 8187 has it: `UTF-8''J%C3%B6rg`.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from capforge_gateway.errors import bad_request

_HEADER = "x-annotator"
_MOST_CHARS = 128
_ENCODED = re.compile(rb"utf-8'[A-Za-z0-9-]*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})*)", re.IGNORECASE)
"""An ext-value of RFC 8187: character set, language, value."""
_WAY_OUT = "allowed: UTF-8, or percent-encoded as in UTF-8''J%C3%B6rg (RFC 8187)"


def annotator_of(request: Request, key: str) -> str:
    """Return who annotates: the user that the client names (NFC), else the key's name; raises 400."""
    given = next((value for name, value in request.headers.raw if name == _HEADER.encode()), b"")
    return _named(given) if given else key


def _named(given: bytes) -> str:
    encoded = _ENCODED.fullmatch(given)
    try:
        name = unicodedata.normalize("NFC", (unquote_to_bytes(encoded[1]) if encoded else given).decode())
    except UnicodeDecodeError as error:
        raise bad_request(f"X-Annotator is no UTF-8; {_WAY_OUT}", field=_HEADER) from error
    if not name or len(name) > _MOST_CHARS or not name.isprintable() or name != name.strip():
        raise bad_request(
            f"X-Annotator is empty, longer than {_MOST_CHARS} characters, begins or ends with a space, or holds "
            f"characters that cannot be printed; {_WAY_OUT}",
            field=_HEADER,
        )
    return name
