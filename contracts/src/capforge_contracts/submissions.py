"""What people said about documents: how submissions travel from the gateway to a snapshot, and the manifest of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import Split
from capforge_contracts.manifest_line import Header, parsed_lines
from capforge_contracts.model import Stored
from capforge_contracts.reading import RelativeBox

DOCUMENTS_FORMAT = "capforge.documents/v1"


class LabelledValue(Stored):
    """One value that a person picked."""

    key: str
    """Of the candidate, 8 hex digits."""
    content: str
    value: str
    """Normalised."""
    page_id: int
    words: list[int]
    """Positions in the words of the reading's page."""
    box: RelativeBox


class FieldLabel(Stored):
    """What a person said about one field. No values and no class: the field is absent from this document."""

    field: str
    values: list[LabelledValue] = []
    class_name: str | None = None

    @property
    def absent(self) -> bool:
        """The person said that the document does not have this field."""
        return not self.values and self.class_name is None


class Submission(Stored):
    """The current annotation of one document: a line of the gateway's stream, and of the manifest."""

    sha256: str
    """Of the document's bytes: a blob, and the identity of the item."""
    document: str
    """The document's id (UUID)."""
    name: str
    """Of the file as it was sent."""
    reading_sha256: str
    """A blob: the Reading that the labels point into."""
    split: Split
    """The document's role, given when it was first annotated, by content, for ever."""
    submission: str
    """The submission's id (UUID)."""
    sequence: int
    """Counts the submissions of one capability from 1, without a gap."""
    annotator: str
    """Name of the API key, or of the user where the client names one."""
    time: str
    """UTC, ISO 8601."""
    labels: list[FieldLabel]


class DocumentsHeader(Header):
    """The first line of a manifest of documents."""

    format: str = DOCUMENTS_FORMAT
    fields: list[DataField]


class AnnotationCount(Stored):
    """How far the annotation of one capability is."""

    namespace: str
    capability: str
    documents: int
    """With a current annotation."""
    sequence: int
    """Of the newest submission; what a snapshot is taken as of."""


class AnnotationCounts(Stored):
    """Answer of `GET /internal/annotations`."""

    counts: list[AnnotationCount]


def write_documents_manifest(fields: Iterable[DataField], items: Iterable[Submission]) -> bytes:
    """Return the canonical bytes: header, then items sorted by digest and document. Same content, same bytes."""
    return b"".join(documents_manifest_lines(fields, sorted(items, key=lambda item: (item.sha256, item.document))))


def documents_manifest_lines(fields: Iterable[DataField], items_by_digest: Iterable[Submission]) -> Iterator[bytes]:
    """Yield the canonical lines of a manifest whose items come sorted by digest: for datasets larger than memory."""
    yield DocumentsHeader(fields=list(fields)).to_json() + b"\n"
    for item in items_by_digest:
        yield item.to_json() + b"\n"


def read_documents_manifest(data: bytes) -> tuple[DocumentsHeader, Iterator[Submission]]:
    """Parse a manifest; raises ValueError naming the line, here for the header and while iterating for the items."""
    return parsed_lines(DocumentsHeader, Submission, DOCUMENTS_FORMAT, data)
