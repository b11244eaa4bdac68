"""The predict call in OpenAPI: of a detector, of what takes regions, and of the gateway as a whole. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from capforge_contracts.run import CapabilityType
from capforge_gateway.api.describing import BINARY, REF, Json
from capforge_gateway.api.region_schemas import RegionsAnswer
from capforge_gateway.api.schemas import FailureAnswer, PredictAnswer, PredictInput
from capforge_gateway.predict.regions.schemas import EntityInput, GalleryEntry, RegionsInput, SearchInput
from capforge_gateway.predict.target import DEFAULT_NEIGHBOURS, MAX_NEIGHBOURS
from capforge_gateway.routing.routes import REGION_TYPES

_HOLD_GALLERIES = ("multipart/form-data", "application/json")
_SUMMARIES: Mapping[CapabilityType, str] = {
    CapabilityType.DETECTOR: "Find entities in an image",
    CapabilityType.BOX_CLASSIFIER: "Classify regions of an image",
    CapabilityType.BOX_EMBEDDER: "Embed regions of an image",
}
_REFUSALS: Mapping[str, str] = {
    "400": "Not an image (JPEG, PNG, WebP), no image, or a field or entity that is not allowed",
    "401": "No valid key for this product",
    "404": "No such capability or version; `details.available` names the versions that answer",
    "408": "The request came too slowly",
    "409": "No model yet, or none where the entities come from; the message says why",
    "410": "The version is no longer loaded; `details.available` names those that answer",
    "413": "The image is too large",
    "415": "The content type cannot hold an image",
    "429": "Too many predictions of this namespace under way",
    "500": "The gateway failed",
    "501": "The capability's type is not served",
    "502": "The model failed on this image",
    "503": "No model server answers; see Retry-After",
    "504": "The model server took too long",
}


def predict_operation(element_type: CapabilityType | None) -> Json:
    """Return the call of one type; None: of whatever type is asked."""
    regions = element_type is None or element_type in REGION_TYPES
    finds = element_type is None or element_type is CapabilityType.DETECTOR
    inputs: list[type[BaseModel]] = [*([PredictInput] if finds else []), *([RegionsInput] if regions else [])]
    answers: list[type[BaseModel]] = [*([PredictAnswer] if finds else []), *([RegionsAnswer] if regions else [])]
    return {
        "operationId": "predict",
        "summary": _SUMMARIES[element_type or CapabilityType.DETECTOR],
        "parameters": _options(element_type),
        "requestBody": {"required": True, "content": _request_content(inputs, with_entities=not finds)},
        "responses": {
            "200": {
                "description": "What was found" if finds else "The entities, with what was said of each",
                "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
                "content": json_content(*answers),
            },
            **refusals(*_REFUSALS),
        },
    }


def search_operation() -> Json:
    """Return the call of an embedder that looks for similar regions."""
    operation = predict_operation(CapabilityType.BOX_EMBEDDER)
    content = _request_content([SearchInput], with_entities=True)
    form = content["multipart/form-data"]
    entry = {"$ref": REF.format(model=GalleryEntry.__name__)}
    form["schema"]["properties"]["gallery"] = {"type": "array", "items": entry, "description": "JSON."}
    form["schema"]["required"] = ["gallery"]
    form["encoding"]["gallery"] = {"contentType": "application/json"}
    neighbours = {"type": "integer", "minimum": 1, "maximum": MAX_NEIGHBOURS, "default": DEFAULT_NEIGHBOURS}
    return {
        **operation,
        "operationId": "search",
        "summary": "Find what is most like regions of an image",
        "parameters": [query("k", neighbours, "How many for each region."), *operation["parameters"]],
        "requestBody": {"required": True, "content": {one: content[one] for one in _HOLD_GALLERIES}},
    }


def _options(element_type: CapabilityType | None) -> list[Json]:
    threshold = query(
        "threshold", {"type": "number", "minimum": 0, "maximum": 1}, "Instead of every output's own threshold."
    )
    found = " Of those that are found in the image." if element_type in REGION_TYPES else ""
    most = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
    max_entities = query("max_entities", most, f"Only the most confident ones.{found}")
    return [max_entities] if element_type is CapabilityType.BOX_EMBEDDER else [threshold, max_entities]


def _request_content(inputs: list[type[BaseModel]], *, with_entities: bool) -> Json:
    properties: Json = {"image": BINARY, "document": BINARY}
    form: Json = {"type": "object", "description": "Exactly one of the two.", "properties": properties}
    encoding: Json = {}
    if with_entities:
        entity = {"$ref": REF.format(model=EntityInput.__name__)}
        properties["entities"] = {"type": "array", "items": entity, "description": "JSON; absent: found in the image."}
        form["description"] = "Exactly one of `image` and `document`; with or without `entities`."
        form["additionalProperties"] = False
        encoding = {"encoding": {"entities": {"contentType": "application/json"}}}
    raw = {media: {"schema": BINARY} for media in ("image/jpeg", "image/png", "image/webp")}
    return {**raw, "multipart/form-data": {"schema": form, **encoding}, **json_content(*inputs)}


def json_content(*models: type[BaseModel]) -> Json:
    """Return a JSON body that is one of these."""
    schemas = [{"$ref": REF.format(model=model.__name__)} for model in models]
    return {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}


def refusals(*statuses: str, media: str | None = "application/json") -> Json:
    """A refusal of a page is HTML where a key is missing and JSON elsewhere, so it declares no content."""
    content = {"content": json_content(FailureAnswer)} if media else {}
    return {status: {"description": _REFUSALS[status], **content} for status in statuses}


def query(name: str, schema: Json, description: str) -> Json:
    """Return an optional field of the query."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
