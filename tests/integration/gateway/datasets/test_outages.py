"""Datasets while the store is away, or was never named: told, and over when it is back."""

from __future__ import annotations

from pathlib import Path

from tests.integration.gateway.datasets.world import Reader
from tests.integration.gateway.process import capability, gateway_process, opened, version
from tests.support.objectstore import S3Server
from tests.support.ports import free_port


def test_a_store_that_is_away_is_told_and_waited_for(datasets_store: S3Server, tmp_path: Path) -> None:
    away = {**datasets_store.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    with gateway_process(tmp_path / "away", {"STORE_TIMEOUT_SECONDS": "2"}, plain=away) as process:
        opened(process, capability([version("1.1", "m", ["127.0.0.1:1"])], "1.1"))
        for path in ("", "/any/stats", "/any/export", f"/{'0' * 64}/items"):
            answer = Reader(process).call(path)
            assert answer.status_code == 503, answer.text
            assert answer.json()["api_request"]["error"]["code"] == "StorageUnavailable"
            assert "retry-after" in answer.headers


def test_a_gateway_without_a_store_says_what_it_lacks(tmp_path: Path) -> None:
    with gateway_process(tmp_path / "none") as process:
        opened(process, capability([version("1.1", "m", ["127.0.0.1:1"])], "1.1"))
        refused = Reader(process).refused("/any/stats", 503)
        assert "CAPFORGE_STORE" in refused["details"]["reason"]
