"""Queued predictions: they survive whoever takes them, and what cannot be done now is done later."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.integration.candidates.conftest import Service
from tests.integration.gateway.documents.conftest import OpenGateway
from tests.integration.gateway.documents.world import (
    DocumentGateway,
    Json,
    candidates,
    error_of,
    extractor,
    receipt,
    trained,
)
from tests.integration.gateway.process import ANSWER_SECONDS
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.tcp import passing_on, silent

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def queued(gateway: DocumentGateway, **more: Any) -> str:
    answer = gateway.predict(receipt(), call="predict_async", **more)
    assert answer.status_code == 202, answer.text
    job: Json = answer.json()["job"]
    assert (job["status"], job["error"], job["available_at"]) == ("waiting", {}, None)
    return str(job["id"])


def ended(gateway: DocumentGateway, job: str) -> Json:
    def check() -> Json:
        answer = gateway.call("GET", f"documents/queue/{job}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        assert found["job"]["status"] in {"completed", "failed"}, found
        return found

    return eventually(check)


def test_a_job_brings_the_document_that_predict_would(documents: DocumentGateway) -> None:
    found = ended(documents, queued(documents))
    now = documents.predict(receipt()).json()["document"]
    assert found["document"]["inference"]["pages"] == now["inference"]["pages"]
    assert found["job"]["available_at"] is not None


def test_a_queued_document_may_be_kept_for_training(documents: DocumentGateway) -> None:
    found = ended(documents, queued(documents, params={"training": "True", "with_candidates": "True"}))
    kept = documents.call("GET", f"documents/{found['document']['id']}")
    assert kept.status_code == 200
    assert candidates(found["document"], "total")


@pytest.mark.parametrize("job", [UNKNOWN, "nonsense"])
def test_an_unknown_job_is_404(documents: DocumentGateway, job: str) -> None:
    answer = documents.call("GET", f"documents/queue/{job}")
    assert (answer.status_code, error_of(answer)["code"]) == (404, "NotFound")


def test_a_job_of_another_product_is_nowhere(documents: DocumentGateway) -> None:
    job = queued(documents)
    assert documents.call("GET", f"{documents.path(product='trained')}/documents/queue/{job}").status_code == 404


def test_what_nobody_can_read_is_refused_before_it_is_queued(documents: DocumentGateway) -> None:
    assert documents.predict(b"just words", call="predict_async").status_code == 415


def status(gateway: DocumentGateway, job: str) -> str:
    found: str = gateway.call("GET", f"documents/queue/{job}").json()["job"]["status"]
    return found


def test_a_job_that_a_killed_gateway_took_is_taken_by_another(open_gateway: OpenGateway) -> None:
    with silent() as url:
        first = open_gateway(CANDIDATES_URL=url, READING_TIMEOUT_SECONDS=1, PREDICT_TIMEOUT_SECONDS=1)
        job = queued(first)
        eventually(lambda: status(first, job) == "processing")
        first.process.process.kill()
        first.process.process.wait()
    assert ended(open_gateway(), job)["job"]["status"] == "completed"


def test_a_gateway_that_ends_gives_its_job_back(open_gateway: OpenGateway) -> None:
    with silent() as url:
        first = open_gateway(CANDIDATES_URL=url)
        job = queued(first)
        eventually(lambda: status(first, job) == "processing")
        first.process.process.terminate()
        first.process.process.wait(ANSWER_SECONDS)
    second = open_gateway()
    began = time.monotonic()
    assert ended(second, job)["job"]["status"] == "completed"
    assert time.monotonic() - began < 100  # rather than after the lease of two minutes


def test_a_job_waits_while_documents_cannot_be_read(open_gateway: OpenGateway, reader: Service) -> None:
    port = free_port()
    gateway = open_gateway(CANDIDATES_URL=f"http://127.0.0.1:{port}")
    job = queued(gateway)
    eventually(lambda: gateway.process.lines("candidates service does not say its engine"))
    assert status(gateway, job) in {"waiting", "processing"}
    with passing_on(port, reader.url):
        assert ended(gateway, job)["job"]["status"] == "completed"


def test_a_job_for_a_version_that_went_meanwhile_fails_with_the_reason(open_gateway: OpenGateway) -> None:
    taker = open_gateway(DOCUMENT_WORKERS=0)
    taker.process.route(extractor([trained("1.1", "old-model", ["127.0.0.1:1"])], "1.1"))
    job = queued(taker, asked="v1.1")
    worker = open_gateway(routed=[extractor([trained("1.2", "new-model", ["127.0.0.1:1"])], "1.2")])
    found = ended(worker, job)
    assert found["job"]["status"] == "failed"
    assert found["job"]["error"]["code"] == "VersionNotLoaded"
    assert found["api_request"]["status"] == "failure"
    assert found["api_request"]["error"] == found["job"]["error"]
