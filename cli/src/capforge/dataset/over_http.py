"""Locked datasets through the gateway: an API key is all that it takes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from capforge.dataset.shelf import Locked, Take, content_of
from capforge.errors import CliError
from capforge.gateway_api import GatewayApi

_AT_ONCE = 128
"""Files in one request; the gateway takes 256."""
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class HttpShelf:
    """Asks nothing but the gateway."""

    api: GatewayApi

    def locked(self, which: str) -> Locked:
        """Return what a name or a digest names."""
        with self.api.stream("GET", f"{quote(which, safe='')}/manifest.jsonl") as answer:
            data = answer.read()
            digest = answer.headers.get("etag", "").strip('"')
        return Locked(digest, content_of(data, digest))

    def fetch(self, locked: Locked, wanted: Sequence[str], take: Take) -> None:
        """Give the bytes of files to `take`: many come in one archive."""
        waiting = iter(wanted)
        while batch := list(islice(waiting, _AT_ONCE)):
            with self.api.stream("POST", f"{locked.digest}/files", {"sha256": batch}) as answer:
                _unpack(answer.iter_bytes(_CHUNK_BYTES), take)


def _unpack(pieces: Iterator[bytes], take: Take) -> None:
    try:
        with (
            io.BufferedReader(_Pieces(pieces), _CHUNK_BYTES) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            for member in archive:
                data = archive.extractfile(member)
                if data is not None:
                    take(member.name, iter(lambda data=data: data.read(_CHUNK_BYTES), b""))  # type: ignore[misc]
    except tarfile.TarError as error:
        raise CliError(
            f"the files broke off: {error}", "Run the same command again: it goes on where it stopped."
        ) from error


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._left = self._left or next(self._pieces, b"")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
