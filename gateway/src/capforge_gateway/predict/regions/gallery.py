"""Vectors that a request brings to be searched, and the ones among them that are most like a region's. Pure.

Exact: each vector is looked at. Python's own numbers live only while a gallery is parsed; what stays is one array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capforge_gateway.errors import ApiError, bad_request
from capforge_gateway.predict.regions.chain import Step
from capforge_gateway.predict.regions.entity import CLASS

MAX_VECTORS = 20_000
MAX_NUMBERS = 2_000_000
"""In all vectors together: 8 MB."""
_ROWS_AT_ONCE = 64
_DECIMALS = 6
_UNREAD = ("location", "box", "polygon", "similar")
"""Of an answer's entity; they may be there."""
_KEYS = ("id", "vector", "embedding", CLASS, "observations", *_UNREAD)
_EXPECTED = "expected a list of {id, vector} or of the entities that `predict` answered"


@dataclass(frozen=True)
class Made:
    """What made a vector, as far as it is known."""

    element: str
    model_version: str


@dataclass(frozen=True)
class Gallery:
    """What is searched."""

    ids: Sequence[str]
    classes: Sequence[str | None]
    made: Sequence[Made | None]
    vectors: NDArray[np.float32]
    """[n, numbers], of unit length."""


def gallery_of(document: Any) -> Gallery:
    """Return what a request brought under `gallery`; raises 400 naming the index."""
    if not isinstance(document, list) or not document:
        raise bad_request(f"`gallery` is no list, or empty; {_EXPECTED}", field="gallery")
    if len(document) > MAX_VECTORS:
        raise bad_request(
            f"`gallery` holds {len(document)} vectors; allowed: at most {MAX_VECTORS}", field="gallery", max=MAX_VECTORS
        )
    entries = [_entry(one, index) for index, one in enumerate(document)]
    ids = [_id(one, index) for index, one in enumerate(entries)]
    vectors = _vectors([_vector(one, index) for index, one in enumerate(entries)])
    return Gallery(ids, [_class(one) for one in entries], [_made(one) for one in entries], vectors)


def check_comparable(gallery: Gallery, step: Step, numbers: int) -> None:
    """Raise 400 where vectors are not those of this version: of two models they have nothing to do with each other."""
    if gallery.vectors.shape[1] != numbers:
        raise bad_request(
            f"the gallery's vectors have {gallery.vectors.shape[1]} numbers; version {step.version.version} of"
            f" `{step.capability.name}` makes {numbers}",
            field="gallery",
        )
    ours = Made(step.capability.name, step.version.version)
    for index, made in enumerate(gallery.made):
        if made is not None and made != ours:
            raise _fault(
                index,
                f"was made by version {made.model_version[:40]} of `{made.element[:80]}`, asked is version"
                f" {ours.model_version} of `{ours.element}`; ask that version, or let this one embed the gallery anew",
            )


def most_similar(vectors: NDArray[np.float32], gallery: Gallery, most: int) -> list[list[dict[str, Any]]]:
    """Return for each vector [n, numbers] the entries with the largest cosine, the first of equals first."""
    found: list[list[dict[str, Any]]] = []
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        likeness = vectors[start : start + _ROWS_AT_ONCE] @ gallery.vectors.T
        found += [[_told(gallery, int(at), float(row[at])) for at in _largest(row, most)] for row in likeness]
    return found


def _largest(row: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """Return the places of the largest values, in order; equal values by place."""
    if most >= len(row):
        places = np.arange(len(row))
    else:
        places = np.flatnonzero(row >= np.partition(row, len(row) - most)[len(row) - most])
    return np.asarray(places[np.argsort(-row[places], kind="stable")][:most], np.int64)


def _told(gallery: Gallery, index: int, likeness: float) -> dict[str, Any]:
    told: dict[str, Any] = {"id": gallery.ids[index], "similarity": round(min(max(likeness, -1.0), 1.0), _DECIMALS)}
    name = gallery.classes[index]
    return told if name is None else {**told, CLASS: name}


def _entry(one: Any, index: int) -> Mapping[str, Any]:
    if not isinstance(one, dict):
        raise _fault(index, f"is no object; {_EXPECTED}")
    for key in one:
        if key not in _KEYS:
            raise _fault(index, f"has a field {key[:60]!a}; allowed: {', '.join(_KEYS)}")
    return one


def _id(entry: Mapping[str, Any], index: int) -> str:
    found = entry.get("id")
    if not isinstance(found, str) or not found:
        raise _fault(index, "has no `id`")
    return found


def _vector(entry: Mapping[str, Any], index: int) -> list[Any]:
    embedding = entry.get("embedding")
    found = embedding.get("vector") if isinstance(embedding, dict) else entry.get("vector")
    if not isinstance(found, list) or not found:
        raise _fault(
            index, "has no vector; expected `vector` (a list of numbers), or `embedding` as `predict` answers it"
        )
    return found


def _vectors(lists: Sequence[list[Any]]) -> NDArray[np.float32]:
    size = len(lists[0])
    if size * len(lists) > MAX_NUMBERS:
        raise bad_request(f"`gallery` holds more than {MAX_NUMBERS} numbers, the most that is allowed", field="gallery")
    vectors = np.empty((len(lists), size), np.float32)
    for index, one in enumerate(lists):
        if len(one) != size:
            raise _fault(index, f"has {len(one)} numbers, gallery[0] {size}")
        vectors[index] = _of_unit_length(one, index)
    return vectors


def _of_unit_length(numbers: list[Any], index: int) -> NDArray[np.float64]:
    try:
        row = np.array(numbers)
    except ValueError as error:  # lists of different lengths
        raise _fault(index, "holds something else than numbers") from error
    if row.ndim != 1 or row.dtype.kind not in "iuf":
        raise _fault(index, "holds something else than numbers")
    length = np.linalg.norm(row.astype(np.float64))
    if not (np.isfinite(length) and length > 0):
        raise _fault(index, "has no direction: its numbers are all zero, or too large")
    return np.asarray(row / length, np.float64)


def _class(entry: Mapping[str, Any]) -> str | None:
    """Return what was said last of the entry's class, as for entities."""
    given = entry.get(CLASS)
    if isinstance(given, str):
        return given
    observations = entry.get("observations")
    said = [one.get("value") for one in _objects(observations) if one.get("attribute") == CLASS]
    return said[-1] if said and isinstance(said[-1], str) else None


def _made(entry: Mapping[str, Any]) -> Made | None:
    for provenance in _objects([embedding.get("provenance") for embedding in _objects([entry.get("embedding")])]):
        return Made(str(provenance.get("element", "")), str(provenance.get("model_version", "")))
    return None


def _objects(values: Any) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in values if isinstance(one, dict)) if isinstance(values, list) else ()


def _fault(index: int, what: str) -> ApiError:
    return bad_request(f"gallery[{index}] {what}", field=f"gallery[{index}]")
