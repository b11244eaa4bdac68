"""All records and faults of one snapshot in a SQLite file, so that memory does not grow with the dataset.

One thread uses it. Nothing of it outlives the process: a snapshot that was killed reads its labels again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import Category
from capforge_contracts.dataset import Fault, Split
from capforge_snapshot.pictures import Picture
from capforge_snapshot.records import EntityRecord, ImageRecord

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE categories (row INTEGER PRIMARY KEY, id TEXT, name TEXT, dropped INTEGER DEFAULT 0);
CREATE TABLE images (row INTEGER PRIMARY KEY, id TEXT, name TEXT, label TEXT, file TEXT, width INTEGER, height INTEGER,
    split TEXT, claimed TEXT, key TEXT, dropped INTEGER DEFAULT 0, sha256 TEXT, stored_width INTEGER,
    stored_height INTEGER, orientation INTEGER);
CREATE TABLE annotations (row INTEGER PRIMARY KEY, image TEXT, category TEXT, label TEXT, x REAL, y REAL, width REAL,
    height REAL, polygon TEXT, relative INTEGER, file TEXT, id TEXT, entity TEXT, attributes TEXT, crowd INTEGER,
    reduced INTEGER);
CREATE TABLE doubted (image TEXT);
CREATE TABLE refused (kind TEXT, id TEXT);
CREATE TABLE faults (row INTEGER PRIMARY KEY, code TEXT, file TEXT, record TEXT, message TEXT);
"""
_INDEXES = """
CREATE INDEX categories_id ON categories (id);
CREATE INDEX images_id ON images (id);
CREATE INDEX images_name ON images (name);
CREATE INDEX images_sha256 ON images (sha256);
CREATE INDEX refused_id ON refused (kind, id);
CREATE INDEX annotations_id ON annotations (id) WHERE id IS NOT NULL;
CREATE INDEX annotations_image ON annotations (image);
"""
_PAGE_ROWS = 1000
_MAX_RECORD_CHARS = 256
_MAX_MESSAGE_CHARS = 1024
"""Names and ids come from the file and may be of any length; faults are shown in a status."""


IMAGE_COLUMNS = ("id", "name", "label", "file", "width", "height", "split", "claimed", "key")
ENTITY_COLUMNS = (
    "image", "category", "label", "x", "y", "width", "height", "polygon", "relative", "file", "id", "entity",
    "attributes", "crowd", "reduced",
)  # fmt: skip


