"""The OpenAPI paths of runs. Pure."""

from __future__ import annotations

from capforge_contracts import links
from capforge_gateway.api.describing import Json, in_path, in_query
from capforge_gateway.runs.routes import MEDIA


def described(refusals: Json) -> Json:
    """Return the paths, with the given answers to refused requests (400 is none of them)."""
    namespace = in_path("namespace", {"type": "string", "pattern": f"^{links.NAMESPACE}$"}, "Of the run.")
    below = links.RUNS_PATH + "/{namespace}"
    return {below: {"get": _list(namespace, refusals)}, below + "/{run}/{file}": {"get": _file(namespace, refusals)}}


def _list(namespace: Json, refusals: Json) -> Json:
    return {
        "operationId": "runs",
        "summary": "The runs behind the versions that answer now, with the addresses of their files",
        "parameters": [namespace],
        "responses": {
            "200": {"description": "The runs", "content": {"application/json": {"schema": {}}}},
            **_only(refusals, "401", "404"),
        },
    }


def _file(namespace: Json, refusals: Json) -> Json:
    run = in_path("run", {"type": "string", "pattern": f"^{links.RUN_DIGEST}$"}, "The run's digest.")
    file = in_path("file", {"type": "string", "enum": list(links.RUN_FILES)}, "What of it.")
    expires = "Of a signed link, in place of a key: when it ends (Unix time)."
    content: Json = {media.partition(";")[0]: {"schema": {}} for media in MEDIA.values()}
    return {
        "operationId": "runFile",
        "summary": "What a finished run left: its report, model, card and metrics",
        "parameters": [
            namespace,
            run,
            file,
            in_query(links.EXPIRES, {"type": "string"}, expires),
            in_query(links.SIGNATURE, {"type": "string"}, "Of a signed link."),
        ],
        "responses": {
            "200": {"description": "The file", "content": content},
            **_only(refusals, "401", "404", "410", "503"),
        },
    }


def _only(refusals: Json, *statuses: str) -> Json:
    words = {"404": "No such run or file", "410": "The link's time is over", "503": "The object store does not answer"}
    return {one: {**refusals[one], "description": words.get(one, refusals[one]["description"])} for one in statuses}
