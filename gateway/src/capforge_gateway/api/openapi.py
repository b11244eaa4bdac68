"""OpenAPI 3.1 documents: of one capability's version, and of the gateway as a whole. Pure."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from capforge_contracts.run import CapabilityType
from capforge_gateway.api import data_model
from capforge_gateway.api.describing import REF
from capforge_gateway.api.operations import predict_operation, refusals, search_operation
from capforge_gateway.api.region_schemas import RegionsAnswer
from capforge_gateway.api.schemas import FailureAnswer, PredictAnswer, PredictInput
from capforge_gateway.datasets import description as datasets
from capforge_gateway.documents import description as documents
from capforge_gateway.inference_protocol.description import paths_of_gateway, paths_of_version
from capforge_gateway.inference_protocol.schemas import ANSWERS, InferRequestBody
from capforge_gateway.predict.interface import input_size
from capforge_gateway.predict.regions.schemas import RegionsInput, SearchInput
from capforge_gateway.routing.resolve import available
from capforge_gateway.routing.routes import REGION_TYPES, Capability, Version
from capforge_gateway.runs import description as runs
from capforge_gateway.vision import description as vision

Json = dict[str, Any]

API_VERSION = "1"
"""Of the calls themselves: the `v1` in every address."""
_PRODUCT = "/v1/products/{namespace}/{capability}/{version}"


def of_version(capability: Capability, version: Version, asked: str, server: str) -> Json:
    """Describe one version's predict call with its classes and thresholds."""
    width, height = input_size(version)
    return _document(
        title=f"{capability.namespace}/{capability.name}",
        description=_about(capability, version),
        api_version=version.version,
        server=server,
        paths={
            f"/v1/products/{capability.namespace}/{capability.name}/{asked}/predict": {
                "post": predict_operation(capability.type)
            },
            **_search(capability, asked),
            **paths_of_version(capability, version),
        },
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
                "input": {"width": width, "height": height},
                "outputs": [
                    {"position": position, "name": name, "threshold": round(float(version.thresholds[position]), 4)}
                    for position, name in enumerate(version.names)
                ],
                **_about_regions(capability, version),
            }
        },
        classes=list(version.names) if capability.type is CapabilityType.DETECTOR else None,
    )


def _search(capability: Capability, asked: str) -> Json:
    if capability.type is not CapabilityType.BOX_EMBEDDER:
        return {}
    return {f"/v1/products/{capability.namespace}/{capability.name}/{asked}/search": {"post": search_operation()}}


def _about_regions(capability: Capability, version: Version) -> Json:
    """Return what is to be known of a classifier or embedder beside its classes."""
    if capability.type not in REGION_TYPES:
        return {}
    return {
        "crop": version.crop.model_dump(mode="json", by_alias=True) if version.crop else None,
        "embedding_size": version.embedding_size or None,
        "input_from": capability.input_from,
        "input_filter": sorted(capability.input_filter),
    }


def of_gateway(server: str) -> Json:
    """Describe what is the same for every capability; tells nothing about which exist."""
    return _document(
        title="Capforge gateway",
        description="Predictions of every capability. Each version has its own description beside its predict call.",
        api_version=API_VERSION,
        server=server,
        paths=_product_paths()
        | paths_of_gateway()
        | data_model.described(refusals("400", "401", "408", "413", "429", "503"))
        | runs.described(refusals("401", "404", "410", "503"))
        | vision.described()
        | datasets.described(),
        schemas=documents.schemas() | vision.described_schemas() | datasets.described_schemas(),
    )


def _product_paths() -> Json:
    """Return the calls of any version of any capability."""
    product = [_path("namespace"), _path("capability"), _version_path()]
    predict, search = predict_operation(None), search_operation()
    predict["responses"]["201"] = {
        "description": "What was found in a document (of a FieldExtractorElement)",
        "content": {"application/json": {"schema": {"$ref": REF.format(model="PredictDocumentAnswer")}}},
    }
    for operation in (predict, search):
        operation["parameters"] = [*product, *operation["parameters"]]
    return {
        **documents.paths_below(_PRODUCT, product),
        f"{_PRODUCT}/predict": {"post": predict},
        f"{_PRODUCT}/search": {"post": search},
        f"{_PRODUCT}/openapi.json": {
            "get": _description(product, "description", "The description of one version", "application/json")
        },
        f"{_PRODUCT}/docs": {"get": _description(product, "page", "The same to read", "text/html")},
    }


def _description(product: list[Json], operation: str, summary: str, media: str) -> Json:
    """Return the call that describes a version; a page is refused in pages, not in JSON."""
    refused_in = None if media == "text/html" else media
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": product,
        "responses": {
            "200": {"description": summary, "content": {media: {"schema": {}}}},
            **refusals("401", "404", "409", "410", "503", media=refused_in),
        },
    }


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
    schemas: Json | None = None,
    classes: list[str] | None = None,
) -> Json:
    _, described = models_json_schema(_described_models(), ref_template=REF)
    definitions = {**(schemas or {}), **described["$defs"]}
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


def _described_models() -> list[tuple[type[BaseModel], Literal["serialization", "validation"]]]:
    answers: list[type[BaseModel]] = [PredictAnswer, RegionsAnswer, FailureAnswer, *ANSWERS]
    inputs: list[type[BaseModel]] = [PredictInput, RegionsInput, SearchInput, InferRequestBody]
    return [(one, "serialization") for one in answers] + [(one, "validation") for one in inputs]
