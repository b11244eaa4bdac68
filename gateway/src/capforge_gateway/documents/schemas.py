"""What goes over the wire about documents, described; `answer` writes it by hand, a test holds both together."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from capforge_gateway.api.schemas import ApiRequest, Fault, NoFault, Unit, Wire

Polygon = Annotated[list[Annotated[list[Unit], Field(min_length=2, max_length=2)]], Field(min_length=3)]
KEY = r"^[0-9a-f]{8}$"


class Value(Wire):
    """One value that was found."""

    content: str = Field(description="Normalised: dates YYYY-MM-DD, amounts plain numbers.")
    raw: str = Field(description="As it stands on the page.")
    confidence: Unit
    page_id: int = Field(ge=0)
    polygon: Polygon = Field(description="Corners [x, y], shares of the upright page's width and height.")
    keys: list[str] = Field(description="Candidates that make up the value: what an annotation that agrees sends.")


class Values(Wire):
    """A field of typed values."""

    confidence: Unit
    values: list[Value]


class Class(Wire):
    """A classification field."""

    value: str | None
    confidence: Unit


class Candidate(Wire):
    """One thing on the page that can fill a field, or be a part of what fills it."""

    content: str
    raw: str
    key: Annotated[str, Field(pattern=KEY)]
    polygon: Polygon


class Extraction(Wire):
    """Candidates by field."""

    extraction: dict[str, list[Candidate]]


class PageExtras(Wire):
    """What was asked for beside the prediction."""

    candidates: Extraction | None = None


class Orientation(Wire):
    """Degrees clockwise that made the page upright."""

    value: Literal[0, 90, 180, 270]


class Page(Wire):
    """One page."""

    id: int = Field(ge=0)
    orientation: Orientation
    prediction: dict[str, Any]
    extras: PageExtras


class DocumentProduct(Wire):
    """What was asked."""

    name: str = Field(description="Namespace and name.")
    features: list[str]
    type: Literal["constructed"]
    version: str = Field(examples=["1.1"], description="1.0: candidates alone, no model yet.")


class AnsweringModel(Wire):
    """What answered."""

    name: str
    version: str
    run: str
    run_digest: str
    dataset_digests: list[str]
    transforms_version: str


class DocumentInference(Wire):
    """The prediction and how it came about."""

    started_at: datetime
    finished_at: datetime
    processing_time: float = Field(ge=0, description="Seconds.")
    is_rotation_applied: bool
    product: DocumentProduct
    model: AnsweringModel | None
    prediction: dict[str, Values | Class]
    pages: list[Page]
    extras: dict[str, Any]


class Word(Wire):
    """One word on the page."""

    text: str
    confidence: Unit
    polygon: Polygon


class WordsOfPage(Wire):
    """All words of a page, in reading order."""

    all_words: list[Word]


class Words(Wire):
    """All pages."""

    pages: list[WordsOfPage]


class Ocr(Wire):
    """All words, where `include_mvision` asks for them."""

    mvision: Words = Field(alias="mvision-v1")


class PredictedDocument(Wire):
    """A document and what was found in it."""

    id: str
    name: str
    n_pages: int = Field(ge=1)
    inference: DocumentInference
    ocr: Ocr | None = None


class Label(Wire):
    """What was said about one field, on one page."""

    feature: str
    page_id: int | None = None
    selected: list[str] | None = Field(default=None, description="Keys of candidates; none: the field is absent.")
    contents: list[str] | None = None
    class_: str | None = Field(default=None, alias="class")


class Annotations(Wire):
    """The current annotation of a document."""

    id: str
    sequence: int = Field(ge=1)
    annotator: str
    annotated_at: datetime
    labels: list[Label]


class ReadDocument(Wire):
    """What was read of a kept document."""

    product: DocumentProduct
    prediction: dict[str, Any]
    pages: list[Page]
    extras: dict[str, Any]


class KeptDocument(Wire):
    """A document that is kept for training."""

    id: str
    name: str
    n_pages: int | None
    media_type: str
    sha256: str
    size_bytes: int
    uploaded_at: datetime
    uploader: str = Field(description="Name of the API key.")
    is_read: bool
    is_annotated: bool
    role: Literal["train", "dev", "test"] | None = Field(description="Given when it is first annotated, for ever.")
    annotations: Annotations | None = None
    inference: ReadDocument | None = None


class Job(Wire):
    """A prediction that is made later."""

    id: str
    issued_at: datetime
    available_at: datetime | None
    status: Literal["waiting", "processing", "completed", "failed"]
    error: Fault | NoFault


class Pagination(Wire):
    """Of a list."""

    page: int
    pages: int
    total: int


class PredictDocumentAnswer(Wire):
    """201 of predict; with `async=true` the document as it is kept."""

    api_request: ApiRequest
    document: PredictedDocument | KeptDocument


class JobAnswer(Wire):
    """A job, and its document once it is completed."""

    api_request: ApiRequest
    job: Job
    document: PredictedDocument | KeptDocument | None = None


class DocumentsAnswer(Wire):
    """A page of kept documents, newest first."""

    api_request: ApiRequest
    documents: list[KeptDocument]
    pagination: Pagination


class DocumentAnswer(Wire):
    """One kept document."""

    api_request: ApiRequest
    document: KeptDocument


class AnnotationsAnswer(Wire):
    """The annotation that is current now."""

    api_request: ApiRequest
    annotations: Annotations


class FeedbackAnswer(Wire):
    """What was taken."""

    api_request: ApiRequest
    feedback: dict[str, Any]


class DoneAnswer(Wire):
    """Done; there is nothing to tell."""

    api_request: ApiRequest


class LabelInput(BaseModel):
    """Either `selected` or `class`."""

    feature: str
    page_id: int | None = None
    selected: list[Annotated[str, Field(pattern=KEY)]] | None = None
    class_: str | None = Field(default=None, alias="class")


class AnnotationInput(BaseModel):
    """All fields at once."""

    labels: list[LabelInput]


class FeedbackInput(BaseModel):
    """What was right."""

    feedback: dict[str, Any] = Field(min_length=1, examples=[{"date": {"value": "2026-01-31"}}])


class DocumentInput(BaseModel):
    """A document in JSON."""

    document: str = Field(description="base64, or an https address where the installation allows it.")


ANSWERS: tuple[type[BaseModel], ...] = (
    PredictDocumentAnswer,
    JobAnswer,
    DocumentsAnswer,
    DocumentAnswer,
    AnnotationsAnswer,
    FeedbackAnswer,
    DoneAnswer,
)
INPUTS: tuple[type[BaseModel], ...] = (AnnotationInput, FeedbackInput, DocumentInput)
