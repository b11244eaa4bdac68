"""Pictures that earlier attempts at the same snapshot have proven: taken over instead of read again.

A snapshot of many pictures takes long enough to be ended in the middle, by its node or by its Job's deadline; if each
attempt began anew, the largest would never come to an end. So an attempt notes in the object store what it has proven.

- A picture is noted once its blob is there; a fault is never noted, so that a mended picture is seen.
- A picture is taken over where its file is the same: its mark, the etag of a listing made before it was read.
- Notes made by other transforms or other limits count for nothing.
- Notes save time and decide nothing: with and without them the same source comes to the same digest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import structlog
from pydantic import ValidationError

from capforge_contracts.files import FileObjectStore
from capforge_contracts.model import Stored, sha256_hex
from capforge_contracts.store import NotFound, ObjectInfo, ObjectStore, Refused, StoreError
from capforge_snapshot.pictures import Picture
from capforge_snapshot.records import ImageRecord
from capforge_snapshot.source import Source
from capforge_transforms import VERSION, Limits

_LOG = structlog.get_logger()
PICTURES_IN_A_NOTE = 100
"""Whoever has fewer notes nothing; so many are read again at most, and those in flight."""
_LISTED_FOR_EACH = 20
"""Files of a folder that are looked at for each picture of the source: it may be a whole bucket's."""
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE marks (path TEXT PRIMARY KEY, mark TEXT) WITHOUT ROWID;
CREATE TABLE proven (path TEXT PRIMARY KEY, mark TEXT, sha256 TEXT, width INTEGER, height INTEGER, orientation INTEGER)
    WITHOUT ROWID;
"""


class _Header(Stored):
    """The first line of a note."""

    format: str = "capforge.proven/v1"
    transforms: str
    max_bytes: int
    max_pixels: int


class _Line(Stored):
    """One picture of a note."""

    path: str
    mark: str
    sha256: str
    stored_width: int
    stored_height: int
    orientation: int


class Proven:
    """The notes of one snapshot. One thread uses it."""

    def __init__(self, store: ObjectStore, prefix: str, path: Path, limits: Limits) -> None:
        """Keep notes below `prefix`; `path` is a new file for what does not fit into memory."""
        self._store = store
        self._prefix = prefix
        self.has_notes = False
        self._header = _Header(transforms=VERSION, max_bytes=limits.max_bytes, max_pixels=limits.max_pixels)
        self._lines: list[_Line] = []
        self._sql = sqlite3.connect(path, isolation_level=None)
        self._sql.executescript(_SCHEMA)
        self._sql.execute("BEGIN")

    def close(self) -> None:
        self._sql.close()

    def begin(self, source: Source, images: int, *, are_blobs: bool = False) -> None:
        """Read what is noted, and mark the source's files; nothing where there are few. Raises StoreError."""
        if images < PICTURES_IN_A_NOTE:
            return
        self.has_notes = True
        listed = islice(() if are_blobs else _listed(source), images * _LISTED_FOR_EACH)
        marks = ((info.key[len(source.images_prefix) :], info.etag) for info in listed if info.etag)
        self._sql.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?)", marks)
        for info in self._store.list(self._prefix):
            self._read(info.key)
        (count,) = self._sql.execute("SELECT count(*) FROM proven").fetchone()
        if count:
            _LOG.info("going on where an earlier attempt ended", proven_pictures=count)

    def of(self, image: ImageRecord) -> Picture | None:
        """Return what is known of a picture whose file is still the same."""
        query = "SELECT mark, sha256, width, height, orientation FROM proven WHERE path = ?"
        row = self._sql.execute(query, (image.path,)).fetchone()
        if row is None or row[0] != self._mark(image) or image.sha256 not in (None, row[1]):
            return None
        return Picture(*row[1:])

    def note(self, image: ImageRecord, picture: Picture) -> None:
        """Note a picture whose blob is there."""
        mark = self._mark(image)
        if mark is None:
            return
        size = {"stored_width": picture.stored_width, "stored_height": picture.stored_height}
        one = _Line(path=image.path, mark=mark, sha256=picture.sha256, orientation=picture.orientation, **size)
        self._lines.append(one)
        if len(self._lines) >= PICTURES_IN_A_NOTE:
            self._write()

    def _mark(self, image: ImageRecord) -> str | None:
        """Return what tells whether a picture's file is the same; None where nothing does."""
        if image.key is not None and image.key == image.sha256:
            return image.sha256  # a blob, which never changes
        row = self._sql.execute("SELECT mark FROM marks WHERE path = ?", (image.path,)).fetchone()
        return None if row is None else str(row[0])

    def _write(self) -> None:
        data = b"\n".join(one.to_json() for one in (self._header, *self._lines))
        self._store.put(f"{self._prefix}{sha256_hex(data)}.jsonl", data)
        self._lines = []

    def _read(self, key: str) -> None:
        header, *lines = self._store.get(key).split(b"\n")
        try:
            if _Header.from_json(header) != self._header:
                return
            noted = [_Line.from_json(line) for line in lines]
        except ValidationError:
            _LOG.warning("a note of an earlier attempt is no note; its pictures are read again", key=key)
            return
        rows = [(one.path, one.mark, one.sha256, one.stored_width, one.stored_height, one.orientation) for one in noted]
        self._sql.executemany("INSERT OR REPLACE INTO proven VALUES (?, ?, ?, ?, ?, ?)", rows)


def forget(store: ObjectStore, prefix: str) -> None:
    """Delete the notes: the snapshot has its result. What cannot be deleted does no harm."""
    try:
        for info in list(store.list(prefix)):
            store.delete(info.key)
    except StoreError as error:
        _LOG.warning("notes of this snapshot stay behind", prefix=prefix, error=str(error))


def _listed(source: Source) -> Iterator[ObjectInfo]:
    """Yield the files below the images folder; none of a local folder, which may be somebody's whole disk."""
    if isinstance(source.images_store, FileObjectStore):
        return
    try:
        yield from source.images_store.list(source.images_prefix)
    except (NotFound, Refused) as error:
        _LOG.warning("the images folder cannot be listed; an attempt that is ended starts again", error=str(error))
