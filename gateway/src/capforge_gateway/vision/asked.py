"""What a request about annotated images may hold: for its reader, and described for people."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from capforge_contracts.vision import (
    MAX_PAIRS,
    MAX_SEARCHES,
    Pairs,
    Search,
    Selection,
    Word,
)
from capforge_gateway.predict.regions.schemas import EntityInput, LocationInput

MAX_ENTITIES = 5000
MAX_PAGE = 200
UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
DRAFT_NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
CAPABILITY_NAME = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
Uuid = Annotated[str, StringConstraints(pattern=UUID)]
Text = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
Percent = Annotated[int, Field(ge=0, le=99)]


class Asked(BaseModel):
    """What is not described is refused: a misspelled filter would find too much without a word."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class FileInput(Asked):
    """An image in JSON (exactly one of the two fields) and what is known about it."""

    image: str | None = Field(default=None, description="base64, or an https address where the installation allows it.")
    document: str | None = Field(default=None, description="The same under the name that document clients use.")
    name: Word | None = None
    source: Word | None = None
    metadata: Pairs | None = None


class FileFacts(Asked):
    """What is told about a file beside its bytes."""

    name: Word | None = None
    source: Word | None = None
    metadata: Pairs = {}


class AnnotatedLocation(LocationInput):
    """Where an entity is, and which object of several images it is."""

    track_id: Word | None = None


class AnnotatedEntity(EntityInput):
    """One object. Entities of a predict answer can be sent as they are; for others `box` or `polygon` is enough."""

    class_name: Word | None = Field(default=None, alias="class", description="The value of the attribute `class`.")
    attributes: Annotated[dict[Word, Word], Field(max_length=MAX_PAIRS)] = {}
    track_id: Word | None = None
    location: AnnotatedLocation | None = Field(default=None, description="Instead of `box`, `polygon`, `track_id`.")
    embedding: dict[str, Any] | None = Field(default=None, description="Of a predict answer; not kept.")


class SubmissionInput(Asked):
    """Everything that is in the image. No entities: the image shows nothing."""

    entities: Annotated[list[AnnotatedEntity], Field(max_length=MAX_ENTITIES)]
    capability: Annotated[str, StringConstraints(pattern=CAPABILITY_NAME)] | None = None
    id: Uuid | None = Field(default=None, description="Chosen by who may have to send it again: it is kept once.")


class SearchInput(Asked):
    """What any of the searches finds, a page at a time."""

    searches: Annotated[list[Search], Field(min_length=1, max_length=MAX_SEARCHES)] = [Search()]
    selection: Selection = Selection.LATEST
    page_size: Annotated[int, Field(ge=0, le=MAX_PAGE)] = 25
    cursor: Annotated[str, Field(max_length=500)] | None = Field(default=None, description="Of the page before.")
    figures: bool = Field(default=False, description="Count everything that is found.")


class DraftInput(Asked):
    """Searches to save."""

    name: Annotated[str, StringConstraints(pattern=DRAFT_NAME)]
    description: Text = ""
    selection: Selection = Selection.LATEST
    searches: Annotated[list[Search], Field(max_length=MAX_SEARCHES)] = []


class DraftChange(Asked):
    """What a draft becomes."""

    description: Text = ""
    selection: Selection = Selection.LATEST
    searches: Annotated[list[Search], Field(max_length=MAX_SEARCHES)]


class SearchesInput(Asked):
    """Searches to add to a draft."""

    searches: Annotated[list[Search], Field(min_length=1, max_length=MAX_SEARCHES)]


class SplitInput(Asked):
    """Shares by content; what is left is Train."""

    dev_percent: Percent = 0
    test_percent: Percent = 0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class DatasetInput(Asked):
    """The dataset to make of a draft."""

    name: Annotated[str, StringConstraints(pattern=DRAFT_NAME)]
    description: Text | None = None
    split: SplitInput | None = None


INPUTS: tuple[type[BaseModel], ...] = (
    FileInput,
    SubmissionInput,
    SearchInput,
    DraftInput,
    DraftChange,
    SearchesInput,
    DatasetInput,
)
