"""What goes between the service and its reading processes: a JSON head and bytes, each with its length before it."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping
from typing import IO, Any

_LENGTHS = struct.Struct(">II")


def packed(head: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return one frame."""
    text = json.dumps(head).encode()
    return _LENGTHS.pack(len(text), len(body)) + text + body


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Read a frame; None where the other side has gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_length, body_length = _LENGTHS.unpack(lengths)
    head, body = stream.read(head_length), stream.read(body_length)
    return (json.loads(head), body) if len(head) == head_length and len(body) == body_length else None


async def read_frame_async(stream: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """Read a frame; raises asyncio.IncompleteReadError where the other side has gone."""
    head_length, body_length = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
    head = await stream.readexactly(head_length)
    return json.loads(head), await stream.readexactly(body_length)
