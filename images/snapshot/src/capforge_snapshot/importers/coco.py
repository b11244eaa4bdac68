"""COCO detection files: one pass over one JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from capforge_contracts.coco.faults import RecordFault
from capforge_contracts.coco.records import (
    Annotation,
    Category,
    Image,
    read_annotation,
    read_category,
    read_image,
    record_id,
)
from capforge_contracts.coco.stream import BrokenFile, Record, read_records
from capforge_contracts.coco.texts import fits_a_line
from capforge_snapshot.index import Index
from capforge_snapshot.records import EntityRecord, ImageRecord
from capforge_snapshot.source import Source

_MOST_ID_CHARS = 256
_READERS: dict[str, Callable[[int, Any], Category | Image | Annotation | list[RecordFault]]] = {
    "categories": read_category,
    "images": read_image,
    "annotations": read_annotation,
}


def read_coco(source: Source, index: Index) -> bool:
    """Index every record; False where the file breaks off. Raises StoreError."""
    with source.annotations_store.open(source.annotations_key) as stream:
        try:
            for record in read_records(stream):
                _keep(record, index)
        except BrokenFile as error:
            index.fault(RecordFault(error.code, source.annotations_name, str(error)))
            return False
    return True


def _keep(record: Record, index: Index) -> None:
    read = _READERS[record.array](record.position, record.raw)
    match read:
        case Category():
            index.add(read)
        case Image():
            index.add(ImageRecord(read.id, read.file_name, read.label, width=read.width, height=read.height))
        case Annotation():
            index.add(_entity(read))
        case _:
            index.refuse(record.array, record_id(record.raw))
            for fault in read:
                index.fault(fault)


def _entity(read: Annotation) -> EntityRecord:
    return EntityRecord(
        image=read.image,
        category=read.category,
        label=read.label,
        bbox=read.bbox,
        polygon=read.polygon,
        key=read.id,
        id=_name(read.id),
        attributes=read.attributes,
        crowd=read.crowd,
        reduced=read.reduced,
    )


def _name(identity: str) -> str | None:
    """Return an id that is a text; a number only says which row of one export it is."""
    name = json.loads(identity)
    return name if isinstance(name, str) and len(name) <= _MOST_ID_CHARS and fits_a_line(name) else None
