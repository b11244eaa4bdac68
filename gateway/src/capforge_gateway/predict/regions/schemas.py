"""The entities that a request may bring: what is allowed in them, for people and for the reader of the request."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_ID_CHARS = 256
_MAX_POLYGON_NUMBERS = 2000
_MAX_OBSERVATIONS = 32
_FARTHEST_PIXELS = 1_000_000

Pixel = Annotated[float, Field(ge=-_FARTHEST_PIXELS, le=_FARTHEST_PIXELS)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS, pattern=r"^[^\x00-\x1f\x7f]+$")]
Box = Annotated[list[Pixel], Field(min_length=4, max_length=4)]
Polygon = Annotated[list[Pixel], Field(min_length=6, max_length=_MAX_POLYGON_NUMBERS)]
_BOX = "[x0, y0, x1, y1] in pixels of the upright image, x1 > x0, y1 > y0; origin top left."
_POLYGON = "[x0, y0, x1, y1, …] of at least three corners, instead of the box."


class Brought(BaseModel):
    """What is not described is refused: a misspelled name would be passed over without a word."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class LocationInput(Brought):
    """Where an entity is: a box or a polygon."""

    box: Box | None = Field(default=None, description=_BOX)
    polygon: Polygon | None = Field(default=None, description=_POLYGON)


class ObservationInput(Brought):
    """What is known of an entity already; it comes back as it is."""

    attribute: Word
    value: Word
    position: Annotated[int, Field(ge=0)] | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    provenance: dict[Word, Word] | None = None


class EntityInput(Brought):
    """One region. Entities of an answer can be sent as they are; for others `box` or `polygon` is enough."""

    id: Word | None = Field(default=None, description="Comes back; without one the entity is given an id.")
    box: Box | None = Field(default=None, description=_BOX)
    polygon: Polygon | None = Field(default=None, description=_POLYGON)
    class_name: Word | None = Field(default=None, alias="class", description="Which class it is, for the input filter.")
    location: LocationInput | None = Field(default=None, description="Instead of `box` and `polygon`.")
    observations: Annotated[list[ObservationInput], Field(max_length=_MAX_OBSERVATIONS)] = []
    embedding: dict[str, Any] | None = Field(default=None, description="Of an answer; not looked at.")
    similar: list[Any] | None = Field(default=None, description="Of an answer; not looked at.")


class RegionsInput(BaseModel):
    """An image in JSON (exactly one of the two fields), and which regions of it are meant."""

    model_config = ConfigDict(extra="forbid")

    image: str | None = Field(default=None, description="base64, or an https address where the installation allows it.")
    document: str | None = Field(default=None, description="The same under the name that document clients use.")
    entities: list[EntityInput] | None = Field(
        default=None, description="Absent: those that the capability's `inputFrom` finds in the image."
    )


class GalleryEntry(BaseModel):
    """A vector to be searched: `vector` alone, or an entity as `predict` answers it."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1)]
    vector: Annotated[list[float], Field(min_length=1)] | None = None
    embedding: dict[str, Any] | None = Field(
        default=None, description="Of an answer; its version must be the asked one."
    )
    class_name: str | None = Field(default=None, alias="class", description="Comes back with the entry.")
    observations: list[dict[str, Any]] | None = Field(default=None, description="The last class in them comes back.")
    location: dict[str, Any] | None = Field(default=None, description="Not looked at.")
    box: list[float] | None = Field(default=None, description="Not looked at.")
    polygon: list[float] | None = Field(default=None, description="Not looked at.")
    similar: list[Any] | None = Field(default=None, description="Not looked at.")


class SearchInput(RegionsInput):
    """An image, which regions of it are meant, and what is searched for their like."""

    gallery: Annotated[list[GalleryEntry], Field(min_length=1, max_length=20_000)]
