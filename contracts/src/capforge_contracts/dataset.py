"""Snapshots: what the operator asks for, what the snapshot Job answers, and the canonical manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from capforge_contracts.data_model import DataField
from capforge_contracts.manifest_line import Header, parsed_lines
from capforge_contracts.model import Stored, canonical_json
from capforge_contracts.preprocessing import Operation
from capforge_contracts.shapes import Box, Polygon
from capforge_contracts.sources import ImageFolderSource, ManifestSource, VisionSource, VocSource, YoloSource

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


class SubmissionsSource(Stored):
    """The latest submissions of one capability, streamed from the gateway; roles are the documents' own."""

    capability: str
    as_of_sequence: int
    """Submissions up to this one count; chosen by the operator before the Job."""
    fields: list[DataField]
    """The capability's data model when the snapshot was asked for."""


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
    coco: CocoSource | None = None
    yolo: YoloSource | None = None
    voc: VocSource | None = None
    image_folder: ImageFolderSource | None = None
    manifest: ManifestSource | None = None
    vision: VisionSource | None = None
    submissions: SubmissionsSource | None = None
    """Exactly one source is set."""
    preprocessing: list[Operation] = []
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


class PurgedItem(Stored):
    """The bytes of one item of a dataset are gone, because a person deleted the document.

    The item's digest stays in the manifest; a training on the dataset can no longer be repeated.
    """

    sha256: str
    time: str
    """UTC, ISO 8601."""


class SnapshotProgress(Stored):
    """Overwritten every few seconds."""

    done: int
    total: int


class ManifestEntity(Stored):
    """One labelled object in an image."""

    class_name: str
    box: Box
    """Of a polygon: the box around it."""
    polygon: Polygon | None = None
    id: str | None = None
    """As the source calls it; what observations of several models are added to."""
    attributes: dict[str, str] = {}
    """Other observations: value by attribute."""


class ManifestItem(Stored):
    """One image of a dataset."""

    sha256: str
    """Of the stored bytes: the key of the blob and the identity of the item."""
    name: str
    width: int
    height: int
    split: Split
    entities: list[ManifestEntity]


class ManifestHeader(Header):
    """The first line of a manifest."""

    classes: list[str]
    """Declared by the source, sorted; a class may have no entity."""
    annotated: bool | None = None
    """True: the items are the namespace's annotated images, whose bytes a purge removes when a person deletes them.
    None: they were brought from elsewhere and stay. (Not written then: manifests without it keep their digest.)"""


def write_manifest(classes: Iterable[str], items: Iterable[ManifestItem]) -> bytes:
    """Return the canonical bytes of a manifest: header, then items sorted by digest. Same content, same bytes."""
    return b"".join(manifest_lines(classes, sorted(items, key=lambda item: (item.sha256, item.name))))


def manifest_lines(
    classes: Iterable[str], items_by_digest: Iterable[ManifestItem], *, annotated: bool = False
) -> Iterator[bytes]:
    """Yield the canonical lines of a manifest whose items come sorted by digest: for datasets larger than memory."""
    declared = sorted(set(classes))
    yield ManifestHeader(format=MANIFEST_FORMAT, classes=declared, annotated=annotated or None).to_json() + b"\n"
    for item in items_by_digest:
        yield _canonical_item(item) + b"\n"


def read_manifest(data: bytes) -> tuple[ManifestHeader, Iterator[ManifestItem]]:
    """Parse a manifest; raises ValueError naming the line, here for the header and while iterating for the items."""
    return parsed_lines(ManifestHeader, ManifestItem, MANIFEST_FORMAT, data)


def _canonical_item(item: ManifestItem) -> bytes:
    document = item.model_dump(mode="json", by_alias=True)
    # What an entity does not have is not written: manifests without it keep their digest.
    document["entities"] = [
        {name: value for name, value in entity.items() if value not in (None, {})} for entity in document["entities"]
    ]
    document["entities"].sort(key=lambda entity: (entity["className"], entity["box"], entity.get("id", "")))
    return canonical_json(document)
