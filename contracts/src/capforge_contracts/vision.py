"""Annotated images: what can be searched for, and how submissions travel from the gateway to a snapshot.

A *file* is an image of a namespace, known by its bytes' sha256; what is told about it at its upload never changes. A
*submission* is an immutable list of entities that a person (or, as a pre-annotation, a model) says are in a file.
Submissions of a namespace are counted from 1 without a gap, in the order in which they became visible: "as of 17" is a
prefix, and the same question as of the same sequence has the same answer (but for files deleted meanwhile).

The stream: `POST /internal/vision/{namespace}` with a VisionQuestion, authorized as the documents' stream. The answer
is a VisionSubmission a line, sorted by (sha256, sequence), each submission once however many searches find it; the last
line is `{"count":n,"end":true}`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from capforge_contracts.model import Stored
from capforge_contracts.shapes import Box, Polygon

CLASS = "class"
"""The attribute whose value is an entity's class."""
MAX_SEARCHES = 20
MAX_VALUES = 500
"""Of one filter."""
MAX_FILES = 5000
"""Files that one search may name."""
MAX_PAIRS = 32
MAX_WORD_CHARS = 256

Word = Annotated[str, StringConstraints(min_length=1, max_length=MAX_WORD_CHARS, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What people call things; no control characters."""
Words = Annotated[list[Word], Field(max_length=MAX_VALUES)]
Pairs = Annotated[dict[Word, Word], Field(max_length=MAX_PAIRS)]
FileName = Annotated[
    str, StringConstraints(pattern=r"^([0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$")
]
"""A file's id (UUID) or the sha256 of its bytes, in lower case."""


class Selection(StrEnum):
    """Which submissions of a file count."""

    LATEST = "Latest"
    """The official one: the newest that a person sent, before any the newest pre-annotation. Of the searched capability
    where the search names one, else of all. Filters apply to it: a file whose official submission does not match is
    not found by an older one that does."""
    ALL = "All"
    """Every submission that matches."""


class AnnotationStatus(StrEnum):
    """How far the annotation of a file is."""

    UNANNOTATED = "Unannotated"
    """Nobody said anything (for the searched capability, where one is named). For looking only, never in a dataset."""
    PRE_ANNOTATION = "PreAnnotation"
    """Only a model did."""
    SUBMITTED = "Submitted"
    """A person did; no entities: the image shows nothing."""


class Search(Stored):
    """What to look for: every filter that is set must hold. Without any: all that people submitted.

    Unknown fields are refused by readers too: a filter that is not understood would find more than was asked for.
    """

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid", allow_inf_nan=False
    )

    files: Annotated[list[FileName], Field(max_length=MAX_FILES)] = []
    """One of these."""
    sources: Words = []
    """One of these."""
    content_types: Words = []
    """One of these: image/jpeg, image/png, image/webp."""
    metadata: Pairs = {}
    """Each of these keys has this value."""
    classes_present: Words = []
    """Of each of these classes there is an object."""
    classes_absent: Words = []
    """Of none of these classes there is an object."""
    attributes: Pairs = {}
    """For each of these attributes some object has this value."""
    users: Words = []
    """One of these submitted it."""
    statuses: Annotated[list[AnnotationStatus], Field(min_length=1)] = [AnnotationStatus.SUBMITTED]
    """One of these."""
    capability: Word | None = None
    """The submission was made for this capability; also narrows what Latest is taken of."""
    training_runs: Words = []
    """One of these runs made an observation in it."""
    uploaded_from: AwareDatetime | None = None
    """The file came then or later."""
    uploaded_until: AwareDatetime | None = None
    """The file came before."""
    submitted_from: AwareDatetime | None = None
    """The submission came then or later."""
    submitted_until: AwareDatetime | None = None
    """The submission came before."""


class VisionQuestion(Stored):
    """The body of `POST /internal/vision/{namespace}`: what any of the searches finds."""

    model_config = Search.model_config

    selection: Selection = Selection.LATEST
    searches: Annotated[list[Search], Field(min_length=1, max_length=MAX_SEARCHES)]
    as_of_sequence: Annotated[int, Field(ge=0)]
    """Submissions up to this one count."""


class Provenance(Stored):
    """Which model said it."""

    element: str = ""
    """Name of the capability."""
    model_version: str = ""
    training_run: str = ""


class Observation(Stored):
    """One attribute of an entity."""

    attribute: Word
    value: Word
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    provenance: Provenance | None = None
    """None: a person said it."""


class VisionEntity(Stored):
    """One object in an image, in pixels of the upright image."""

    id: Word
    """Unique in its submission."""
    track_id: Word | None = None
    """The same object in other images."""
    box: Box
    """Of a polygon: the box around it."""
    polygon: Polygon | None = None
    """x0, y0, x1, y1, …; None: the box is the location."""
    observations: list[Observation] = []
    """At most one of each attribute."""

    @property
    def class_name(self) -> str | None:
        """The value of the attribute `class`; None: nobody said which class it is."""
        return next((one.value for one in self.observations if one.attribute == CLASS), None)

    @property
    def attributes(self) -> dict[str, str]:
        """The values of the other attributes."""
        return {one.attribute: one.value for one in self.observations if one.attribute != CLASS}


class VisionSubmission(Stored):
    """One submission and the file it is about: a line of the stream."""

    sha256: str
    """Of the file's bytes: a blob of the namespace."""
    file: str
    """The file's id (UUID)."""
    name: str
    """Of the file as it was sent."""
    content_type: str
    width: int
    height: int
    """Of the upright image, pixels."""
    source: str
    """Where people say the file is from; may be empty."""
    metadata: dict[str, str]
    uploaded: str
    """UTC, ISO 8601."""
    submission: str
    """The submission's id (UUID)."""
    sequence: int
    """Counts the submissions of the namespace from 1, without a gap."""
    capability: str | None = None
    """None: for no capability in particular."""
    annotator: str
    """Name of the API key, or of the user where the client names one."""
    time: str
    """UTC, ISO 8601."""
    status: AnnotationStatus
    """PreAnnotation or Submitted."""
    entities: list[VisionEntity]


class VisionCount(Stored):
    """How far the annotation of images is in one namespace."""

    namespace: str
    sequence: int
    """Of the newest submission; what a snapshot is taken as of."""


class VisionCounts(Stored):
    """Answer of `GET /internal/vision`, which the operator alone may ask."""

    counts: list[VisionCount]
    """Namespaces that ever had a file."""
