"""The gateway's description of the calls about datasets, and the API held against it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode

from capforge_contracts.dataset import ManifestItem, SnapshotOutcome, Split
from capforge_contracts.submissions import Submission
from tests.integration.gateway.anything_sent import below, check_anything_sent, references
from tests.integration.gateway.datasets.world import Json, Reader, Shelves, entity
from tests.integration.gateway.process import NAMESPACE
from tests.unit.contracts.locked_documents import FIELDS, chosen, picked

EXAMPLES = 3
BELOW = "/v1/datasets/{namespace}"
ONE = f"{BELOW}/{{dataset}}"


@pytest.fixture(scope="module")
def item(shelves: Shelves) -> ManifestItem:
    return shelves.item(200, Split.TRAIN, entity(attributes={"a": "b"}), entity("dog", polygon=[1, 2, 11, 2, 11, 12]))


@pytest.fixture(scope="module")
def paper(shelves: Shelves) -> Submission:
    """A document in two datasets: nothing else differs."""
    said = (picked("total", "5.00", "7.00"), picked("supplier"))
    one = shelves.document(202, *said, chosen("receipt"))
    shelves.lock_documents("described-papers", [one])
    shelves.lock_documents("described-papers-2", [shelves.document(202, *said), shelves.document(203)], FIELDS[:2])
    return one


@pytest.fixture(scope="module")
def described(shelves: Shelves, reader: Reader, item: ManifestItem) -> Json:
    """The calls about datasets, with a dataset and an image that are there."""
    shelves.lock("described", [item])
    shelves.lock("described-2", [item, shelves.item(201, Split.DEV)])
    return description(reader, dataset="described", other="described-2", sha256=item.sha256)


@pytest.fixture(scope="module")
def described_papers(reader: Reader, paper: Submission) -> Json:
    """The same calls, with a dataset of documents and a document that are there."""
    return description(reader, dataset="described-papers", other="described-papers-2", sha256=paper.sha256)


def description(reader: Reader, **known: str) -> Json:
    document: Json = reader.process.http.get(f"{reader.process.url}/openapi.json").json()
    return below(document, BELOW, {"namespace": NAMESPACE, **known})


def test_every_call_is_described(described: Json) -> None:
    assert {path.removeprefix(BELOW): sorted(calls) for path, calls in described["paths"].items()} == {
        "": ["get"],
        "/{dataset}": ["get"],
        "/{dataset}/stats": ["get"],
        "/{dataset}/diff/{other}": ["get"],
        "/{dataset}/items": ["get"],
        "/{dataset}/items/{sha256}": ["get"],
        "/{dataset}/items/{sha256}/content": ["get"],
        "/{dataset}/files": ["post"],
        "/{dataset}/manifest.jsonl": ["get"],
        "/{dataset}/export": ["get"],
    }
    schemas = described["components"]["schemas"]
    assert not [one for one in references(described) if one not in schemas]


def test_real_answers_are_as_described(described: Json, shelves: Shelves, reader: Reader, item: ManifestItem) -> None:
    shelves.ended("described-faulty", SnapshotOutcome.FAULTY_RECORDS)
    shelves.asked("described-waits")
    schema = schemathesis.openapi.from_dict(described)
    image = f"/described/items/{item.sha256}"
    for template, path in [
        (BELOW, ""),
        (BELOW, "?limit=1"),
        (BELOW, "?limit=x"),
        (ONE, "/described"),
        (ONE, "/described-waits"),
        (ONE, "/nothing"),
        (f"{ONE}/stats", "/described-2/stats"),
        (f"{ONE}/stats", "/described-faulty/stats"),
        (f"{ONE}/diff/{{other}}", "/described/diff/described-2?limit=1"),
        (f"{ONE}/items", "/described/items"),
        (f"{ONE}/items/{{sha256}}", image),
        (f"{ONE}/items/{{sha256}}/content", f"{image}/content"),
        (f"{ONE}/manifest.jsonl", "/described/manifest.jsonl"),
        (f"{ONE}/export", "/described/export"),
        (f"{ONE}/export", "/described/export?archive=tar"),
        (f"{ONE}/export", "/described/export?split=Test"),
    ]:
        schema[template]["GET"].validate_response(reader.call(path))
    answer: Any = reader.call("/described/files", method="POST", json={"sha256": [item.sha256]})
    schema[f"{ONE}/files"]["POST"].validate_response(answer)


def test_real_answers_about_documents_are_as_described(
    described_papers: Json, described: Json, reader: Reader, paper: Submission
) -> None:
    assert described["paths"].keys() == described_papers["paths"].keys()
    schema = schemathesis.openapi.from_dict(described_papers)
    papers, one = "/described-papers", f"/described-papers/items/{paper.sha256}"
    for template, path in [
        (f"{ONE}/stats", f"{papers}/stats"),
        (f"{ONE}/diff/{{other}}", f"{papers}/diff/described-papers-2"),
        (f"{ONE}/diff/{{other}}", f"{papers}/diff/described"),
        (f"{ONE}/items", f"{papers}/items?field=total&said=Value"),
        (f"{ONE}/items", f"{papers}/items?class=cat"),
        (f"{ONE}/items/{{sha256}}", one),
        (f"{ONE}/items/{{sha256}}/content", f"{one}/content"),
        (f"{ONE}/manifest.jsonl", f"{papers}/manifest.jsonl"),
        (f"{ONE}/export", f"{papers}/export"),
        (f"{ONE}/export", f"{papers}/export?format=csv&archive=tar"),
        (f"{ONE}/export", f"{papers}/export?format=coco"),
    ]:
        schema[template]["GET"].validate_response(reader.call(path))
    answer: Any = reader.call(f"{papers}/files", method="POST", json={"sha256": [paper.sha256, paper.reading_sha256]})
    schema[f"{ONE}/files"]["POST"].validate_response(answer)


@pytest.mark.parametrize("kind", ["described", "described_papers"])
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_is_sent_within_or_against_the_description_is_no_server_error(
    request: pytest.FixtureRequest, reader: Reader, mode: GenerationMode, kind: str
) -> None:
    for found in schemathesis.openapi.from_dict(request.getfixturevalue(kind)).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error fails the test by itself
        check_anything_sent(operation, mode, reader.process, EXAMPLES)
