"""Kept documents: listed by page, shown, deleted."""

from __future__ import annotations

import pytest

from tests.integration.gateway.documents.conftest import OpenGateway
from tests.integration.gateway.documents.world import DocumentGateway, error_of, receipt


def test_a_kept_document_says_what_it_is(documents: DocumentGateway) -> None:
    data = receipt(number=21)
    kept = documents.kept(data, name="März.pdf")
    found = documents.call("GET", f"documents/{kept['id']}").json()["document"]
    assert found | {"uploaded_at": "", "sha256": ""} == {
        "id": kept["id"],
        "name": "März.pdf",
        "n_pages": 1,
        "media_type": "application/pdf",
        "sha256": "",
        "size_bytes": len(data),
        "uploaded_at": "",
        "uploader": "test",
        "is_read": True,
        "is_annotated": False,
        "role": None,
    }
    documents.annotated(data)


def test_the_list_has_pages(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(DOCUMENTS_ON_PAGE=2)
    ids = [gateway.kept(receipt(number=number))["id"] for number in range(3)]
    pages = [gateway.call("GET", "documents", params={"page": page}).json() for page in (1, 2, 3)]
    assert [[one["id"] for one in page["documents"]] for page in pages] == [ids[:0:-1], ids[:1], []]
    assert pages[1]["pagination"] == {"page": 2, "pages": 2, "total": 3}
    assert "annotations" not in pages[0]["documents"][0]
    shown = gateway.call("GET", "documents", params={"include_annotations": "True"}).json()["documents"]
    assert [one["annotations"] for one in shown] == [None, None]


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "99999999999"])
def test_a_page_that_is_no_number_is_refused(documents: DocumentGateway, page: str) -> None:
    answer = documents.call("GET", "documents", params={"page": page})
    assert (answer.status_code, error_of(answer)["details"]) == (400, {"field": "page"})


def test_a_prediction_alone_keeps_nothing(open_gateway: OpenGateway) -> None:
    gateway = open_gateway()
    predicted = gateway.predict(receipt()).json()["document"]["id"]
    assert gateway.call("GET", "documents").json()["documents"] == []
    assert gateway.call("GET", f"documents/{predicted}").status_code == 404


def test_a_deleted_document_is_nowhere(documents: DocumentGateway) -> None:
    kept = documents.annotated(receipt(number=22))
    assert documents.call("DELETE", f"documents/{kept['id']}").status_code == 200
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/annotations"), ("DELETE", "/annotations")):
        answer = documents.call(method, f"documents/{kept['id']}{path}", json={"labels": []})
        assert (answer.status_code, error_of(answer)["code"]) == (404, "NotFound"), (method, path)


def test_a_detector_keeps_no_documents(documents: DocumentGateway) -> None:
    answer = documents.call("GET", f"{documents.path(product='cells')}/documents")
    assert (answer.status_code, error_of(answer)["code"]) == (404, "NotFound")
    queued = documents.call("POST", f"{documents.path(product='cells')}/predict_async", content=b"x")
    assert (queued.status_code, error_of(queued)["code"]) == (404, "NotFound")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "documents"), ("PATCH", "documents/x"), ("GET", "documents/x/annotations"), ("GET", "predict")],
)
def test_a_method_that_is_not_there_is_405(documents: DocumentGateway, method: str, path: str) -> None:
    answer = documents.call(method, path)
    assert answer.status_code == 405
    assert answer.json()["api_request"]["status"] == "failure"
