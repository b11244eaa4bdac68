"""A locked manifest on this pod's disk: taken from the store once and checked, then read at any line, by any number.

In memory are 40 bytes for each image, its digest and where its line begins, and 72 for each document, which has the
digest of a reading as well. The file has no name; it goes with the last reader.
"""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from tempfile import TemporaryFile
from typing import IO, Any, Generic, TypeVar

import orjson

from capforge_contracts.data_model import MAX_FIELDS
from capforge_contracts.dataset import MANIFEST_FORMAT, ManifestHeader, ManifestItem
from capforge_contracts.exports import LockedDataset
from capforge_contracts.exports.documents import LockedDocuments
from capforge_contracts.manifest_line import Header, parsed_line
from capforge_contracts.submissions import DOCUMENTS_FORMAT, DocumentsHeader, Submission
from capforge_gateway.datasets.digests import DIGEST_BYTES, Digests
from capforge_gateway.datasets.faults import DamagedDataset, TooLargeDataset

MAX_BYTES = 512 * 1024 * 1024
MAX_ITEMS = 1_000_000
MAX_LINE_BYTES = 16 * 1024 * 1024
_PIECE_BYTES = 256 * 1024
_AT_ONCE = 32
_PAUSE_SECONDS = 0.0005
"""Predictions share this process: who reads many lines lets them pass every millisecond or so."""
Item = TypeVar("Item", ManifestItem, Submission)


@dataclass(frozen=True)
class _Lines:
    """A manifest that is kept, whatever is in it."""

    file: IO[bytes]
    digests: Digests
    """Of all items, in order."""
    readings: Digests
    """Of documents: of the readings that labels point into."""
    begins: array[int]
    """Where each item's line begins, and where the last one ends."""


