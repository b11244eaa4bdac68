"""What people say about documents: submitted, replaced, withdrawn; and everything that can be wrong with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.gateway.documents.world import DocumentGateway, Json, candidates, error_of, labels, receipt

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def path(document: Json) -> str:
    return f"documents/{document['id']}/annotations"


def current(documents: DocumentGateway, document: Json) -> Json | None:
    answer = documents.call("GET", f"documents/{document['id']}", params={"include_annotations": "true"})
    assert answer.status_code == 200, answer.text
    found: Json | None = answer.json()["document"]["annotations"]
    return found


def test_an_annotation_is_written_and_read_back_as_it_was_sent(documents: DocumentGateway) -> None:
    document = documents.kept()
    answer = documents.call("POST", path(document), json=labels(document))
    assert answer.status_code == 201, answer.text
    written = answer.json()["annotations"]
    assert written["annotator"] == "test"
    said = [{name: value for name, value in label.items() if name != "contents"} for label in written["labels"]]
    assert said == labels(document)["labels"]
    assert written["labels"][0]["contents"] == ["105.87"]
    assert current(documents, document) == written


def test_a_field_can_be_said_to_be_absent(documents: DocumentGateway) -> None:
    document = documents.kept()
    absent = [{"feature": name, "selected": []} for name in ("total", "issued", "supplier")]
    body = {"labels": [*absent, {"feature": "kind", "class": None}]}
    answer = documents.call("POST", path(document), json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["annotations"]["labels"] == body["labels"]


def test_what_was_read_back_may_be_sent_again(documents: DocumentGateway) -> None:
    document = documents.annotated(receipt(number=11))
    written = current(documents, document)
    assert written is not None
    answer = documents.call("PUT", path(document), json={"labels": written["labels"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["annotations"]["labels"] == written["labels"]
    assert answer.json()["annotations"]["sequence"] > written["sequence"]


def test_a_second_annotation_is_refused_with_the_way_out(documents: DocumentGateway) -> None:
    document = documents.annotated(receipt(number=12))
    answer = documents.call("POST", path(document), json=labels(document, kind="invoice"))
    error = error_of(answer)
    assert (answer.status_code, error["code"], error["details"]) == (409, "AlreadyAnnotated", {"way_out": "PUT"})
    assert "PUT replaces it" in error["message"]
    replaced = documents.call("PUT", path(document), json=labels(document, kind="invoice"))
    assert replaced.status_code == 200
    assert replaced.json()["annotations"]["labels"][-1] == {"feature": "kind", "class": "invoice"}


def test_of_two_at_once_one_is_written(documents: DocumentGateway) -> None:
    document = documents.kept(receipt(number=13))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: documents.call("POST", path(document), json=labels(document)), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


def test_there_must_be_an_annotation_to_replace_or_remove(documents: DocumentGateway) -> None:
    document = documents.kept(receipt(number=14))
    for method, body in (("PUT", labels(document)), ("DELETE", None)):
        answer = documents.call(method, path(document), json=body)
        error = error_of(answer)
        assert (answer.status_code, error["code"], error["details"]) == (409, "NotAnnotated", {"way_out": "POST"})


def test_a_withdrawn_annotation_may_be_submitted_again(documents: DocumentGateway) -> None:
    document = documents.annotated(receipt(number=15))
    assert documents.call("DELETE", path(document)).status_code == 200
    assert current(documents, document) is None
    assert documents.call("POST", path(document), json=labels(document)).status_code == 201


def test_a_person_may_be_named_beside_the_key(documents: DocumentGateway) -> None:
    document = documents.kept(receipt(number=16))
    headers = {"X-Annotator": "ada@example.org"}
    answer = documents.call("POST", path(document), json=labels(document), headers=headers)
    assert answer.json()["annotations"]["annotator"] == "ada@example.org"
    for sent in ("Jörg Müller".encode(), b"UTF-8''J%C3%B6rg%20M%C3%BCller"):
        answer = documents.call("PUT", path(document), json=labels(document), headers={"X-Annotator": sent})
        assert answer.json()["annotations"]["annotator"] == "Jörg Müller"
        assert (current(documents, document) or {})["annotator"] == "Jörg Müller"
    refused = documents.call("PUT", path(document), json=labels(document), headers={"X-Annotator": "a" * 200})
    assert refused.status_code == 400


def changed(document: Json, position: int, **label: Any) -> Json:
    body = labels(document)
    body["labels"][position] = {**body["labels"][position], **label}
    return body


def test_every_fault_is_listed_at_once(documents: DocumentGateway) -> None:
    document, other = documents.kept(receipt(number=17)), documents.kept(receipt(number=18))
    foreign = candidates(other, "supplier")[4]["key"]  # its number stands on no other receipt
    body = {
        "labels": [
            {"page_id": 0, "feature": "total", "selected": ["ffffffff"]},
            {"page_id": 0, "feature": "supplier", "selected": [foreign]},
            {"page_id": 0, "feature": "iban", "selected": []},
            {"feature": "kind", "class": "poem"},
        ]
    }
    answer = documents.call("POST", path(document), json=body)
    assert answer.status_code == 400, answer.text
    faults = {fault["code"]: fault["path"] for fault in error_of(answer)["details"]["faults"]}
    assert faults == {
        "UnknownKey": "labels[1].selected[0]",
        "UnknownField": "labels[2].feature",
        "UnknownClass": "labels[3].class",
        "MissingField": "labels",
    }
    assert current(documents, document) is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "list"),
        (b'{"labels": 5}', "list"),
        (b'{"labels": [5]}', "feature"),
        (b"", "no JSON"),
    ],
    ids=str,
)
def test_a_body_that_is_no_annotation_is_refused(documents: DocumentGateway, body: bytes, told: str) -> None:
    document = documents.kept()
    answer = documents.call("POST", path(document), content=body)
    assert answer.status_code == 400
    assert told in error_of(answer)["message"]


def test_a_body_over_the_limit_is_refused(documents: DocumentGateway) -> None:
    document = documents.kept()
    answer = documents.call("POST", path(document), content=b'{"labels": [' + b" " * 2_000_000 + b"]}")
    assert (answer.status_code, error_of(answer)["code"]) == (413, "FileTooLarge")


@pytest.mark.parametrize("name", [UNKNOWN, "nonsense", "..%00"])
def test_an_unknown_document_cannot_be_annotated(documents: DocumentGateway, name: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = documents.call(method, f"documents/{name}/annotations", json={"labels": []})
        assert (answer.status_code, error_of(answer)["code"]) == (404, "NotFound")


def test_a_document_of_another_product_is_nowhere(documents: DocumentGateway) -> None:
    document = documents.kept()
    answer = documents.call("POST", f"{documents.path(product='trained')}/{path(document)}", json=labels(document))
    assert answer.status_code == 404


def test_nobody_annotates_without_a_key(documents: DocumentGateway) -> None:
    answer = documents.call("POST", f"documents/{UNKNOWN}/annotations", key="wrong", json={"labels": []})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Token")
