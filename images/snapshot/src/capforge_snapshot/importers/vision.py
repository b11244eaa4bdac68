"""Annotated images, streamed from the gateway; their bytes are blobs of the namespace already.

Of a submission, everything that says where an object is and what it is becomes a ManifestEntity: id, class, box,
polygon and the values of its other attributes. An object that nobody gave a class is a fault: it would be learnt as
background.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from capforge_contracts.coco.attributes import read_attributes
from capforge_contracts.coco.boxes import around
from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import Category
from capforge_contracts.coco.segmentation import polygon_problem
from capforge_contracts.coco.texts import CLASS_NAME, is_class_name, on_a_line
from capforge_contracts.model import wrong_fields
from capforge_contracts.sources import VisionSource
from capforge_contracts.vision import VisionEntity, VisionQuestion, VisionSubmission
from capforge_snapshot.index import Index
from capforge_snapshot.records import EntityRecord, ImageRecord
from capforge_snapshot.source import Source
from capforge_snapshot.submissions.stream import MAX_LINE_BYTES, Gateway, Line, SourceUnavailable

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ENOUGH_FAULTY_LINES = 10_000
"""A stream that is no stream of annotations is not listed line by line for ever."""


@dataclass(frozen=True)
class VisionImporter:
    """Reads what the searches of one request find."""

    namespace: str
    asked: VisionSource
    gateway: Gateway

    def read(self, source: Source, index: Index) -> bool:  # noqa: ARG002 - all importers are called alike
        """Index every submission; raises SourceUnavailable."""
        question = VisionQuestion.model_validate(self.asked.model_dump())

        def take(lines: Iterator[Line]) -> None:
            index.clear()
            _Reading(self.asked.as_of_sequence, index).take(lines)

        self.gateway.read_images(self.namespace, question.to_json(), take)
        return True


class _Reading:
    """One pass over the stream."""

    def __init__(self, as_of_sequence: int, index: Index) -> None:
        self._as_of_sequence = as_of_sequence
        self._index = index
        self._classes: set[str] = set()
        self._faulty = 0

    def take(self, lines: Iterator[Line]) -> None:
        for line in lines:
            parsed = _parsed(line)
            if isinstance(parsed, VisionSubmission):
                self._keep(parsed)
                continue
            self._index.fault(parsed)
            self._faulty += 1
            if self._faulty > _ENOUGH_FAULTY_LINES:
                message = f"more than {_ENOUGH_FAULTY_LINES} lines are no annotations; is it the right gateway?"
                raise SourceUnavailable(message)

    def _keep(self, one: VisionSubmission) -> None:
        label = f"submission {one.submission} ({on_a_line(one.name)})"
        if not _DIGEST.fullmatch(one.sha256):
            message = f"sha256 {on_a_line(one.sha256)[:80]}; allowed: 64 lower-case hex digits"
            self._index.fault(RecordFault(FaultCode.BAD_RECORD, label, message))
            return
        if not 1 <= one.sequence <= self._as_of_sequence:
            message = f"sequence {one.sequence}; allowed: 1 to {self._as_of_sequence}"
            self._index.fault(RecordFault(FaultCode.OUTSIDE_SELECTION, label, message))
            return
        size = (one.width, one.height)
        image = ImageRecord(one.submission, one.name, label, None, *size, sha256=one.sha256, key=one.sha256)
        self._index.add(image)
        for entity in one.entities:
            record = _entity(entity, image)
            if isinstance(record, RecordFault):
                self._index.fault(record)
                continue
            if record.category not in self._classes:
                self._classes.add(record.category)
                self._index.add(Category(record.category, record.category))
            self._index.add(record)


def _entity(entity: VisionEntity, image: ImageRecord) -> EntityRecord | RecordFault:
    label = f"object {on_a_line(entity.id)} of {image.label}"
    name = entity.class_name
    if name is None:
        message = "nobody said which class it is; allowed: an observation of the attribute class"
        return RecordFault(FaultCode.NO_CLASS, label, message, image.id)
    if not is_class_name(name):
        message = f"its class is no name; allowed: {CLASS_NAME}"
        return RecordFault(FaultCode.BAD_RECORD, label, message, image.id)
    problem = polygon_problem(entity.polygon) if entity.polygon else None
    attributes = read_attributes(entity.attributes)
    if problem or isinstance(attributes, str):
        message = f"polygon: {problem}" if problem else f"attributes {attributes}"
        return RecordFault(FaultCode.BAD_RECORD, label, f"{message}; allowed: as the gateway takes them", image.id)
    x0, y0, x1, y1 = entity.box
    polygon = tuple(entity.polygon) if entity.polygon else None
    return EntityRecord(
        image=image.id,
        category=name,
        label=label,
        bbox=around(polygon) if polygon else (x0, y0, x1 - x0, y1 - y0),
        polygon=polygon,
        key=json.dumps([image.id, entity.id]),
        id=entity.id,
        attributes=attributes,
    )


def _parsed(line: Line) -> VisionSubmission | RecordFault:
    record = f"line {line.number}"
    if line.data is None:
        message = f"the line has more than {MAX_LINE_BYTES} bytes; allowed: at most that"
        return RecordFault(FaultCode.TOO_LARGE, record, message)
    try:
        return VisionSubmission.from_json(line.data)
    except ValidationError as error:
        return RecordFault(FaultCode.BAD_RECORD, record, on_a_line(wrong_fields(error, "the line")[0]))
