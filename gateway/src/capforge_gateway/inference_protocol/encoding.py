"""Request bodies that come compressed: opened up to a limit, so that a small bomb stays small. Pure."""

from __future__ import annotations

import zlib
from http import HTTPStatus

from capforge_gateway.errors import ApiError, bad_request, body_too_large

ENCODINGS = ("gzip", "deflate")
_PLAIN = frozenset({"", "identity"})
_GZIP = 16 + zlib.MAX_WBITS


def encoding_of(header: bytes) -> str:
    """Return the Content-Encoding, empty for none; raises 415 naming those that are understood."""
    encoding = header.decode("latin-1").strip().lower()
    if encoding in _PLAIN:
        return ""
    if encoding not in ENCODINGS:
        allowed = ", ".join(ENCODINGS)
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            f"Content-Encoding {encoding[:40]!a} is not understood; allowed: {allowed}, or none",
        )
    return encoding


def opened(data: bytes, encoding: str, limit: int) -> bytes:
    """Return the plain bytes, at most `limit`; raises 400 where they are damaged or cut off, 413.

    `deflate` means the zlib format (RFC 9110), which is what Triton's clients send.
    """
    stream = zlib.decompressobj(_GZIP if encoding == "gzip" else zlib.MAX_WBITS)
    try:
        plain = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise bad_request(f"the body is no {encoding} ({error})") from error
    if len(plain) > limit:
        raise body_too_large(limit)
    if not stream.eof or stream.unused_data:
        raise bad_request(f"the {encoding} body is cut off, or something follows it")
    return plain
