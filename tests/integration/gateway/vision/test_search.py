"""Searches and drafts over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from capforge_contracts.vision import Search
from tests.integration.gateway.documents.world import error_of
from tests.integration.gateway.vision.conftest import OpenGateway
from tests.integration.gateway.vision.world import Json, VisionGateway, boxed, picture


def test_pages_and_figures_of_a_search(open_gateway: OpenGateway) -> None:
    gateway = open_gateway()
    for number in range(5):
        file = gateway.kept(picture(number), source="camera" if number % 2 else "phone")
        gateway.submitted(file["id"], [boxed("cat")] * number + [boxed("dog")], user="ann" if number < 3 else "bob")
    found, cursor = [], None
    while True:
        answer = gateway.found({"users": ["ann"]}, {"sources": ["camera"]}, page_size=2, cursor=cursor, figures=True)
        found += [(one["file"]["source"], one["submission"]["annotator"]) for one in answer["results"]]
        assert answer["figures"] == {
            "files": 4,
            "submissions": 4,
            "classes": [{"name": "cat", "objects": 6, "files": 3}, {"name": "dog", "objects": 4, "files": 4}],
        }
        cursor = answer["pagination"]["next"]
        if cursor is None:
            break
    assert found == [("camera", "bob"), ("phone", "ann"), ("camera", "ann"), ("phone", "ann")]
    camel = gateway.found({"classesPresent": ["cat"], "trainingRuns": []}, page_size=0, figures=True)
    assert camel["results"] == []
    assert camel["figures"]["files"] == 4


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"searches": []}, "searches"),
        ({"searches": [{}] * 21}, "searches"),
        ({"searches": [{"clases_present": ["cat"]}]}, "searches.0.clases_present"),
        ({"searches": [{"files": ["1"]}]}, "searches.0.files.0"),
        ({"searches": [{"files": ["0" * 64] * 5001}]}, "searches.0.files"),
        ({"searches": [{"statuses": []}]}, "searches.0.statuses"),
        ({"searches": [{"statuses": ["Done"]}]}, "searches.0.statuses.0"),
        ({"searches": [{"uploaded_from": "yesterday"}]}, "searches.0.uploaded"),
        ({"searches": [{"uploaded_from": "2024-01-01T00:00:00"}]}, "searches.0.uploaded"),
        ({"searches": [{"users": ["a\x00b"]}]}, "searches.0.users.0"),
        ({"searches": [{"metadata": {"a": 1}}]}, "searches.0.metadata.a"),
        ({"selection": "Newest"}, "selection"),
        ({"page_size": 201}, "page_size"),
        ({"page_size": -1}, "page_size"),
        ({"extra": 1}, "extra"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_wrong_search_is_refused_by_name(shared: VisionGateway, body: Json, path: str) -> None:
    answer = shared.call("POST", "search", json=body)
    assert answer.status_code == 400, answer.text
    assert all(_snake(fault["path"]).startswith(path) for fault in error_of(answer)["details"]["faults"]), answer.text


def _snake(path: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in path)


@pytest.mark.parametrize("cursor", ["", "x", "W10", "bnVsbA", "WzEsMiwzXQ", "é", "W" * 501])
def test_a_cursor_that_is_none_of_ours_is_refused(shared: VisionGateway, cursor: str) -> None:
    for answer in (
        shared.call("POST", "search", json={"cursor": cursor}),
        shared.call("GET", "files", params={"cursor": cursor}),
    ):
        assert answer.status_code == 400, answer.text


def test_the_ends_of_time_can_be_asked_for(shared: VisionGateway) -> None:
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00"):
        for name in ("uploaded_from", "uploaded_until", "submitted_from", "submitted_until"):
            shared.found({name: moment})


DRAFT: Json = {
    "name": "cats",
    "description": "Cats of the north",
    "selection": "All",
    "searches": [{"classes_present": ["cat"], "metadata": {"site": "north"}}],
}


def test_a_draft_is_made_read_added_to_replaced_and_forgotten(open_gateway: OpenGateway) -> None:
    gateway = open_gateway()
    made = gateway.call("POST", "drafts", json=DRAFT, headers={"X-Annotator": "ann"})
    assert made.status_code == 201, made.text
    draft = made.json()["draft"]
    assert {name: draft[name] for name in DRAFT} == DRAFT
    assert draft["author"] == "ann"
    assert gateway.call("GET", "drafts/cats").json()["draft"] == draft
    assert gateway.call("GET", "drafts").json()["drafts"] == [draft]
    again = gateway.call("POST", "drafts", json=DRAFT)
    assert (again.status_code, error_of(again)["code"]) == (409, "DraftExists")
    more = {"searches": [{"users": ["ann"]}, DRAFT["searches"][0], {"users": ["ann"]}]}
    added = gateway.call("POST", "drafts/cats/searches", json=more).json()["draft"]
    assert added["searches"] == [*DRAFT["searches"], {"users": ["ann"]}], "each once"
    assert added["changed_at"] > draft["changed_at"]
    assert gateway.call("POST", "drafts/cats/searches", json=more).json()["draft"]["searches"] == added["searches"]
    many = {"searches": [{"users": [str(number)]} for number in range(20)]}
    assert gateway.call("POST", "drafts/cats/searches", json=many).status_code == 400
    replaced = gateway.call("PUT", "drafts/cats", json={"searches": []}).json()["draft"]
    assert (replaced["searches"], replaced["selection"], replaced["author"]) == ([], "Latest", "ann")
    assert error_of(gateway.call("POST", "drafts/cats/dataset", json={"name": "a"}))["code"] == "EmptyDraft"
    assert gateway.call("DELETE", "drafts/cats").status_code == 200
    for method, path, body in (
        ("GET", "drafts/cats", None),
        ("PUT", "drafts/cats", {"searches": []}),
        ("DELETE", "drafts/cats", None),
        ("POST", "drafts/cats/searches", {"searches": [{}]}),
        ("POST", "drafts/cats/dataset", {"name": "a"}),
    ):
        assert gateway.call(method, path, json=body).status_code == 404


def test_a_draft_becomes_a_dataset_in_yaml_and_nothing_is_applied(open_gateway: OpenGateway) -> None:
    gateway = open_gateway()
    gateway.call("POST", "drafts", json=DRAFT)
    gateway.call("POST", "drafts/cats/searches", json={"searches": [{"uploaded_from": "2026-01-01T00:00:00Z"}]})
    asked: Json = {"name": "cats-1", "split": {"dev_percent": 20, "seed": 7}}
    answer = gateway.call("POST", "drafts/cats/dataset", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/yaml")
    found: Any = yaml.safe_load(answer.text)
    assert found == {
        "apiVersion": "capforge.dev/v1alpha1",
        "kind": "Dataset",
        "metadata": {"name": "cats-1", "namespace": "acme"},
        "spec": {
            "description": "Cats of the north",
            "source": {
                "submissions": {
                    "selection": "All",
                    "searches": [
                        {"classesPresent": ["cat"], "metadata": {"site": "north"}},
                        {"uploadedFrom": "2026-01-01T00:00:00Z"},
                    ],
                }
            },
            "split": {"devPercent": 20, "testPercent": 0, "seed": 7},
        },
    }
    for one in found["spec"]["source"]["submissions"]["searches"]:
        Search.model_validate(one)


@pytest.mark.parametrize("name", ["", "Cats", "a b", "-a", "a" * 64, "../x", "a\n"])
def test_a_draft_cannot_have_any_name(shared: VisionGateway, name: str) -> None:
    assert shared.call("POST", "drafts", json={**DRAFT, "name": name}).status_code == 400
