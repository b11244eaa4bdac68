"""The OpenAPI paths and schemas of annotated images. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from capforge_gateway.api.describing import ALWAYS, BINARY, NAMESPACE, Describing, Json, in_path, in_query
from capforge_gateway.vision import asked, schemas

_BY_NAME = (asked.SearchInput, asked.DraftInput, asked.DraftChange, asked.SearchesInput)
"""Filters are snake_case over HTTP; in a Dataset they are camelCase."""
_REFUSALS = {
    "400": "The request is wrong: every fault is listed, with the index of its entity or the name of its field",
    "401": "No valid key of this namespace",
    "403": "The installation does not fetch from this address",
    "404": "There is no such thing in this namespace (any more)",
    "408": "The request came too slowly",
    "409": "It does not fit what is there",
    "413": "The file or the request is too large",
    "415": "The content type cannot hold an image",
    "429": "This key has asked too often, or too much of the namespace is under way; see Retry-After",
    "500": "The gateway failed",
    "503": "The storage is away, and nothing of the request was kept; see Retry-After",
    "504": "The image could not be fetched in time",
}
_BODY = (*ALWAYS, "408", "413")
_UPLOAD = (*_BODY, "403", "409", "415", "504")
_ABOUT = Describing(_REFUSALS, "Vision")
"""An Entity here is not quite the one of a prediction."""
_call = _ABOUT.call
_FILE = in_path("file", {"type": "string"}, "The file's id, or the sha256 of its bytes.")
_CURSOR = in_query("cursor", {"type": "string"}, "What the page before said as `next`.")


def described() -> Json:
    """Return the paths."""
    below = "/v1/vision/{namespace}"
    space = [in_path("namespace", {"type": "string", "pattern": NAMESPACE}, "Of the key.")]
    search = _call("visionSearch", "Find what was annotated", "SearchAnswer", space, ("200",), _BODY, ("SearchInput",))
    return {
        **_files(f"{below}/files", space),
        **_said(f"{below}/files/{{file}}", [*space, _FILE]),
        f"{below}/search": {"post": search},
        **_drafts(f"{below}/drafts", space),
    }


def _files(path: str, space: list[Json]) -> Json:
    file = [*space, _FILE]
    return {
        path: {
            "post": _upload(space),
            "get": _call("visionFiles", "List images, newest first", "FilesAnswer", [*space, _CURSOR]),
        },
        f"{path}/{{file}}": {
            "get": _call("visionFile", "An image and the submission that counts now", "FileAnswer", file),
            "delete": _call("visionDelete", "Delete an image: no search finds it any more", "EmptyAnswer", file),
        },
        f"{path}/{{file}}/content": {"get": _content(file)},
    }


def _said(path: str, file: list[Json]) -> Json:
    history = "What was said about an image, newest first"
    propose = "Import what a model found: our form, or a predict answer as it is"
    made = ("SubmissionAnswer", file, ("201", "200"), (*_BODY, "409"))
    return {
        f"{path}/submissions": {
            "get": _call("visionHistory", history, "SubmissionsAnswer", [*file, _CURSOR]),
            "post": _call("visionSubmit", "Say everything that is in an image", *made, ("SubmissionInput",)),
        },
        f"{path}/pre-annotations": {
            "post": _call("visionPropose", propose, *made, ("SubmissionInput", "Predicted")),
        },
    }


def _drafts(path: str, space: list[Json]) -> Json:
    draft = [*space, in_path("draft", {"type": "string", "pattern": asked.DRAFT_NAME}, "The draft's name.")]
    save = ("visionSave", "Save searches under a name", "DraftAnswer", space, ("201",), (*_BODY, "409"))
    changed = ("DraftAnswer", draft, ("200",), (*_BODY, "409"))
    return {
        path: {
            "get": _call("visionDrafts", "List saved searches", "DraftsAnswer", space),
            "post": _call(*save, ("DraftInput",)),
        },
        f"{path}/{{draft}}": {
            "get": _call("visionDraft", "Saved searches", "DraftAnswer", draft),
            "put": _call("visionReplace", "Replace saved searches", *changed, ("DraftChange",)),
            "delete": _call("visionForget", "Forget saved searches", "EmptyAnswer", draft),
        },
        f"{path}/{{draft}}/searches": {
            "post": _call("visionAdd", "Add searches to a draft", *changed, ("SearchesInput",)),
        },
        f"{path}/{{draft}}/dataset": {"post": _dataset(draft)},
    }


def described_schemas() -> Json:
    """Return the schemas under their prefixed names."""
    answers: list[type[BaseModel]] = list(schemas.ANSWERS)
    by_alias = [one for one in asked.INPUTS if one not in _BY_NAME]
    found: Json = {}
    for models, mode, alias in ((answers, "serialization", True), (by_alias, "validation", True),
                                (_BY_NAME, "validation", False)):  # fmt: skip
        named: Any = [(model, mode) for model in models]
        found |= models_json_schema(named, ref_template=_ABOUT.ref, by_alias=alias)[1]["$defs"]
    found["Predicted"] = {
        "type": "object",
        "description": "A predict answer, or its `document` alone.",
        "properties": {"document": {"type": "object"}},
        "required": ["document"],
    }
    return {_ABOUT.prefix + name: schema for name, schema in found.items()}


def _upload(parameters: list[Json]) -> Json:
    told = {name: {"type": "string"} for name in ("name", "source", "metadata")}
    form = {"type": "object", "properties": {"image": BINARY, **told}, "required": ["image"]}
    raw = {media: {"schema": BINARY} for media in ("image/jpeg", "image/png", "image/webp")}
    query = [
        in_query("name", {"type": "string"}, "What people call it; without, the name of the file."),
        in_query("source", {"type": "string"}, "Where it is from."),
        in_query("metadata", {"type": "string"}, 'Texts by name, as JSON: {"site": "north"}.'),
    ]
    summary = "Keep an image; the same bytes are kept once"
    call = _call("visionUpload", summary, "FileAnswer", [*parameters, *query], ("201", "200"), _UPLOAD)
    content = {**raw, "multipart/form-data": {"schema": form}, **_ABOUT.json("FileInput")}
    return {**call, "requestBody": {"required": True, "content": content}}


def _content(parameters: list[Json]) -> Json:
    call = _call("visionContent", "The bytes of an image, as they were sent", "EmptyAnswer", parameters)
    media: Json = {one: {"schema": {}} for one in ("image/jpeg", "image/png", "image/webp")}
    call["responses"]["200"] = {"description": "The image", "content": media}
    return call


def _dataset(parameters: list[Json]) -> Json:
    summary = "The Dataset of a draft, for kubectl apply; nothing is applied"
    call = _call("visionDataset", summary, "EmptyAnswer", parameters, ("200",), (*_BODY, "409"), ("DatasetInput",))
    call["responses"]["200"] = {"description": "The Dataset", "content": {"application/yaml": {"schema": {}}}}
    return call
