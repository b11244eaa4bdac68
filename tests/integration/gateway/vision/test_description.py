"""The gateway's description of the calls about images, and the API held against it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode

from tests.integration.gateway.anything_sent import below, check_anything_sent, references
from tests.integration.gateway.process import NAMESPACE
from tests.integration.gateway.vision.world import Json, VisionGateway, boxed, picture

EXAMPLES = 5
BELOW = "/v1/vision/{namespace}"


@pytest.fixture(scope="module")
def described(shared: VisionGateway) -> Json:
    """The calls about images, with a namespace, a file and a draft that are there."""
    document: Json = shared.process.http.get(f"{shared.process.url}/openapi.json").json()
    file = shared.kept(picture(5000))["id"]
    shared.call("POST", "drafts", json={"name": "described", "searches": [{}]})
    known = {"namespace": NAMESPACE, "file": file, "draft": "described"}
    return below(document, BELOW, known)


def test_every_call_is_described(described: Json) -> None:
    assert {path.removeprefix(BELOW): sorted(calls) for path, calls in described["paths"].items()} == {
        "/files": ["get", "post"],
        "/files/{file}": ["delete", "get"],
        "/files/{file}/content": ["get"],
        "/files/{file}/submissions": ["get", "post"],
        "/files/{file}/pre-annotations": ["post"],
        "/search": ["post"],
        "/drafts": ["get", "post"],
        "/drafts/{draft}": ["delete", "get", "put"],
        "/drafts/{draft}/searches": ["post"],
        "/drafts/{draft}/dataset": ["post"],
    }


def test_filters_are_described_as_they_are_written_over_http(described: Json) -> None:
    search = described["components"]["schemas"]["VisionSearch"]
    assert "classes_present" in search["properties"]
    assert search["additionalProperties"] is False
    assert "class" in described["components"]["schemas"]["VisionAnnotatedEntity"]["properties"]
    assert not [ref for ref in references(described["paths"]) if ref not in described["components"]["schemas"]]
    assert not [ref for ref in references(described["components"]) if ref not in described["components"]["schemas"]]


def test_real_answers_are_as_described(described: Json, shared: VisionGateway) -> None:
    schema = schemathesis.openapi.from_dict(described)
    file = shared.kept(picture(5001), metadata='{"a": "b"}')["id"]
    polygon = {"polygon": [1, 1, 9, 1, 9, 9], "class": "dog", "track_id": "t", "attributes": {"a": "b"}}
    provenance = {"element": "cells", "model_version": "1.1", "training_run": "run-1"}
    seen = {"attribute": "class", "value": "cat", "confidence": 0.5, "provenance": provenance}
    observed = {"box": [1, 1, 9, 9], "observations": [seen]}
    draft = {"name": "real", "searches": [{"classes_present": ["dog"], "uploaded_from": "2020-01-01T00:00:00Z"}]}
    calls: list[tuple[str, str, str, Any]] = [
        ("GET", "/files", "files", None),
        ("POST", "/files/{file}/submissions", f"files/{file}/submissions", {"entities": [polygon, boxed()]}),
        ("POST", "/files/{file}/submissions", f"files/{file}/submissions", {"entities": [{}]}),
        ("POST", "/files/{file}/pre-annotations", f"files/{file}/pre-annotations", {"entities": [observed]}),
        ("GET", "/files/{file}", f"files/{file}", None),
        ("GET", "/files/{file}/submissions", f"files/{file}/submissions", None),
        ("POST", "/search", "search", {"figures": True, "searches": [{}], "selection": "All"}),
        ("POST", "/drafts", "drafts", draft),
        ("POST", "/drafts", "drafts", draft),
        ("GET", "/drafts", "drafts", None),
        ("GET", "/drafts/{draft}", "drafts/real", None),
        ("POST", "/drafts/{draft}/searches", "drafts/real/searches", {"searches": [{"users": ["ann"]}]}),
        ("POST", "/drafts/{draft}/dataset", "drafts/real/dataset", {"name": "real"}),
        ("DELETE", "/drafts/{draft}", "drafts/real", None),
        ("DELETE", "/files/{file}", f"files/{file}", None),
    ]
    for method, template, path, body in calls:
        answer = shared.call(method, path, json=body)
        schema[BELOW + template][method].validate_response(answer)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_is_sent_within_or_against_the_description_is_no_server_error(
    described: Json, shared: VisionGateway, mode: GenerationMode
) -> None:
    for found in schemathesis.openapi.from_dict(described).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error fails the test by itself

        check_anything_sent(operation, mode, shared.process, EXAMPLES)
