"""OpenAPI 3.1 documents: of one capability's version, and of the gateway as a whole. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from capforge_gateway.api.schemas import FailureAnswer, PredictAnswer, PredictInput
from capforge_gateway.routing.resolve import available
from capforge_gateway.routing.routes import Capability, Version

Json = dict[str, Any]

API_VERSION = "1"
"""Of the calls themselves: the `v1` in every address."""
_REF = "#/components/schemas/{model}"
_BINARY: Json = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
_REFUSALS: Mapping[str, str] = {
    "400": "Not an image (JPEG, PNG, WebP), no image, or a query field that is not allowed",
    "401": "No valid key for this product",
    "404": "No such capability or version; `details.available` names the versions that answer",
    "408": "The request came too slowly",
    "409": "No model yet; the message says why",
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


def of_version(capability: Capability, version: Version, asked: str, server: str) -> Json:
    """Describe one version's predict call with its classes and thresholds."""
    operation = _predict_operation()
    operation["responses"]["200"]["description"] = "What was found"
    return _document(
        title=f"{capability.namespace}/{capability.name}",
        description=_about(capability, version),
        api_version=version.version,
        server=server,
        paths={f"/v1/products/{capability.namespace}/{capability.name}/{asked}/predict": {"post": operation}},
        extra={
            "x-capforge": {
                "namespace": capability.namespace,
                "capability": capability.name,
                "type": capability.type,
                "version": version.version,
                "available": available(capability),
                "run": version.run,
                "run_digest": version.run_digest,
                "dataset_digests": list(version.dataset_digests),
                "input": {"width": version.width, "height": version.height},
                "outputs": [
                    {"position": position, "name": name, "threshold": round(float(version.thresholds[position]), 4)}
                    for position, name in enumerate(version.names)
                ],
            }
        },
        classes=list(version.names),
    )


def of_gateway(server: str) -> Json:
    """Describe what is the same for every capability; tells nothing about which exist."""
    operation = _predict_operation()
    operation["parameters"] = [_path("namespace"), _path("capability"), _version_path(), *operation["parameters"]]
    described = (
        ("openapi.json", "application/json", "The description of one version"),
        ("docs", "text/html", "The same to read"),
    )
    paths: Json = {"/v1/products/{namespace}/{capability}/{version}/predict": {"post": operation}}
    for name, media, summary in described:
        paths[f"/v1/products/{{namespace}}/{{capability}}/{{version}}/{name}"] = {
            "get": {
                "operationId": "description" if name == "openapi.json" else "page",
                "summary": summary,
                "parameters": [_path("namespace"), _path("capability"), _version_path()],
                "responses": {
                    "200": {"description": summary, "content": {media: {"schema": {}}}},
                    **_refusals(
                        "401", "404", "409", "410", "503", media=None if name == "docs" else "application/json"
                    ),
                },
            }
        }
    return _document(
        title="Capforge gateway",
        description="Predictions of every capability. Each version has its own description beside its predict call.",
        api_version=API_VERSION,
        server=server,
        paths=paths,
    )


def _predict_operation() -> Json:
    return {
        "operationId": "predict",
        "summary": "Find entities in an image",
        "parameters": [
            _query(
                "threshold", {"type": "number", "minimum": 0, "maximum": 1}, "Instead of every output's own threshold."
            ),
            _query(
                "max_entities",
                {"type": "integer", "minimum": 1, "maximum": 999_999_999},
                "Only the most confident ones.",
            ),
        ],
        "requestBody": {"required": True, "content": _request_content()},
        "responses": {
            "200": {
                "description": "What was found",
                "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
                "content": _json_content(PredictAnswer),
            },
            **_refusals(*_REFUSALS),
        },
    }


def _request_content() -> Json:
    form = {
        "type": "object",
        "description": "Exactly one of the two.",
        "properties": {"image": _BINARY, "document": _BINARY},
    }
    raw = {media: {"schema": _BINARY} for media in ("image/jpeg", "image/png", "image/webp")}
    return {**raw, "multipart/form-data": {"schema": form}, **_json_content(PredictInput)}


def _json_content(model: type[Any]) -> Json:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}


def _refusals(*statuses: str, media: str | None = "application/json") -> Json:
    """A refusal of a page is HTML where a key is missing and JSON elsewhere, so it declares no content."""
    content = {"content": _json_content(FailureAnswer)} if media else {}
    return {status: {"description": _REFUSALS[status], **content} for status in statuses}


def _query(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def _path(name: str) -> Json:
    pattern = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}


def _version_path() -> Json:
    schema = {"type": "string", "pattern": r"^v1(\.[1-9][0-9]*)?$", "maxLength": 12, "examples": ["v1", "v1.3"]}
    return {
        "name": "version",
        "in": "path",
        "required": True,
        "schema": schema,
        "description": "`v1` is the version in force, `v1.3` exactly that one.",
    }


def _about(capability: Capability, version: Version) -> str:
    about = f"{capability.type}, version {version.version}, trained by run {version.run}."
    return f"{capability.description}\n\n{about}" if capability.description else about


def _document(
    title: str,
    description: str,
    api_version: str,
    server: str,
    paths: Json,
    extra: Json | None = None,
    classes: list[str] | None = None,
) -> Json:
    _, schemas = models_json_schema(
        [(PredictAnswer, "serialization"), (FailureAnswer, "serialization"), (PredictInput, "validation")],
        ref_template="#/components/schemas/{model}",
    )
    definitions = schemas["$defs"]
    if classes:
        definitions["Observation"]["properties"]["value"]["enum"] = classes
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "description": description, "version": api_version},
        "servers": [{"url": server}],
        "security": [{"token": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <key>`"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        **(extra or {}),
    }
