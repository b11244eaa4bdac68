"""The description of a field extractor's version: exactly its own fields, and every call about its documents. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from capforge_contracts.data_model import DataField, FieldType
from capforge_gateway.api.describing import ALWAYS, BINARY, REF, Describing, Json, in_path, in_query
from capforge_gateway.api.schemas import FailureAnswer
from capforge_gateway.documents.answer import BEFORE_ANY_MODEL, features_of
from capforge_gateway.documents.media import ALLOWED
from capforge_gateway.documents.schemas import ANSWERS, INPUTS
from capforge_gateway.routing.resolve import available
from capforge_gateway.routing.routes import DEFAULT_THRESHOLD, Capability, Version

_REFUSALS = {
    "400": "The request is wrong: the message names the field or record, what is allowed and what to do",
    "401": "No valid key for this product",
    "403": "The installation does not allow this",
    "404": "There is no such thing (any more)",
    "408": "The request came too slowly",
    "409": "It does not fit what is there; `details.way_out` names the method that does",
    "410": "The version is no longer loaded; `details.available` names those that answer",
    "413": "The file is too large",
    "415": "The file or the content type is none that can be read",
    "429": "This key has asked too often, or too much of the namespace is under way; see Retry-After",
    "500": "The gateway failed",
    "502": "The model failed on this document",
    "503": "A part that is needed is away (readers, storage, model servers); see Retry-After",
    "504": "Reading or predicting took too long",
}
_UPLOAD = (*ALWAYS, "403", "408", "409", "410", "413", "415", "502", "504")
_BODY = (*ALWAYS, "408", "413")
_ABOUT = Describing(_REFUSALS)


def of_extractor(capability: Capability, version: Version | None, asked: str, server: str) -> Json:
    """Describe one version; without one: what answers before any model."""
    fields = features_of(capability, version)
    number = version.version if version else BEFORE_ANY_MODEL
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{capability.namespace}/{capability.name}",
            "description": _about(capability, version),
            "version": number,
        },
        "servers": [{"url": server}],
        "security": [{"token": []}, {"bearer": []}],
        "paths": paths_below(f"/v1/products/{capability.namespace}/{capability.name}/{asked}", []),
        "components": {"schemas": _schemas(fields), "securitySchemes": _SECURITY},
        "x-capforge": _x_capforge(capability, version, number, asked, fields),
    }


_SECURITY: Json = {
    "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <key>`"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def paths_below(product: str, parameters: list[Json]) -> Json:
    """Return all calls of a product; `parameters` are those of its address."""
    document = [*parameters, in_path("document", {"type": "string", "format": "uuid"}, "The document's id.")]
    job = [*parameters, in_path("job", {"type": "string", "format": "uuid"}, "The job's id.")]
    annotations = f"{product}/documents/{{document}}/annotations"
    return {
        f"{product}/predict": {
            "post": _upload("predict", "Read a document", "201", "PredictDocumentAnswer", parameters)
        },
        f"{product}/predict_async": {
            "post": _upload("predict_async", "Queue a document", "202", "JobAnswer", parameters)
        },
        f"{product}/documents/queue/{{job}}": {"get": _call("job", "Ask for a queued prediction", "JobAnswer", job)},
        f"{product}/documents": {
            "get": _call("documents", "List kept documents", "DocumentsAnswer", [*parameters, _PAGE, _ANNOTATIONS])
        },
        f"{product}/documents/{{document}}": {
            "get": _call("document", "Get a kept document", "DocumentAnswer", [*document, _ANNOTATIONS, _CANDIDATES],
                         refusals=(*ALWAYS, "413", "415", "504")),
            "delete": _call("delete", "Delete a document: it trains no more", "DoneAnswer", document),
        },
        annotations: {
            "post": _annotate("annotate", "Annotate a document: all fields at once", "201", document),
            "put": _annotate("reannotate", "Replace a document's annotation", "200", document),
            "delete": _call("withdraw", "Remove a document's annotation", "DoneAnswer", document,
                            refusals=(*ALWAYS, "409")),
        },
        "/v1/documents/{document}/feedback": {
            "put": {
                **_call("feedback", "Say what was right", "FeedbackAnswer", document[-1:], refusals=_BODY),
                "requestBody": {"required": True, "content": _ABOUT.json("FeedbackInput")},
            }
        },
    }  # fmt: skip


def _upload(operation: str, summary: str, status: str, model: str, parameters: list[Json]) -> Json:
    form = {
        "type": "object",
        "properties": {
            "document": BINARY,
            "include_mvision": {"type": "string", "enum": ["true", "false"]},
            "words": {"type": "string", "description": "JSON: words that the client read itself, by page."},
        },
        "required": ["document"],
    }
    raw = {media: {"schema": BINARY} for media in ALLOWED}
    content = {**raw, "multipart/form-data": {"schema": form}, **_ABOUT.json("DocumentInput")}
    flags = [_TRAINING, _ASYNC, _WITH_CANDIDATES, _MVISION]
    called = _call(operation, summary, model, [*parameters, *flags], status, _UPLOAD)
    return {**called, "requestBody": {"required": True, "content": content}}


def _annotate(operation: str, summary: str, status: str, parameters: list[Json]) -> Json:
    refusals = (*_BODY, "409", "415", "504")
    called = _call(operation, summary, "AnnotationsAnswer", parameters, status, refusals)
    return {**called, "requestBody": {"required": True, "content": _ABOUT.json("AnnotationInput")}}


def _call(
    operation: str,
    summary: str,
    model: str,
    parameters: list[Json],
    status: str = "200",
    refusals: tuple[str, ...] = ALWAYS,
) -> Json:
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            status: {
                "description": summary,
                "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
                "content": _ABOUT.json(model),
            },
            **_ABOUT.refused(refusals),
        },
    }


def _flag(name: str, description: str) -> Json:
    schema = {"type": "string", "enum": ["true", "false", "True", "False"]}
    return in_query(name, schema, description)


_TRAINING = _flag("training", "Keep the document, so that it can be annotated.")
_ASYNC = _flag("async", "With `training=true`: keep it and do nothing else now.")
_WITH_CANDIDATES = _flag("with_candidates", "Add what can fill each field; before any model it comes without asking.")
_MVISION = _flag("include_mvision", "Add all words; also as a field of the form.")
_ANNOTATIONS = _flag("include_annotations", "Add the current annotation.")
_CANDIDATES = _flag("include_candidates", "Add what can fill each field.")
_PAGE = in_query("page", {"type": "integer", "minimum": 1, "maximum": 1_000_000}, "From 1.")


def schemas() -> Json:
    """Return the schemas of every call, the same for every product."""
    described: list[Any] = [(model, "serialization") for model in (*ANSWERS, FailureAnswer)]
    described += [(model, "validation") for model in INPUTS]
    _, found = models_json_schema(described, ref_template=REF)
    definitions: Json = found["$defs"]
    return definitions


def _schemas(fields: Sequence[DataField]) -> Json:
    """Return the schemas with the prediction of exactly these fields."""
    definitions = schemas()
    prediction = {field.name: _schema_of(field) for field in fields}
    definitions["DocumentInference"]["properties"]["prediction"] = {
        "type": "object",
        "properties": prediction,
        "required": list(prediction),
        "additionalProperties": False,
    }
    return definitions


def _schema_of(field: DataField) -> Json:
    if field.type is not FieldType.CLASSIFICATION:
        return {"$ref": REF.format(model="Values"), "description": field.display_name or field.name}
    return {
        "type": "object",
        "description": field.display_name or field.name,
        "properties": {
            "value": {"enum": [*field.classes, None]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["value", "confidence"],
        "additionalProperties": False,
    }


def _x_capforge(
    capability: Capability, version: Version | None, number: str, asked: str, fields: Sequence[DataField]
) -> Json:
    return {
        "namespace": capability.namespace,
        "capability": capability.name,
        "type": capability.type,
        "version": number,
        "asked": asked.removeprefix("v"),
        "available": available(capability),
        "run": version.run if version else None,
        "run_digest": version.run_digest if version else None,
        "dataset_digests": list(version.dataset_digests) if version else [],
        "fields": [
            {
                "name": field.name,
                "display_name": field.display_name,
                "type": field.type,
                "classes": list(field.classes),
                "threshold": _threshold(field, version),
            }
            for field in fields
        ],
    }


def _threshold(field: DataField, version: Version | None) -> float | None:
    return None if version is None else round(version.field_thresholds.get(field.name, DEFAULT_THRESHOLD), 4)


def _about(capability: Capability, version: Version | None) -> str:
    if version is None:
        about = f"{capability.type} without a model yet: answers have candidates for each field (version 1.0)."
    else:
        about = f"{capability.type}, version {version.version}, trained by run {version.run}."
    return f"{capability.description}\n\n{about}" if capability.description else about
