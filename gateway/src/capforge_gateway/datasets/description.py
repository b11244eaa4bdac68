"""The OpenAPI paths and schemas of datasets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from capforge_contracts.dataset import Split
from capforge_contracts.exports import ExportFormat
from capforge_contracts.said import Said
from capforge_gateway.api.describing import ALWAYS, NAMESPACE, Describing, Json, in_path, in_query
from capforge_gateway.datasets import document_schemas, schemas
from capforge_gateway.datasets.archive import ArchiveFormat
from capforge_gateway.datasets.file_calls import MANIFEST_MEDIA, MEDIA, UNKNOWN_MEDIA
from capforge_gateway.documents.media import ALLOWED

_REFUSALS = {
    "400": "The request is wrong: every fault is listed with the name of its field",
    "401": "No valid key of this namespace",
    "404": "There is no such thing in this namespace",
    "408": "The request came too slowly",
    "409": "Not locked, a name of several contents, two kinds of content, or no item of the split",
    "410": "Images or documents of it were deleted by people, and purged",
    "413": "The request is too large",
    "429": "This key has asked too often, or too much of the namespace is under way; see Retry-After",
    "500": "The gateway failed",
    "503": "The object store does not answer, or the gateway is at its limit; see Retry-After",
}
_CONTENT = (*ALWAYS, "409")
_FILES = (*_CONTENT, "410")
_ABOUT = Describing(_REFUSALS, "Dataset")
"""An Item here is an image of a dataset, a DocumentItem a document."""
_STATS = "Figures by split, and by class (images) or field (documents)"
_DIFF = "What differs: images or documents added, removed, moved to another split, relabelled"
_ITEMS = "Images with their objects, or documents with what was said about their fields, by digest"
_ITEM = "One image with its objects, or one document with what was said about its fields"
_ARCHIVE = "Images and labels, documents and labels, or a table of values, in one archive"


def described() -> Json:
    """Return the paths."""
    space = [_path("namespace", NAMESPACE, "Of the key.")]
    dataset = [*space, _path("dataset", schemas.DATASET, "The Dataset's name, or the digest of its content.")]
    other = [*dataset, _path("other", schemas.DATASET, "What it is compared to: name or digest.")]
    below, one = "/v1/datasets/{namespace}", "/v1/datasets/{namespace}/{dataset}"
    return {
        below: {"get": _call("datasets", "List datasets by name", "DatasetsAnswer", [*space, *_page()], ALWAYS)},
        one: {"get": _call("dataset", "What is known about a dataset", "DatasetAnswer", dataset, ALWAYS)},
        f"{one}/stats": {"get": _either("datasetStats", _STATS, "StatsAnswer", dataset)},
        f"{one}/diff/{{other}}": {"get": _either("datasetDiff", _DIFF, "DifferenceAnswer", [*other, *_page()])},
        **_items(one, dataset),
        f"{one}/manifest.jsonl": {
            "get": _file("datasetManifest", "The manifest: one JSON object a line", dataset, (MANIFEST_MEDIA,))
        },
        f"{one}/export": {"get": _file("datasetExport", _ARCHIVE, [*dataset, *_EXPORT, _SPLIT], MEDIA.values())},
    }


def _items(one: str, dataset: list[Json]) -> Json:
    item = [*dataset, _path("sha256", schemas.SHA256, "Of the bytes of the image or document.")]
    listed = [*dataset, *_page(), _SPLIT, *_FILTERS]
    media = (*ALLOWED, UNKNOWN_MEDIA)
    return {
        f"{one}/items": {"get": _either("datasetItems", _ITEMS, "ItemsAnswer", listed)},
        f"{one}/items/{{sha256}}": {"get": _either("datasetItem", _ITEM, "ItemAnswer", item)},
        f"{one}/items/{{sha256}}/content": {"get": _file("datasetItemContent", "The bytes of an item", item, media)},
        f"{one}/files": {"post": _files(dataset)},
    }


def described_schemas() -> Json:
    """Return the schemas under their prefixed names."""
    found: Json = {}
    for models, mode in (
        ((*schemas.ANSWERS, *document_schemas.ANSWERS), "serialization"),
        (schemas.INPUTS, "validation"),
    ):
        named: Any = [(model, mode) for model in models]
        found |= models_json_schema(named, ref_template=_ABOUT.ref)[1]["$defs"]
    return {_ABOUT.prefix + name: schema for name, schema in found.items()}


def _call(operation: str, summary: str, model: str, parameters: list[Json], refusals: Sequence[str] = _CONTENT) -> Json:
    return _ABOUT.call(operation, summary, model, parameters, ("200",), refusals)


def _either(operation: str, summary: str, model: str, parameters: list[Json]) -> Json:
    """Return a call that is answered about images, or about documents."""
    call = _call(operation, summary, model, parameters)
    call["responses"]["200"] = {"description": summary, "content": _ABOUT.json(model, f"Document{model}")}
    return call


def _file(operation: str, summary: str, parameters: list[Json], media: Iterable[str]) -> Json:
    call = _call(operation, summary, "StatsAnswer", parameters, _FILES)
    call["responses"]["200"] = {"description": summary, "content": {one: {"schema": {}} for one in media}}
    return call


def _files(parameters: list[Json]) -> Json:
    summary = "A tar of the images, or of the documents and readings, that are named, each called by its sha256"
    call = _file("datasetFiles", summary, parameters, [MEDIA[ArchiveFormat.TAR]])
    call["responses"] |= _ABOUT.refused(("408", "413"))
    return {**call, "requestBody": {"required": True, "content": _ABOUT.json("FilesInput")}}


def _path(name: str, pattern: str, description: str) -> Json:
    return in_path(name, {"type": "string", "pattern": pattern}, description)


def _chosen(name: str, values: Iterable[str], default: str | None, description: str) -> Json:
    schema: Json = {"type": "string", "enum": list(values)} | ({"default": default} if default else {})
    return in_query(name, schema, description)


def _page() -> list[Json]:
    limit = {"type": "integer", "minimum": 1, "maximum": schemas.MAX_PAGE, "default": 100}
    return [
        in_query("limit", limit, "How many a page has at most."),
        in_query("cursor", {"type": "string", "maxLength": 2048}, "What the page before said as `next`."),
    ]


_FILTERS = [
    in_query("class", {"type": "string", "maxLength": 1024}, "Of images: only those with an object of it."),
    in_query("field", {"type": "string", "maxLength": 1024}, "Of documents: only those of which `said` holds for it."),
    _chosen("said", Said, None, "What a person said about `field`; Value where it is left out."),
]
_SPLIT = _chosen("split", Split, None, "Only this part.")
_FORMAT = (
    "What reads it. Of images coco (where it is left out), yolo, manifest; of documents manifest (where it is left "
    "out), csv: a row for each value, for spreadsheets. `manifest` is our own and loses nothing."
)
_EXPORT = [
    _chosen("format", ExportFormat, None, _FORMAT),
    _chosen("archive", ArchiveFormat, ArchiveFormat.ZIP, "How it is packed."),
]