class Index:
    """The tables, and the few questions asked of them."""

    def __init__(self, path: Path, file: str) -> None:
        """Create the tables in a new file; `file` is what faults call the source's one file."""
        self.sql = sqlite3.connect(path, isolation_level=None)
        self.sql.executescript(_SCHEMA)
        self.sql.execute("BEGIN")
        self._file = file

    def close(self) -> None:
        self.sql.close()

    def clear(self) -> None:
        """Forget everything: the source is read again from its beginning."""
        for table in ("categories", "images", "annotations", "doubted", "refused", "faults"):
            self.sql.execute(f"DELETE FROM {table}")  # noqa: S608 - constant

    def add(self, record: Category | ImageRecord | EntityRecord) -> None:
        """Keep one sound record."""
        match record:
            case Category():
                self.sql.execute("INSERT INTO categories (id, name) VALUES (?, ?)", (record.id, record.name))
            case ImageRecord():
                self.sql.execute(_INSERT_IMAGE, _image_row(record))
            case EntityRecord():
                self.sql.execute(_INSERT_ENTITY, _entity_row(record))

    def refuse(self, array: str, identity: str | None) -> None:
        """Remember a record that is faulty itself, so that what points to it is not named as well."""
        if identity is not None:
            self.sql.execute("INSERT INTO refused (kind, id) VALUES (?, ?)", (array, identity))

    def complete(self) -> None:
        """Tell that all records are in."""
        self.sql.executescript(_INDEXES)  # commits first
        self.sql.execute("BEGIN")

    def fault(self, fault: RecordFault, file: str | None = None) -> None:
        """Keep one fault; the image whose labels it makes doubtful is dropped where faults are skipped."""
        record, message = _capped(fault.record, _MAX_RECORD_CHARS), _capped(fault.message, _MAX_MESSAGE_CHARS)
        values = (fault.code, file or self._file, record, message)
        self.sql.execute("INSERT INTO faults (code, file, record, message) VALUES (?, ?, ?, ?)", values)
        if fault.image is not None:
            self.sql.execute("INSERT INTO doubted (image) VALUES (?)", (fault.image,))

    def drop_doubted(self) -> None:
        """Leave out every image that a fault made doubtful (its record may have come after the fault)."""
        self.sql.execute("UPDATE images SET dropped = 1 WHERE id IN (SELECT image FROM doubted)")

    def faults(self) -> Iterator[Fault]:
        """Yield all faults in the order they were found, which depends on the source only."""
        for code, file, record, message in self.sql.execute(
            "SELECT code, file, record, message FROM faults ORDER BY row"
        ):
            yield Fault(code=code, file=file, record=record, message=message)

    def fault_count(self) -> int:
        return self._count("SELECT count(*) FROM faults")

    def image_count(self) -> int:
        return self._count("SELECT count(*) FROM images")

    def images(self) -> Iterator[tuple[int, ImageRecord]]:
        """Yield (row, image) in the source's order; rows may be changed meanwhile."""
        last = 0
        query = f"SELECT row, {', '.join(IMAGE_COLUMNS)} FROM images WHERE row > ? ORDER BY row LIMIT ?"  # noqa: S608 - constants
        while True:
            page = self.sql.execute(query, (last, _PAGE_ROWS)).fetchall()
            for row, *columns in page:
                yield row, image_of(columns)
            if not page:
                return
            last = page[-1][0]

    def set_picture(self, row: int, picture: Picture) -> None:
        """Keep what was found in an image's file."""
        values = (picture.sha256, picture.stored_width, picture.stored_height, picture.orientation, row)
        columns = "sha256 = ?, stored_width = ?, stored_height = ?, orientation = ?"
        self.sql.execute(f"UPDATE images SET {columns} WHERE row = ?", values)  # noqa: S608 - constant

    def drop_image(self, row: int) -> None:
        """Leave an image out where faults are skipped."""
        self.sql.execute("UPDATE images SET dropped = 1 WHERE row = ?", (row,))

    def record_faults(self, code: FaultCode, query: str) -> None:
        """Keep a fault for each (record, message, image, file) that a query answers."""
        for record, message, image, file in self.sql.execute(query).fetchall():
            self.fault(RecordFault(code, record, message, image), file)

    def _count(self, query: str) -> int:
        (count,) = self.sql.execute(query).fetchone()
        return int(count)


def image_of(columns: list[Any]) -> ImageRecord:
    """Return the image of a row of IMAGE_COLUMNS."""
    identity, name, label, file, width, height, split, claimed, key = columns
    return ImageRecord(identity, name, label, file, width, height, Split(split) if split else None, claimed, key)


def entity_of(columns: list[Any]) -> EntityRecord:
    """Return the object of a row of ENTITY_COLUMNS."""
    image, category, label, x, y, width, height, polygon, relative, file, key, entity, attributes, crowd, reduced = (
        columns
    )
    return EntityRecord(
        image,
        category,
        label,
        (x, y, width, height),
        tuple(json.loads(polygon)) if polygon else None,
        bool(relative),
        file,
        key,
        entity,
        json.loads(attributes) if attributes else {},
        bool(crowd),
        bool(reduced),
    )


def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - constants


_INSERT_IMAGE = _insert("images", IMAGE_COLUMNS)
_INSERT_ENTITY = _insert("annotations", ENTITY_COLUMNS)


def _image_row(one: ImageRecord) -> tuple[Any, ...]:
    return (one.id, one.name, one.label, one.file, one.width, one.height, one.split, one.sha256, one.key)


def _entity_row(one: EntityRecord) -> tuple[Any, ...]:
    polygon = json.dumps(one.polygon) if one.polygon else None
    attributes = json.dumps(dict(one.attributes)) if one.attributes else None
    where = (*one.bbox, polygon, one.relative)
    names = (one.file, one.key, one.id, attributes)
    return (one.image, one.category, one.label, *where, *names, one.crowd, one.reduced)


def _capped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
