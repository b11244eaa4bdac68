"""Parts that are away: 503, nothing half-written, and on it goes when they are back."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import make_url

from capforge_contracts import layout
from capforge_gateway.storage.migrate import migrate
from tests.integration.gateway.documents.world import error_of
from tests.integration.gateway.process import NAMESPACE, gateway_process, opened
from tests.integration.gateway.vision.conftest import OpenGateway, detector
from tests.integration.gateway.vision.world import VisionGateway, boxed, picture
from tests.support.eventually import PATIENCE, eventually
from tests.support.objectstore import S3Server
from tests.support.ports import free_port
from tests.support.postgres import Postgres, postgres_folder, postgres_server


def refused(answer: Any) -> None:
    assert (answer.status_code, error_of(answer)["code"]) == (503, "StorageUnavailable"), answer.text
    assert int(answer.headers["retry-after"]) > 0


def test_without_the_database_every_call_says_so_and_nothing_is_half_written(
    open_gateway: OpenGateway, tmp_path: Path, s3: S3Server
) -> None:
    with postgres_folder() as folder:
        port = free_port()
        with postgres_server(folder, port) as database:
            migrate(make_url(database.url()))
            gateway = open_gateway(DATABASE_URL=database.url(), DATABASE_TIMEOUT_SECONDS=2 * PATIENCE)
            file, name = gateway.kept(picture(8000))["id"], str(uuid4())
            gateway.submitted(file, [boxed()])
            database.kill()
            data = picture(8001)
            refused(gateway.upload(data))
            refused(gateway.submit(file, [boxed("dog")], id=name))
            for method, path, body in (
                ("GET", f"files/{file}", None),
                ("GET", "files", None),
                ("DELETE", f"files/{file}", None),
                ("POST", "search", {"figures": True}),
                ("POST", "drafts", {"name": "a", "searches": [{}]}),
                ("GET", "drafts", None),
            ):
                refused(gateway.call(method, path, json=body))
        with postgres_server(folder, port):
            eventually(lambda: gateway.call("GET", f"files/{file}").status_code == 200)
            history = gateway.call("GET", f"files/{file}/submissions").json()["submissions"]
            assert [one["sequence"] for one in history] == [1]
            assert gateway.submitted(file, [boxed("dog")], id=name)["sequence"] == 2, "no gap"
            assert gateway.upload(data).status_code == 201
            assert gateway.call("GET", "drafts").json()["drafts"] == []


def test_without_the_object_store_an_image_is_not_kept_and_annotating_goes_on(
    open_gateway: OpenGateway, s3: S3Server
) -> None:
    before = open_gateway()
    file = before.kept(picture(8100))["id"]
    away = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    gateway = open_gateway(plain=away, STORE_TIMEOUT_SECONDS="2")
    data = picture(8101)
    refused(gateway.upload(data))
    refused(gateway.call("GET", f"files/{file}/content"))
    digest = hashlib.sha256(data).hexdigest()
    assert gateway.call("GET", f"files/{digest}").status_code == 404, "no row names bytes that were not written"
    assert not s3.store().exists(layout.blob(NAMESPACE, digest))
    gateway.submitted(file, [boxed()])
    assert gateway.found(figures=True)["figures"]["submissions"] == 1


def test_a_gateway_without_storage_says_how_to_switch_it_on(tmp_path: Path) -> None:
    with gateway_process(tmp_path / "gateway") as process:
        gateway = VisionGateway(opened(process, detector()))
        for answer in (gateway.upload(picture()), gateway.call("POST", "search", json={})):
            refused(answer)
            assert "CAPFORGE_DATABASE_URL" in error_of(answer)["details"]["reason"]


def test_one_namespace_sees_nothing_of_another(postgres: Postgres, open_gateway: OpenGateway) -> None:
    gateway = open_gateway()
    file = gateway.kept(picture(8200))
    gateway.submitted(file["id"], [boxed()])
    gateway.call("POST", "drafts", json={"name": "mine", "searches": [{}]})
    from tests.integration.gateway.process import capability, version

    other = capability([version("1.1", "some-model", ["127.0.0.1:1"])], "1.1", namespace="other")
    gateway.process.route(detector(), other)
    key = gateway.process.create_key("other")
    eventually(lambda: gateway.process.accepts(key, "other"))
    stranger = VisionGateway(gateway.process, namespace="other")
    for name in (file["id"], file["sha256"]):
        assert stranger.call("GET", f"files/{name}", key=key).status_code == 404
        assert stranger.call("GET", f"files/{name}/content", key=key).status_code == 404
        assert stranger.call("DELETE", f"files/{name}", key=key).status_code == 404
    assert stranger.call("GET", "drafts", key=key).json()["drafts"] == []
    body = {"searches": [{"files": [file["id"]]}, {}], "figures": True}
    found = stranger.call("POST", "search", json=body, key=key).json()
    assert (found["results"], found["figures"]["files"]) == ([], 0)
