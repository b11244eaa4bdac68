"""The answers of classifiers and embedders, described. They are written by hand; a test holds both together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from capforge_gateway.api.schemas import ApiRequest, ImageSize, Inference, Location, Provenance, Unit, Wire


class RegionLocation(Location):
    """Where an entity is; of a polygon the box is the one around it."""

    polygon: Annotated[list[float], Field(min_length=6)] | None = Field(
        default=None, description="[x0, y0, x1, y1, …] where the request brought one."
    )


class RegionObservation(Wire):
    """One attribute of an entity. What the request brought lacks what it did not say."""

    attribute: str
    value: str = Field(description="Of a classifier: name of the output.")
    position: int | None = Field(default=None, ge=0, description="Position of the output: the model's class index.")
    confidence: Unit | None = None
    provenance: Provenance | dict[str, str] | None = None


class Embedding(Wire):
    """A region as a vector of unit length: the cosine of two is their likeness."""

    vector: list[float]
    provenance: Provenance


class Similar(Wire):
    """One entry of the gallery."""

    id: str
    similarity: float = Field(ge=-1, le=1, description="Cosine of the two vectors.")
    class_name: str | None = Field(default=None, alias="class")


class RegionEntity(Wire):
    """One region, with what every element said of it, in the order in which they ran."""

    id: str
    location: RegionLocation
    observations: list[RegionObservation]
    embedding: Embedding | None = Field(
        default=None, description="Of an embedder; absent for entities it did not take."
    )
    similar: list[Similar] | None = Field(default=None, description="Of a search: the most similar first.")


class RegionPrediction(Wire):
    """The entities in the order in which they were found or brought."""

    entities: list[RegionEntity]


class RegionInference(Inference):
    """The prediction and how it came about."""

    prediction: RegionPrediction  # type: ignore[assignment]  # the same with more in it
    inputs: list[Provenance] = Field(description="What ran before, in order; empty where the request brought entities.")


class RegionDocument(Wire):
    """One image and what was said about its regions."""

    id: str
    name: str = Field(description="Name of the sent file; empty where none was sent.")
    n_pages: int
    image: ImageSize
    inference: RegionInference


class RegionsAnswer(Wire):
    """200 of a BoxClassifierElement or BoxEmbedderElement."""

    api_request: ApiRequest
    document: RegionDocument
