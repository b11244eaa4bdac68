"""Parts that are away: what still works, what says so, and that nothing is half-written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url

from capforge_gateway.storage.migrate import migrate
from tests.integration.candidates.conftest import Service
from tests.integration.gateway.documents.conftest import OpenGateway
from tests.integration.gateway.documents.world import DocumentGateway, Json, candidates, error_of, labels, receipt
from tests.support.eventually import PATIENCE, eventually
from tests.support.objectstore import S3Server
from tests.support.ports import free_port
from tests.support.postgres import Postgres, postgres_folder, postgres_server
from tests.support.tcp import passing_on, silent


def refused(answer: object, code: str) -> Json:
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (503, code), error  # type: ignore[attr-defined]
    assert int(answer.headers["retry-after"]) > 0  # type: ignore[attr-defined]
    return error


def test_while_nobody_reads_a_prediction_is_refused_and_a_kept_document_is_read_later(
    open_gateway: OpenGateway, reader: Service
) -> None:
    port = free_port()
    gateway = open_gateway(CANDIDATES_URL=f"http://127.0.0.1:{port}", READ_AGAIN_SECONDS=0.3)
    refused(gateway.predict(receipt()), "ReaderUnavailable")
    assert gateway.call("GET", "documents").json()["documents"] == []
    error = refused(gateway.predict(receipt(), params={"training": "true"}), "ReaderUnavailable")
    document = error["details"]["document"]
    assert document in error["message"]
    (listed,) = gateway.call("GET", "documents").json()["documents"]
    assert (listed["id"], listed["is_read"], listed["n_pages"]) == (document, False, None)
    refused(gateway.call("GET", f"documents/{document}", params={"include_candidates": "true"}), "ReaderUnavailable")
    refused(gateway.call("POST", f"documents/{document}/annotations", json={"labels": []}), "ReaderUnavailable")
    with passing_on(port, reader.url):
        eventually(lambda: gateway.call("GET", f"documents/{document}").json()["document"]["is_read"])
        found = gateway.call("GET", f"documents/{document}", params={"include_candidates": "true"}).json()["document"]
        assert candidates(found, "total")[1]["content"] == "105.87"
    # what was read once is known, whoever is away now
    assert gateway.predict(receipt()).status_code == 201
    assert gateway.call("POST", f"documents/{document}/annotations", json=labels(found)).status_code == 201


def test_a_document_that_was_kept_by_a_killed_gateway_is_read_by_another(
    open_gateway: OpenGateway, reader: Service
) -> None:
    first = open_gateway(CANDIDATES_URL=f"http://127.0.0.1:{free_port()}", READ_AGAIN_SECONDS=60)
    kept = first.predict(receipt(), params={"training": "true", "async": "true"}).json()["document"]
    first.process.process.kill()
    second = open_gateway(READ_AGAIN_SECONDS=0.3)
    eventually(lambda: second.call("GET", f"documents/{kept['id']}").json()["document"]["is_read"])


def test_a_reader_that_never_answers_is_given_up(open_gateway: OpenGateway, reader: Service) -> None:
    with silent() as url:
        gateway = open_gateway(CANDIDATES_URL=url, READING_TIMEOUT_SECONDS=0.5)
        refused(gateway.predict(receipt()), "ReaderUnavailable")


def test_words_that_came_along_are_not_lost_silently(open_gateway: OpenGateway) -> None:
    """A document kept without its words would be read by the engine later: other words than the client's."""
    gateway = open_gateway(CANDIDATES_URL=f"http://127.0.0.1:{free_port()}")
    words = '[{"words": [{"text": "7.77", "box": [0.1, 0.1, 0.2, 0.2]}]}]'
    answer = gateway.predict(receipt(), params={"training": "true"}, data={"words": words})
    assert "document" not in refused(answer, "ReaderUnavailable")["details"]
    assert gateway.call("GET", "documents").json()["documents"] == []
    not_now = gateway.predict(receipt(), params={"training": "true", "async": "true"}, data={"words": words})
    assert not_now.status_code == 400


