"""How much memory decoding takes, told from the header: 2 kB of file can become more than a gigabyte. Pure."""

from __future__ import annotations

from capforge_transforms.header import Format, Header

_LEAN_BYTES_PER_PIXEL = 7
"""Measured peak of a grey or colour JPEG: RGB, and once more where it is turned upright."""
_BYTES_PER_PIXEL = 28
"""Measured peak of everything that goes through Pillow; a transparent WebP takes the most."""
_LEAN_COMPONENTS = frozenset({1, 3})


def decode_bytes(header: Header) -> int:
    """Return how much memory decoding takes at its peak, bytes."""
    lean = header.format is Format.JPEG and header.components in _LEAN_COMPONENTS
    return header.width * header.height * (_LEAN_BYTES_PER_PIXEL if lean else _BYTES_PER_PIXEL)
