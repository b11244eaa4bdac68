"""What the document loop needs from outside: the table of documents, the blobs, and whoever reads words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self

from capforge_contracts.dataset import Split
from capforge_contracts.reading import GivenPage, Reading
from capforge_contracts.submissions import AnnotationCount, FieldLabel, Submission
from capforge_gateway.routing.routes import Capability


class StorageAway(Exception):  # noqa: N818 - reads as the fact it states
    """PostgreSQL or the object store does not answer, or is not configured: try again later (503).

    Nothing is half-written. Only where the connection broke while it was being committed may the whole have been
    written: the caller reads before it tries again.
    """


class UnknownDocument(Exception):  # noqa: N818 - reads as the fact it states
    """There is no such document of this capability (any more)."""


class AlreadyAnnotated(Exception):  # noqa: N818 - reads as the fact it states
    """The document has a current annotation: replace or remove it."""


class NotAnnotated(Exception):  # noqa: N818 - reads as the fact it states
    """The document has no current annotation to replace or remove."""


class NotReadYet(Exception):  # noqa: N818 - reads as the fact it states
    """The document has no reading that an annotation could point into: ask for its candidates first."""


class ReaderAway(Exception):  # noqa: N818 - reads as the fact it states
    """The candidates service does not answer: the document is kept, reading is tried again (503)."""


class UnreadableDocument(Exception):  # noqa: N818 - reads as the fact it states
    """The file cannot be read: encrypted, broken, too many pages, no picture. Says what is allowed."""

    def __init__(self, code: str, message: str) -> None:
        """Take the service's code (`EncryptedDocument`, `TooManyPages`, `BrokenDocument`, …) and words."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Owner:
    """A capability of a tenant."""

    namespace: str
    capability: str

    @classmethod
    def of(cls, capability: Capability) -> Self:
        """Return the owner of what is kept for a capability that is routed."""
        return cls(capability.namespace, capability.name)


@dataclass(frozen=True)
class NewDocument:
    """A file that is kept."""

    name: str
    media_type: str
    sha256: str
    size_bytes: int
    uploader: str
    """Name of the API key."""
    reading_sha256: str | None = None
    """None: not read yet (reader away, or stored without processing)."""
    n_pages: int | None = None
    id: str | None = None
    """Chosen by who may have to try again: kept twice under one id it is one document. None: a new one."""


@dataclass(frozen=True)
class Document:
    """A kept file with its current annotation."""

    id: str
    name: str
    media_type: str
    sha256: str
    size_bytes: int
    created: datetime
    uploader: str
    """Name of the API key."""
    reading_sha256: str | None
    n_pages: int | None
    split: Split | None
    """None: never annotated."""
    submission: Submission | None
    """The current one."""

    def check_turn(self, *, replace: bool) -> None:
        """Raise NotAnnotated or AlreadyAnnotated where it is not a replacement's, or a first annotation's, turn."""
        if replace and self.submission is None:
            raise NotAnnotated(self.id)
        if not replace and self.submission is not None:
            raise AlreadyAnnotated(self.id)


@dataclass(frozen=True)
class UnreadDocument:
    """A kept file without a reading."""

    owner: Owner
    id: str


@dataclass(frozen=True)
class DocumentPage:
    """One page of the list, newest first."""

    documents: Sequence[Document]
    page: int
    pages: int
    total: int


class JobStatus(StrEnum):
    """Of a queued prediction."""

    WAITING = "waiting"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True)
class QueueJob:
    """A prediction that is made later; survives the gateway that took it."""

    id: str
    owner: Owner
    status: JobStatus
    issued: datetime
    available: datetime | None
    """When it was finished; None: not yet."""
    request: dict[str, Any] = field(default_factory=dict)
    """What to do: digest of the blob, name, media type, asked version, options."""
    answer: dict[str, Any] | None = None
    """The `document` of the envelope, once completed."""
    error: dict[str, Any] | None = None