def test_a_kept_document_that_nobody_can_ever_read_says_why(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(READ_AGAIN_SECONDS=0.3)
    broken = receipt()[:300]
    params = {"training": "true", "async": "true"}
    kept = [gateway.predict(data, params=params).json()["document"]["id"] for data in (broken, receipt())]
    eventually(lambda: gateway.call("GET", f"documents/{kept[1]}").json()["document"]["is_read"])
    answer = gateway.call("GET", f"documents/{kept[0]}", params={"include_candidates": "true"})
    assert (answer.status_code, error_of(answer)["details"]["reason"]) == (400, "BrokenDocument")
    eventually(lambda: len(gateway.process.lines("kept document cannot be read")) == 1)


@dataclass
class Perishable:
    """A PostgreSQL of one test, which may be killed and started again."""

    folder: Path
    port: int

    def running(self) -> object:
        return postgres_server(self.folder, self.port)


@pytest.fixture
def perishable() -> Iterator[Perishable]:
    with postgres_folder() as folder:
        yield Perishable(folder, free_port())


def test_while_postgresql_is_away_predictions_go_on_and_annotations_wait(
    open_gateway: OpenGateway, perishable: Perishable
) -> None:
    with postgres_server(perishable.folder, perishable.port) as server:
        url = server.url()
        migrate(make_url(url))
        gateway = open_gateway(DATABASE_URL=url)
        first, second = (gateway.kept(receipt(number=number)) for number in (1, 2))
        annotated = gateway.call("POST", f"documents/{first['id']}/annotations", json=labels(first))
        assert annotated.status_code == 201
        server.kill()
        assert gateway.predict(receipt()).status_code == 201
        assert gateway.predict(receipt(number=3)).status_code == 201
        path = f"documents/{second['id']}"
        for answer in (
            gateway.call("POST", f"{path}/annotations", json=labels(second)),
            gateway.call("PUT", f"documents/{first['id']}/annotations", json=labels(first)),
            gateway.call("DELETE", f"documents/{first['id']}/annotations"),
            gateway.call("GET", path),
            gateway.call("GET", "documents"),
            gateway.call("DELETE", path),
            gateway.predict(receipt(), params={"training": "true"}),
            gateway.predict(receipt(), call="predict_async"),
            gateway.call("PUT", f"/v1/documents/{first['id']}/feedback", json={"feedback": {"total": 1}}),
        ):
            refused(answer, "StorageUnavailable")
    (perishable.folder / "pgdata" / "postmaster.pid").unlink(missing_ok=True)
    with postgres_server(perishable.folder, perishable.port):
        listed = eventually(lambda: listing(gateway))
        assert [(one["id"], one["is_annotated"]) for one in listed] == [(second["id"], False), (first["id"], True)]
        again = gateway.call("POST", f"documents/{second['id']}/annotations", json=labels(second))
        assert again.status_code == 201
        assert again.json()["annotations"]["sequence"] == annotated.json()["annotations"]["sequence"] + 1


def listing(gateway: DocumentGateway) -> list[Json]:
    answer = gateway.call("GET", "documents")
    assert answer.status_code == 200
    found: list[Json] = answer.json()["documents"]
    return found


def test_a_frozen_postgresql_holds_up_nobody_for_long(open_gateway: OpenGateway, perishable: Perishable) -> None:
    with postgres_server(perishable.folder, perishable.port) as server:
        migrate(make_url(server.url()))
        gateway = open_gateway(DATABASE_URL=server.url(), DATABASE_TIMEOUT_SECONDS=PATIENCE)
        kept = gateway.kept()
        server.freeze()
        try:
            assert gateway.predict(receipt()).status_code == 201
            refused(
                gateway.call("POST", f"documents/{kept['id']}/annotations", json=labels(kept)), "StorageUnavailable"
            )
        finally:
            server.thaw()
        assert gateway.call("GET", f"documents/{kept['id']}").json()["document"]["is_annotated"] is False


def test_while_the_store_is_away_predictions_go_on(open_gateway: OpenGateway, s3: S3Server, postgres: Postgres) -> None:
    port = free_port()
    gateway = open_gateway(STORE_TIMEOUT_SECONDS=2 * PATIENCE, plain={"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"})
    assert gateway.predict(receipt()).status_code == 201
    refused(gateway.predict(receipt(), params={"training": "true"}), "StorageUnavailable")
    with passing_on(port, s3.endpoint_url):
        assert gateway.predict(receipt(), params={"training": "true"}).status_code == 201


def test_without_a_database_annotations_say_what_is_missing(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(DATABASE_URL="")
    assert gateway.predict(receipt()).status_code == 201
    error = refused(gateway.call("GET", "documents"), "StorageUnavailable")
    assert "CAPFORGE_DATABASE_URL" in error["details"]["reason"]
    refused(gateway.predict(receipt(), params={"training": "true"}), "StorageUnavailable")


def test_without_a_reader_the_answer_names_the_setting(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(CANDIDATES_URL="")
    assert "CAPFORGE_CANDIDATES_URL" in refused(gateway.predict(receipt()), "ReaderUnavailable")["message"]
