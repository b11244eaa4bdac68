"""Documents as they go on the wire. Pure; polygons are relative (0-1) to the upright page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import Reading
from capforge_contracts.submissions import FieldLabel, Submission
from capforge_gateway.documents.ports import Document
from capforge_gateway.predict.answer import model_of
from capforge_gateway.routing.routes import Capability, Version
from capforge_transforms.documents import Candidate
from capforge_transforms.documents.decode import FieldPrediction, PredictedValue

Json = dict[str, Any]
Candidates = Mapping[str, Sequence[Candidate]]

PRODUCT_TYPE = "constructed"
BEFORE_ANY_MODEL = "1.0"
_DIGITS = 6
"""Of a relative coordinate: a thousandth of a pixel."""


@dataclass(frozen=True)
class Found:
    """What is known about one document, and what of it the caller wants to see."""

    reading: Reading
    candidates: Candidates
    predictions: Mapping[str, FieldPrediction]
    show_candidates: bool
    show_words: bool


@dataclass(frozen=True)
class Times:
    """Of one prediction."""

    started: datetime
    finished: datetime
    seconds: float


def features_of(capability: Capability, version: Version | None) -> Sequence[DataField]:
    """Return the fields that an answer has: those the version was trained on; before any model, the data model's."""
    return version.fields if version is not None and version.fields else capability.fields


def predicted(
    document_id: str, name: str, capability: Capability, version: Version | None, found: Found, times: Times
) -> Json:
    """Return the document of a prediction."""
    document = {
        "id": document_id,
        "name": name,
        "n_pages": len(found.reading.pages),
        "inference": {
            "started_at": times.started,
            "finished_at": times.finished,
            "processing_time": round(times.seconds, 4),
            "is_rotation_applied": True,
            "product": product_of(capability, version),
            "model": None if version is None else model_of(version),  # candidates need no model
            "prediction": {
                field.name: _prediction(field, found.predictions.get(field.name), found.candidates)
                for field in features_of(capability, version)
            },
            "pages": pages_of(found.reading, found.candidates if found.show_candidates else None),
            "extras": {},
        },
    }
    return {**document, "ocr": words_of(found.reading)} if found.show_words else document


def kept(document: Document) -> Json:
    """Return a kept document as the list shows it."""
    return {
        "id": document.id,
        "name": document.name,
        "n_pages": document.n_pages,
        "media_type": document.media_type,
        "sha256": document.sha256,
        "size_bytes": document.size_bytes,
        "uploaded_at": document.created,
        "uploader": document.uploader,
        "is_read": document.reading_sha256 is not None,
        "is_annotated": document.submission is not None,
        "role": document.split.value.lower() if document.split else None,
    }


def annotations_of(submission: Submission | None, fields: Sequence[DataField]) -> Json | None:
    """Return an annotation in the form in which it was sent, and who said it when; None: there is none."""
    if submission is None:
        return None
    classes = {field.name for field in fields if field.type is FieldType.CLASSIFICATION}
    return {
        "id": submission.submission,
        "sequence": submission.sequence,
        "annotator": submission.annotator,
        "annotated_at": submission.time,
        "labels": [label for said in submission.labels for label in _labels(said, classes)],
    }


def read(reading: Reading, capability: Capability, candidates: Candidates) -> Json:
    """Return what was read of a kept document: its candidates by page."""
    pages = pages_of(reading, candidates)
    return {"product": product_of(capability, None), "prediction": {}, "pages": pages, "extras": {}}


def product_of(capability: Capability, version: Version | None) -> Json:
    """Return what was asked."""
    return {
        "name": f"{capability.namespace}/{capability.name}",
        "features": [field.name for field in features_of(capability, version)],
        "type": PRODUCT_TYPE,
        "version": version.version if version is not None else BEFORE_ANY_MODEL,
    }


def pages_of(reading: Reading, candidates: Candidates | None) -> list[Json]:
    """Return the pages, with candidates by field where these are given."""
    return [
        {
            "id": page.page_id,
            "orientation": {"value": page.rotation},
            "prediction": {},
            "extras": {} if candidates is None else {"candidates": {"extraction": _of_page(candidates, page.page_id)}},
        }
        for page in reading.pages
    ]


def words_of(reading: Reading) -> Json:
    """Return all words."""
    pages = [
        {
            "all_words": [
                {"text": word.text, "confidence": round(word.confidence, 4), "polygon": polygon_of(word.box)}
                for word in page.words
            ]
        }
        for page in reading.pages
    ]
    return {"mvision-v1": {"pages": pages}}


def polygon_of(box: Sequence[float]) -> list[list[float]]:
    """Return a box's corners [x, y], clockwise from the top left."""
    x0, y0, x1, y1 = (round(float(one), _DIGITS) for one in box)
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def _of_page(candidates: Candidates, page_id: int) -> Json:
    return {
        name: [
            {"content": one.value, "raw": one.content, "key": one.key, "polygon": polygon_of(one.box)}
            for one in found
            if one.page_id == page_id
        ]
        for name, found in candidates.items()
    }


def _prediction(field: DataField, said: FieldPrediction | None, candidates: Candidates) -> Json:
    if field.type is FieldType.CLASSIFICATION:
        if said is None or said.class_name is None:
            return {"value": None, "confidence": 0.0}
        return {"value": said.class_name, "confidence": _confidence(said.confidence)}
    if said is None or not said.values:
        return {"confidence": 0.0, "values": []}
    values = [_value(value, field, candidates.get(field.name, ())) for value in said.values]
    return {"confidence": _confidence(said.confidence), "values": values}


def _value(value: PredictedValue, field: DataField, candidates: Sequence[Candidate]) -> Json:
    """`keys` are the candidates that make up the value: what an annotation that agrees would send."""
    return {
        "content": value.value,
        "raw": value.content,
        "confidence": _confidence(value.confidence),
        "page_id": value.page_id,
        "polygon": polygon_of(value.box),
        "keys": [one.key for one in candidates if _makes_up(one, value, field)],
    }


def _makes_up(candidate: Candidate, value: PredictedValue, field: DataField) -> bool:
    if candidate.page_id != value.page_id:
        return False
    if field.type is FieldType.WORD:
        return candidate.words[0] in value.words
    return (candidate.words, candidate.content, candidate.value) == (value.words, value.content, value.value)


def _confidence(share: float) -> float:
    return round(min(max(float(share), 0.0), 1.0), 4)


def _labels(said: FieldLabel, classes: AbstractSet[str]) -> list[Json]:
    if said.class_name is not None or said.field in classes:
        return [{"feature": said.field, "class": said.class_name}]
    pages = sorted({value.page_id for value in said.values})
    if not pages:
        return [{"feature": said.field, "selected": []}]
    return [
        {
            "page_id": page,
            "feature": said.field,
            "selected": [value.key for value in said.values if value.page_id == page],
            "contents": [value.value for value in said.values if value.page_id == page],
        }
        for page in pages
    ]
