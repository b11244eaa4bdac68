"""A purge removes what people deleted of annotated images, and nothing that anybody still has."""

from __future__ import annotations

import json

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, Split, manifest_lines
from capforge_contracts.model import sha256_hex
from capforge_gateway.settings import Settings
from capforge_gateway.storage.purge import purge
from tests.integration.gateway.process import NAMESPACE
from tests.integration.gateway.vision.conftest import OpenGateway
from tests.integration.gateway.vision.world import boxed, picture
from tests.support.objectstore import S3Server
from tests.support.postgres import Postgres


@pytest.mark.parametrize("annotated", [True, False], ids=["of a search", "brought from elsewhere"])
async def test_bytes_and_words_of_a_deleted_image_go_and_its_datasets_are_marked(
    open_gateway: OpenGateway, s3: S3Server, postgres: Postgres, annotated: bool
) -> None:
    gateway, store = open_gateway(), s3.store()
    numbers = (7001, 7002) if annotated else (7003, 7004)
    gone, stays = [gateway.kept(picture(number), source="secret", name="secret") for number in numbers]
    for file in (gone, stays):
        gateway.submitted(file["id"], [boxed("secret")])
    items = [
        ManifestItem(sha256=file["sha256"], name="a", width=1, height=1, split=Split.TRAIN, entities=[])
        for file in sorted((gone, stays), key=lambda one: one["sha256"])
    ]
    manifest = b"".join(manifest_lines([], items, annotated=annotated))
    digest = sha256_hex(manifest)
    store.put(layout.manifest(NAMESPACE, digest), manifest)
    gateway.call("DELETE", f"files/{gone['id']}")

    url = gateway.environment["CAPFORGE_DATABASE_URL"]
    await purge(Settings(database_url=url, purge_after_days=1), gateway.environment)
    assert store.exists(layout.blob(NAMESPACE, gone["sha256"])), "not long enough"
    for _ in range(2):
        await purge(Settings(database_url=url, purge_after_days=0), gateway.environment)
    assert store.exists(layout.blob(NAMESPACE, gone["sha256"])) is not annotated
    assert store.exists(layout.blob(NAMESPACE, stays["sha256"]))
    assert store.exists(layout.purged_item(NAMESPACE, digest, gone["sha256"])) is annotated
    with postgres.connect(url.rpartition("/")[2]) as connection:
        rows = connection.execute("SELECT to_json(f) FROM vision_files f WHERE deleted IS NOT NULL").fetchall()
        rows += connection.execute("SELECT to_json(s) FROM vision_submissions s WHERE sequence = 1").fetchall()
    assert "secret" not in json.dumps(rows)
    assert gateway.call("GET", f"files/{stays['id']}").json()["file"]["submission"]["sequence"] == 2


async def test_an_image_that_is_kept_keeps_the_bytes_of_a_document_alike(
    open_gateway: OpenGateway, s3: S3Server
) -> None:
    gateway, data = open_gateway(), picture(7005)
    first = gateway.kept(data)
    gateway.call("DELETE", f"files/{first['id']}")
    again = gateway.kept(data)
    await purge(
        Settings(database_url=gateway.environment["CAPFORGE_DATABASE_URL"], purge_after_days=0), gateway.environment
    )
    assert gateway.call("GET", f"files/{again['id']}/content").content == data
