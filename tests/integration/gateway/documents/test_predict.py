"""Predictions of documents: candidates before any model, predictions and candidates with one."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.integration.gateway.documents.conftest import STALE, TRAINED, OpenGateway
from tests.integration.gateway.documents.world import FIELDS, DocumentGateway, Json, candidates, error_of, receipt
from tests.integration.gateway.images import white
from tests.support.papers import coded, drawn
from tests.support.pdfs import Page, Text, written

NOTHING = {
    "total": {"confidence": 0.0, "values": []},
    "issued": {"confidence": 0.0, "values": []},
    "supplier": {"confidence": 0.0, "values": []},
    "kind": {"value": None, "confidence": 0.0},
}


def inference(documents: DocumentGateway, asked: str = "v1", data: bytes | None = None, **more: Any) -> Json:
    answer = documents.predict(data or receipt(), asked=asked, product=TRAINED, **more)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()["document"]["inference"]
    return found


def test_before_any_model_candidates_come_without_asking(documents: DocumentGateway) -> None:
    answer = documents.predict(receipt(), headers={"X-Request-Id": "look-at-me"})
    assert answer.status_code == 201, answer.text
    whole = answer.json()
    assert whole["api_request"] == {
        "error": {},
        "request_id": "look-at-me",
        "resources": ["document"],
        "status": "success",
        "status_code": 201,
        "url": f"{documents.process.url}/v1/products/acme/receipts/v1/predict",
    }
    document = whole["document"]
    assert (document["name"], document["n_pages"]) == ("a.pdf", 1)
    assert document["inference"]["product"] == {
        "name": "acme/receipts",
        "features": ["total", "issued", "supplier", "kind"],
        "type": "constructed",
        "version": "1.0",
    }
    assert document["inference"]["model"] is None
    assert document["inference"]["prediction"] == NOTHING
    (page,) = document["inference"]["pages"]
    assert (page["id"], page["orientation"], page["prediction"]) == (0, {"value": 0}, {})
    assert [one["content"] for one in candidates(document, "total")] == ["45.20", "105.87"]
    assert [(one["raw"], one["content"]) for one in candidates(document, "issued")] == [("17/03/2021", "2021-03-17")]
    assert candidates(document, "kind") == []


def test_a_candidate_has_a_key_and_a_polygon_in_shares_of_the_page(documents: DocumentGateway) -> None:
    document = documents.predict(receipt()).json()["document"]
    (_, total) = candidates(document, "total")
    assert len(total["key"]) == 8
    xs, ys = zip(*total["polygon"], strict=True)
    assert len(total["polygon"]) == 4
    assert pytest.approx(min(xs), abs=0.01) == 300 / 595
    assert pytest.approx(max(ys), abs=0.01) == 1 - 600 / 842
    assert candidates(documents.predict(receipt()).json()["document"], "total")[1]["key"] == total["key"]


def test_a_version_predicts_and_says_where_its_values_come_from(documents: DocumentGateway) -> None:
    found = inference(documents, "v1.1")
    assert found["product"]["version"] == "1.1"
    assert found["model"] == {
        "name": "receipts--000000000001",
        "version": "1.1",
        "run": "run-1-1",
        "run_digest": "ab" * 32,
        "dataset_digests": ["cd" * 32],
        "transforms_version": "1",
    }
    prediction = found["prediction"]
    (total,) = prediction["total"]["values"]
    assert (total["content"], total["page_id"], len(total["polygon"])) == ("105.87", 0, 4)
    assert 0.5 < total["confidence"] <= 1
    assert prediction["issued"]["values"][0]["content"] == "2021-03-17"
    assert prediction["supplier"]["values"][0]["content"] == "Harbour Supplies Ltd"
    assert prediction["kind"]["value"] == "receipt"
    assert found["pages"][0]["extras"] == {}


def test_the_keys_of_a_prediction_are_those_of_its_candidates(documents: DocumentGateway) -> None:
    found = inference(documents, params={"with_candidates": "true"})
    offered = found["pages"][0]["extras"]["candidates"]["extraction"]
    supplier = found["prediction"]["supplier"]["values"][0]
    words = [one["key"] for one in offered["supplier"] if one["raw"] in {"Harbour", "Supplies", "Ltd"}]
    assert supplier["keys"] == words
    assert found["prediction"]["total"]["values"][0]["keys"] == [offered["total"][1]["key"]]


@pytest.mark.parametrize(
    ("asked", "version", "kind"), [("v1", "1.2", "invoice"), ("v1.1", "1.1", "receipt"), ("v1.0", "1.0", None)]
)
def test_v1_is_the_newest_and_others_stay_what_they_are(
    documents: DocumentGateway, asked: str, version: str, kind: str | None
) -> None:
    found = inference(documents, asked)
    assert (found["product"]["version"], found["prediction"]["kind"]["value"]) == (version, kind)


def test_every_page_is_a_row_and_the_lowest_value_of_all_of_them_is_found(documents: DocumentGateway) -> None:
    found = inference(documents, data=receipt(pages=3), params={"with_candidates": "True"})
    assert [page["id"] for page in found["pages"]] == [0, 1, 2]
    offered = [candidates({"inference": found}, "total", page) for page in range(3)]
    assert [[one["content"] for one in page][-1] for page in offered] == ["105.87", "2.50", "3.50"]
    assert found["prediction"]["issued"]["values"][0]["page_id"] == 0


def test_a_value_below_its_threshold_is_not_told(documents: DocumentGateway) -> None:
    found = inference(documents, data=written([Page((Text("just words", 60, 700),))]))
    assert found["prediction"]["total"] == NOTHING["total"]
    assert found["prediction"]["issued"] == NOTHING["issued"]


def test_all_words_come_where_they_are_asked_for(documents: DocumentGateway) -> None:
    for asked in ({"data": {"include_mvision": "true"}}, {"params": {"include_mvision": "True"}}):
        document = documents.predict(receipt(), **asked).json()["document"]
        (page,) = document["ocr"]["mvision-v1"]["pages"]
        assert [word["text"] for word in page["all_words"]][:3] == ["Harbour", "Supplies", "Ltd"]
        assert set(page["all_words"][0]) == {"text", "confidence", "polygon"}
    assert "ocr" not in documents.predict(receipt()).json()["document"]


@pytest.mark.parametrize("form", ["raw", "unnamed raw", "base64 in a form", "base64 in JSON", "data URL"])
def test_a_document_may_come_in_many_ways(documents: DocumentGateway, form: str) -> None:
    data = receipt()
    text = base64.b64encode(data).decode()
    url = f"{documents.path()}/predict"
    answer = {
        "raw": lambda: documents.call("POST", url, content=data, headers={"Content-Type": "application/pdf"}),
        "unnamed raw": lambda: documents.call(
            "POST", url, content=data, headers={"Content-Type": "application/octet-stream"}
        ),
        "base64 in a form": lambda: documents.call("POST", url, data={"document": text}),
        "base64 in JSON": lambda: documents.call("POST", url, json={"document": text}),
        "data URL": lambda: documents.call("POST", url, json={"document": f"data:application/pdf;base64,{text}"}),
    }[form]()
    assert answer.status_code == 201, answer.text
    assert candidates(answer.json()["document"], "total")[1]["content"] == "105.87"


def test_a_picture_is_read_by_the_engine(documents: DocumentGateway) -> None:
    document = documents.predict(coded(drawn()), name="page.png").json()["document"]
    assert "51.50" in [one["content"] for one in candidates(document, "total")]
    assert [one["content"] for one in candidates(document, "issued")] == ["2021-03-17"]


def test_a_picture_without_text_has_no_candidates(documents: DocumentGateway) -> None:
    document = documents.predict(white(64, 64), name="white.png").json()["document"]
    assert all(candidates(document, field.name) == [] for field in FIELDS)


def test_words_that_the_client_read_are_taken_as_they_are(documents: DocumentGateway) -> None:
    words = [{"text": "Total", "box": [0.1, 0.1, 0.2, 0.12]}, {"text": "7.77", "box": [0.3, 0.1, 0.4, 0.12]}]
    answer = documents.predict(white(64, 64), name="a.png", data={"words": json.dumps([{"words": words}])})
    assert answer.status_code == 201, answer.text
    assert [one["content"] for one in candidates(answer.json()["document"], "total")] == ["7.77"]
    assert candidates(documents.predict(white(64, 64)).json()["document"], "total") == []


@pytest.mark.parametrize(
    ("sent", "status", "code", "told"),
    [
        ({"data": {}}, 415, "UnsupportedMediaType", "no content type"),
        ({"data": {"other": "x"}}, 400, "BadRequest", "no image or document"),
        ({"files": {"document": ("a.pdf", b"")}}, 400, "BadRequest", "empty"),
        ({"files": {"document": ("a.pdf", b"just words")}}, 415, "UnsupportedMediaType", "application/pdf"),
        ({"data": {"document": "not base64!"}}, 400, "BadRequest", "base64"),
        ({"json": {"document": 5}}, 400, "BadRequest", "int"),
        ({"data": {"document": "http://169.254.169.254/x.pdf"}}, 400, "BadRequest", "https"),
        ({"content": b"<x/>", "headers": {"Content-Type": "text/xml"}}, 415, "UnsupportedMediaType", "text/xml"),
        ({"files": {"document": ("a.pdf", b"%PDF-1.4 broken")}}, 400, "BadRequest", ""),
        (
            {"files": {"document": ("a.pdf", receipt())}, "params": {"training": "perhaps"}},
            400,
            "BadRequest",
            "training",
        ),
        (
            {"files": {"document": ("a.pdf", receipt())}, "params": {"async": "true"}},
            400,
            "BadRequest",
            "predict_async",
        ),
        ({"files": {"document": ("a.pdf", receipt())}, "data": {"words": "[{]"}}, 400, "BadRequest", "words"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_taken_is_refused_with_the_reason(
    documents: DocumentGateway, sent: Json, status: int, code: str, told: str
) -> None:
    answer = documents.call("POST", f"{documents.path()}/predict", **sent)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (status, code), answer.text
    assert told in error["message"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (receipt(pages=6), "TooManyPages"),
        (written([Page((Text("secret", 60, 700),))], encrypted=True), "EncryptedDocument"),
        (receipt()[:300], "BrokenDocument"),
    ],
    ids=["too many pages", "encrypted", "cut off"],
)
def test_a_hostile_file_is_refused_for_programs_too_and_never_kept(
    documents: DocumentGateway, data: bytes, reason: str
) -> None:
    before = documents.call("GET", "documents").json()["pagination"]["total"]
    answer = documents.predict(data, params={"training": "true"})
    assert answer.status_code == 400, answer.text
    assert error_of(answer)["details"]["reason"] == reason
    assert documents.call("GET", "documents").json()["pagination"]["total"] == before


def test_a_file_over_the_limit_is_refused_before_it_is_held(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(MAX_DOCUMENT_BYTES=2000)
    answer = gateway.predict(receipt() + b" " * 10_000)
    assert (answer.status_code, error_of(answer)["code"]) == (413, "FileTooLarge")


@pytest.mark.parametrize(("asked", "status"), [("v1.9", 404), ("v2", 404), ("v1.1", 410), ("nonsense", 404)])
def test_a_version_that_does_not_answer_is_told_from_one_that_never_was(
    documents: DocumentGateway, asked: str, status: int
) -> None:
    answer = documents.predict(receipt(), asked=asked, product=STALE)
    assert answer.status_code == status, answer.text
    assert error_of(answer)["details"]["available"] == ["v1.2"]


def test_model_servers_that_are_away_are_503_and_candidates_go_on(documents: DocumentGateway) -> None:
    answer = documents.predict(receipt(), product=STALE)
    assert (answer.status_code, error_of(answer)["code"]) == (503, "ServingUnavailable")
    assert "retry-after" in answer.headers
    assert documents.predict(receipt(), asked="v1.0", product=STALE).status_code == 201


def test_a_document_for_training_is_kept_although_no_model_server_answers(documents: DocumentGateway) -> None:
    answer = documents.predict(receipt(), product=STALE, params={"training": "true"})
    kept = error_of(answer)["details"]["document"]
    assert documents.call("GET", f"{documents.path(product=STALE)}/documents/{kept}").status_code == 200


def test_a_stranger_learns_nothing(documents: DocumentGateway) -> None:
    for path in ("predict", "predict_async"):
        answers = [
            documents.process.http.post(
                f"{documents.process.url}/v1/products/{product}/v1/{path}", files={"document": ("a.pdf", receipt())}
            )
            for product in ("acme/receipts", "nobody/nothing")
        ]
        assert [answer.status_code for answer in answers] == [401, 401]
        assert error_of(answers[0]) == error_of(answers[1])
