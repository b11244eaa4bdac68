"""Archives that are written as they are sent: neither files nor their list are held in memory.

The same content gives the same bytes: times are the format's first, rights are those of any file.
"""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

_SPOOL_BYTES = 1024 * 1024
_PIECE_BYTES = 256 * 1024


class ArchiveFormat(StrEnum):
    """What an export is packed in."""

    ZIP = "zip"
    TAR = "tar"


@dataclass(frozen=True)
class Member:
    """One file: its bytes wait on the disk, or in memory where they are few."""

    data: IO[bytes]
    size_bytes: int
    crc32: int

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, and let them go."""
        with self.data:
            self.data.seek(0)
            while piece := self.data.read(_PIECE_BYTES):
                yield piece


class Archive(Protocol):
    """Pieces of an archive, in the order in which they are sent."""

    def member(self, path: str, member: Member) -> Iterator[bytes]:
        """Yield one file; the path is relative, with slashes."""
        ...

    def end(self) -> Iterator[bytes]:
        """Yield what comes last: without it the archive is known to be cut off."""
        ...


class Tar:
    """A POSIX (pax) tar."""

    def member(self, path: str, member: Member) -> Iterator[bytes]:
        """Yield head, bytes, padding."""
        head = tarfile.TarInfo(path)
        head.size, head.mode = member.size_bytes, 0o644
        yield head.tobuf(tarfile.PAX_FORMAT)
        yield from member.pieces()
        yield bytes(-member.size_bytes % tarfile.BLOCKSIZE)

    def end(self) -> Iterator[bytes]:
        """Yield two empty blocks."""
        yield bytes(2 * tarfile.BLOCKSIZE)


class Zip:
    """A ZIP of files as they are (pictures do not shrink), with ZIP64 where it is needed.

    Python's zipfile keeps an object for each file until the end: 100 MB for 200,000 of them. Here the list waits on the
    disk. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
    """

    _LOCAL = struct.Struct("<4sHHHHHIIIHH")
    _CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
    _END = struct.Struct("<4sHHHHIIH")
    _END64 = struct.Struct("<4sQHHIIQQQQ")
    _LOCATOR = struct.Struct("<4sIQI")
    _LARGE = struct.Struct("<HHQ")
    _VERSION, _UNIX = 45, 3 << 8
    _UTF8 = 1 << 11
    _FIRST_DAY = 0x21
    """1980-01-01."""
    _FULL, _FULL_COUNT = 0xFFFFFFFF, 0xFFFF
    """A field that says: look into ZIP64."""

    def __init__(self, begin: int = 0) -> None:
        """`begin`: how many bytes stand before the archive."""
        self._position = begin
        self._count = 0
        self._list = SpooledTemporaryFile(_SPOOL_BYTES)  # noqa: SIM115 - closed when it was sent

    def member(self, path: str, member: Member) -> Iterator[bytes]:
        """Yield head and bytes. No file of an export has 4 GiB: manifests and pictures are bounded far below."""
        name, size = path.encode(), member.size_bytes
        told = (self._UTF8, 0, 0, self._FIRST_DAY, member.crc32, size, size, len(name))
        yield self._LOCAL.pack(b"PK\x03\x04", self._VERSION, *told, 0) + name
        yield from member.pieces()
        large = self._position >= self._FULL
        extra = self._LARGE.pack(1, 8, self._position) if large else b""
        rest = (len(extra), 0, 0, 0, 0o100644 << 16, self._FULL if large else self._position)
        self._list.write(self._CENTRAL.pack(b"PK\x01\x02", self._UNIX | self._VERSION, self._VERSION, *told, *rest))
        self._list.write(name + extra)
        self._position += self._LOCAL.size + len(name) + size
        self._count += 1

    def end(self) -> Iterator[bytes]:
        """Yield the list of the files and where it begins."""
        size, begin, count = self._list.tell(), self._position, self._count
        yield from Member(self._list, size, 0).pieces()
        yield self._END64.pack(
            b"PK\x06\x06",
            self._END64.size - 12,
            self._UNIX | self._VERSION,
            self._VERSION,
            0,
            0,
            count,
            count,
            size,
            begin,
        )
        yield self._LOCATOR.pack(b"PK\x06\x07", 0, begin + size, 1)
        least = min(count, self._FULL_COUNT)
        yield self._END.pack(b"PK\x05\x06", 0, 0, least, least, min(size, self._FULL), min(begin, self._FULL), 0)


def archive(form: ArchiveFormat) -> Archive:
    """Return an empty archive."""
    return Zip() if form is ArchiveFormat.ZIP else Tar()
