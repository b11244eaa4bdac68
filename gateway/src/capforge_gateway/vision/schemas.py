"""What is answered about annotated images, described for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from capforge_contracts.vision import AnnotationStatus, Selection
from capforge_gateway.api.schemas import ApiRequest, Unit, Wire
from capforge_gateway.predict.regions.schemas import Box, Polygon


class File(Wire):
    """A kept image."""

    id: str
    name: str
    content_type: str
    sha256: str
    size_bytes: int
    width: int = Field(ge=1, description="Of the upright image, pixels.")
    height: int = Field(ge=1)
    source: str
    metadata: dict[str, str]
    uploader: str = Field(description="Name of the API key.")
    uploaded_at: datetime


class Provenance(Wire):
    """Which model said it."""

    element: str = ""
    model_version: str = ""
    training_run: str = ""


class Observed(Wire):
    """One attribute of an entity."""

    attribute: str
    value: str
    confidence: Unit | None = None
    provenance: Provenance | None = Field(default=None, description="Absent: a person said it.")


class Where(Wire):
    """Where an entity is."""

    box: Box
    polygon: Polygon | None = None
    track_id: str | None = None


class Entity(Wire):
    """One object."""

    id: str
    location: Where
    observations: list[Observed]


class Submission(Wire):
    """What somebody said is in a file."""

    id: str
    sequence: int = Field(ge=1)
    file: str
    capability: str | None
    annotator: str
    status: Literal[AnnotationStatus.PRE_ANNOTATION, AnnotationStatus.SUBMITTED]
    submitted_at: datetime
    entities: list[Entity]


class AnnotatedFile(File):
    """A file and the submission that counts now."""

    submission: Submission | None


class Result(Wire):
    """One result of a search."""

    file: File
    submission: Submission | None


class ClassFigure(Wire):
    """How often a class occurs."""

    name: str
    objects: int
    files: int


class Figures(Wire):
    """Everything that is found, counted."""

    files: int
    submissions: int
    classes: list[ClassFigure]


class Draft(Wire):
    """Saved searches."""

    name: str
    description: str
    selection: Selection
    searches: list[dict[str, Any]]
    author: str
    created_at: datetime
    changed_at: datetime


class Next(Wire):
    """Of a list."""

    next: str | None = Field(description="The cursor of the next page; null: this is the last one.")


class FileAnswer(Wire):
    """One file; after an upload 201, or 200 where it was there already."""

    api_request: ApiRequest
    file: AnnotatedFile


class FilesAnswer(Wire):
    """Files, newest first."""

    api_request: ApiRequest
    files: list[File]
    pagination: Next


class SubmissionAnswer(Wire):
    """One submission."""

    api_request: ApiRequest
    submission: Submission


class SubmissionsAnswer(Wire):
    """The history of a file, newest first."""

    api_request: ApiRequest
    submissions: list[Submission]
    pagination: Next


class SearchAnswer(Wire):
    """A page of what was found, newest files first."""

    api_request: ApiRequest
    results: list[Result]
    pagination: Next
    figures: Figures | None = None


class DraftAnswer(Wire):
    """One draft."""

    api_request: ApiRequest
    draft: Draft


class DraftsAnswer(Wire):
    """All drafts by name."""

    api_request: ApiRequest
    drafts: list[Draft]


class EmptyAnswer(Wire):
    """Done; there is nothing to tell."""

    api_request: ApiRequest


ANSWERS: tuple[type[BaseModel], ...] = (
    FileAnswer,
    FilesAnswer,
    SubmissionAnswer,
    SubmissionsAnswer,
    SearchAnswer,
    DraftAnswer,
    DraftsAnswer,
    EmptyAnswer,
)
