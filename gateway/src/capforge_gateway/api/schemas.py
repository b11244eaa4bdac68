"""The predict answer, described for people and programs. The hot path writes it by hand; a test holds both together."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Unit = Annotated[float, Field(ge=0, le=1)]


class Wire(BaseModel):
    """snake_case on the wire; what is not described here is not sent."""

    model_config = ConfigDict(extra="forbid")


class Fault(Wire):
    """Why a request was refused."""

    code: str = Field(description="Constant, for programs.", examples=["BadRequest"])
    message: str = Field(description="What is wrong and what is allowed.")
    details: dict[str, Any] = Field(description="The same for programs: the field, the allowed values.")


class NoFault(Wire):
    """Empty on success."""


class ApiRequest(Wire):
    """How the request went."""

    error: Fault | NoFault
    request_id: str = Field(description="The caller's X-Request-Id or trace id, else made here; the log has it too.")
    resources: list[str]
    status: Literal["success", "failure"]
    status_code: int
    url: str


class Provenance(Wire):
    """Where a value comes from."""

    element: str = Field(description="Name of the capability.")
    model_version: str
    training_run: str


class Observation(Wire):
    """One attribute of an entity."""

    attribute: Literal["class"]
    value: str = Field(description="Name of the output.")
    position: int = Field(ge=0, description="Position of the output: the model's class index.")
    confidence: Unit
    provenance: Provenance


class Location(Wire):
    """Where an entity is."""

    box: Annotated[list[float], Field(min_length=4, max_length=4)] = Field(
        description="[x0, y0, x1, y1] in pixels of the image, upright by its EXIF orientation; origin top left."
    )


class Entity(Wire):
    """One object that was found."""

    id: str
    location: Location
    observations: list[Observation]


class Prediction(Wire):
    """What was found, most confident first."""

    entities: list[Entity]


class Product(Wire):
    """What was asked."""

    name: str = Field(examples=["acme/blood-cells"])
    type: str
    version: str = Field(examples=["1.3"])
    features: list[str] = Field(description="Names of the outputs by position.")


class Model(Wire):
    """What answered."""

    name: str
    version: str
    run: str
    run_digest: str
    dataset_digests: list[str]
    transforms_version: str


class Inference(Wire):
    """The prediction and how it came about."""

    started_at: datetime
    finished_at: datetime
    processing_time: float = Field(ge=0, description="Seconds.")
    product: Product
    model: Model
    prediction: Prediction


class ImageSize(Wire):
    """Of the upright image, pixels: what boxes refer to."""

    width: int = Field(ge=1)
    height: int = Field(ge=1)


class Document(Wire):
    """One image and what was predicted on it."""

    id: str
    name: str = Field(description="Name of the sent file; empty where none was sent.")
    n_pages: int
    image: ImageSize
    inference: Inference


class PredictAnswer(Wire):
    """200."""

    api_request: ApiRequest
    document: Document


class FailureAnswer(Wire):
    """Every other status."""

    api_request: ApiRequest


class PredictInput(Wire):
    """An image in JSON: exactly one of the two fields."""

    image: str | None = Field(default=None, description="base64, or an https address where the installation allows it.")
    document: str | None = Field(default=None, description="The same under the name that document clients use.")
