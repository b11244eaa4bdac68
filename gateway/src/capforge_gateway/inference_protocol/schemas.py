"""The protocol's documents, described. Requests are read and answers written by hand; tests hold both together."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from capforge_gateway.inference_protocol.request import MAX_ID_CHARS

Whole = Annotated[int, Field(ge=0)]
Parameters = Annotated[dict[str, Any], Field(description="By name; those that nobody knows are passed over.")]


class ProtocolError(BaseModel):
    """Every status but 200."""

    model_config = ConfigDict(extra="forbid")

    error: str = Field(description="What is wrong and what is allowed.")


class TensorData(BaseModel):
    """One tensor; `data` is absent where its bytes follow the JSON (`parameters.binary_data_size`)."""

    name: str
    shape: list[Whole]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] | None = None


class InferInput(BaseModel):
    """Pixels of the model's own size: `image` of a detector, `crops` of regions for a classifier or embedder.

    `jpeg`, for a detector: whole JPEG, PNG or WebP files, base64 in JSON.
    """

    name: Literal["image", "jpeg", "crops"]
    shape: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=8)]
    datatype: Literal["UINT8", "BYTES"]
    data: list[Any] | None = Field(default=None, description="Row-major, nested or flat.")
    parameters: Parameters = {}


class WantedOutputs(BaseModel):
    """One output that is asked for."""

    name: Literal["boxes", "scores", "classes", "count", "embeddings"]
    parameters: Parameters = Field(
        default={},
        description="binary_data (true: its bytes follow the JSON), classification (so many largest values).",
    )


class InferRequestBody(BaseModel):
    """An infer request: one input; without outputs all are answered."""

    id: Annotated[str, Field(max_length=MAX_ID_CHARS)] = ""
    inputs: Annotated[list[InferInput], Field(min_length=1, max_length=1)]
    outputs: list[WantedOutputs] = []
    parameters: Parameters = Field(default={}, description="binary_data_output, timeout (microseconds).")


class InferAnswer(BaseModel):
    """The output tensors."""

    id: str | None = None
    model_name: str
    model_version: str
    outputs: list[TensorData]


class TensorMetadata(BaseModel):
    """The interface of one tensor; -1 is any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """The interface of one version."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: dict[str, Any]


class ServerMetadata(BaseModel):
    """Who answers."""

    name: str
    version: str
    extensions: list[str]


class Liveness(BaseModel):
    """Whether the process answers."""

    live: bool


class Readiness(BaseModel):
    """Whether the server or a model answers inferences."""

    name: str
    version: str | None = None
    ready: bool


ANSWERS: tuple[type[BaseModel], ...] = (
    InferAnswer,
    Liveness,
    ModelMetadata,
    ProtocolError,
    Readiness,
    ServerMetadata,
)
