"""The protocol's part of the OpenAPI documents. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from capforge_gateway.inference_protocol.names import name_of
from capforge_gateway.inference_protocol.schemas import (
    InferAnswer,
    InferRequestBody,
    Liveness,
    ModelMetadata,
    ProtocolError,
    Readiness,
    ServerMetadata,
)
from capforge_gateway.routing.routes import Capability, Version

Json = dict[str, Any]

_JSON = "application/json"
_BINARY = "application/octet-stream"
_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HEADER_LENGTH = "Inference-Header-Content-Length"
_ABOUT_MODEL = {
    "401": "No valid key for this model",
    "404": "No such model or version; the message names the versions that answer",
    "409": "No model yet; the message says why",
    "410": "The version is no longer loaded; the message names those that answer",
    "501": "The capability's type is not served",
    "503": "No model server answers; see Retry-After",
}
_ABOUT_INFERENCE = {
    "400": "A wrong name, shape, datatype or value; the message says what is allowed",
    "408": "The request came too slowly",
    "413": "The request is too large",
    "415": "A Content-Encoding other than gzip and deflate",
    "429": "Too many predictions of this namespace under way",
    "500": "The gateway failed",
    "502": "The model failed on this input",
    "504": "The model server took too long",
}


def paths_of_gateway() -> Json:
    """Return the protocol's paths for every model."""
    paths: Json = {
        "/v2": {"get": _public("v2Server", "Who answers", ServerMetadata)},
        "/v2/health/live": {"get": _public("v2Live", "Whether the process answers", Liveness)},
        "/v2/health/ready": {"get": _public("v2Ready", "Whether inferences are answered", Readiness, "503")},
    }
    for path, suffix, parameters in (
        ("/v2/models/{model}", "", [_model_path()]),
        ("/v2/models/{model}/versions/{version}", "Version", [_model_path(), _version_path()]),
    ):
        paths |= _model_paths(path, suffix, parameters)
    return paths


def paths_of_version(capability: Capability, version: Version) -> Json:
    """Return the protocol's paths of one version."""
    name = name_of(capability.namespace, capability.name)
    return _model_paths(f"/v2/models/{name}/versions/{version.version}", "", [])


def _model_paths(path: str, suffix: str, parameters: list[Json]) -> Json:
    calls: Json = {
        path: {"get": _operation(f"v2Model{suffix}", "The interface of a model", ModelMetadata)},
        f"{path}/ready": {"get": _operation(f"v2ModelReady{suffix}", "Whether a model answers", Readiness)},
        f"{path}/infer": {"post": _infer(suffix)},
    }
    calls[f"{path}/ready"]["get"]["responses"]["503"]["content"] = _content(Readiness, ProtocolError)
    for operations in calls.values():
        for operation in operations.values():
            operation["parameters"] = [*parameters, *operation.get("parameters", [])]
    return calls


def _infer(suffix: str) -> Json:
    operation = _operation(f"v2Infer{suffix}", "Tensors in, tensors out", InferAnswer)
    size = {"type": "integer", "minimum": 1}
    binary = {_BINARY: {"schema": {"type": "string", "format": "binary"}}}
    operation["parameters"] = [
        {
            "name": _HEADER_LENGTH,
            "in": "header",
            "required": False,
            "schema": size,
            "description": "Size of the JSON where bytes of tensors follow it.",
        }
    ]
    operation["requestBody"] = {"required": True, "content": {**_content(InferRequestBody), **binary}}
    answer = operation["responses"]["200"]
    answer["content"] |= binary
    answer["headers"] = {_HEADER_LENGTH: {"schema": size}, "X-Request-Id": {"schema": {"type": "string"}}}
    operation["responses"] |= _refusals(_ABOUT_INFERENCE)
    return operation


def _public(operation_id: str, summary: str, model: type[BaseModel], *others: str) -> Json:
    responses = {status: {"description": summary, "content": _content(model)} for status in ("200", *others)}
    return {"operationId": operation_id, "summary": summary, "parameters": [], "security": [], "responses": responses}


def _operation(operation_id: str, summary: str, model: type[BaseModel]) -> Json:
    responses: Json = {"200": {"description": summary, "content": _content(model)}, **_refusals(_ABOUT_MODEL)}
    return {"operationId": operation_id, "summary": summary, "responses": responses}


def _refusals(statuses: dict[str, str]) -> Json:
    return {status: {"description": words, "content": _content(ProtocolError)} for status, words in statuses.items()}


def _content(*models: type[BaseModel]) -> Json:
    schemas = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    return {_JSON: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}


def _model_path() -> Json:
    schema = {"type": "string", "pattern": rf"^{_LABEL}\.{_LABEL}$", "examples": ["team-a.blood-cells"]}
    return {
        "name": "model",
        "in": "path",
        "required": True,
        "schema": schema,
        "description": "Namespace and capability.",
    }


def _version_path() -> Json:
    schema = {"type": "string", "pattern": r"^v?1(\.[1-9][0-9]*)?$", "maxLength": 12, "examples": ["1.3"]}
    return {"name": "version", "in": "path", "required": True, "schema": schema}