@dataclass(frozen=True)
class LinesOf(Generic[Item]):
    """The content of one dataset; raises DamagedDataset naming the line for what is no item."""

    _lines: _Lines
    _kind: type[Item]

    @property
    def items_count(self) -> int:
        """How many lines it has."""
        return len(self._lines.begins) - 1

    @property
    def size_bytes(self) -> int:
        """Of the file."""
        return self._lines.begins[-1]

    def positions(self, content: str) -> range:
        """Return where the items of a content are; empty: it has none."""
        return self._lines.digests.positions(content)

    def has_file(self, content: str) -> bool:
        """Say whether these bytes belong to it: an image, a document, or how a document was read."""
        return bool(self.positions(content) or self._lines.readings.positions(content))

    def line_bytes(self, position: int) -> int:
        """Return how long an item's line is."""
        return self._lines.begins[position + 1] - self._lines.begins[position]

    def item(self, position: int) -> Item:
        """Return one item."""
        line = os.pread(self._lines.file.fileno(), self.line_bytes(position), self._lines.begins[position])
        try:
            return parsed_line(self._kind, position + 2, line)
        except ValueError as error:
            raise DamagedDataset(str(error)) from error

    def items(self, first: int = 0) -> Iterator[Item]:
        """Yield the items from a position on."""
        for position in range(first, self.items_count):
            yield self.item(position)
            if position % _AT_ONCE == 0:
                time.sleep(_PAUSE_SECONDS)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of the manifest as they are stored."""
        for begin in range(0, self.size_bytes, _PIECE_BYTES):
            yield os.pread(self._lines.file.fileno(), _PIECE_BYTES, begin)


@dataclass(frozen=True)
class ImagesFile(LinesOf[ManifestItem]):
    """Of images."""

    classes: tuple[str, ...]

    def content(self) -> LockedDataset:
        """Return it in the form that everything about contents takes."""
        return LockedDataset(self.classes, self.items)


@dataclass(frozen=True)
class DocumentsFile(LinesOf[Submission]):
    """Of annotated documents."""

    header: DocumentsHeader

    def content(self) -> LockedDocuments:
        """Return it in the form that everything about contents takes."""
        return LockedDocuments(tuple(self.header.fields), self.items)


ManifestFile = ImagesFile | DocumentsFile


def kept(stream: IO[bytes], digest: str) -> ManifestFile:
    """Keep a manifest that the store gives; raises StoreError, and the faults of what it should not be."""
    every = _lines(stream)
    first = next(every, b"")
    header = _header(first)
    reading = _Reading(("sha256", "readingSha256") if isinstance(header, DocumentsHeader) else ("sha256",))
    reading.keep(first)
    for number, line in enumerate(every, start=2):
        reading.take(number, line)
        if number % _AT_ONCE == 0:
            time.sleep(_PAUSE_SECONDS)
    lines = reading.ended(digest)
    if isinstance(header, DocumentsHeader):
        return DocumentsFile(lines, Submission, header)
    return ImagesFile(lines, ManifestItem, tuple(header.classes))


@dataclass
class _Reading:
    """A manifest on its way to the disk."""

    named: tuple[str, ...]
    """What a line names bytes by: an item's own first."""
    file: IO[bytes] = field(default_factory=lambda: TemporaryFile(prefix="manifest-"))  # noqa: SIM115 - readers keep it
    found: Any = field(default_factory=sha256)
    digests: bytearray = field(default_factory=bytearray)
    readings: set[bytes] = field(default_factory=set)
    begins: array[int] = field(default_factory=lambda: array("Q"))
    end: int = 0

    def keep(self, line: bytes) -> None:
        """Write a line."""
        self.found.update(line)
        self.file.write(line)
        self.end += len(line)
        self.begins.append(self.end)
        _check_size(self.end, len(self.begins) - 1)

    def take(self, number: int, line: bytes) -> None:
        """Write the line of an item, which must not come before the last one."""
        content, *readings = _digests(number, line, self.named)
        if content < self.digests[-DIGEST_BYTES:]:
            raise DamagedDataset(f"line {number} of the manifest is not in the order of the digests")
        self.digests += content
        self.readings.update(readings)
        self.keep(line)

    def ended(self, digest: str) -> _Lines:
        """Return what was kept; raises DamagedDataset where it has another digest."""
        if self.found.hexdigest() != digest:
            raise DamagedDataset("the bytes of the manifest have another digest")
        self.file.flush()
        return _Lines(self.file, Digests(bytes(self.digests)), Digests(b"".join(sorted(self.readings))), self.begins)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise TooLargeDataset(f"a line of the manifest has more than {MAX_LINE_BYTES} bytes")
        yield line


def _header(line: bytes) -> ManifestHeader | DocumentsHeader:
    if not line:
        raise DamagedDataset("the manifest is empty: it has no format")
    try:
        form = parsed_line(Header, 1, line).format
        if form == DOCUMENTS_FORMAT:
            return _with_few_fields(parsed_line(DocumentsHeader, 1, line))
        if form != MANIFEST_FORMAT:
            raise DamagedDataset(f"the manifest's format is {form[:80]!a}")
        return parsed_line(ManifestHeader, 1, line)
    except ValueError as error:
        raise DamagedDataset(str(error)) from error


def _with_few_fields(header: DocumentsHeader) -> DocumentsHeader:
    """Return the header; figures count every field of every document."""
    if len(header.fields) > MAX_FIELDS:
        raise TooLargeDataset(f"datasets of more than {MAX_FIELDS} fields")
    return header


def _digests(number: int, line: bytes, named: tuple[str, ...]) -> list[bytes]:
    """Return the digests that a line names; every other field is looked at when it is read."""
    try:
        item: Any = orjson.loads(line)
        found = [bytes.fromhex(item[name]) for name in named]
    except (orjson.JSONDecodeError, ValueError, KeyError, TypeError) as error:
        raise DamagedDataset(f"line {number} of the manifest is no item") from error
    if any(len(one) != DIGEST_BYTES for one in found):
        raise DamagedDataset(f"line {number} of the manifest has no sha256")
    return found


def _check_size(size_bytes: int, items: int) -> None:
    if size_bytes > MAX_BYTES or items > MAX_ITEMS:
        raise TooLargeDataset(f"datasets of more than {MAX_ITEMS} items or {MAX_BYTES} bytes of labels")