class Documents(Protocol):
    """The gateway's tables. Every method is one transaction; raises StorageAway.

    - Nothing of one namespace is ever seen from another: what is not there and what belongs to somebody else are both
      UnknownDocument, and so is an id that is no UUID.
    - Submissions are immutable; the current annotation is the latest row that does not withdraw. Their sequence numbers
      count from 1 for each capability without a gap, in the order in which they became visible: "as of" is a prefix.
    - A content gets its role when a document with it is first annotated, and keeps it, also after deletion.
    """

    async def keep(self, owner: Owner, new: NewDocument) -> Document:
        """Add a document whose bytes are in the blobs already; see documents.keeping.keep_file."""
        ...

    async def read(self, owner: Owner, document: str, reading_sha256: str, n_pages: int) -> None:
        """Note which reading a document's candidates come from; the first one stays. Raises UnknownDocument."""
        ...

    async def unread(self, limit: int, without: Collection[str] = ()) -> Sequence[UnreadDocument]:
        """Return documents that nobody has read yet, of all owners, the oldest first, but these."""
        ...

    async def get(self, owner: Owner, document: str) -> Document:
        """Return one; raises UnknownDocument."""
        ...

    async def list(self, owner: Owner, page: int, page_size: int) -> DocumentPage:
        """Return a page of documents, newest first."""
        ...

    async def delete(self, owner: Owner, document: str) -> None:
        """Leave a tombstone: it counts and trains no more; raises UnknownDocument."""
        ...

    async def submit(
        self, owner: Owner, document: str, labels: Sequence[FieldLabel], annotator: str, *, replace: bool
    ) -> Submission:
        """Append a submission, the current one from now on; the first one gives the document its role.

        Raises UnknownDocument, NotReadYet, AlreadyAnnotated (replace is False), NotAnnotated (replace is True).
        """
        ...

    async def withdraw(self, owner: Owner, document: str, annotator: str) -> None:
        """Remove the current annotation; its rows stay as history. Raises UnknownDocument, NotAnnotated."""
        ...

    async def feedback(self, namespace: str, document: str, feedback: dict[str, Any], sender: str) -> None:
        """Keep what was right in production; raises UnknownDocument."""
        ...

    async def counts(self) -> Sequence[AnnotationCount]:
        """Return how far each capability of each namespace is: for the operator."""
        ...

    async def newest(self, owner: Owner) -> int | None:
        """Return the sequence of a capability's newest submission, 0 before the first; None: never had a document."""
        ...

    def current(self, owner: Owner, as_of_sequence: int) -> AsyncIterator[Submission]:
        """Yield each document's annotation as of this submission, by content and document, without deleted ones.

        Read page by page, so that neither memory nor a connection is held by whoever reads slowly.
        """
        ...

    async def add_job(self, owner: Owner, sha256: str, request: dict[str, Any]) -> QueueJob:
        """Queue a prediction of a content whose bytes are in the blobs already, where they stay until it is old."""
        ...

    async def take_job(self, lease_seconds: float) -> QueueJob | None:
        """Take one that waits, or whose taker has not finished it within its lease; no two take the same one.

        The oldest of the tenant of whom the fewest are taken: a long queue of one holds up no other. One that three
        takers did not finish is failed instead.
        """
        ...

    async def give_back(self, owner: Owner, job: str, pause_seconds: float = 0.0) -> None:
        """Let a taken job wait again, as if never taken, for at least so long. No effect on a finished one."""
        ...

    async def finish_job(
        self, owner: Owner, job: str, answer: dict[str, Any] | None, error: dict[str, Any] | None
    ) -> None:
        """Write the outcome, completed or (with an error) failed; the first one stays. Raises UnknownDocument."""
        ...

    async def job(self, owner: Owner, job: str) -> QueueJob:
        """Return a job; raises UnknownDocument."""
        ...


class Blobs(Protocol):
    """Files under their own digest, one tenant apart from the other; raises StorageAway."""

    async def put(self, namespace: str, data: bytes) -> str:
        """Write the bytes once; return their sha256."""
        ...

    async def get(self, namespace: str, sha256: str) -> bytes:
        """Return the bytes; raises UnknownDocument."""
        ...

    async def has(self, namespace: str, sha256: str) -> bool:
        """Tell whether the bytes are there."""
        ...


@dataclass(frozen=True)
class KnownReading:
    """A reading under the digest of its canonical bytes."""

    sha256: str
    reading: Reading


class Readings(Protocol):
    """Each content is read once for each engine: readings of kept documents in the storage, others in memory."""

    async def of(
        self, namespace: str, sha256: str, engine_version: str, read: Callable[[], Awaitable[Reading]], *, keep: bool
    ) -> KnownReading:
        """Return the reading of a content, from `read` where none is known.

        Those who ask for the same one at once share one `read`, which goes on when one of them leaves. With `keep` it
        is in the storage afterwards and a Document may name it (raises StorageAway); without, the storage is asked but
        not needed. Raises what `read` raises.
        """
        ...

    async def named(self, namespace: str, reading_sha256: str) -> Reading:
        """Return a kept reading; raises UnknownDocument, StorageAway."""
        ...


class Reader(Protocol):
    """The candidates service."""

    async def engine_version(self) -> str:
        """Name what a reading would be made by now: what readings are kept under. Raises ReaderAway."""
        ...

    async def read(self, data: bytes, media_type: str, given: Sequence[GivenPage] | None = None) -> Reading:
        """Return the reading; raises ReaderAway, UnreadableDocument."""
        ...
