"""What goes over the wire about datasets of annotated documents."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from capforge_contracts.data_model import FieldType
from capforge_contracts.dataset import Split
from capforge_contracts.said import Said
from capforge_gateway.api.schemas import ApiRequest, Wire
from capforge_gateway.datasets.schemas import Next


class DocumentClass(Wire):
    """Of one class of a Classification."""

    name: str
    documents: int


class FieldFigures(Wire):
    """What people said about one field."""

    name: str
    with_value: int = Field(description="Documents that have values, or a class.")
    absent: int = Field(description="Documents of which a person said that they do not have it.")
    not_said: int = Field(description="Documents annotated before the data model had it.")
    values: int = Field(description="A document may have several.")
    classes: list[DocumentClass] = Field(description="Of a Classification, in the data model's order.")


class DocumentSplitFigures(Wire):
    """Of one split."""

    split: Split
    documents: int
    documents_without_values: int
    fields: list[FieldFigures]


class DatasetField(Wire):
    """A field of the data model that was locked."""

    name: str
    display_name: str
    type: FieldType


class DocumentStats(Wire):
    """What is in a dataset of documents."""

    kind: Literal["documents"]
    digest: str
    fields: list[DatasetField]
    splits: list[DocumentSplitFigures]


class DocumentStatsAnswer(Wire):
    """Figures by split and field."""

    api_request: ApiRequest
    stats: DocumentStats


class DocumentChange(Wire):
    """One document that differs."""

    what: Literal["added", "removed", "moved", "relabelled", "reread"]
    name: str
    sha256: str
    detail: str = Field(description="Of a relabelled one: the fields of which something else is said.")


class FieldCounts(Wire):
    """What was said about one field in one of two datasets."""

    with_value: int
    absent: int
    not_said: int
    values: int


class FieldChange(Wire):
    """One field in both; null: that data model does not have it."""

    name: str
    before: FieldCounts | None
    after: FieldCounts | None


class DocumentDifference(Wire):
    """Everything that differs between two contents; a document is the same where its bytes are."""

    kind: Literal["documents"]
    before: str
    after: str
    same: int
    counts: dict[str, int] = Field(description="Documents by kind of change.")
    fields: list[FieldChange]
    changes: list[DocumentChange]


class DocumentDifferenceAnswer(Wire):
    """A page of what differs, by kind of change and name; the counts are of everything."""

    api_request: ApiRequest
    difference: DocumentDifference
    pagination: Next


class PickedValue(Wire):
    """A value that a person picked."""

    key: str = Field(description="Of the candidate.")
    value: str = Field(description="Normalised.")
    content: str = Field(description="As it stands on the page.")
    page_id: int
    box: list[float] = Field(description="x0, y0, x1, y1 in shares of the upright page.")


class FieldSaid(Wire):
    """What a person said about one field."""

    field: str
    said: Said
    class_name: str | None = Field(alias="class")
    values: list[PickedValue]


class DocumentItem(Wire):
    """One document as it was locked."""

    sha256: str
    name: str
    split: Split
    document: str = Field(description="Its id.")
    submission: str
    sequence: int
    annotator: str
    submitted_at: str
    reading_sha256: str
    labels: list[FieldSaid] = Field(description="Of every field of the data model, in its order.")
    content: str = Field(description="Address of the document's bytes.")


class DocumentItemsAnswer(Wire):
    """A page of documents, by digest."""

    api_request: ApiRequest
    items: list[DocumentItem]
    pagination: Next


class DocumentItemAnswer(Wire):
    """One document."""

    api_request: ApiRequest
    items: list[DocumentItem]


ANSWERS: tuple[type[BaseModel], ...] = (
    DocumentStatsAnswer,
    DocumentDifferenceAnswer,
    DocumentItemsAnswer,
    DocumentItemAnswer,
)
