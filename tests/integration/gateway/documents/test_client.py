"""The public `mindee` client, unchanged: each method of its endpoint, and what its own classes make of the answers."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from mindee import Client, product
from mindee.error.mindee_http_error import MindeeHTTPClientError, MindeeHTTPServerError
from mindee.input.sources import BytesInput, LocalInputSource, UrlInputSource
from mindee.mindee_http.endpoint import Endpoint

from tests.integration.gateway.documents.conftest import TRAINED
from tests.integration.gateway.documents.world import DocumentGateway, Json, candidates, labels, receipt
from tests.support.eventually import eventually


def source(number: int = 1) -> BytesInput:
    return BytesInput(receipt(number=number), "receipt.pdf")


def document(answer: Any, status: int = 201) -> Json:
    assert answer.status_code == status, answer.text
    found: Json = answer.json()["document"]
    return found


@pytest.fixture
def client(documents: DocumentGateway) -> Client:
    return Client(documents.process.key)


@pytest.fixture
def trained(client: Client) -> Endpoint:
    return client.create_endpoint(TRAINED, "acme")


def test_parse_gives_the_values_of_the_newest_version(client: Client, trained: Endpoint) -> None:
    answer = client.parse(product.CustomV1, source(), endpoint=trained)
    found = answer.document.inference
    assert (found.product.name, found.product.version) == (f"acme/{TRAINED}", "1.2")
    assert found.prediction.fields["total"].contents_list == ["105.87"]
    assert found.prediction.fields["supplier"].contents_string() == "Harbour Supplies Ltd"
    assert found.prediction.fields["total"].values[0].page_id == 0
    assert found.prediction.classifications["kind"].value == "invoice"
    assert found.prediction.classifications["kind"].confidence > 0.5
    assert found.is_rotation_applied
    assert (answer.document.filename, answer.document.n_pages) == ("receipt.pdf", 1)
    assert str(answer.document)


def test_a_pinned_version_is_asked_by_its_number(client: Client) -> None:
    endpoint = client.create_endpoint(TRAINED, "acme", "1.1")
    answer = client.parse(product.CustomV1, source(), endpoint=endpoint)
    assert answer.document.inference.product.version == "1.1"
    assert answer.document.inference.prediction.classifications["kind"].value == "receipt"


def test_before_any_model_the_client_reads_an_empty_prediction(client: Client) -> None:
    answer = client.parse(product.CustomV1, source(), endpoint=client.create_endpoint("receipts", "acme"))
    found = answer.document.inference
    assert found.product.version == "1.0"
    assert found.prediction.fields["total"].values == []
    assert found.prediction.classifications["kind"].value is None
    assert found.pages[0].extras.candidates["extraction"]["total"][1]["content"] == "105.87"
    assert str(answer.document)


def test_parse_with_words_gives_them_by_line(client: Client, trained: Endpoint) -> None:
    answer = client.parse(product.CustomV1, source(), include_words=True, endpoint=trained)
    assert answer.document.ocr is not None
    (page,) = answer.document.ocr.mvision_v1.pages
    assert str(page.all_lines[0]) == "Harbour Supplies Ltd"


def test_generated_products_are_read_too(client: Client, trained: Endpoint) -> None:
    answer = client.parse(product.GeneratedV1, source(), endpoint=trained)
    assert set(answer.document.inference.prediction.fields) == {"total", "issued", "supplier", "kind"}


def test_enqueue_and_parse_waits_for_the_job(client: Client, trained: Endpoint) -> None:
    answer = client.enqueue_and_parse(
        product.CustomV1, source(2), endpoint=trained, initial_delay_sec=2, delay_sec=1, max_retries=30
    )
    assert answer.job.status == "completed"
    assert answer.job.available_at is not None
    assert answer.document is not None
    assert answer.document.inference.prediction.fields["total"].contents_list == ["105.87"]


def test_enqueue_answers_with_a_job_and_parse_queued_with_its_document(client: Client, trained: Endpoint) -> None:
    queued = client.enqueue(product.CustomV1, source(3), endpoint=trained)
    assert queued.job.status in {"waiting", "processing", "completed"}
    assert queued.api_request.status_code == 202

    def completed() -> Any:
        found = client.parse_queued(product.CustomV1, queued.job.id, endpoint=trained)
        assert found.job.status == "completed"
        return found

    assert eventually(completed).document.inference.product.version == "1.2"


def test_a_job_that_failed_raises_with_its_words(client: Client, trained: Endpoint) -> None:
    broken = BytesInput(receipt()[:300] + b"%%EOF", "broken.pdf")
    queued = client.enqueue(product.CustomV1, broken, endpoint=trained)

    def failed() -> MindeeHTTPServerError:
        try:
            answer = client.parse_queued(product.CustomV1, queued.job.id, endpoint=trained)
        except MindeeHTTPServerError as error:
            return error
        raise AssertionError(answer.job.status)

    error = eventually(failed)
    assert (error.api_code, error.status_code) == ("BadRequest", 500)
    assert error.api_message


@pytest.mark.parametrize(
    ("key", "name", "asked", "status", "code"),
    [
        ("wrong", "receipts", "1", 401, "Unauthorized"),
        (None, "nothing", "1", 404, "NotFound"),
        (None, TRAINED, "1.9", 404, "NotFound"),
    ],
    ids=["key", "product", "version"],
)
def test_refusals_are_the_clients_own_errors(
    documents: DocumentGateway, key: str | None, name: str, asked: str, status: int, code: str
) -> None:
    client = Client(key or documents.process.key)
    with pytest.raises(MindeeHTTPClientError) as caught:
        client.parse(product.CustomV1, source(), endpoint=client.create_endpoint(name, "acme", asked))
    assert (caught.value.status_code, caught.value.api_code) == (status, code)
    assert caught.value.api_message


# Each method of CustomEndpoint


def test_training_req_post_keeps_a_document_and_gives_its_candidates(documents: DocumentGateway) -> None:
    kept = document(documents.endpoint().training_req_post(source(4)))
    assert candidates(kept, "total")[1]["content"] == "105.87"
    assert document(documents.endpoint().document_req_get(kept["id"]), 200)["name"] == "receipt.pdf"


def test_training_async_req_post_keeps_a_document_that_is_read_soon(documents: DocumentGateway) -> None:
    endpoint = documents.endpoint()
    kept = document(endpoint.training_async_req_post(source(5)))
    assert "inference" not in kept
    assert not kept["is_read"]
    assert document(endpoint.document_req_get(kept["id"]), 200)["inference"]["pages"]
    eventually(lambda: document(documents.call("GET", f"documents/{kept['id']}"), 200)["is_read"])


def test_documents_req_get_lists_the_newest_first(documents: DocumentGateway) -> None:
    endpoint = documents.endpoint()
    kept = [document(endpoint.training_req_post(source(number)))["id"] for number in (6, 7)]
    answer = endpoint.documents_req_get(1)
    assert answer.status_code == 200
    assert [one["id"] for one in answer.json()["documents"][:2]] == kept[::-1]
    assert answer.json()["pagination"]["page"] == 1


def test_document_req_get_has_annotations_and_candidates(documents: DocumentGateway) -> None:
    kept = documents.annotated(receipt(number=8))
    found = document(documents.endpoint().document_req_get(kept["id"]), 200)
    assert found["annotations"]["labels"][0]["selected"] == labels(kept)["labels"][0]["selected"]
    assert found["inference"]["pages"] == kept["inference"]["pages"]
    assert found["role"] in {"train", "dev"}


def test_document_req_del_removes_a_document(documents: DocumentGateway) -> None:
    endpoint = documents.endpoint()
    kept = document(endpoint.training_req_post(source(9)))
    assert endpoint.document_req_del(kept["id"]).status_code == 200
    assert endpoint.document_req_get(kept["id"]).status_code == 404
    assert endpoint.document_req_del(kept["id"]).status_code == 404


def test_annotations_are_posted_replaced_and_removed(documents: DocumentGateway) -> None:
    endpoint = documents.endpoint()
    kept = document(endpoint.training_req_post(source(10)))
    assert endpoint.annotations_req_post(kept["id"], labels(kept)).status_code == 201
    assert endpoint.annotations_req_post(kept["id"], labels(kept)).status_code == 409
    assert endpoint.annotations_req_put(kept["id"], labels(kept, kind="invoice")).status_code == 200
    assert endpoint.annotations_req_del(kept["id"]).status_code == 200
    assert endpoint.annotations_req_put(kept["id"], labels(kept)).status_code == 409


@pytest.mark.parametrize("form", ["bytes", "base64"])
def test_predict_req_post_takes_what_the_client_sends(documents: DocumentGateway, client: Client, form: str) -> None:
    sent: LocalInputSource = source()
    if form == "base64":
        sent = client.source_from_b64string(base64.b64encode(receipt()).decode(), "receipt.pdf")
    answer = documents.endpoint().predict_req_post(sent, include_words=True, cropper=True)
    assert document(answer)["ocr"]["mvision-v1"]["pages"]


def test_a_path_is_sent_with_its_name(documents: DocumentGateway, client: Client, tmp_path: Path) -> None:
    (tmp_path / "march.pdf").write_bytes(receipt())
    sent = client.source_from_path(tmp_path / "march.pdf")
    assert document(documents.endpoint().predict_req_post(sent))["name"] == "march.pdf"


def test_an_address_is_fetched_only_where_that_is_allowed(documents: DocumentGateway) -> None:
    answer = documents.endpoint().predict_req_post(UrlInputSource("https://example.org/a.pdf"))
    assert answer.status_code == 400
    assert "fetches images only from" in answer.json()["api_request"]["error"]["message"]


def test_predict_async_req_post_and_document_queue_req_get(documents: DocumentGateway) -> None:
    endpoint = documents.endpoint()
    answer = endpoint.predict_async_req_post(source(), include_words=True)
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert set(job) == {"id", "issued_at", "available_at", "status", "error"}

    def completed() -> Json:
        found: Json = endpoint.document_queue_req_get(job["id"]).json()
        assert found["job"]["status"] == "completed"
        return found

    assert eventually(completed)["document"]["ocr"]


def test_openapi_get_req_describes_the_version(documents: DocumentGateway) -> None:
    described = documents.endpoint("1").openapi_get_req().json()
    assert described["info"] == {**described["info"], "title": "acme/receipts", "version": "1.0"}


def test_feedback_is_kept_for_a_kept_document(documents: DocumentGateway, client: Client) -> None:
    kept = documents.kept()
    told = {"feedback": {"issued": {"value": "2021-03-17"}}}
    answer = documents.endpoint().document_feedback_req_put(kept["id"], told)
    assert (answer.status_code, answer.json()["feedback"]) == (200, told["feedback"])
    endpoint = client.create_endpoint("receipts", "acme")
    assert client.send_feedback(product.CustomV1, kept["id"], told, endpoint).feedback == told["feedback"]


@pytest.mark.parametrize("body", [{}, {"feedback": 5}, {"feedback": {}}], ids=json.dumps)
def test_feedback_that_says_nothing_is_refused(documents: DocumentGateway, body: Json) -> None:
    kept = documents.kept()
    assert documents.endpoint().document_feedback_req_put(kept["id"], body).status_code == 400


def test_feedback_needs_a_key_and_a_document(documents: DocumentGateway) -> None:
    told = {"feedback": {"total": {"value": 1}}}
    unknown = "00000000-0000-4000-8000-000000000000"
    assert documents.endpoint(key="wrong").document_feedback_req_put(unknown, told).status_code == 401
    assert documents.endpoint().document_feedback_req_put(unknown, told).status_code == 404
