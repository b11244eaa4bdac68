"""What the first bytes of a picture tell, without decoding a pixel.

Written here rather than taken from Pillow because Pillow allocates whole frames when it opens a WebP, and because the
JPEG path of a prediction has no time for a second library.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from capforge_transforms.errors import NotAnImage, Truncated
from capforge_transforms.exif import UPRIGHT, orientation_of

ALLOWED = "allowed: JPEG, PNG, WebP"


class Format(StrEnum):
    """The file formats that are read."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"


@dataclass(frozen=True)
class Header:
    """Size in stored pixels (before EXIF), format, and for JPEG how it is coded."""

    format: Format
    width: int
    height: int
    orientation: int = UPRIGHT
    """Of a JPEG; PNG and WebP are turned by Pillow."""
    components: int = 3
    """Of a JPEG: 1 grey, 3 colour, 4 CMYK or YCCK."""


def read_header(data: bytes) -> Header:
    """Read the header; raises NotAnImage, Truncated."""
    try:
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:
        message = "the file ends inside its header"
        raise Truncated(message) from error
    found = "an empty file" if not data else f"the file starts with {data[:8].hex(' ')}"
    raise NotAnImage(f"not an image: {found}; {ALLOWED}")


_MARKER = 0xFF
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_SOF_READABLE = {0xC0, 0xC1, 0xC2}
_APP1 = 0xE1
_START_OF_SCAN = 0xDA
_MAX_SEGMENTS = 4096
"""Before the frame header, fill bytes included: 10 MB of empty ones would take seconds to step over."""
_BITS = 8
_EXIF = b"Exif\x00\x00"


def _jpeg(data: bytes) -> Header:
    orientation = UPRIGHT
    for marker, body, end in _jpeg_segments(data):
        if marker == _APP1 and orientation == UPRIGHT and data[body : body + len(_EXIF)] == _EXIF:
            orientation = orientation_of(data[body + len(_EXIF) : end])
        if marker in _SOF:
            return _jpeg_frame(data, marker, body, orientation)
        if marker == _START_OF_SCAN:
            break
    raise NotAnImage(f"not a readable JPEG: no frame header before the pixels; {ALLOWED}")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start of the body, end) of each segment; raises IndexError where the file ends."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if data[at] != _MARKER:
            raise NotAnImage(f"not a readable JPEG: no marker at byte {at}; {ALLOWED}")
        marker = data[at + 1]
        if marker == _MARKER:  # a fill byte
            at += 1
        elif marker in _STANDALONE:
            at += 2
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)  # counts its own two bytes
            end = at + 2 + max(length, 2)
            yield marker, at + 4, end
            at = end
    raise NotAnImage(f"a JPEG of more than {_MAX_SEGMENTS} segments before its pixels; {ALLOWED}")


def _jpeg_frame(data: bytes, marker: int, body: int, orientation: int) -> Header:
    bits, height, width, components = struct.unpack_from(">BHHB", data, body)
    if marker not in _SOF_READABLE or bits != _BITS:
        raise NotAnImage(f"a {bits}-bit JPEG of coding 0x{marker:02x}; allowed: 8-bit baseline or progressive")
    if not width or not height or components not in {1, 3, 4}:
        raise NotAnImage(f"a JPEG of {width} x {height} pixels and {components} channels; allowed: 1, 3 or 4 channels")
    return Header(Format.JPEG, width, height, orientation, components)


def _png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        raise NotAnImage(f"not a readable PNG: no IHDR chunk; {ALLOWED}")
    width, height = struct.unpack_from(">II", data, 16)
    if not width or not height:
        raise NotAnImage(f"a PNG of {width} x {height} pixels; allowed: at least 1 x 1")
    return Header(Format.PNG, width, height)


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        struct.unpack_from("6x", data, 24)
        return Header(Format.WEBP, width, height)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header(Format.WEBP, 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header(Format.WEBP, width & 0x3FFF, height & 0x3FFF)
    raise NotAnImage(f"not a readable WebP: first chunk {kind!r}; {ALLOWED}")
