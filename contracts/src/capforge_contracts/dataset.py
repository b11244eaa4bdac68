"""Snapshots: what the operator asks for, what the snapshot Job answers, and the canonical manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from capforge_contracts.model import Stored, canonical_json

MANIFEST_FORMAT = "capforge.dataset/v1"
FAULTS_IN_RESULT = 20
"""How many faults a result carries; all of them are in the faults file."""


class Split(StrEnum):
    """The part of a dataset that an item belongs to."""

    TRAIN = "Train"
    DEV = "Dev"
    TEST = "Test"


class OnFault(StrEnum):
    """What a snapshot does with a faulty record."""

    REJECT = "Reject"
    SKIP = "Skip"


class CocoSource(Stored):
    """A COCO detection file and its pictures in the object store."""

    annotations_uri: str
    images_uri: str | None = None
    """The folder that `file_name` is relative to; the annotation file's own folder if absent."""


class SplitSpec(Stored):
    """Shares by content hash; what is left is Train."""

    dev_percent: int = 0
    test_percent: int = 0
    seed: int = 0


class SnapshotRequest(Stored):
    """Written once by the operator before the Job starts."""

    namespace: str
    dataset: str
    spec_hash: str
    as_of: str
    """UTC time (ISO 8601) that selections are taken at."""
    coco: CocoSource
    split: SplitSpec | None = None
    on_fault: OnFault = OnFault.REJECT


class Fault(Stored):
    """One thing that is wrong with one record."""

    code: str
    """CamelCase, stable: TruncatedFile, MissingImage, UnreadableImage, SizeMismatch, BoxOutside, ZeroAreaBox, …"""
    file: str
    record: str
    """Which record of the file: `annotation 12`, `image 7 (a.jpg)`."""
    message: str
    """What is wrong, what is allowed."""


class SnapshotOutcome(StrEnum):
    """How a snapshot ended."""

    LOCKED = "Locked"
    FAULTY_RECORDS = "FaultyRecords"
    SOURCE_UNAVAILABLE = "SourceUnavailable"
    EMPTY_SELECTION = "EmptySelection"


class ClassCount(Stored):
    """How often a class occurs."""

    name: str
    count: int


class SnapshotResult(Stored):
    """Written last by the snapshot Job."""

    outcome: SnapshotOutcome
    message: str
    digest: str | None = None
    items: int = 0
    entities: int = 0
    classes: list[ClassCount] = []
    train_items: int = 0
    dev_items: int = 0
    test_items: int = 0
    fault_count: int = 0
    faults: list[Fault] = []
    """The first FAULTS_IN_RESULT."""


class SnapshotProgress(Stored):
    """Overwritten every few seconds."""

    done: int
    total: int


Box = Annotated[list[float], Field(min_length=4, max_length=4)]
"""xyxy in pixels of the upright (EXIF-applied) image, origin top-left, x1 > x0, y1 > y0."""


class ManifestEntity(Stored):
    """One labelled object in an image."""

    class_name: str
    box: Box


class ManifestItem(Stored):
    """One image of a dataset."""

    sha256: str
    """Of the stored bytes: the key of the blob and the identity of the item."""
    name: str
    width: int
    height: int
    split: Split
    entities: list[ManifestEntity]


class ManifestHeader(Stored):
    """The first line of a manifest."""

    format: str
    classes: list[str]
    """Declared by the source, sorted; a class may have no entity."""


def write_manifest(classes: Iterable[str], items: Iterable[ManifestItem]) -> bytes:
    """Return the canonical bytes of a manifest: header, then items sorted by digest. Same content, same bytes."""
    return b"".join(manifest_lines(classes, sorted(items, key=lambda item: (item.sha256, item.name))))


def manifest_lines(classes: Iterable[str], items_by_digest: Iterable[ManifestItem]) -> Iterator[bytes]:
    """Yield the canonical lines of a manifest whose items come sorted by digest: for datasets larger than memory."""
    yield ManifestHeader(format=MANIFEST_FORMAT, classes=sorted(set(classes))).to_json() + b"\n"
    for item in items_by_digest:
        yield _canonical_item(item) + b"\n"


def read_manifest(data: bytes) -> tuple[ManifestHeader, Iterator[ManifestItem]]:
    """Parse a manifest; raises ValueError where the header is of another format."""
    lines = iter(data.splitlines())
    header = ManifestHeader.from_json(next(lines, b"{}"))
    if header.format != MANIFEST_FORMAT:
        message = f"manifest format {header.format!r} is not {MANIFEST_FORMAT!r}"
        raise ValueError(message)
    return header, (ManifestItem.from_json(line) for line in lines)


def _canonical_item(item: ManifestItem) -> bytes:
    document = item.model_dump(mode="json", by_alias=True)
    document["entities"].sort(key=lambda entity: (entity["className"], entity["box"]))
    return canonical_json(document)
