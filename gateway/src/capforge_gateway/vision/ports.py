"""What annotated images need from outside: their tables. Bytes are in documents.ports.Blobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from capforge_contracts.vision import AnnotationStatus, Search, Selection, VisionCount, VisionQuestion

NEWEST = 2**63 - 1
"""As of now: no sequence is higher."""


class UnknownFile(Exception):  # noqa: N818 - reads as the fact it states
    """There is no such file in this namespace (any more)."""


class UnknownDraft(Exception):  # noqa: N818 - reads as the fact it states
    """There is no such draft in this namespace."""


class FileDiffers(Exception):  # noqa: N818 - reads as the fact it states
    """The namespace has the content already, with another source or other metadata."""

    def __init__(self, file: str) -> None:
        """Take the id of the file that is there."""
        super().__init__(file)
        self.file = file


class SubmissionDiffers(Exception):  # noqa: N818 - reads as the fact it states
    """The namespace has a submission with this id already, and it says something else."""


class DraftExists(Exception):  # noqa: N818 - reads as the fact it states
    """The namespace has a draft of this name already."""


class TooManyDrafts(Exception):  # noqa: N818 - reads as the fact it states
    """All drafts of the namespace together would hold more than one list of them can."""


class TooManySearches(Exception):  # noqa: N818 - reads as the fact it states
    """The draft would have more searches than a dataset may."""


@dataclass(frozen=True)
class NewFile:
    """An image that is kept; its bytes are in the blobs."""

    name: str
    content_type: str
    sha256: str
    size_bytes: int
    width: int
    height: int
    """Of the upright image, pixels."""
    uploader: str
    """Name of the API key."""
    source: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VisionFile:
    """A kept image."""

    id: str
    name: str
    content_type: str
    sha256: str
    size_bytes: int
    width: int
    height: int
    uploader: str
    source: str
    metadata: Mapping[str, str]
    created: datetime


@dataclass(frozen=True)
class NewSubmission:
    """What somebody says is in a file."""

    annotator: str
    status: AnnotationStatus
    entities: Sequence[Mapping[str, Any]]
    """VisionEntity, as it is stored."""
    capability: str | None = None
    id: str | None = None
    """Chosen by who may have to try again: sent twice under one id it is one submission. None: a new one."""


@dataclass(frozen=True)
class SubmissionRow:
    """A submission that was made."""

    id: str
    sequence: int
    file: str
    capability: str | None
    annotator: str
    status: AnnotationStatus
    time: datetime
    entities: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Found:
    """One result of a search: a file and the submission that matched; None: nobody said anything."""

    file: VisionFile
    submission: SubmissionRow | None
    is_cut: bool = False
    """The page ends here although more was asked for: its submissions are large."""


@dataclass(frozen=True)
class Place:
    """Where a page ends; the next one begins behind it."""

    created: datetime
    id: str
    sequence: int = 0


@dataclass(frozen=True)
class ClassFigure:
    """How often a class occurs among results."""

    name: str
    objects: int
    files: int


@dataclass(frozen=True)
class Figures:
    """What a search finds, counted."""

    files: int
    submissions: int
    classes: Sequence[ClassFigure]
    """The most frequent first."""


@dataclass(frozen=True)
class Draft:
    """Saved searches."""

    name: str
    description: str
    selection: Selection
    searches: Sequence[Search]
    author: str
    created: datetime
    changed: datetime


class VisionStore(Protocol):
    """The gateway's tables of images. Every method is one transaction (`selected`: one a page); raises StorageAway.

    - Nothing of one namespace is ever seen from another: what is not there and what belongs to somebody else are both
      UnknownFile.
    - Submissions are immutable, and numbered from 1 in each namespace without a gap, in the order in which they became
      visible: two at one instant are two, and the higher number is the later one.
    - `file` is a file's id or the sha256 of its bytes.
    """

    async def keep(self, namespace: str, new: NewFile) -> tuple[VisionFile, bool]:
        """Add a file whose bytes are in the blobs already; tell whether it is new. Raises FileDiffers."""
        ...

    async def get(self, namespace: str, file: str) -> VisionFile:
        """Return one; raises UnknownFile."""
        ...

    async def files(self, namespace: str, after: Place | None, limit: int) -> Sequence[VisionFile]:
        """Return files, newest first."""
        ...

    async def delete(self, namespace: str, file: str) -> None:
        """Leave a tombstone: it is found by no search any more, whatever it is asked as of. Raises UnknownFile."""
        ...

    async def submit(self, namespace: str, file: str, new: NewSubmission) -> tuple[SubmissionRow, bool]:
        """Append a submission; tell whether it is new. Raises UnknownFile, SubmissionDiffers."""
        ...

    async def history(self, namespace: str, file: str, before: int, limit: int) -> Sequence[SubmissionRow]:
        """Return the submissions of a file below a sequence, newest first; raises UnknownFile.

        At most `limit`; fewer, but one at least, where they are large.
        """
        ...

    async def official(self, namespace: str, file: str) -> SubmissionRow | None:
        """Return the submission that counts now (Selection.LATEST), of whatever capability; raises UnknownFile."""
        ...

    async def search(
        self, namespace: str, searches: Sequence[Search], selection: Selection, after: Place | None, limit: int
    ) -> Sequence[Found]:
        """Return what any of the searches finds, once; newest files first, of one file the newest submission first."""
        ...

    async def figures(self, namespace: str, searches: Sequence[Search], selection: Selection) -> Figures:
        """Count what any of the searches finds."""
        ...

    async def newest(self, namespace: str) -> int | None:
        """Return the sequence of the newest submission, 0 before the first; None: never had a file."""
        ...

    async def counts(self) -> Sequence[VisionCount]:
        """Return the newest sequence of every namespace: for the operator."""
        ...

    def selected(self, namespace: str, question: VisionQuestion) -> AsyncIterator[bytes]:
        """Yield the lines of the stream, by content and sequence, without a line feed.

        Read page by page, so that neither memory nor a connection is held by whoever reads slowly.
        """
        ...

    async def drafts(self, namespace: str) -> Sequence[Draft]:
        """Return all drafts by name."""
        ...

    async def draft(self, namespace: str, name: str) -> Draft:
        """Return one; raises UnknownDraft."""
        ...

    async def put_draft(self, namespace: str, draft: Draft, *, replace: bool) -> Draft:
        """Write a draft; raises DraftExists where it is not to replace one, UnknownDraft where it is."""
        ...

    async def add_searches(self, namespace: str, name: str, searches: Sequence[Search]) -> Draft:
        """Add searches that the draft does not have yet; raises UnknownDraft, TooManySearches."""
        ...

    async def delete_draft(self, namespace: str, name: str) -> None:
        """Forget a draft; raises UnknownDraft."""
        ...
