"""What goes over the wire about datasets, for people and for the reader of requests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from capforge_contracts.dataset import Split
from capforge_contracts.exports import ExportFormat
from capforge_contracts.said import Said
from capforge_gateway.api.schemas import ApiRequest, Wire
from capforge_gateway.datasets.archive import ArchiveFormat

MAX_PAGE = 1000
MAX_FILES = 256
SHA256 = r"^[0-9a-f]{64}$"
DATASET = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?|[0-9a-f]{64})$"
Sha256 = Annotated[str, StringConstraints(pattern=SHA256)]
Cursor = Annotated[str, StringConstraints(max_length=2048)]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE)]


class Asked(BaseModel):
    """What is not described is refused: a misspelled filter would give too much without a word."""

    model_config = ConfigDict(extra="forbid")


class PageAsked(Asked):
    """A page of a list."""

    limit: Limit = 100
    cursor: Cursor = ""


class ItemsAsked(PageAsked):
    """A page of a dataset's images or documents."""

    split: Split | None = None
    class_name: str | None = Field(default=None, alias="class", max_length=1024)
    field: str | None = Field(default=None, max_length=1024)
    said: Said | None = None


class Nothing(Asked):
    """Of calls without a query."""


class ExportAsked(Asked):
    """Which files, and how they are packed."""

    format: ExportFormat | None = None
    archive: ArchiveFormat = ArchiveFormat.ZIP
    split: Split | None = None


class FilesInput(Asked):
    """Images, or documents and readings, that are asked for together."""

    sha256: list[Sha256] = Field(min_length=1, max_length=MAX_FILES)


class ClassCount(Wire):
    """How often a class occurs."""

    name: str
    objects: int


class RecordFault(Wire):
    """One thing that is wrong with one record."""

    code: str
    file: str
    record: str
    message: str


class Dataset(Wire):
    """A dataset by its name; numbers are those of what was locked."""

    name: str
    spec_hash: str = Field(description="First 12 digits: a name that was made anew with another spec has several.")
    state: str = Field(description="Locked, Snapshotting, FaultyRecords, SourceUnavailable or EmptySelection.")
    message: str
    digest: str | None = Field(description="Of the content; null: it has none (yet).")
    as_of: str | None = Field(description="UTC time that the data was taken at.")
    source: str | None = Field(
        description="coco, yolo, voc, imageFolder, manifest, vision (images annotated here) or submissions (documents)."
    )
    items: int
    objects: int
    train_items: int
    dev_items: int
    test_items: int
    classes: list[ClassCount]
    fault_count: int
    faults: list[RecordFault] = Field(description="The first 20.")


class Next(Wire):
    """Where the list goes on."""

    next: str | None = Field(description="Send it as `cursor` for the next page; null: this was the last one.")


class DatasetsAnswer(Wire):
    """A page of datasets by name."""

    api_request: ApiRequest
    datasets: list[Dataset]
    pagination: Next


class DatasetAnswer(Wire):
    """One name; several entries where it was made anew with another spec, the newest first."""

    api_request: ApiRequest
    datasets: list[Dataset]


class ClassFigures(Wire):
    """Of one class in one split."""

    name: str
    objects: int
    images: int


class SplitFigures(Wire):
    """Of one split."""

    split: Split
    images: int
    images_without_objects: int
    objects: int
    median_object_side_pixels: float | None
    classes: list[ClassFigures]


class Stats(Wire):
    """What is in a dataset of images."""

    kind: Literal["images"]
    digest: str
    classes: list[str]
    splits: list[SplitFigures]


class StatsAnswer(Wire):
    """Figures by split and class."""

    api_request: ApiRequest
    stats: Stats


class Change(Wire):
    """One image that differs."""

    what: Literal["added", "removed", "moved", "relabelled"]
    name: str
    sha256: str
    detail: str


class ObjectChange(Wire):
    """How many objects of a class there are."""

    name: str
    before: int
    after: int


class Difference(Wire):
    """Everything that differs between two contents; an image is the same where its bytes are."""

    kind: Literal["images"]
    before: str
    after: str
    same: int
    counts: dict[str, int] = Field(description="Images by kind of change.")
    objects: list[ObjectChange]
    changes: list[Change]


class DifferenceAnswer(Wire):
    """A page of what differs, by kind of change and name; the counts are of everything."""

    api_request: ApiRequest
    difference: Difference
    pagination: Next


class Entity(Wire):
    """One labelled object."""

    class_name: str = Field(alias="class")
    box: list[float] = Field(description="x0, y0, x1, y1 in pixels of the upright image.")
    polygon: list[float] | None
    id: str | None
    attributes: dict[str, str]


class Item(Wire):
    """One image as it was locked."""

    sha256: str
    name: str
    width: int
    height: int
    split: Split
    entities: list[Entity]
    content: str = Field(description="Address of the image's bytes.")


class ItemsAnswer(Wire):
    """A page of images, by digest."""

    api_request: ApiRequest
    items: list[Item]
    pagination: Next


class ItemAnswer(Wire):
    """One image; several items where a dataset of `selection: All` has several annotations of it."""

    api_request: ApiRequest
    items: list[Item]


ANSWERS: tuple[type[BaseModel], ...] = (
    DatasetsAnswer,
    DatasetAnswer,
    StatsAnswer,
    DifferenceAnswer,
    ItemsAnswer,
    ItemAnswer,
)
INPUTS: tuple[type[BaseModel], ...] = (FilesInput,)
