"""Our own format: a manifest capforge.dataset/v1, one image a line, and a folder of images. Nothing is lost in it.

A manifest that people write by hand may leave out what the pictures know: sha256, width, height; a box where there is a
polygon; the split, which is then Train. What is there is checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import IO

from capforge_contracts.coco.boxes import around
from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import Category
from capforge_contracts.coco.texts import is_class_name
from capforge_contracts.dataset import MANIFEST_FORMAT
from capforge_snapshot.importers.files import name_fault
from capforge_snapshot.importers.manifest_line import ENOUGH_FAULTS, Entity, Header, read_header, read_item
from capforge_snapshot.index import Index
from capforge_snapshot.records import EntityRecord, ImageRecord
from capforge_snapshot.source import Source

MAX_LINE_BYTES = 16 * 1024 * 1024
_SHOWN_CLASSES = 100


def read_manifest(source: Source, index: Index) -> bool:
    """Index every line; False where the first one is no header. Raises StoreError."""
    with source.annotations_store.open(source.annotations_key) as stream:
        lines = _lines(stream)
        header = _header(next(lines, (1, b"")), index)
        if header is None:
            return False
        for name in header.classes:
            index.add(Category(name, name))
        declared = dict.fromkeys(header.classes)
        for number, data in lines:
            if data is None:
                message = f"the line has more than {MAX_LINE_BYTES} bytes; allowed: at most that"
                index.fault(RecordFault(FaultCode.TOO_LARGE, f"line {number}", message))
            elif data.strip():
                _keep(f"line {number}", data, declared, index)
    return True


def _header(line: tuple[int, bytes | None], index: Index) -> Header | None:
    header = read_header(line[1] or b"{}")
    if isinstance(header, list):
        faults = [f"line 1 is no header: {fault}" for fault in header]
    else:
        unfit = [name for name in header.classes if not is_class_name(name)]
        faults = [f"class {name!a} is no text on one line" for name in unfit]
        if header.format != MANIFEST_FORMAT:
            faults.append(f"format is {ascii(header.format)[:80]}")
        if not faults:
            return header
    for fault in faults[:ENOUGH_FAULTS]:
        message = f'{fault}; allowed: {{"format": "{MANIFEST_FORMAT}", "classes": ["…"]}}'
        index.fault(RecordFault(FaultCode.NOT_A_MANIFEST, "line 1", message))
    return None


def _keep(record: str, data: bytes, declared: Mapping[str, None], index: Index) -> None:
    item = read_item(data)
    if isinstance(item, list):
        for message in item:
            index.fault(RecordFault(FaultCode.BAD_RECORD, record, message))
        return
    head = item.head
    label = f"{record} ({ascii(head.name)[1:-1]})"
    image = ImageRecord(record, head.name, label, None, head.width, head.height, head.split, head.sha256)
    fault = name_fault(image)
    if fault is not None:
        index.fault(fault)
        return
    index.add(image)
    for position, entity in enumerate(item.entities):
        label = f"{record}, entities[{position}]"
        if entity.class_name not in declared:
            shown = ", ".join(islice(declared, _SHOWN_CLASSES)) or "none, classes is empty"
            message = f"class {entity.class_name!a} is not in the header's classes; allowed: {shown}"
            index.fault(RecordFault(FaultCode.UNDECLARED_CATEGORY, label, message, image.id))
            continue
        index.add(_entity(entity, image, label))


def _entity(entity: Entity, image: ImageRecord, label: str) -> EntityRecord:
    x0, y0, x1, y1 = entity.box or (0.0, 0.0, 0.0, 0.0)
    polygon = tuple(entity.polygon) if entity.polygon else None
    return EntityRecord(
        image=image.id,
        category=entity.class_name,
        label=label,
        bbox=around(polygon) if polygon else (x0, y0, x1 - x0, y1 - y0),
        polygon=polygon,
        key=json.dumps([image.id, entity.id]) if entity.id else None,
        id=entity.id,
        attributes=entity.attributes,
    )


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number, line); None in place of a line that is too long."""
    number = 0
    while data := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        too_long = len(data) > MAX_LINE_BYTES
        while too_long and not data.endswith(b"\n"):
            data = stream.readline(MAX_LINE_BYTES)
            if not data:
                break
        yield number, None if too_long else data
